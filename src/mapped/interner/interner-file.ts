/**
 * The file of an interner.
 *
 * ```
 *   0   header     file-header.ts, content 3; at 24 f64: the most bytes that the file can grow to
 *  64   tail i32   units of 8 bytes that are used, from the start of the file. See tail-allocator.ts
 *  68   zeros
 * 128   head       see shared-interner-layout.ts
 *   …   its blocks
 * ```
 *
 * The header is written when the file is made, and never again.
 *
 * Invariants:
 * 1. The file has all bytes below the tail.
 * 2. All blocks of the interner lie below the tail.
 */
import { statSync } from "node:fs";
import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import { checkFileHeader, cutShort, HEADER_BYTES, INTERNER, newFileHeader, sealFileHeader } from "../file-header.ts";

export const TAIL_AT = 64;
export const HEAD_AT = 128;
const RESERVE_AT = 24;
const UNIT_BYTES = 8;
const MOST_BYTES = 8 * 1024 ** 3;

/** Before the head is written: its block shall be the first. */
export function beginInternerFile(memory: Memory): void {
  memory.i32[TAIL_AT / 4] = HEAD_AT / UNIT_BYTES;
}

/** After everything else of a new file was written. */
export function sealInternerFile(memory: Memory, reserve: number): void {
  const words = newFileHeader(INTERNER);
  words.setFloat64(RESERVE_AT, reserve, true);
  memory.u8.set(sealFileHeader(words), 0);
}

/** Checks the header, and that nothing of what is used was cut off. Returns how far the file can grow. O(1). */
export function readReserve(memory: Memory, path: string): number {
  checkFileHeader(memory, INTERNER);
  const reserve = memory.f64[RESERVE_AT / 8];
  const { subject } = memory;
  const used = memory.byteLength >= HEAD_AT ? Atomics.load(memory.i32, TAIL_AT / 4) * UNIT_BYTES : HEADER_BYTES + HEAD_AT;
  // Looked at afterwards, and not at the mapping's: others may make it longer at this moment.
  const byteLength = statSync(path).size;
  if (used > byteLength) throw cutShort(subject, byteLength, used);
  if (Number.isSafeInteger(reserve) && reserve >= used && used >= HEAD_AT && byteLength <= MOST_BYTES)
    return Math.max(reserve, byteLength);
  throw new MemoryError("corrupt", {
    subject,
    event: "has a header with impossible numbers",
    numbers: { reserve, used, byteLength },
    cure: "Take a copy, or intern its strings anew from their source.",
  });
}
