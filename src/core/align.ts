import { MemoryError } from "./errors.ts";

/** The largest offset and size that offheap computes with: every whole number up to it is exact in a double. */
export const MAX_BYTE_LENGTH = Number.MAX_SAFE_INTEGER;

/**
 * `byteOffset` rounded up to a multiple of `align`, a power of two up to 2^31. Exact for all offsets up to 2^53 − align: the low bits that `&` looks at are
 * those of the offset, however large it is. In half the time of `(byteOffset + align - 1) & -align`, whose sum V8 cannot know to be a 32-bit integer.
 */
export function alignUp(byteOffset: number, align: number): number {
  const over = byteOffset & (align - 1);
  return over === 0 ? byteOffset : byteOffset + (align - over);
}

export function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value <= 0x8000_0000 && (value & (value - 1)) === 0;
}

/** Throws `invalid-argument` unless `byteLength` is a whole number from `least` to `most`. */
export function checkByteLength(subject: string, name: string, byteLength: number, least = 0, most = MAX_BYTE_LENGTH): void {
  if (Number.isSafeInteger(byteLength) && byteLength >= least && byteLength <= most) return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: `needs a whole number of bytes as ${name}`,
    numbers: { [name]: String(byteLength), least, most },
    cure: "Pass a whole number in that range.",
  });
}

/** Throws `invalid-argument` unless `align` is a power of two up to 2^31. */
export function checkAlign(subject: string, align: number): void {
  if (isPowerOfTwo(align)) return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: "needs an alignment that is a power of two",
    numbers: { align: String(align) },
    cure: "Pass 1, 2, 4, 8, 16, … up to 2^31.",
  });
}

/** The greatest number that fits a word of 32 bits with a sign. Up to here V8 compares in 32-bit integers; what lies beyond takes the longer way. */
export const MOST_INT32 = 0x7fff_ffff;
