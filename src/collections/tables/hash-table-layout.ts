/*
 * The bytes of a hash table, little-endian. A table begins with a header. While it is small, or where it was asked to be, it is one block,
 * position-independent: format 3.
 *
 *   byte 0        16        32        48        64                                  64 + pageSlots * slotByteSize
 *   +---------+---------+---------+---------+--------+--------+-----+--------+-----------+
 *   |               header                  | slot 0 | slot 1 |  …  |        | zero slot |
 *   +---------------------------------------+--------+--------+-----+--------+-----------+
 *
 * A larger one has its slots in pages, blocks of their own of about 64 KiB, and a directory that tells where: format 4.
 *
 *   +--------------------+-----------+      directory                      page
 *   |       header       | zero slot |      +--------+--------+-----+      +--------+--------+-----+
 *   +--------------------+-----------+      | cell 0 | cell 1 |  …  |      | slot 0 | slot 1 |  …  |
 *                                           +--------+--------+-----+      +--------+--------+-----+
 *
 *   header, u32 words                                   slot
 *    0 magic "OHht"      5 pageSlots                    +-----------+-------+-----------+-----+
 *    1 version 3, 4      6 multiplier, odd              | key 4 | 8 | (pad) |   value   |(pad)|
 *    2 feature bits 0    7 check of words 0 … 6         +-----------+-------+-----------+-----+
 *    3 layout            8 count of entries              as a C compiler lays out { key; value } with keys of
 *    4 slotByteSize      9 1: there is a key zero        less than 4 bytes widened to 4, hashed
 *                       10 cells, 11 directory: format 4, else zero
 *                       12 … 15 zero                    cell: the word of the memory where a page begins
 *
 * The first word of a slot is not the low word of the key but the hash, from which that is computed back: with the multiplier of the header, and for keys of
 * 64 bits the high word behind it, hashing is a bijection (see hash-key.ts). A slot whose key bytes are all zero is empty. The hash of zero is zero, so the entry
 * whose key is zero (0, or 0n) lives in the zero slot, behind all others, and header word 9 tells whether it is there.
 *
 * The low bits of a key's hash name a cell and so a page, its top bits, inverted, a slot of the page, the key's home; the key lies there or in a slot behind it,
 * cyclically in its page, with greater hashes only between (linear probing in order: Amble and Knuth, Ordered hash tables, 1974). So a lookup ends at
 * the first hash that is not greater, and one that finds nothing takes no longer than one that finds. Since the entries of a run are in the order of
 * their homes as well, those behind a new one move on by one slot each. Deleting moves entries back into the gap, so there are no tombstones and nothing
 * ever needs sweeping. A page has many cells; the table grows by moving one cell's entries to another page, so nothing ever waits for all of it.
 *
 * Formats 1 and 2 had keys as they are, in no order.
 *
 * Invariants:
 * 1. A block begins at a multiple of 8. pageSlots and the number of cells are powers of two; of the slots of a
 *    block or page no more than 3/4 are taken. The key zero counts in format 3.
 * 2. count is the number of slots that are not empty, plus header word 9.
 * 3. No key twice. Every slot from a key's home to the key has a greater hash, as an unsigned word, or the same and a greater high word; so empty
 *    is the least. A key is in the page of its cell.
 * 4. Words 0 … 6 never change. Empty slots and all padding are zero.
 * 5. One thread writes. Others may read while nobody writes.
 * 6. Pages and directory lie in the same memory as the header, below 8 GiB; `directory` is its offset in units of 64 bytes.
 */
import { alignUp } from "../../core/align.ts";
import type { Memory } from "../../core/memory.ts";
import { layoutWord } from "../../layout/fingerprint.ts";
import { Place } from "../../layout/place.ts";
import type { Type } from "../../layout/type.ts";
import { BLOCK_ALIGN, type BlockFormat, corrupt, HEADER_BYTES, HEADER_WORDS, openHeader, sealHeader } from "../block-header.ts";
import { type KeyKind, keyKindOf, keyWordsOf } from "./hash-key.ts";

const FORMAT: BlockFormat = { subject: "hash table", magic: 0x7468_484f, version: 3 };
const PAGED_FORMAT: BlockFormat = { ...FORMAT, version: 4 };
/** Header words. */
const VERSION = 1;
const SLOT_BYTES = 4;
const PAGE_SLOTS = 5;
const MULTIPLIER = 6;
export const COUNT = 8;
export const HAS_ZERO = 9;
export const CELLS = 10;
export const DIRECTORY = 11;

