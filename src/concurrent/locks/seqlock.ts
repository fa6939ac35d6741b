import { checkCall, OPTIONS } from "../../core/check-call.ts";
import type { Memory } from "../../core/memory.ts";
import { LoadFence } from "../fence.ts";
import type { AsyncHoldOptions, HoldOptions } from "./holdable.ts";
import { type LockOptions, Mutex, refuseInherited } from "./mutex.ts";
import { A_ROSTER, type Roster } from "./roster.ts";

/** Bytes of a seqlock; zeros are one that was never written under. */
export const SEQLOCK_BYTES = 64;

const SEQUENCE = 1;
const SUBJECT = "seqlock";
/** So often a reader tries before it takes the lock, so that writers cannot keep it for ever. */
const TRIES = 100;
/** Says that a change came in between each time. */
const CHANGED: unique symbol = Symbol("changed");

/**
 * Something small that is read very often and changed now and then: readers write nothing that others see, and look again when a change came in between.
 *
 *     0   word i32       who writes: see core/robust-lock.ts
 *     4   sequence i32   odd while somebody writes; one more before and after
 *
 * ```ts
 * quote.write(() => { memory.f64[BID] = bid; memory.f64[ASK] = ask; });
 * const spread = quote.read(() => memory.f64[ASK] - memory.f64[BID]);
 * ```
 *
 * Invariants:
 * 1. The sequence is odd only while the word names who writes, living or dead.
 * 2. What `read` returns was looked at between two looks at the same even sequence.
 */
export class Seqlock {
  readonly #mutex: Mutex;
  readonly #memory: Memory;
  readonly #sequence: number;
  readonly #fence = new LoadFence();

  /** For `seqlock`. */
  constructor(roster: Roster, options: LockOptions) {
    const { byteOffset, repair } = options;
    this.#memory = roster.memory;
    this.#sequence = byteOffset / 4 + SEQUENCE;
    const mend = (): void => {
      if (!this.#isOdd) return;
      if (repair === undefined) refuseInherited(SUBJECT);
      repair();
      this.#next();
    };
    this.#mutex = new Mutex(roster, { ...options, repair: mend }, SUBJECT);
  }

  /** Changes what is protected. What `change` writes becomes visible at once. Throws as `Mutex.acquire` does. */
  write<Result>(change: () => Result, options?: HoldOptions): Result {
    this.#mutex.acquire(options);
    return this.#change(change);
  }

  /** `write` that does not hold the thread while another writes. `change` itself is done at once: it must not await. */
  async writeAsync<Result>(change: () => Result, options?: AsyncHoldOptions): Promise<Result> {
    await this.#mutex.acquireAsync(options);
    return this.#change(change);
  }

  /**
   * Looks at what is protected. `look` may be called several times, and see half a change, of which nothing is told: it must only read, and not rely on what
   * it reads. What it throws then is forgotten too.
   */
  read<Result>(look: () => Result, options?: HoldOptions): Result {
    const seen = this.#tryRead(look);
    if (seen !== CHANGED) return seen;
    this.#mutex.acquire(options);
    return this.#readHeld(look);
  }

  /** `read` that does not hold the thread where a writer is slow, or dead in the middle of a change. */
  async readAsync<Result>(look: () => Result, options?: AsyncHoldOptions): Promise<Result> {
    const seen = this.#tryRead(look);
    if (seen !== CHANGED) return seen;
    await this.#mutex.acquireAsync(options);
    return this.#readHeld(look);
  }

  #tryRead<Result>(look: () => Result): Result | typeof CHANGED {
    for (let tries = 0; tries < TRIES; tries++) {
      const before = Atomics.load(this.#memory.i32, this.#sequence);
      if ((before & 1) !== 0) continue;
      try {
        const result = look();
        if (this.#isStill(before)) return result;
      } catch (error) {
        if (this.#isStill(before)) throw error;
      }
    }
    return CHANGED;
  }

  /** Under the lock, which this one has. */
  #readHeld<Result>(look: () => Result): Result {
    try {
      return look();
    } finally {
      this.#mutex.release();
    }
  }

  #change<Result>(change: () => Result): Result {
    try {
      this.#next();
      try {
        return change();
      } finally {
        this.#next();
      }
    } finally {
      this.#mutex.release();
    }
  }

  /** Ends it for writers, and for readers that meet one. */
  close(): void {
    this.#mutex.close();
  }

  /** What contradicts the invariants. */
  checkInvariants(): string[] {
    return this.#isOdd && this.#mutex.heldBy === 0 ? ["the sequence is odd while nobody writes"] : [];
  }

  get #isOdd(): boolean {
    return (Atomics.load(this.#memory.i32, this.#sequence) & 1) !== 0;
  }

  #isStill(before: number): boolean {
    this.#fence.stand();
    return Atomics.load(this.#memory.i32, this.#sequence) === before;
  }

  /** By who has the lock. The load keeps plain stores that follow from being made before the change, on machines that would. */
  #next(): void {
    Atomics.add(this.#memory.i32, this.#sequence, 1);
    Atomics.load(this.#memory.i32, this.#sequence);
  }
}

/** The seqlock at a place of the roster's memory. */
export function seqlock(roster: Roster, options: LockOptions): Seqlock {
  checkCall("seqlock(here, { byteOffset: 4096 })", [A_ROSTER, roster], [OPTIONS, options]);
  return new Seqlock(roster, options);
}
