/*
 * What the blocks of hash tables, columns and dictionaries begin with: 64 bytes, u32 words, little-endian.
 *
 *    word 0     1         2          3        4 5 6            7                8 … 15
 *   +-------+---------+----------+--------+----------------+-------------------+----------------+
 *   | magic | version | features | layout | the format's   | check of 0 … 6    | the format's   |
 *   +-------+---------+----------+--------+----------------+-------------------+----------------+
 *
 * Invariants:
 * 1. Words 0 … 7 are written once, before anybody else sees the block. Words from 8 on may change.
 * 2. `layout` is half of the fingerprint of the types that lie in the block.
 * 3. features is 0: every bit there is for something that this version does not know.
 */
import { MemoryError } from "../core/errors.ts";
import { hexWord } from "../core/hex.ts";
import type { Memory } from "../core/memory.ts";
import { fmix32 } from "./hash.ts";

export const HEADER_WORDS = 16;
export const HEADER_BYTES = HEADER_WORDS * 4;
export const BLOCK_ALIGN = 64;

const MAGIC = 0;
const VERSION = 1;
const FEATURES = 2;
const LAYOUT = 3;
const FIRST_OF_FORMAT = 4;
const CHECK = 7;

/** What tells one kind of block from others. */
export interface BlockFormat {
  /** As errors call it: `hash table`. */
  readonly subject: string;
  readonly magic: number;
  readonly version: number;
}

/** Writes words 0 … 7. `words` begin at the block. */
export function sealHeader(
  words: Int32Array,
  format: BlockFormat,
  layout: number,
  constants: readonly [number, number, number],
): void {
  words[MAGIC] = format.magic;
  words[VERSION] = format.version;
  words[FEATURES] = 0;
  words[LAYOUT] = layout;
  constants.forEach((constant, index) => {
    words[FIRST_OF_FORMAT + index] = constant;
  });
  words[CHECK] = checkOf(words, 0, CHECK);
}

/**
 * The header words at `byteOffset`. Throws `corrupt`, `unsupported-format`, `layout-mismatch`, `out-of-bounds`, and `invalid-argument` for an
 * offset that is no multiple of 8. `types` tells what the caller wants to read there: `u32 to f64`.
 */
export function openHeader(memory: Memory, byteOffset: number, format: BlockFormat, layout: number, types: string): Int32Array {
  const subject = subjectOf(memory, format);
  if (byteOffset % 8 !== 0) {
    throw new MemoryError("invalid-argument", {
      subject,
      event: "cannot begin at a misaligned offset",
      numbers: { byteOffset, align: 8 },
      cure: "Place its block at a multiple of 8 bytes, or better of 64.",
    });
  }
  memory.checkRange(byteOffset, HEADER_BYTES);
  const words = memory.slice("i32", byteOffset, HEADER_WORDS);
  if (words[MAGIC] !== format.magic) {
    const numbers = { byteOffset, magic: hexWord(words[MAGIC]), expected: hexWord(format.magic) };
    throw corrupt(memory, format, "does not begin with the mark of one", numbers);
  }
  const expected = checkOf(words, 0, CHECK);
  if (words[CHECK] !== expected) {
    const numbers = { byteOffset, check: hexWord(words[CHECK]), expected: hexWord(expected) };
    throw corrupt(memory, format, "has a damaged header", numbers);
  }
  if (words[VERSION] !== format.version || words[FEATURES] !== 0) {
    throw new MemoryError("unsupported-format", {
      subject,
      event: "was written by another version of offheap",
      numbers: { version: words[VERSION], features: hexWord(words[FEATURES]), known: format.version },
      cure: "Read it with that version, or build it again.",
    });
  }
  if (words[LAYOUT] !== layout) {
    throw new MemoryError("layout-mismatch", {
      subject,
      event: `does not hold ${types}`,
      numbers: { layout: hexWord(words[LAYOUT]), expected: hexWord(layout) },
      cure: "Open it with the types that it was made with.",
    });
  }
  return words;
}

/** The error for a block whose words contradict each other. */
export function corrupt(
  memory: Memory,
  format: BlockFormat,
  event: string,
  numbers: Readonly<Record<string, number | string>>,
): MemoryError {
  return new MemoryError("corrupt", {
    subject: subjectOf(memory, format),
    event,
    numbers,
    cure: "Build it again from its source.",
  });
}

function subjectOf(memory: Memory, format: BlockFormat): string {
  return `${format.subject} in ${memory.subject}`;
}

/** A check of the words `[from, end)`: not against malice. `before` is that of others, which it goes on from. */
export function checkOf(words: Int32Array, from: number, end: number, before = 0): number {
  let check = before;
  for (let word = from; word < end; word++) check = fmix32((check ^ words[word]) + 0x9e37_79b9);
  return check;
}
