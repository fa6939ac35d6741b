import { advanceClock, now, pending, resetRuntime, type Sleep, sleepers, stepsOf } from "./runtime.ts";

/** What a play can ask about the run that it is in. */
export interface World {
  /** Whether a thread, from 0, has not been killed. */
  isAlive(thread: number): boolean;
}

export interface Scenario {
  /** Functions of the rewritten module itself. */
  readonly threads: readonly (() => void)[];
  /** Looks, when all have ended, whether all is well, and throws otherwise. */
  readonly check?: () => void;
  /** Whether a sleep may end by its time: without it that is a lost wake-up, unless somebody has died. */
  readonly sleepsEnd?: boolean;
}

export type Play = (world: World) => Scenario;

/** Who makes the next step, or dies instead. */
export interface Choice {
  readonly thread: number;
  readonly dies: boolean;
}

export interface Outcome {
  readonly steps: number;
  readonly choices: readonly Choice[];
  /** Undefined where all went well. */
  readonly error: unknown;
  readonly trace: readonly string[];
}

/** `ready` is never empty; `current` is who made the last step; contended is what `current` would do next. */
export type Chooser = (ready: readonly number[], current: number, isContended: boolean) => Choice;

/** Polls sleep as long as this; longer sleeps are ended by somebody. */
const POLL_MS = 2;
const READS = new Set(["read", "load"]);

interface Thread {
  readonly steps: Generator<undefined, unknown, undefined>;
  state: "ready" | "asleep" | "over";
  sleep: Sleep | undefined;
  /** What it does next: where, −1 for no single place, and how. */
  place: number;
  operation: string;
}

/** Which places threads have met at, over all runs of an exploration. Buffers are not told apart, which is on the safe side. */
export class Contention {
  readonly #readers = new Map<number, number>();
  readonly #writers = new Map<number, number>();
  readonly #contended = new Set<number>();
  #known: ReadonlySet<number> = new Set();

  /** What is found out from now on counts after the next call. True when something was since the last. */
  learn(): boolean {
    const isNew = this.#known.size !== this.#contended.size;
    this.#known = new Set(this.#contended);
    return isNew;
  }

  has(place: number): boolean {
    return place < 0 || this.#known.has(place);
  }

  note(place: number, thread: number, operation: string): void {
    if (place < 0 || this.#contended.has(place)) return;
    const bit = 1 << thread;
    const readers = (this.#readers.get(place) ?? 0) | bit;
    const writers = (this.#writers.get(place) ?? 0) | (READS.has(operation) ? 0 : bit);
    this.#readers.set(place, readers);
    this.#writers.set(place, writers);
    if (writers !== 0 && readers !== bit) this.#contended.add(place);
  }
}

/** Runs a play once; `choose` says who comes next. */
export function run(
  play: Play,
  mostSteps: number,
  choose: Chooser,
  { contention, traced = false }: { readonly contention?: Contention; readonly traced?: boolean } = {},
): Outcome {
  resetRuntime();
  const dead = new Set<number>();
  const scenario = play({ isAlive: (thread) => !dead.has(thread) });
  const threads = scenario.threads.map(
    (work): Thread => ({ steps: stepsOf(work), state: "ready", sleep: undefined, place: -1, operation: "starts" }),
  );
  const choices: Choice[] = [];
  const trace: string[] = [];
  const ready: number[] = [];
  let current = 0;
  let steps = 0;
  try {
    for (const thread of threads) advance(thread);
    for (;;) {
      ready.length = 0;
      for (let at = 0; at < threads.length; at++) {
        const thread = threads[at];
        if (thread.state === "asleep" && thread.sleep?.woken === true) thread.state = "ready";
        if (thread.state === "ready") ready.push(at);
      }
      if (ready.length === 0) {
        if (threads.every(({ state }) => state === "over")) break;
        endSleeps(threads, scenario.sleepsEnd === true || dead.size > 0);
        continue;
      }
      if (++steps > mostSteps) throw new Error(`no end after ${mostSteps} steps`);
      const choice = choose(ready, current, contention?.has(threads[current].place) ?? true);
      choices.push(choice);
      const thread = threads[choice.thread];
      if (traced) trace.push(`  ${choice.thread} ${choice.dies ? "dies before " : ""}${thread.operation} ${thread.place}`);
      current = choice.thread;
      if (choice.dies) {
        thread.state = "over";
        dead.add(choice.thread);
      } else {
        contention?.note(thread.place, choice.thread, thread.operation);
        advance(thread);
      }
    }
    scenario.check?.();
    return { steps, choices, error: undefined, trace };
  } catch (error) {
    return { steps, choices, error, trace };
  }
}

/** Makes the access before which the thread has stopped, and goes on to the next. */
function advance(thread: Thread): void {
  const { done } = thread.steps.next();
  if (done === true) {
    thread.state = "over";
    return;
  }
  thread.operation = pending.operation;
  thread.place = placeOf(pending.view, pending.index);
  if (pending.sleep === undefined) return;
  thread.sleep = pending.sleep;
  thread.state = "asleep";
  pending.sleep = undefined;
}

/** All sleep: the time comes for those who wake first. */
function endSleeps(threads: readonly Thread[], mayEnd: boolean): void {
  const asleep = threads.filter(({ state }) => state === "asleep");
  const until = Math.min(...asleep.map(({ sleep }) => sleep?.until ?? Number.POSITIVE_INFINITY));
  const who = (): string => threads.flatMap(({ state, place }, at) => (state === "asleep" ? [`${at} on ${place}`] : [])).join(", ");
  if (until === Number.POSITIVE_INFINITY) throw new Error(`nobody can go on: asleep are ${who()}`);
  if (!mayEnd && until - now() > POLL_MS) throw new Error(`nobody wakes those who sleep: ${who()}`);
  advanceClock(until);
  for (const thread of asleep) {
    if (thread.sleep === undefined || thread.sleep.until > until) continue;
    sleepers.splice(sleepers.indexOf(thread.sleep), 1);
    thread.state = "ready";
  }
}

/** The first byte of an element in its buffer; −1 for what is not one element. */
function placeOf(view: unknown, index: unknown): number {
  if (!ArrayBuffer.isView(view) || typeof index !== "number" || !("BYTES_PER_ELEMENT" in view)) return -1;
  return view.byteOffset + index * Number(view.BYTES_PER_ELEMENT);
}
