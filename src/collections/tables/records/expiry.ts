import { MemoryError } from "../../../core/errors.ts";

/** Whether a time, 0: never, lies behind us. */
export function hasEnded(expiresAt: number): boolean {
  return expiresAt !== 0 && expiresAt <= Date.now();
}

/** When an entry ends that is set now; 0: never. `isExpiring`: whether entries of the table can end. Throws `invalid-argument`. */
export function endAfter(ttlMs: number | undefined, isExpiring: boolean): number {
  if (ttlMs === undefined) return 0;
  if (isExpiring && ttlMs > 0 && Number.isFinite(ttlMs)) return Date.now() + ttlMs;
  throw new MemoryError("invalid-argument", {
    subject: "hash table",
    event: "cannot have an entry that ends by itself",
    numbers: { ttlMs: String(ttlMs), expiring: String(isExpiring) },
    cure: "Make the table with { expiring: true }, and pass a positive number of milliseconds.",
  });
}
