import { MemoryError } from "./errors.ts";

/** Throws `invalid-argument` unless it is a time that can be waited: 0 … Infinity. */
export function checkTimeout(subject: string, timeoutMs: number): void {
  if (timeoutMs >= 0) return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: "cannot wait for such a time",
    numbers: { timeoutMs: String(timeoutMs) },
    cure: "Pass milliseconds from 0 on, or Infinity to wait for ever.",
  });
}

/** When a wait that begins now has to end, on the clock of `performance.now()`; Infinity: never. Throws `invalid-argument`. */
export function deadlineOf(subject: string, timeoutMs: number): number {
  checkTimeout(subject, timeoutMs);
  return timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : performance.now() + timeoutMs;
}

/** Milliseconds that are left until then, 0 once it is over. */
export function leftUntil(deadline: number): number {
  return Math.max(0, deadline - performance.now());
}
