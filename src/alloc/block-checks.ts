import { checkAlign, checkByteLength, MOST_INT32 } from "../core/align.ts";
import type { Ptr } from "../core/brand.ts";
import { MemoryError } from "../core/errors.ts";
import type { Allocator } from "./allocator.ts";

/** Throws `invalid-argument` unless `byteSize` is a whole number of bytes and `align` a power of two. */
export function checkBlockShape(subject: string, byteSize: number, align: number): void {
  // The first two tests are those of a 32-bit integer, which is what nearly all are, and cost a fraction of the exact ones.
  if (!((byteSize | 0) === byteSize && byteSize >= 0)) checkByteLength(subject, "byteSize", byteSize);
  if (!((align | 0) === align && align > 0 && (align & (align - 1)) === 0)) checkAlign(subject, align);
}

/** Throws unless `ptr` can be a live block of that size and alignment, as far as `of` knows: `invalid-argument`, `misuse`, `out-of-bounds`, `closed`. */
export function checkBlock(
  of: Pick<Allocator, "subject" | "memory" | "rawCheckLive">,
  ptr: Ptr,
  byteSize: number,
  align: number,
): void {
  checkBlockShape(of.subject, byteSize, align);
  of.memory.checkRange(ptr, byteSize);
  const aligned = ptr <= MOST_INT32 && align <= MOST_INT32 ? (ptr & (align - 1)) === 0 : ptr % align === 0;
  if (aligned && ptr !== 0) {
    of.rawCheckLive(ptr, byteSize || 1, align);
    return;
  }
  throw new MemoryError("invalid-argument", {
    subject: of.subject,
    event: ptr === 0 ? "was given NIL, which is no block" : "was given a block that is not aligned as it claims",
    numbers: { ptr, byteSize, align },
    cure: "Pass the pointer, size and alignment that the block was allocated with.",
  });
}

/** The error of an allocator that was given back a block that it cannot have live there. */
export function throwNotLive(subject: string, event: string, numbers: Readonly<Record<string, number | string>>): never {
  throw new MemoryError("misuse", {
    subject,
    event,
    numbers,
    cure: "Free each block once, with the size and alignment that it was allocated with, at the allocator that made it.",
  });
}
