import { checkCall, OPTIONS } from "../../core/check-call.ts";
import { RobustLock } from "../../core/robust-lock.ts";
import type { AsyncHoldOptions, HoldOptions } from "./holdable.ts";
import { A_ROSTER, checkLockPlace, type Roster } from "./roster.ts";

/** Bytes of a once; zeros are work that has not been done. */
export const ONCE_BYTES = 64;

const DONE = 1;
const SUBJECT = "once";

export interface OnceOptions {
  /** Where in the roster's memory it lies, a multiple of 64. */
  readonly byteOffset: number;
  /** How long to wait for another that is at it, before `locked` is thrown. Default: 10 seconds; 0 … Infinity. */
  readonly timeoutMs?: number;
}

/**
 * Work that is done once for all threads and processes, such as filling a table.
 *
 *     0   word i32   who is at it: see core/robust-lock.ts
 *     4   done i32   1 for ever
 *
 * Who comes while another is at it waits until it is done. When that one dies or throws, the next does the work, from the beginning.
 */
export class Once {
  readonly roster: Roster;
  readonly #lock: RobustLock;
  readonly #done: number;

  /** For `once`. */
  constructor(roster: Roster, { byteOffset, timeoutMs }: OnceOptions) {
    checkLockPlace(SUBJECT, roster.memory, byteOffset);
    roster.memory.checkRange(byteOffset, ONCE_BYTES);
    this.roster = roster;
    this.#lock = new RobustLock(roster.seats, byteOffset, SUBJECT, timeoutMs);
    this.#done = byteOffset / 4 + DONE;
  }

  /** Whether it was done. Then everybody sees what the work has written. */
  get isDone(): boolean {
    return Atomics.load(this.roster.memory.i32, this.#done) !== 0;
  }

  /** Does the work unless it was done. True when this call did it. */
  run(work: () => void, { timeoutMs }: HoldOptions = {}): boolean {
    if (this.isDone) return false;
    this.#lock.acquire(timeoutMs);
    try {
      if (this.isDone) return false;
      work();
      this.#finish();
      return true;
    } finally {
      this.#lock.release();
    }
  }

  /** `run` that does not hold the thread, for work that takes its time. */
  async runAsync(work: () => void | Promise<void>, { timeoutMs, signal }: AsyncHoldOptions = {}): Promise<boolean> {
    if (this.isDone) return false;
    await this.#lock.acquireAsync(timeoutMs, signal);
    try {
      if (this.isDone) return false;
      await work();
      this.#finish();
      return true;
    } finally {
      this.#lock.release();
    }
  }

  #finish(): void {
    Atomics.store(this.roster.memory.i32, this.#done, 1);
  }
}

/** The work that belongs to a place of the roster's memory. */
export function once(roster: Roster, options: OnceOptions): Once {
  checkCall("once(here, { byteOffset: 4096 })", [A_ROSTER, roster], [OPTIONS, options]);
  return new Once(roster, options);
}
