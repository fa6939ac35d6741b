import { alignUp } from "../core/align.ts";
import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";

/**
 * The frozen form of an interner: one block that means the same wherever it lies, in memory or in a file.
 *
 *       0   magic u32            "OHdc"; bytes in another order than little-endian show at once
 *       4   version u32          1
 *       8   features u32         bit 0: offsets are f64; any other bit: written by a later version
 *      12   seed u32             of the hashes in the index
 *      16   count u32            strings; their ids are 1 … count
 *      20   slots u32            of the index, a power of two; 0: no index
 *      24   textByteLength f64   all strings together
 *      32   byteLength f64       the whole block
 *      40   reserved, 0
 *      64   offsets              (count + 1) × u32, or f64 where the text takes more than 4 GiB; string `id` is text[offsets[id - 1], offsets[id])
 *       …   text                 the strings as UTF-8, one after the other, then at least 4 zeros
 *       …   index                slots × (hash i32, id u32); id 0: free; linear probing from slot `hash & (slots - 1)`
 *
 * offsets, text and index begin at multiples of 8. Offsets followed by text are the layout of Arrow's utf8 columns. Everything is
 * written once, by `freezeInterner`, before anybody else sees the block; after that all only read.
 *
 * Invariants:
 * 1. The header determines where everything lies, and byteLength agrees with it.
 * 2. offsets[0] = 0, offsets never decrease, offsets[count] = textByteLength.
 * 3. Each string is valid UTF-8; no two are the same.
 * 4. With an index: each id is in exactly one slot, with the hash of its bytes, and no free slot lies between that hash's first slot and it;
 *    at most 3/4 of the slots are taken.
 */
export interface DictionaryLayout {
  readonly count: number;
  readonly slots: number;
  readonly textByteLength: number;
  /** 4 or 8. */
  readonly offsetByteSize: number;
  /** Where the parts begin, in bytes from the start of the block. */
  readonly textAt: number;
  readonly indexAt: number;
  readonly byteLength: number;
}

export const DICTIONARY_ALIGN = 8;
export const OFFSETS_AT = 64;
export const MAGIC = 0x6364_484f;
export const VERSION = 1;
export const WIDE_OFFSETS = 1;
/** Words of the header: u32, except the two f64 at 8-byte words 3 and 4. */
export const VERSION_WORD = 1;
export const FEATURES_WORD = 2;
export const SEED_WORD = 3;
export const COUNT_WORD = 4;
export const SLOTS_WORD = 5;
export const TEXT_BYTE_LENGTH_F64 = 3;
export const BYTE_LENGTH_F64 = 4;

/** Decoding text that is cut off in a character may look this many bytes further, and shall find them in the block. */
const TEXT_MARGIN_BYTES = 4;
const MOST_U32 = 0xffff_ffff;
const MOST_COUNT = 0x7fff_ffff;

/** Where everything lies for these strings. `offsetByteSize` 4 or 8; by default 4 where that is enough. */
export function dictionaryLayout(count: number, textByteLength: number, slots: number, offsetByteSize?: number): DictionaryLayout {
  const width = offsetByteSize ?? (textByteLength > MOST_U32 ? 8 : 4);
  const textAt = alignUp(OFFSETS_AT + (count + 1) * width, 8);
  const indexAt = alignUp(textAt + textByteLength + TEXT_MARGIN_BYTES, 8);
  return { count, slots, textByteLength, offsetByteSize: width, textAt, indexAt, byteLength: indexAt + slots * 8 };
}

/** The fewest slots that keep an index of `count` strings at most 3/4 full. */
export function slotsFor(count: number): number {
  let slots = 4;
  while (count * 4 > slots * 3) slots *= 2;
  return slots;
}

/**
 * Reads and checks the header of the block at `byteOffset`, which should take `byteLength` bytes: O(1). Throws `corrupt` with the numbers
 * that contradict each other, `unsupported-format` for a later version.
 */
export function readDictionaryLayout(memory: Memory, byteOffset: number, byteLength: number): DictionaryLayout {
  memory.checkRange(byteOffset, byteLength);
  if (byteOffset % DICTIONARY_ALIGN !== 0) refuse("is not at a multiple of 8 bytes", { byteOffset });
  if (byteLength < OFFSETS_AT + 8) refuse("is shorter than any dictionary", { byteLength, least: OFFSETS_AT + 8 });
  const { u32, f64 } = memory;
  const word = byteOffset / 4;
  if (u32[word] !== MAGIC) {
    refuse("does not begin like a dictionary", { byteOffset, magic: hex(u32[word]), expected: hex(MAGIC) });
  }
  const version = u32[word + VERSION_WORD];
  const features = u32[word + FEATURES_WORD];
  if (version !== VERSION || (features & ~WIDE_OFFSETS) !== 0) {
    throw new MemoryError("unsupported-format", {
      subject: "dictionary",
      event: "was written by a later version of offheap",
      numbers: { byteOffset, version, features: hex(features), readable: VERSION },
      cure: "Read it with that version.",
    });
  }
  const count = u32[word + COUNT_WORD];
  const slots = u32[word + SLOTS_WORD];
  const textByteLength = f64[byteOffset / 8 + TEXT_BYTE_LENGTH_F64];
  const told = f64[byteOffset / 8 + BYTE_LENGTH_F64];
  if (count > MOST_COUNT || !(Number.isSafeInteger(textByteLength) && textByteLength >= 0 && textByteLength <= byteLength)) {
    refuse("has counts in its header that cannot be", { byteOffset, count, textByteLength, byteLength });
  }
  if (slots !== 0 && ((slots & (slots - 1)) !== 0 || count * 4 > slots * 3)) {
    refuse("has an index that does not fit its strings", { byteOffset, count, slots });
  }
  const layout = dictionaryLayout(count, textByteLength, slots, (features & WIDE_OFFSETS) !== 0 ? 8 : 4);
  if (layout.byteLength !== byteLength || told !== byteLength) {
    refuse("has another length than its header says", { byteOffset, byteLength, header: told, parts: layout.byteLength });
  }
  const [first, last] = layout.offsetByteSize === 8 ? ends(f64, byteOffset, 8, count) : ends(u32, byteOffset, 4, count);
  if (first !== 0 || last !== textByteLength) {
    refuse("has offsets that do not span its text", { byteOffset, first, last, textByteLength });
  }
  return layout;
}

function ends(view: Uint32Array | Float64Array, byteOffset: number, width: number, count: number): [number, number] {
  const offsets = (byteOffset + OFFSETS_AT) / width;
  return [view[offsets], view[offsets + count]];
}

function refuse(event: string, numbers: Record<string, number | string>): never {
  throw new MemoryError("corrupt", {
    subject: "dictionary",
    event,
    numbers,
    cure: "Take the bytes from where they were written anew; `checkInvariants` tells more where a block can be opened.",
  });
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, "0")}`;
}
