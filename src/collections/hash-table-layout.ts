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
import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";
import { fingerprint } from "../layout/fingerprint.ts";
import { Place } from "../layout/place.ts";
import type { Type } from "../layout/type.ts";
import { fmix32 } from "./hash.ts";
import { type KeyKind, keyKindOf, keyWordsOf } from "./hash-key.ts";

export const HEADER_WORDS = 16;
export const HEADER_BYTES = HEADER_WORDS * 4;
export const BLOCK_ALIGN = 64;
/** Header words. */
export const MAGIC = 0;
export const VERSION = 1;
export const FEATURES = 2;
export const LAYOUT = 3;
export const SLOT_BYTES = 4;
export const CAPACITY = 5;
export const MULTIPLIER = 6;
export const CHECK = 7;
export const COUNT = 8;
export const HAS_ZERO = 9;

const MAGIC_WORD = 0x7468_484f; // "OHht" in the order of its bytes
const FORMAT_VERSION = 1;
const CONSTANT_WORDS = 7;
export const LEAST_CAPACITY = 16;

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
  readonly fingerprint: number;
  /** The greatest number of slots whose words can still be counted in 31 bits. */
  readonly mostCapacity: number;
}

/** Throws `invalid-argument` for a key type that is not a number. */
export function slotLayout<Key, Value, Input>(key: Type<Key>, value: Type<Value, Input>): SlotLayout<Key, Value, Input> {
  const keyKind = keyKindOf(key);
  const keyWords = keyWordsOf(keyKind);
  const valueByteOffset = alignUp(keyWords * 4, value.align);
  const slotWords = alignUp(valueByteOffset + value.byteSize, Math.max(keyWords * 4, value.align)) / 4;
  let mostCapacity = LEAST_CAPACITY;
  while (HEADER_WORDS + (mostCapacity * 2 + 1) * slotWords < 2 ** 31) mostCapacity *= 2;
  const half = fingerprint(`${key.signature}=>${value.signature}`).slice(8);
  const place = new Place(undefined, `hash table value of type ${value.name}`);
  return { key, value, keyKind, place, keyWords, slotWords, valueByteOffset, fingerprint: Number.parseInt(half, 16), mostCapacity };
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

/** Writes the header of an empty table. `words` begin at the block. */
export function writeHeader(
  words: Int32Array,
  layout: SlotLayout<unknown, unknown, never>,
  capacity: number,
  multiplier: number,
): void {
  words[MAGIC] = MAGIC_WORD;
  words[VERSION] = FORMAT_VERSION;
  words[FEATURES] = 0;
  words[LAYOUT] = layout.fingerprint;
  words[SLOT_BYTES] = layout.slotWords * 4;
  words[CAPACITY] = capacity;
  words[MULTIPLIER] = multiplier;
  words[CHECK] = checkOf(words);
}

function checkOf(words: Int32Array): number {
  let check = 0;
  for (let word = 0; word < CONSTANT_WORDS; word++) check = fmix32((check ^ words[word]) + 0x9e37_79b9);
  return check;
}

/** What a header tells, once it is found sound. */
export interface TableHeader {
  readonly capacity: number;
  readonly byteLength: number;
}

/**
 * Reads and checks the header at `byteOffset`. O(1); `checkInvariants` reads the rest. Throws `corrupt`, `unsupported-format`,
 * `layout-mismatch`, `out-of-bounds`.
 */
export function readHeader(memory: Memory, byteOffset: number, layout: SlotLayout<unknown, unknown, never>): TableHeader {
  const subject = `hash table in ${memory.subject}`;
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
  const corrupt = (event: string, numbers: Record<string, number | string>): MemoryError =>
    new MemoryError("corrupt", {
      subject,
      event,
      numbers: { byteOffset, ...numbers },
      cure: "Build the table again from its source.",
    });
  if (words[MAGIC] !== MAGIC_WORD)
    throw corrupt("does not begin with the mark of one", { magic: hex(words[MAGIC]), expected: hex(MAGIC_WORD) });
  if (words[CHECK] !== checkOf(words))
    throw corrupt("has a damaged header", { check: hex(words[CHECK]), expected: hex(checkOf(words)) });
  if (words[VERSION] !== FORMAT_VERSION || words[FEATURES] !== 0) {
    throw new MemoryError("unsupported-format", {
      subject,
      event: "was written by another version of offheap",
      numbers: { version: words[VERSION], features: words[FEATURES], known: FORMAT_VERSION },
      cure: "Read it with that version, or build it again.",
    });
  }
  if (words[LAYOUT] >>> 0 !== layout.fingerprint || words[SLOT_BYTES] !== layout.slotWords * 4) {
    throw new MemoryError("layout-mismatch", {
      subject,
      event: `does not map ${layout.key.name} to ${layout.value.name}`,
      numbers: {
        layout: hex(words[LAYOUT]),
        expected: hex(layout.fingerprint),
        slotByteSize: words[SLOT_BYTES],
        expectedSlotByteSize: layout.slotWords * 4,
      },
      cure: "Open it with the key and value types that it was made with.",
    });
  }
  const capacity = words[CAPACITY];
  const count = words[COUNT];
  if (!(capacity >= LEAST_CAPACITY && capacity <= layout.mostCapacity && (capacity & (capacity - 1)) === 0)) {
    throw corrupt("has an impossible capacity", { capacity });
  }
  if (!(count >= 0 && count <= fullAt(capacity)) || words[HAS_ZERO] >>> 1 !== 0) {
    throw corrupt("has impossible counts", { count, capacity, hasZero: words[HAS_ZERO] });
  }
  const byteLength = blockByteLength(layout.slotWords, capacity);
  if (byteOffset + byteLength > memory.byteLength)
    throw corrupt("ends past the memory", { byteLength, committed: memory.byteLength });
  return { capacity, byteLength };
}

function hex(word: number): string {
  return `0x${(word >>> 0).toString(16).padStart(8, "0")}`;
}
