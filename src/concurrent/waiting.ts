import { type Abortable, unlessAborted } from "../core/abort.ts";
import { deadlineOf } from "../core/deadline.ts";
import type { Memory } from "../core/memory.ts";
import { after, unref } from "../core/parking.ts";

/**
 * What a thread does while it waits:
 * - `park`: looks for as long as that has paid of late, 2 to 50 microseconds, then sleeps until it is woken. No processor time meanwhile.
 * - `yield`: looks for as long, then once a millisecond. Who brings something never has to make a call of the system for it.
 * - `spin`: looks without a pause. Well under 1 µs, for a processor of its own.
 *
 * An event loop that waits looks once in each of its turns: without a pause (`spin`), or for a few microseconds before it sleeps (`park`); or each
 * millisecond (`yield`).
 */
export type WaitStrategy = "park" | "yield" | "spin";

export interface WaitOptions {
  /** How long to wait, 0 … Infinity. Default: for ever. */
  readonly timeoutMs?: number;
  /** Default: `park`; in a memory that is read-only, where nobody can be asked to wake, `yield`. */
  readonly strategy?: WaitStrategy;
}

/** How `for await` waits between what comes. */
export interface IterationOptions {
  /** Default: `park`; in a memory that is read-only, where nobody can be asked to wake, `yield`. */
  readonly strategy?: WaitStrategy;
  /** An `AbortSignal` that ends the wait: the promise is then rejected with its reason, which is what a loop throws. */
  readonly signal?: Abortable;
  /** Whether the wait keeps Node from ending. Default true. */
  readonly ref?: boolean;
}

export interface AsyncWaitOptions extends WaitOptions, IterationOptions {}

/** So often a thread looks at what is cheap before it does what is dear, such as asking who lives. */
export const LOOKS = 300;
/** So long a thread looks at least before it sleeps: those on another processor answer in about a microsecond. */
const LEAST_LOOK_MS = 0.002;
/** So long at most: some twice of what it takes to sleep and to be woken. */
const MOST_LOOK_MS = 0.05;
/** After a long look that only held up who brought it, on the same processor, so many waits pass before the next one. */
const RESTS = 64;
/** A look at the clock costs as much as ten at the memory. */
const LOOKS_A_CLOCK = 16;
/** The longest sleep: who should wake may have died before it did. */
export const SLICE_MS = 100;
/** Between two looks of who does not want to be woken. */
export const YIELD_MS = 1;
/** For so long an event loop looks once a turn before it sleeps, for the same reasons. */
const TURNING_MS = 0.005;

/**
 * How long this thread looks before it sleeps: for as long as a sleep costs where things come sooner than that, and hardly where they do not, which costs at most
 * twice of what somebody would pay who knew when they come (Karlin, Li, Manasse and Owicki, Empirical Studies of Competitive Spinning, SOSP 1991).
 */
let lookMs = LEAST_LOOK_MS;
let rests = 0;

/** Learns from a wait of `elapsedMs` that has ended in sleep. */
function learn(elapsedMs: number): void {
  if (lookMs === MOST_LOOK_MS) {
    lookMs = LEAST_LOOK_MS;
    // It came as soon as this thread slept: that is who had no processor before.
    rests = elapsedMs < 2 * MOST_LOOK_MS ? RESTS : 0;
  } else if (elapsedMs < MOST_LOOK_MS) {
    if (rests > 0) rests -= 1;
    else lookMs = MOST_LOOK_MS;
  }
}

/** What waiting needs to know of what is waited for. */
export interface Waiter {
  /** The thing for errors. */
  readonly subject: string;
  readonly memory: Memory;
  /** Looks whether it is there, and is not asked again once it has said so, which may have used it up. Throws `closed` where nobody can wait any more. */
  look(): boolean;
  /** Whether nobody is there who could bring it. May be dear to find out. */
  isOver(): boolean;
  /** Which word changes when it comes, and what that holds. With `asleep` it also says there that somebody must be woken. */
  mark(asleep: boolean): { readonly word: number; readonly seen: number };
  /** A promise that ends when who waits has ended it. */
  readonly ended?: Promise<void>;
}

