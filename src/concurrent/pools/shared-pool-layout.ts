/*
 * The bytes of a pool that threads and processes share. Little-endian, position-independent, begins at a multiple of 64.
 *
 *   byte 0     64           128    192      320                                                    byteLength
 *   +----------+------------+------+--------+-------+-----+-------+-----+-------+-----+---------+
 *   | header   | head fresh | gate | blocks | seats | pad | words | pad | links | pad | records |
 *   +----------+------------+------+--------+-------+-----+-------+-----+-------+-----+---------+
 *                                                         `------------- block 0 -------------´
 *
 *   header, i32   0 magic "OHsp", 1 version, 2 features (0), 3 layout, 4 slots of block 0, 5 seats, 6 tag of the handles, 7 the most slots,
 *                 8 bytes of a record, 9 its alignment, 10 sum of 0 … 9
 *   head, i64     bits 0 … 31 the first slot of the free list + 1, 0 where it is empty; bits 32 … 63 a tag, one more at every change
 *   fresh, i32    at 72: the first slot that was never used
 *   gate, i32     0, or the token of who takes back what a dead participant held
 *   blocks, u32   by number, from 1: where a further block begins, in units of 64 bytes from the start of the memory; 0 where there is none
 *   seats         core/seats.ts, 128 bytes each; of a seat's own i32 words: 0 busy, 1 number of guards, 2 … 27 guarded slots + 1
 *   words, i32    one a slot: generation · 256 + owner
 *   links, i32    one a slot: the next slot of the free list + 1
 *
 * Block 0 has the slots below n. With s the least power of two from n on, block b has those from s · 2^(b − 1) to below s · 2^b, so each is as long as all
 * numbers before it; those between n and s are of no slot. Every block has its words, links and records, in this order.
 *
 * A slot's word tells whose it is:
 *
 *   odd generation       live; its owner is the seat that added it or has adopted it, 0 once that has left, 254 once it has died
 *   even generation, 0   on the free list, or never used; or on its way to or from there, while that seat is busy
 *   even generation, s   in the hands of seat s alone: in its cache, or removed by it and perhaps still guarded
 *   255                  retired: its generations are spent
 *
 * Invariants:
 * 1. Every change of hands is one atomic write: of a word, of the head, or of fresh.
 * 2. A word of seat s and of an even generation is written by s alone; by whoever holds the gate once s is dead.
 * 3. While a seat is not busy, every slot below fresh of generation even and owner 0 is on the free list. Who holds the gate waits until none is busy, and
 *    nobody becomes busy meanwhile: then what is missing on the list was lost by the dead. Words from fresh on are zero.
 * 4. A slot that a guard names is not reused: a guard is written before the word is looked at, a word is changed before the guards are looked at. They
 *    are looked at between the removal and the next use: when a slot leaves the hands of who removed it for a cache, and when it leaves the free list.
 * 5. A block is published by one compare-and-swap of its entry, when all its words are zero; it never moves. Blocks come in the order of their numbers.
 */

import { alignUp } from "../../core/align.ts";
import { checkCount } from "../../core/check-count.ts";
import { magicOf } from "../../core/magic.ts";
import type { Memory } from "../../core/memory.ts";
import { SEAT_OWN_WORDS, seatsByteLength } from "../../core/seats.ts";
import { checkWritableHome } from "../../core/writable.ts";
import { layoutWordOf } from "../../layout/fingerprint.ts";
import type { Type } from "../../layout/type.ts";
import { checkBeginning, checkHolds, readHead, writeHead } from "../head-words.ts";

export const LINE = 64;
export const MAGIC = magicOf("OHsp");
const KIND = { subject: "shared pool", magic: MAGIC, version: 1 };
/** Words of the header between the first three and the sum. */
const HEAD_WORDS = 7;
/** i32 words from the beginning. */
export const FRESH = 18;
export const GATE = 32;
/** The entry of block 0, which is not used: that block is where it is. */
export const BLOCKS = 48;
export const MOST_BLOCKS = 26;
/** In bytes from the beginning. */
export const SEATS = 320;
export const SEAT_BYTES = 128;
/** A seat's own i32 words. */
export const BUSY = 0;
export const GUARD_COUNT = 1;
export const FIRST_GUARD = 2;
export const GUARDS = SEAT_BYTES / 4 - SEAT_OWN_WORDS - FIRST_GUARD;
export const AFTER_GUARDS = FIRST_GUARD + GUARDS;
/** The i64 word from the beginning. */
export const HEAD = 8;
const OWNER_MASK = 255;
/** What one generation adds to a slot's word. */
export const GENERATION = 256;
export const ORPHAN = 254;
export const RETIRED = 255;
export const MOST_SEATS = 253;
export const MOST_SLOTS = 2 ** 25 - 2;

