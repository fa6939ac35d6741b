import { alignUp } from "../../core/align.ts";
import { magicOf } from "../../core/magic.ts";
import type { Memory } from "../../core/memory.ts";
import { layoutWord } from "../../layout/fingerprint.ts";
import { type BlockFormat, corrupt, HEADER_BYTES, HEADER_WORDS, openHeader, sealHeader } from "../block-header.ts";
import type { Content } from "./text-content.ts";

/**
 * The frozen form of an interner: one block that means the same wherever it lies, in memory or in a file.
 *
 *       0   header               of all collections: magic "OHdc", version 1, features 0, and for layout the width of the offsets
 *                            and, where strings are not UTF-8, how far they are from it (see Content)
 *      16   seed u32             of the hashes in the index
 *      20   count u32            strings; their ids are 1 … count
 *      24   slots u32            of the index, a power of two; 0: no index
 *      28   check u32            of the bytes before
 *      32   textByteLength f64   all strings together
 *      40   byteLength f64       the whole block
 *      48   zeros
 *      64   offsets              (count + 1) × u32, or f64 where the text takes more than 4 GiB; string `id` is text[offsets[id - 1], offsets[id])
 *       …   text                 the bytes of the strings, one after the other, then at least 4 zeros
 *       …   index                slots × (hash i32, id u32); free: both 0; linear probing from slot `hash & (slots - 1)`
 *
 * The block begins at a multiple of 8, and so do offsets, text and index. Offsets followed by text are the layout of Arrow's utf8
 * columns. Everything is written once, by `freezeInterner`, before anybody else sees the block; after that all only read.
 *
 * Invariants:
 * 1. The header determines where everything lies, and byteLength agrees with it.
 * 2. offsets[0] = 0, offsets never decrease, offsets[count] = textByteLength.
 * 3. Each string is valid UTF-8, or as far from it as the layout says; no two are the same.
 * 4. With an index: each id is in exactly one slot, with the hash of its bytes, and no free slot lies between that hash's first slot and it;
 *    at most 3/4 of the slots are taken.
 */
export interface DictionaryLayout {
  readonly count: number;
  readonly slots: number;
  readonly content: Content;
  readonly textByteLength: number;
  /** 4 or 8. */
  readonly offsetByteSize: number;
  /** Where the parts begin, in bytes from the start of the block. */
  readonly textAt: number;
  readonly indexAt: number;
  readonly byteLength: number;
}

export const OFFSETS_AT = HEADER_BYTES;
/** The header's bytes from here on to the offsets are zero. */
export const HEADER_ZEROS_AT = 48;
/** Header words of u32, and places of f64. */
export const SEED_WORD = 4;
const COUNT_WORD = 5;
const SLOTS_WORD = 6;
const TEXT_BYTE_LENGTH_F64 = 4;
const BYTE_LENGTH_F64 = 5;

const FORMAT: BlockFormat = { subject: "dictionary", magic: magicOf("OHdc"), version: 1 };
/** By content and width: narrow, wide. */
const LAYOUTS: readonly (readonly [number, number])[] = ["", " of WTF-8", " of any bytes"].map((content) => [
  layoutWord(`dictionary${content} with offsets of 4 bytes`),
  layoutWord(`dictionary${content} with offsets of 8 bytes`),
]);
/** The header word that is one of these two. */
const LAYOUT_WORD = 3;

/** Decoding text that is cut off in a character may look this many bytes further, and shall find them in the block. */
const TEXT_MARGIN_BYTES = 4;
const MOST_U32 = 0xffff_ffff;
const MOST_COUNT = 0x7fff_ffff;

/** Where everything lies for these strings. `offsetByteSize` 4 or 8; by default 4 where that is enough. */
export function dictionaryLayout(
  count: number,
  textByteLength: number,
  slots: number,
  content: Content,
  offsetByteSize?: number,
): DictionaryLayout {
  const width = offsetByteSize ?? (textByteLength > MOST_U32 ? 8 : 4);
  const textAt = alignUp(OFFSETS_AT + (count + 1) * width, 8);
  const indexAt = alignUp(textAt + textByteLength + TEXT_MARGIN_BYTES, 8);
  return { count, slots, content, textByteLength, offsetByteSize: width, textAt, indexAt, byteLength: indexAt + slots * 8 };
}

/** The fewest slots that keep an index of `count` strings at most 3/4 full. */
export function slotsFor(count: number): number {
  let slots = 4;
  while (count * 4 > slots * 3) slots *= 2;
  return slots;
}

/** Writes the header of a block whose other bytes are there. */
export function writeDictionaryHeader(memory: Memory, byteOffset: number, layout: DictionaryLayout, seed: number): void {
  const { count, slots, content, textByteLength, byteLength, offsetByteSize } = layout;
  memory.u8.fill(0, byteOffset, byteOffset + HEADER_BYTES);
  memory.f64[byteOffset / 8 + TEXT_BYTE_LENGTH_F64] = textByteLength;
  memory.f64[byteOffset / 8 + BYTE_LENGTH_F64] = byteLength;
  const words = memory.slice("i32", byteOffset, HEADER_WORDS);
  sealHeader(words, FORMAT, LAYOUTS[content][offsetByteSize === 8 ? 1 : 0], [seed, count, slots]);
}

/**
 * Reads and checks the header of the block at `byteOffset`, which should take `byteLength` bytes: O(1). Throws `corrupt` with the numbers
 * that contradict each other, `unsupported-format` and `layout-mismatch` for what another version may have written.
 */
export function readDictionaryLayout(memory: Memory, byteOffset: number, byteLength: number): DictionaryLayout {
  memory.checkRange(byteOffset, byteLength);
  const { i32, u32, f64 } = memory;
  const found = byteOffset % 8 === 0 && byteLength >= HEADER_BYTES ? i32[byteOffset / 4 + LAYOUT_WORD] : 0;
  const content = LAYOUTS.findIndex((words) => words.includes(found));
  const wide = content !== -1 && LAYOUTS[content][1] === found;
  openHeader(memory, byteOffset, FORMAT, content === -1 ? LAYOUTS[0][0] : found, "offsets of 4 or 8 bytes");
  const count = u32[byteOffset / 4 + COUNT_WORD];
  const slots = u32[byteOffset / 4 + SLOTS_WORD];
  const textByteLength = f64[byteOffset / 8 + TEXT_BYTE_LENGTH_F64];
  const told = f64[byteOffset / 8 + BYTE_LENGTH_F64];
  const refuse = (event: string, numbers: Record<string, number>): never => {
    throw corrupt(memory, FORMAT, event, { byteOffset, ...numbers });
  };
  if (count > MOST_COUNT || !(Number.isSafeInteger(textByteLength) && textByteLength >= 0 && textByteLength <= byteLength)) {
    refuse("has counts in its header that cannot be", { count, textByteLength, byteLength });
  }
  if (slots !== 0 && ((slots & (slots - 1)) !== 0 || count * 4 > slots * 3)) {
    refuse("has an index that does not fit its strings", { count, slots });
  }
  const layout = dictionaryLayout(count, textByteLength, slots, content as Content, wide ? 8 : 4);
  if (layout.byteLength !== byteLength || told !== byteLength) {
    refuse("has another length than its header says", { byteLength, header: told, parts: layout.byteLength });
  }
  const offsets = (byteOffset + OFFSETS_AT) / layout.offsetByteSize;
  const first = wide ? f64[offsets] : u32[offsets];
  const last = wide ? f64[offsets + count] : u32[offsets + count];
  if (first !== 0 || last !== textByteLength) refuse("has offsets that do not span its text", { first, last, textByteLength });
  return layout;
}