/** Waits until it is there. False when the time is over, or nobody is there who could bring it. Holds the thread. */
export function waitFor(waiter: Waiter, options: WaitOptions): boolean {
  const { timeoutMs = Number.POSITIVE_INFINITY } = options;
  const strategy = strategyOf(waiter, options);
  const until = deadlineOf(waiter.subject, timeoutMs);
  let sleepy = Number.POSITIVE_INFINITY;
  let sleptSince = 0;
  for (let looks = 1; ; looks++) {
    if (waiter.look()) {
      if (sleptSince > 0) learn(performance.now() - sleptSince);
      return true;
    }
    if (looks % LOOKS_A_CLOCK !== 0) continue;
    const now = performance.now();
    if (sleepy === Number.POSITIVE_INFINITY) sleepy = now + lookMs;
    const spins = strategy === "spin" ? looks % (64 * LOOKS_A_CLOCK) !== 0 : now < sleepy;
    if (spins && now < until) continue;
    if (until <= now) return waiter.look();
    const asleep = strategy === "park";
    const { word, seen } = waiter.mark(asleep);
    // Once more: it may have come before that was said, or those who could bring it may have left; who leaves may have brought something before.
    if (waiter.look()) return true;
    if (waiter.isOver()) return waiter.look();
    if (strategy === "spin") continue;
    if (sleptSince === 0) sleptSince = sleepy - lookMs;
    waiter.memory.parking.wait(word, seen, Math.min(asleep ? SLICE_MS : YIELD_MS, until - now));
    // What comes then may come in turn with what this one does: it looks for a while again.
    looks = 0;
    sleepy = Number.POSITIVE_INFINITY;
  }
}

/** `waitFor` that never holds the thread. Rejects with the reason of `options.signal` when that is aborted. */
export async function waitForAsync(waiter: Waiter, options: AsyncWaitOptions): Promise<boolean> {
  const { timeoutMs = Number.POSITIVE_INFINITY, signal, ref = true } = options;
  const strategy = strategyOf(waiter, options);
  const until = deadlineOf(waiter.subject, timeoutMs);
  const sleepy = performance.now() + (typeof setImmediate === "function" ? TURNING_MS : 0);
  for (let turns = 1; ; turns++) {
    signal?.throwIfAborted();
    if (waiter.look()) return true;
    const now = performance.now();
    if (until <= now) return waiter.look();
    const isTurning = strategy === "spin" || (strategy === "park" && now < sleepy);
    if (isTurning && turns % LOOKS !== 0) {
      await turn(0, ref);
      continue;
    }
    const asleep = strategy === "park" && !isTurning;
    const { word, seen } = waiter.mark(asleep);
    if (waiter.look()) return true;
    if (waiter.isOver()) return waiter.look();
    if (isTurning) continue;
    const slice = Math.min(SLICE_MS, until - now);
    const rest = asleep ? waiter.memory.parking.waitAsync(word, seen, slice, ref) : turn(YIELD_MS, ref);
    await either(rest, waiter.ended, signal);
  }
}

/** Where nothing can be written nobody can be asked to wake. */
function strategyOf({ memory }: Waiter, { strategy = "park" }: WaitOptions): WaitStrategy {
  return strategy === "park" && memory.readOnly ? "yield" : strategy;
}

function either(rest: Promise<void>, ended: Promise<void> | undefined, signal: Abortable | undefined): Promise<void> {
  return unlessAborted(ended === undefined ? rest : Promise.race([rest, ended]), signal);
}

/** Until so many milliseconds are over; with 0 until the event loop has been round. */
function turn(milliseconds: number, ref: boolean): Promise<void> {
  if (milliseconds > 0 || typeof setImmediate !== "function") return after(milliseconds, ref);
  return new Promise((resolve) => {
    const timer = setImmediate(resolve);
    if (!ref) unref(timer);
  });
}