export interface SharedPoolShape {
  /** Slots of block 0. */
  readonly capacity: number;
  readonly maxCapacity: number;
  readonly seats: number;
}

/** What a record takes. */
type RecordSize = Pick<Type<unknown, never>, "byteSize" | "align">;

export interface SharedPoolPlan extends SharedPoolShape {
  readonly record: RecordSize;
  /** From the beginning, in bytes, as the lengths are. */
  readonly block: number;
  readonly byteLength: number;
}

/** Where the parts of a block are, in bytes from where it begins. */
export interface BlockPlan {
  readonly links: number;
  readonly records: number;
  readonly byteLength: number;
}

export function planBlock({ byteSize, align }: RecordSize, slots: number): BlockPlan {
  const links = alignUp(slots * 4, LINE);
  const records = alignUp(links + slots * 4, Math.max(LINE, align));
  return { links, records, byteLength: records + slots * byteSize };
}

export function planSharedPool({ byteSize, align }: RecordSize, shape: SharedPoolShape): SharedPoolPlan {
  const record = { byteSize, align };
  const seatsEnd = SEATS + seatsByteLength({ seats: shape.seats, strideByteLength: SEAT_BYTES });
  const block = alignUp(seatsEnd, Math.max(LINE, align));
  return { ...shape, record, block, byteLength: block + planBlock(record, shape.capacity).byteLength };
}

/** What a slot's word tells: see the table above. */
export function generationIn(word: number): number {
  return word >>> 8;
}

export function ownerIn(word: number): number {
  return word & OWNER_MASK;
}

export function isLive(word: number): boolean {
  return (word & GENERATION) !== 0;
}

/** Throws `invalid-argument`. */
export function checkShape({ capacity, maxCapacity, seats }: SharedPoolShape): void {
  checkCount(KIND.subject, "capacity", capacity, 1, MOST_SLOTS);
  checkCount(KIND.subject, "maxCapacity", maxCapacity, capacity, MOST_SLOTS);
  checkCount(KIND.subject, "seats", seats, 1, MOST_SEATS);
}

/** Writes an empty pool. Its mark comes last. */
export function formatSharedPool(
  memory: Memory,
  byteOffset: number,
  type: Type<unknown, never>,
  plan: SharedPoolPlan,
  tag: number,
): void {
  memory.checkRange(byteOffset, plan.byteLength);
  // Links and records are written before they are read.
  memory.u8.fill(0, byteOffset, byteOffset + plan.block + plan.capacity * 4);
  const { capacity, seats, maxCapacity, record } = plan;
  writeHead(memory, byteOffset, KIND, [layoutWordOf(type), capacity, seats, tag, maxCapacity, record.byteSize, record.align]);
}

/** What the header says. Throws `corrupt`, `unsupported-format`, `layout-mismatch`, `out-of-bounds`, `invalid-argument`. */
export function readSharedPool(
  memory: Memory,
  byteOffset: number,
  type: Type<unknown, never>,
): { readonly plan: SharedPoolPlan; readonly tag: number } {
  const words = readHead(memory, byteOffset, KIND, HEAD_WORDS);
  const [layout, , , tag] = words;
  checkHolds(memory, KIND.subject, layout, type, { byteOffset });
  const plan = planOfWords(words);
  checkShape(plan);
  memory.checkRange(byteOffset, plan.byteLength);
  return { plan, tag };
}

/** The shape of a pool, whatever its type. Throws `corrupt`, `unsupported-format`, `out-of-bounds`, `invalid-argument`. */
export function planOf(memory: Memory, byteOffset: number): SharedPoolPlan {
  return planOfWords(readHead(memory, byteOffset, KIND, HEAD_WORDS));
}

function planOfWords([, capacity, seats, , maxCapacity, byteSize, align]: readonly number[]): SharedPoolPlan {
  return planSharedPool({ byteSize, align }, { capacity, maxCapacity, seats });
}

/** Throws `read-only`, and `invalid-argument` for a place where it cannot begin. */
export function checkHome(memory: Memory, byteOffset: number, type: Type<unknown, never>): void {
  checkWritableHome(`${KIND.subject} of ${type.name}`, memory);
  checkBeginning(`${KIND.subject} of ${type.name}`, byteOffset);
}