const LEAST_CAPACITY = 16;
const PAGE_BYTES = 65_536;
const LEAST_PAGE_SLOTS = 64;

/** How a table's entries lie in its slots: what its key type and value type decide. */
export interface SlotLayout<Key, Value, Input> {
  readonly key: Type<Key>;
  readonly value: Type<Value, Input>;
  readonly keyKind: KeyKind;
  /** What errors call a value that does not fit. */
  readonly place: Place;
  /** 1, or 2 for keys of 64 bits. */
  readonly keyWords: number;
  readonly slotWords: number;
  /** Where in the slot the value lies. */
  readonly valueByteOffset: number;
  /** 32 bits that tell this layout from others. */
  readonly word: number;
  /** The greatest number of slots whose words can still be counted in 31 bits. */
  readonly mostCapacity: number;
  /** Slots of a page of a table that has many. */
  readonly pageSlots: number;
}

/** Throws `invalid-argument` for a key type that is not a number. */
export function slotLayout<Key, Value, Input>(key: Type<Key>, value: Type<Value, Input>): SlotLayout<Key, Value, Input> {
  const keyKind = keyKindOf(key);
  const place = new Place(undefined, `hash table value of type ${value.name}`);
  const keyWords = keyWordsOf(keyKind);
  const valueByteOffset = alignUp(keyWords * 4, value.align);
  const slotWords = alignUp(valueByteOffset + value.byteSize, Math.max(keyWords * 4, value.align)) / 4;
  let mostCapacity = LEAST_CAPACITY;
  while (HEADER_WORDS + (mostCapacity * 2 + 1) * slotWords < 2 ** 31) mostCapacity *= 2;
  const pageSlots = Math.max(LEAST_PAGE_SLOTS, 2 ** Math.floor(Math.log2(PAGE_BYTES / 4 / slotWords)));
  const word = layoutWord(`${key.signature}=>${value.signature}`);
  return { key, value, keyKind, place, keyWords, slotWords, valueByteOffset, word, mostCapacity, pageSlots };
}

/** The length of a table that is one block. */
export function blockByteLength(slotWords: number, capacity: number): number {
  return HEADER_BYTES + (capacity + 1) * slotWords * 4;
}

/** The length of the head of a table that has pages. */
export function headByteLength(layout: SlotLayout<unknown, unknown, never>): number {
  return HEADER_BYTES + layout.slotWords * 4;
}

export function pageByteLength(layout: SlotLayout<unknown, unknown, never>): number {
  return layout.pageSlots * layout.slotWords * 4;
}

/** The length of all blocks of a table of pages. */
export function pagedByteLength(layout: SlotLayout<unknown, unknown, never>, cells: number, pages: number): number {
  return headByteLength(layout) + cells * 4 + pages * pageByteLength(layout);
}

/** The most entries that so many slots of one block, or of a page, hold. */
export function fullAt(slots: number): number {
  return slots - slots / 4;
}

/** How many pages `count` entries need, so that none has to be added while they come. */
export function pagesFor(layout: SlotLayout<unknown, unknown, never>, count: number): number {
  return Math.max(1, Math.ceil(count / expectedIn(fullAt(layout.pageSlots))));
}

/** How many pages `count` entries are packed into: some are full then, and give a cell to one more. */
export function fewestPagesFor(layout: SlotLayout<unknown, unknown, never>, count: number): number {
  return Math.ceil(count / packedIn(fullAt(layout.pageSlots)));
}

/** As many entries on average as leave room for moving a cell between pages, however uneven they are. */
export function expectedIn(full: number): number {
  return Math.floor((full / 16) * 13);
}

/** As many entries as cells are moved into a page for: some room is left, for those that come. */
export function packedIn(full: number): number {
  return (full / 16) * 15;
}

/** The least capacity of one block that holds `count` entries. */
export function capacityFor(count: number): number {
  let capacity = LEAST_CAPACITY;
  while (fullAt(capacity) < count) capacity *= 2;
  return capacity;
}

/** Writes the header of an empty table of one block, which is all zero. */
export function writeHeader(
  memory: Memory,
  byteOffset: number,
  layout: SlotLayout<unknown, unknown, never>,
  capacity: number,
  multiplier: number,
): void {
  const words = memory.slice("i32", byteOffset, HEADER_WORDS);
  sealHeader(words, FORMAT, layout.word, [layout.slotWords * 4, capacity, multiplier]);
}

