import { MemoryError } from "./errors.ts";
import type { Memory } from "./memory.ts";

/** Bytes that a lock takes. It begins at a multiple of 4; zeros are an open lock. */
export const LOCK_BYTES = 8;
/** Threads that may not sleep look at the clock once in so many looks at the lock. */
const SPINS = 1000;

/**
 * A lock in the memory, for threads and processes.
 *
 *     0   holder i32      who holds it, 0: nobody. Changed by atomic operations only
 *     4   waiting i32     how many sleep, or are about to
 *
 * Not re-entrant: who holds it and asks again has made a mistake, and is told. A holder that dies leaves it held: waiting for longer than
 * `timeoutMs` throws and says by whom, and `breakLock` opens it.
 */
export class LockWord {
  readonly #memory: Memory;
  readonly #word: number;
  readonly #subject: string;
  /** Who this handle is, as others see it: 1 … 2^31 − 1. */
  readonly holder: number;
  readonly #timeoutMs: number;

  constructor(memory: Memory, byteOffset: number, subject: string, holder: number, timeoutMs: number) {
    this.#memory = memory;
    this.#word = byteOffset / 4;
    this.#subject = subject;
    this.holder = holder;
    this.#timeoutMs = timeoutMs;
  }

  /** Who holds the lock now, 0: nobody. */
  get heldBy(): number {
    return Atomics.load(this.#memory.i32, this.#word);
  }

  /** Waits until nobody holds it, and holds it. Throws `invalid-argument` where this handle does already, `locked` after `timeoutMs`. */
  acquire(): void {
    const found = Atomics.compareExchange(this.#memory.i32, this.#word, 0, this.holder);
    if (found !== 0) this.#wait(found);
  }

  release(): void {
    const { i32 } = this.#memory;
    Atomics.store(i32, this.#word, 0);
    if (Atomics.load(i32, this.#word + 1) > 0) Atomics.notify(i32, this.#word, 1);
  }

  /** Holds the lock that a dead holder left, without anybody else in between. False when it is not held by `holder`. */
  takeOver(holder: number): boolean {
    return Atomics.compareExchange(this.#memory.i32, this.#word, holder, this.holder) === holder;
  }

  /** Opens the lock that a dead holder left. False when it is not held by `holder` any more. */
  breakLock(holder: number): boolean {
    const { i32 } = this.#memory;
    if (holder === 0 || Atomics.compareExchange(i32, this.#word, holder, 0) !== holder) return false;
    Atomics.notify(i32, this.#word, 1);
    return true;
  }

  #wait(found: number): void {
    if (found === this.holder) {
      throw new MemoryError("invalid-argument", {
        subject: this.#subject,
        event: "was entered by its own holder, inside an operation that has not ended",
        numbers: { holder: found },
        cure: "Do not call it from what it calls, as from a log; the lock is not re-entrant.",
      });
    }
    const { i32 } = this.#memory;
    const until = Date.now() + this.#timeoutMs;
    Atomics.add(i32, this.#word + 1, 1);
    try {
      while (!this.#tryLater(until)) {
        if (Date.now() >= until) this.#throwLocked();
      }
    } finally {
      Atomics.sub(this.#memory.i32, this.#word + 1, 1);
    }
  }

  /** Sleeps or spins for a while, then tries again. */
  #tryLater(until: number): boolean {
    const { i32 } = this.#memory;
    const seen = Atomics.load(i32, this.#word);
    if (seen !== 0) {
      try {
        // Not for ever: the holder may have released between its store and our adding to `waiting`.
        Atomics.wait(i32, this.#word, seen, Math.min(Math.max(0, until - Date.now()), 50));
      } catch {
        // A browser's main thread may not sleep, nor may any thread on memory that is not shared.
        for (let spin = 0; spin < SPINS && Atomics.load(i32, this.#word) !== 0; spin++);
      }
    }
    return Atomics.compareExchange(i32, this.#word, 0, this.holder) === 0;
  }

  #throwLocked(): never {
    throw new MemoryError("locked", {
      subject: this.#subject,
      event: "is held by another thread or process, and was not released in time",
      numbers: { heldBy: this.heldBy, timeoutMs: this.#timeoutMs },
      cure: "If that one is dead, call breakLock(heldBy) and check the state that it may have left half changed.",
    });
  }
}
