import { type Abortable, unlessAborted } from "../core/abort.ts";
import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";
import { type AsyncWaitOptions, type Waiter, type WaitOptions, waitFor, waitForAsync } from "./waiting.ts";

/** Bytes of a signal. It begins at a multiple of 4; zeros are one that nobody waits for. */
export const SIGNAL_BYTES = 4;

const WAITING = 1;
const SUBJECT = "signal";

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
  readonly memory: Memory;
  readonly byteOffset: number;
  readonly #word: number;

  constructor(memory: Memory, byteOffset: number) {
    if (!(Number.isSafeInteger(byteOffset) && byteOffset >= 0 && byteOffset % SIGNAL_BYTES === 0)) refusePlace(byteOffset);
    memory.checkRange(byteOffset, SIGNAL_BYTES);
    this.memory = memory;
    this.byteOffset = byteOffset;
    this.#word = byteOffset / 4;
  }

  /** Wakes everybody who waits. To be called after the change, which was made by an atomic operation. */
  raise(): void {
    if ((Atomics.load(this.memory.i32, this.#word) & WAITING) !== 0) this.#wake();
  }

  /** Wakes one of those who wait, or more: for changes that one of them uses up. */
  raiseOne(): void {
    const { i32 } = this.memory;
    for (;;) {
      const found = Atomics.load(i32, this.#word);
      if ((found & WAITING) === 0) return;
      // Others may sleep still, so bit 0 stays.
      if (Atomics.compareExchange(i32, this.#word, found, (found + 2) | 0) === found) break;
    }
    this.memory.parking.notify(this.#word, 1);
  }

  /** Announces a wait, and tells what to pass to it. What is waited for must be looked at in between. Who may only read announces nothing. */
  listen(): number {
    if (this.memory.readOnly) return Atomics.load(this.memory.i32, this.#word);
    return Atomics.or(this.memory.i32, this.#word, WAITING) | WAITING;
  }

  /** Sleeps until the signal is raised after `listen` has told `seen`, for at most `timeoutMs`; it may end early. */
  wait(seen: number, timeoutMs: number): void {
    this.memory.parking.wait(this.#word, seen, timeoutMs);
  }

  /** `wait` that does not hold the thread. Ends early, without an error, when `signal` is aborted. */
  waitAsync(seen: number, timeoutMs: number, signal?: Abortable): Promise<void> {
    return unlessAborted(this.memory.parking.waitAsync(this.#word, seen, timeoutMs), signal);
  }

  /** Waits until `ready` says so. False when the time is over first. `ready` is called often, and not again once it has said so. */
  waitUntil(ready: () => boolean, options: WaitOptions = {}): boolean {
    return waitFor(waiterOf(this, ready), options);
  }

  /** `waitUntil` that never holds the thread. Rejects with the reason of `options.signal` when that is aborted. */
  async waitUntilAsync(ready: () => boolean, options: AsyncWaitOptions = {}): Promise<boolean> {
    return waitForAsync(waiterOf(this, ready), options);
  }

  #wake(): void {
    const { i32 } = this.memory;
    for (;;) {
      const found = Atomics.load(i32, this.#word);
      // Another has woken all since.
      if ((found & WAITING) === 0) return;
      // Clears bit 0 and counts in one.
      if (Atomics.compareExchange(i32, this.#word, found, (found + 1) | 0) !== found) continue;
      this.memory.parking.notify(this.#word, Number.POSITIVE_INFINITY);
      return;
    }
  }
}

/** For structures that wait by a signal: until `look` says so, or `isOver` that nobody is there who could bring it. */
export function waiterOf(signal: Signal, look: () => boolean, isOver: () => boolean = never): Waiter {
  const { memory, byteOffset } = signal;
  const word = byteOffset / SIGNAL_BYTES;
  const mark: Waiter["mark"] = (asleep) => ({ word, seen: asleep ? signal.listen() : Atomics.load(memory.i32, word) });
  return { subject: SUBJECT, memory, look, isOver, mark };
}

function never(): boolean {
  return false;
}

function refusePlace(byteOffset: number): never {
  throw new MemoryError("invalid-argument", {
    subject: SUBJECT,
    event: "cannot lie there",
    numbers: { byteOffset: String(byteOffset), align: SIGNAL_BYTES },
    cure: "Place it at a multiple of 4 bytes.",
  });
}
