import { checkCall, having, OPTIONS } from "../../core/check-call.ts";
import { deadlineOf, leftUntil } from "../../core/deadline.ts";
import { MemoryError } from "../../core/errors.ts";
import { Signal } from "../signal.ts";
import { type AsyncWaitOptions, SLICE_MS, type WaitOptions } from "../waiting.ts";
import type { Mutex } from "./mutex.ts";
import { checkLockPlace } from "./roster.ts";

/** Bytes of a condition; zeros are one that nobody waits for. */
export const CONDITION_BYTES = 64;

const A_MUTEX = having("a mutex", "heldBy");
const SUBJECT = "condition";

export type ConditionOptions = Pick<WaitOptions, "timeoutMs">;
export type AsyncConditionOptions = Pick<AsyncWaitOptions, "timeoutMs" | "signal">;

/**
 * Something that holders of a mutex wait for, and other holders of it bring about.
 *
 *     0   word i32   see signal.ts
 *
 * ```ts
 * using held = lock.hold();
 * filled.waitUntil(() => memory.i32[COUNT] > 0);
 * ```
 *
 * `ready` is asked with the mutex held. While it says no the mutex is open, and the participant sleeps. Nobody misses a notification that was made with the
 * mutex held.
 */
export class Condition {
  readonly mutex: Mutex;
  readonly #signal: Signal;

  /** For `condition`. */
  constructor(mutex: Mutex, byteOffset: number) {
    checkLockPlace(SUBJECT, mutex.roster.memory, byteOffset);
    this.mutex = mutex;
    this.#signal = new Signal(mutex.roster.memory, byteOffset);
  }

  /** Waits until `ready` says so. False when the time is over first. The mutex is held before and after. Throws `closed` when the mutex is closed. */
  waitUntil(ready: () => boolean, { timeoutMs = Number.POSITIVE_INFINITY }: ConditionOptions = {}): boolean {
    const until = deadlineOf(SUBJECT, timeoutMs);
    this.#checkHeld();
    while (!ready()) {
      const left = leftUntil(until);
      if (left === 0) return false;
      const seen = this.#signal.listen();
      this.mutex.release();
      try {
        this.#signal.wait(seen, Math.min(SLICE_MS, left));
      } finally {
        this.mutex.acquire({ timeoutMs: Number.POSITIVE_INFINITY });
      }
    }
    return true;
  }

  /** `waitUntil` that never holds the thread. When it rejects, with the reason of `signal` or for another, the mutex is held. */
  async waitUntilAsync(ready: () => boolean, options: AsyncConditionOptions = {}): Promise<boolean> {
    const { timeoutMs = Number.POSITIVE_INFINITY, signal } = options;
    const until = deadlineOf(SUBJECT, timeoutMs);
    this.#checkHeld();
    for (;;) {
      signal?.throwIfAborted();
      if (ready()) return true;
      const left = leftUntil(until);
      if (left === 0) return false;
      const seen = this.#signal.listen();
      this.mutex.release();
      try {
        await this.#signal.waitAsync(seen, Math.min(SLICE_MS, left), signal);
      } finally {
        await this.mutex.acquireAsync({ timeoutMs: Number.POSITIVE_INFINITY });
      }
    }
  }

  /** Wakes one of those that wait, or more. The mutex is held, or was when what they wait for was changed. */
  notify(): void {
    this.#signal.raiseOne();
  }

  /** Wakes all that wait. */
  notifyAll(): void {
    this.#signal.raise();
  }

  #checkHeld(): void {
    if (this.mutex.isHeld) return;
    throw new MemoryError("invalid-argument", {
      subject: SUBJECT,
      event: "was waited for without its mutex",
      numbers: { heldBy: this.mutex.heldBy, seat: this.mutex.roster.seat },
      cure: "Hold the mutex of the condition first.",
    });
  }
}

/** The condition at a place of the memory that the mutex lies in. */
export function condition(mutex: Mutex, options: { readonly byteOffset: number }): Condition {
  checkCall("condition(mutex, { byteOffset: 4096 })", [A_MUTEX, mutex], [OPTIONS, options]);
  return new Condition(mutex, options.byteOffset);
}