/** Writes the header of an empty table of pages: 64 bytes and the zero slot, which are all zero. */
export function writePagedHeader(
  memory: Memory,
  byteOffset: number,
  layout: SlotLayout<unknown, unknown, never>,
  multiplier: number,
): void {
  const words = memory.slice("i32", byteOffset, HEADER_WORDS);
  sealHeader(words, PAGED_FORMAT, layout.word, [layout.slotWords * 4, layout.pageSlots, multiplier]);
}

/** Where the slots of a table are. */
export interface SlotShape {
  readonly isPaged: boolean;
  readonly pageSlots: number;
  readonly multiplier: number;
  readonly cells: Int32Array;
  readonly words: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/** The shape of a table whose header has been written or checked. */
export function shapeAt(memory: Memory, byteOffset: number, layout: SlotLayout<unknown, unknown, never>): SlotShape {
  const header = memory.slice("i32", byteOffset, HEADER_WORDS);
  const [isPaged, pageSlots, multiplier] = [header[VERSION] === PAGED_FORMAT.version, header[PAGE_SLOTS], header[MULTIPLIER]];
  if (isPaged) {
    const cells = memory.slice("i32", (header[DIRECTORY] >>> 0) * BLOCK_ALIGN, header[CELLS]);
    return { isPaged, pageSlots, multiplier, cells, words: memory.i32, f32: memory.f32, f64: memory.f64 };
  }
  const length = HEADER_WORDS + (pageSlots + 1) * layout.slotWords;
  return {
    isPaged,
    pageSlots,
    multiplier,
    cells: Int32Array.of(HEADER_WORDS),
    words: memory.slice("i32", byteOffset, length),
    f32: memory.slice("f32", byteOffset, length),
    f64: memory.slice("f64", byteOffset, length >> 1),
  };
}

/**
 * Reads and checks the header at `byteOffset`, and the directory if there is one. O(cells); `checkInvariants` reads the rest. Throws `corrupt`,
 * `unsupported-format`, `layout-mismatch`, `out-of-bounds`, `invalid-argument`.
 */
export function readHeader(memory: Memory, byteOffset: number, layout: SlotLayout<unknown, unknown, never>): void {
  const format = isPagedAt(memory, byteOffset) ? PAGED_FORMAT : FORMAT;
  const words = openHeader(memory, byteOffset, format, layout.word, `${layout.key.name} to ${layout.value.name}`);
  const refuse = (event: string, numbers: Readonly<Record<string, number>>): never => {
    throw corrupt(memory, format, event, { byteOffset, ...numbers });
  };
  const [slotByteSize, capacity, count, hasZero] = [words[SLOT_BYTES], words[PAGE_SLOTS], words[COUNT], words[HAS_ZERO]];
  if (slotByteSize !== layout.slotWords * 4) refuse("has slots of another size", { slotByteSize, expected: layout.slotWords * 4 });
  const isPossible = capacity >= LEAST_CAPACITY && capacity <= layout.mostCapacity && (capacity & (capacity - 1)) === 0;
  if (!isPossible || (format === PAGED_FORMAT && capacity !== layout.pageSlots)) refuse("has an impossible capacity", { capacity });
  if (!(count >= 0 && (format === PAGED_FORMAT || count <= fullAt(capacity))) || hasZero >>> 1 !== 0) {
    refuse("has impossible counts", { count, capacity, hasZero });
  }
  if (format === FORMAT) {
    const byteLength = blockByteLength(layout.slotWords, capacity);
    if (byteOffset + byteLength > memory.byteLength) refuse("ends past the memory", { byteLength, committed: memory.byteLength });
    return;
  }
  const [cells, directory] = [words[CELLS], (words[DIRECTORY] >>> 0) * BLOCK_ALIGN];
  const committed = memory.byteLength;
  if (!(cells > 0 && (cells & (cells - 1)) === 0 && directory + cells * 4 <= committed)) {
    refuse("has a directory that is not in the memory", { cells, directory, committed });
  }
  for (const first of memory.slice("i32", directory, cells)) {
    const end = (first + capacity * layout.slotWords) * 4;
    if (!(first > 0 && first % (BLOCK_ALIGN / 4) === 0 && end <= committed)) {
      refuse("has a page that is not in the memory", { page: first * 4, committed });
    }
  }
}

function isPagedAt(memory: Memory, byteOffset: number): boolean {
  if (byteOffset % 4 !== 0) return false;
  memory.checkRange(byteOffset, HEADER_BYTES);
  return memory.i32[byteOffset / 4 + VERSION] === PAGED_FORMAT.version;
}
