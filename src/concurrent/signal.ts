import { type Abortable, unlessAborted } from "../core/abort.ts";
import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";
import { type AsyncWaitOptions, deadlineOf, LOOKS, SLICE_MS, type WaitOptions, YIELD_MS } from "./waiting.ts";

/** Bytes of a signal. It begins at a multiple of 4; zeros are one that nobody waits for. */
export const SIGNAL_BYTES = 4;

const WAITING = 1;
const SUBJECT = "signal";
/** For so long an event loop looks once a turn before it sleeps: to be woken from that takes about as long. */
const TURNING_MS = 0.1;

/**
 * Tells threads and processes that something which they wait for may have come: an event count (Vyukov's, of folly and others).
 *
 *     0   word i32   bit 0: somebody may be asleep; bits 1 … 31: how often somebody was woken
 *
 * Who changes what others wait for stores it atomically, and then calls `raise`, which is one load while nobody waits. Who waits does it in three steps:
 * `listen`, look once more, `wait`; `waitUntil` does that in a loop.
 *
 * ```ts
 * Atomics.store(memory.i32, TAIL, tail);              // one side
 * signal.raise();
 *
 * const found = signal.waitUntil(() => Atomics.load(memory.i32, TAIL) > head);    // the other side
 * ```
 *
 * Invariants:
 * 1. Who sleeps has set bit 0 before it looked for the last time; who raises looks at bit 0 after it has stored. So one of them sees the other.
 * 2. Waking changes the word, so that who was about to sleep does not. It wakes all: whoever finds nothing listens anew.
 * 3. A sleep ends after 100 ms: a raiser may have died between its store and its call. One that sleeps and dies costs one vain call to wake.
 */
export class Signal {
  readonly #memory: Memory;
  readonly #word: number;

  constructor(memory: Memory, byteOffset: number) {
    if (!(Number.isSafeInteger(byteOffset) && byteOffset >= 0 && byteOffset % SIGNAL_BYTES === 0)) refusePlace(byteOffset);
    memory.checkRange(byteOffset, SIGNAL_BYTES);
    this.#memory = memory;
    this.#word = byteOffset / 4;
  }

  /** Wakes everybody who waits. To be called after the change, which was made by an atomic operation. */
  raise(): void {
    if ((Atomics.load(this.#memory.i32, this.#word) & WAITING) !== 0) this.#wake();
  }

  /** Wakes one of those who wait, or more: for changes that one of them uses up. */
  raiseOne(): void {
    const { i32 } = this.#memory;
    for (;;) {
      const found = Atomics.load(i32, this.#word);
      if ((found & WAITING) === 0) return;
      // Others may sleep still, so bit 0 stays.
      if (Atomics.compareExchange(i32, this.#word, found, (found + 2) | 0) === found) break;
    }
    this.#memory.parking.notify(this.#word, 1);
  }

  /** Announces a wait, and tells what to pass to it. What is waited for must be looked at in between. Who may only read announces nothing. */
  listen(): number {
    if (this.#memory.readOnly) return Atomics.load(this.#memory.i32, this.#word);
    return Atomics.or(this.#memory.i32, this.#word, WAITING) | WAITING;
  }

  /** Sleeps until the signal is raised after `listen` has told `seen`, for at most `timeoutMs`; it may end early. */
  wait(seen: number, timeoutMs: number): void {
    this.#memory.parking.wait(this.#word, seen, timeoutMs);
  }

  /** `wait` that does not hold the thread. Ends early, without an error, when `signal` is aborted. */
  waitAsync(seen: number, timeoutMs: number, signal?: Abortable): Promise<void> {
    return unlessAborted(this.#memory.parking.waitAsync(this.#word, seen, timeoutMs), signal);
  }

  /** Waits until `ready` says so. False when the time is over first. `ready` is called often, and not again once it has said so. */
  waitUntil(ready: () => boolean, { timeoutMs = Number.POSITIVE_INFINITY, strategy = "park" }: WaitOptions = {}): boolean {
    const until = deadlineOf(SUBJECT, timeoutMs);
    for (let looks = 0; ; looks++) {
      if (ready()) return true;
      if (looks < LOOKS) continue;
      // A look at the clock costs as much as ten at the memory.
      const left = strategy === "spin" && looks % LOOKS !== 0 ? 1 : until - performance.now();
      if (left <= 0) return false;
      if (strategy === "spin") continue;
      if (strategy === "yield") this.wait(Atomics.load(this.#memory.i32, this.#word), Math.min(YIELD_MS, left));
      else {
        const seen = this.listen();
        if (ready()) return true;
        this.wait(seen, Math.min(SLICE_MS, left));
      }
    }
  }

  /**
   * `waitUntil` that never holds the thread. Rejects with the reason of `signal` when that is aborted. `spin` looks once in each turn of the event loop,
   * `yield` each millisecond, `park` in each turn for a tenth of a millisecond before it sleeps.
   */
  async waitUntilAsync(ready: () => boolean, options: AsyncWaitOptions = {}): Promise<boolean> {
    const { timeoutMs = Number.POSITIVE_INFINITY, strategy = "park", signal } = options;
    const until = deadlineOf(SUBJECT, timeoutMs);
    const sleepy = performance.now() + (typeof setImmediate === "function" ? TURNING_MS : 0);
    for (;;) {
      signal?.throwIfAborted();
      if (ready()) return true;
      const now = performance.now();
      if (until <= now) return false;
      if (strategy === "yield") await unlessAborted(turn(YIELD_MS), signal);
      else if (strategy === "spin" || now < sleepy) await turn(0);
      else {
        const seen = this.listen();
        // Once more, and for good: what it says may hold once.
        if (ready()) return true;
        await this.waitAsync(seen, Math.min(SLICE_MS, until - now), signal);
      }
    }
  }

  #wake(): void {
    const { i32 } = this.#memory;
    for (;;) {
      const found = Atomics.load(i32, this.#word);
      // Another has woken all since.
      if ((found & WAITING) === 0) return;
      // Clears bit 0 and counts in one.
      if (Atomics.compareExchange(i32, this.#word, found, (found + 1) | 0) !== found) continue;
      this.#memory.parking.notify(this.#word, Number.POSITIVE_INFINITY);
      return;
    }
  }
}

/** Until so many milliseconds are over; with 0 until the event loop has been round. */
function turn(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    if (milliseconds === 0 && typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, milliseconds);
  });
}

function refusePlace(byteOffset: number): never {
  throw new MemoryError("invalid-argument", {
    subject: SUBJECT,
    event: "cannot lie there",
    numbers: { byteOffset: String(byteOffset), align: SIGNAL_BYTES },
    cure: "Place it at a multiple of 4 bytes.",
  });
}
