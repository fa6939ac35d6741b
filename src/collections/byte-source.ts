import { MemoryError } from "../core/errors.ts";

/** Longer texts are copied by one call into the engine. */
const LONG_BYTES = 64;

/** Throws `out-of-bounds` unless `source[start, end)` is within the source. The part of the check that hot paths pay: about 1 ns. */
export function checkSource(subject: string, source: Uint8Array, start: number, end: number): void {
  if (!(start >= 0 && start <= end && end <= source.length)) throwRange(subject, source, start, end);
}

/** Copies `source[start, end)` to `target` from `at` on, where there is room. Both may be views of one memory, where the ranges do not overlap. */
export function copyText(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start > LONG_BYTES) target.set(source.subarray(start, end), at);
  else for (let from = start; from < end; from++) target[at + from - start] = source[from];
}

/** Throws the error of a range that does not lie in its source. */
export function throwRange(subject: string, source: Uint8Array, start: number, end: number): never {
  throw new MemoryError("out-of-bounds", {
    subject,
    event: "was given a range that is not within its source",
    numbers: { start: String(start), end: String(end), length: source.length },
    cure: "Pass whole offsets with 0 <= start <= end <= source.length.",
  });
}
