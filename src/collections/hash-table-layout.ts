/*
 * The bytes of a hash table: one block, position-independent, little-endian.
 *
 *   byte 0        16        32        48        64                                  64 + capacity * slotByteSize
 *   +---------+---------+---------+---------+--------+--------+-----+--------+-----------+
 *   |               header                  | slot 0 | slot 1 |  …  |        | zero slot |
 *   +---------------------------------------+--------+--------+-----+--------+-----------+
 *
 *   header, u32 words                                   slot
 *    0 magic "OHht"      5 capacity in slots            +-----------+-------+-----------+-----+
 *    1 version 1         6 multiplier, odd              | key 4 | 8 | (pad) |   value   |(pad)|
 *    2 feature bits 0    7 check of words 0 … 6         +-----------+-------+-----------+-----+
 *    3 layout            8 count of entries              as a C compiler lays out { key; value } with keys of
 *    4 slotByteSize      9 1: there is a key zero        less than 4 bytes widened to 4
 *                       10 … 15 zero
 *
 * A slot whose key bytes are all zero is empty. The entry whose key is zero (0, or 0n) therefore lives in the zero slot, behind
 * all others, and header word 9 tells whether it is there.
 *
 * A key's home is the slot that its hash names; the key lies there or in a slot behind it, cyclically, with no empty slot between
 * (linear probing). Deleting moves entries back into the gap, so there are no tombstones and nothing ever needs sweeping.
 *
 * Invariants:
 * 1. The block begins at a multiple of 8. capacity is a power of two, and count <= capacity * 3/4, the key zero included.
 * 2. count is the number of slots that are not empty, plus header word 9.
 * 3. No key twice. Every slot from a key's home to the key is occupied.
 * 4. Words 0 … 6 never change within a block: growth makes a new block. Empty slots and all padding are zero.
 * 5. One thread writes. Others may read while nobody writes.
 */
import { alignUp } from "../core/align.ts";
import type { Memory } from "../core/memory.ts";
import { Place } from "../layout/place.ts";
import type { Type } from "../layout/type.ts";
import { type BlockFormat, corrupt, HEADER_BYTES, HEADER_WORDS, layoutWord, openHeader, sealHeader } from "./block-header.ts";
import { type KeyKind, keyKindOf, keyWordsOf } from "./hash-key.ts";

const FORMAT: BlockFormat = { subject: "hash table", magic: 0x7468_484f, version: 1 };
/** Header words. */
const SLOT_BYTES = 4;
const CAPACITY = 5;
export const MULTIPLIER = 6;
export const COUNT = 8;
export const HAS_ZERO = 9;

const LEAST_CAPACITY = 16;

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
  const word = layoutWord(`${key.signature}=>${value.signature}`);
  return { key, value, keyKind, place, keyWords, slotWords, valueByteOffset, word, mostCapacity };
}

/** The length of the whole block. */
export function blockByteLength(slotWords: number, capacity: number): number {
  return HEADER_BYTES + (capacity + 1) * slotWords * 4;
}

/** The most entries that `capacity` slots hold. */
export function fullAt(capacity: number): number {
  return capacity - capacity / 4;
}

/** The least capacity that holds `count` entries. */
export function capacityFor(count: number): number {
  let capacity = LEAST_CAPACITY;
  while (fullAt(capacity) < count) capacity *= 2;
  return capacity;
}

/** Writes the header of an empty table. `words` begin at the block, and are zero. */
export function writeHeader(
  words: Int32Array,
  layout: SlotLayout<unknown, unknown, never>,
  capacity: number,
  multiplier: number,
): void {
  sealHeader(words, FORMAT, layout.word, [layout.slotWords * 4, capacity, multiplier]);
}

/**
 * Reads and checks the header at `byteOffset`, and returns the capacity. O(1); `checkInvariants` reads the rest. Throws `corrupt`,
 * `unsupported-format`, `layout-mismatch`, `out-of-bounds`, `invalid-argument`.
 */
export function readHeader(memory: Memory, byteOffset: number, layout: SlotLayout<unknown, unknown, never>): number {
  const words = openHeader(memory, byteOffset, FORMAT, layout.word, `${layout.key.name} to ${layout.value.name}`);
  const refuse = (event: string, numbers: Readonly<Record<string, number>>): never => {
    throw corrupt(memory, FORMAT, event, { byteOffset, ...numbers });
  };
  const [slotByteSize, capacity, count, hasZero] = [words[SLOT_BYTES], words[CAPACITY], words[COUNT], words[HAS_ZERO]];
  if (slotByteSize !== layout.slotWords * 4) refuse("has slots of another size", { slotByteSize, expected: layout.slotWords * 4 });
  if (!(capacity >= LEAST_CAPACITY && capacity <= layout.mostCapacity && (capacity & (capacity - 1)) === 0)) {
    refuse("has an impossible capacity", { capacity });
  }
  if (!(count >= 0 && count <= fullAt(capacity)) || hasZero >>> 1 !== 0) {
    refuse("has impossible counts", { count, capacity, hasZero });
  }
  const byteLength = blockByteLength(layout.slotWords, capacity);
  if (byteOffset + byteLength > memory.byteLength) refuse("ends past the memory", { byteLength, committed: memory.byteLength });
  return capacity;
}
