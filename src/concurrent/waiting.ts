import type { Abortable } from "../core/abort.ts";
import { MemoryError } from "../core/errors.ts";

/**
 * What a thread does while it waits:
 * - `park`: looks a few hundred times, then sleeps until it is woken. Some 5 µs from wake-up to work, and no processor time meanwhile.
 * - `yield`: looks a few hundred times, then once a millisecond. Who raises the signal never has to make a call of the system for it.
 * - `spin`: looks without a pause. Well under 1 µs, for a processor of its own.
 */
export type WaitStrategy = "park" | "yield" | "spin";

export interface WaitOptions {
  /** How long to wait, 0 … Infinity. Default: for ever. */
  readonly timeoutMs?: number;
  /** Default: `park`. */
  readonly strategy?: WaitStrategy;
}

export interface AsyncWaitOptions extends WaitOptions {
  /** An `AbortSignal` that ends the wait: the promise is then rejected with its reason. */
  readonly signal?: Abortable;
}

/** So often a thread looks before it sleeps: others need microseconds, and a sleep costs some. */
export const LOOKS = 300;
/** The longest sleep: who should wake may have died before it did. */
export const SLICE_MS = 100;
/** Between two looks of who does not want to be woken. */
export const YIELD_MS = 1;

/** When a wait that begins now has to end, on the clock of `performance.now()`. Throws `invalid-argument`. */
export function deadlineOf(subject: string, timeoutMs: number): number {
  if (timeoutMs >= 0) return timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : performance.now() + timeoutMs;
  throw new MemoryError("invalid-argument", {
    subject,
    event: "cannot wait for such a time",
    numbers: { timeoutMs: String(timeoutMs) },
    cure: "Pass milliseconds from 0 on, or leave it out to wait for ever.",
  });
}
