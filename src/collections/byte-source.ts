import { MemoryError } from "../core/errors.ts";
import { findInvalidUtf8 } from "../core/utf8.ts";

/** Throws `out-of-bounds` unless `source[start, end)` is within the source. The part of the check that hot paths pay: about 1 ns. */
export function checkSource(subject: string, source: Uint8Array, start: number, end: number): void {
  if (!(start >= 0 && start <= end && end <= source.length)) throwRange(subject, source, start, end);
}

/** The rest of the check, for bytes that are to be stored: whole offsets, or `out-of-bounds`, and valid UTF-8, or `bad-value`. */
export function checkText(subject: string, source: Uint8Array, start: number, end: number): void {
  if (!Number.isInteger(start) || !Number.isInteger(end)) throwRange(subject, source, start, end);
  const invalid = findInvalidUtf8(source, start, end);
  if (invalid === -1) return;
  throw new MemoryError("bad-value", {
    subject,
    event: "was given bytes that are not UTF-8",
    numbers: { byteOffset: invalid, byte: `0x${source[invalid].toString(16)}`, start, end },
    cure: "Pass text in UTF-8; convert other encodings first.",
  });
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
