/*
 * The bytes of a pool that threads and processes share. Little-endian, position-independent, begins at a multiple of 64.
 *
 *   byte 0        64       128      192                                                                    byteLength
 *   +-------------+--------+--------+--------+-----+-------+-----+-------+-----+----------------------+
 *   | header      | head   | gate   | seats           | words | pad | links | pad | records              |
 *   +-------------+--------+--------+--------+-----+-------+-----+-------+-----+----------------------+
 *
 *   header, i32   0 magic "OHsp", 1 version, 2 features (0), 3 layout, 4 capacity, 5 seats, 6 tag of the handles, 7 sum of 0 … 6
 *   head, i64     bits 0 … 31 the first slot of the free list + 1, 0 where it is empty; bits 32 … 63 a tag, one more at every change
 *   gate, i32     0, or the token of who takes back what a dead participant held
 *   seats         core/seats.ts, 128 bytes each; of a seat's own i32 words: 0 busy, 1 number of guards, 2 … 27 guarded slots + 1
 *   words, i32    one a slot: generation · 256 + owner
 *   links, i32    one a slot: the next slot of the free list + 1
 *
 * A slot's word tells whose it is:
 *
 *   odd generation       live; its owner is the seat that added it or has adopted it, 0 once that has left, 254 once it has died
 *   even generation, 0   on the free list; or on its way to or from it, while that seat is busy
 *   even generation, s   in the hands of seat s alone: in its cache, or removed by it and perhaps still guarded
 *   255                  retired: its generations are spent
 *
 * Invariants:
 * 1. Every change of hands is one atomic write: of a word, or of the head.
 * 2. A word of seat s and of an even generation is written by s alone; by whoever holds the gate once s is dead.
 * 3. While a seat is not busy, every slot of generation even and owner 0 is on the free list. Who holds the gate waits until none is busy, and nobody
 *    becomes busy meanwhile: then what is missing on the list was lost by the dead.
 * 4. A slot that a guard names is not reused: a guard is written before the word is looked at, a word is changed before the guards are looked at. They
 *    are looked at between the removal and the next use: when a slot leaves the hands of who removed it for a cache, and when it leaves the free list.
 */
import { alignUp } from "../core/align.ts";
import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";
import { SEAT_OWN_WORDS, seatsByteLength } from "../core/seats.ts";
import { fingerprint } from "../layout/fingerprint.ts";
import type { Type } from "../layout/type.ts";

export const LINE = 64;
export const MAGIC = 0x7073_484f;
export const VERSION = 1;
/** The i32 word from the beginning. */
export const GATE = 32;
/** In bytes from the beginning. */
export const SEATS = 192;
export const SEAT_BYTES = 128;
/** A seat's own i32 words. */
export const BUSY = 0;
export const GUARD_COUNT = 1;
export const FIRST_GUARD = 2;
export const GUARDS = SEAT_BYTES / 4 - SEAT_OWN_WORDS - FIRST_GUARD;
export const AFTER_GUARDS = FIRST_GUARD + GUARDS;
/** The i64 word from the beginning. */
export const HEAD = 8;
export const OWNER_MASK = 255;
export const GENERATION = 256;
export const ORPHAN = 254;
export const RETIRED = 255;
export const MOST_SEATS = 253;
export const MOST_SLOTS = 2 ** 25 - 2;

export interface SharedPoolShape {
  readonly capacity: number;
  readonly seats: number;
}

export interface SharedPoolPlan extends SharedPoolShape {
  /** From the beginning, in bytes. */
  readonly words: number;
  readonly links: number;
  readonly records: number;
  readonly byteLength: number;
}

export function planSharedPool(
  type: Pick<Type<unknown, never>, "byteSize" | "align">,
  { capacity, seats }: SharedPoolShape,
): SharedPoolPlan {
  const words = SEATS + seatsByteLength({ seats, strideByteLength: SEAT_BYTES });
  const links = alignUp(words + capacity * 4, LINE);
  const records = alignUp(links + capacity * 4, Math.max(LINE, type.align));
  return { capacity, seats, words, links, records, byteLength: records + capacity * type.byteSize };
}

/** Throws `invalid-argument`. */
export function checkShape({ capacity, seats }: SharedPoolShape): void {
  check("capacity", capacity, MOST_SLOTS);
  check("seats", seats, MOST_SEATS);
}

function check(name: string, count: number, most: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= most) return;
  throw new MemoryError("invalid-argument", {
    subject: "shared pool",
    event: `needs a whole number as ${name}`,
    numbers: { [name]: String(count), least: 1, most },
    cure: "Pass a whole number in that range.",
  });
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
  memory.u8.fill(0, byteOffset, byteOffset + plan.byteLength);
  const { i32 } = memory;
  const base = byteOffset / 4;
  const links = base + plan.links / 4;
  for (let slot = 0; slot < plan.capacity - 1; slot++) i32[links + slot] = slot + 2;
  memory.i64[byteOffset / 8 + HEAD] = 1n;
  const header = [MAGIC, VERSION, 0, layoutOf(type), plan.capacity, plan.seats, tag];
  for (let word = 1; word < header.length; word++) i32[base + word] = header[word];
  i32[base + 7] = sumOf(header);
  Atomics.store(i32, base, MAGIC);
}

/** What the header says. Throws `corrupt`, `unsupported-format`, `layout-mismatch`, `out-of-bounds`. */
export function readSharedPool(
  memory: Memory,
  byteOffset: number,
  type: Type<unknown, never>,
): { readonly plan: SharedPoolPlan; readonly tag: number } {
  memory.checkRange(byteOffset, LINE);
  const header = Array.from(memory.i32.subarray(byteOffset / 4, byteOffset / 4 + 8));
  const [magic, version, features, layout, capacity, seats, tag, sum] = header;
  const refuse = (code: "corrupt" | "unsupported-format" | "layout-mismatch", event: string, cure: string): never => {
    throw new MemoryError(code, {
      subject: `shared pool in ${memory.subject}`,
      event,
      numbers: { byteOffset, version, layout },
      cure,
    });
  };
  if (magic !== MAGIC) refuse("corrupt", "does not begin with the mark of one", "Make it with sharedPool before others attach.");
  if (sum !== sumOf(header.slice(0, 7))) refuse("corrupt", "has a damaged header", "Make it anew.");
  if (version !== VERSION || features !== 0) {
    refuse("unsupported-format", "was made by another version of offheap", "Use the same version on all sides.");
  }
  if (layout !== layoutOf(type))
    refuse("layout-mismatch", `does not hold ${type.name}`, "Attach with the type that it was made with.");
  checkShape({ capacity, seats });
  const plan = planSharedPool(type, { capacity, seats });
  memory.checkRange(byteOffset, plan.byteLength);
  return { plan, tag };
}

function layoutOf(type: Type<unknown, never>): number {
  return Number.parseInt(fingerprint(type.signature).slice(8), 16) | 0;
}

function sumOf(words: readonly number[]): number {
  return words.reduce((sum, word) => (Math.imul(sum ^ word, 0x9e37_79b1) + 0x7f4a_7c15) | 0, 0);
}

/** Throws `read-only`, and `invalid-argument` for a place where it cannot begin. */
export function checkHome(memory: Memory, byteOffset: number, type: Type<unknown, never>): void {
  if (memory.readOnly) {
    throw new MemoryError("read-only", {
      subject: `shared pool of ${type.name}`,
      event: `needs a seat in ${memory.subject}, which is read-only`,
      cure: "Open it for writing.",
    });
  }
  if (Number.isSafeInteger(byteOffset) && byteOffset >= 0 && byteOffset % 64 === 0) return;
  throw new MemoryError("invalid-argument", {
    subject: `shared pool of ${type.name}`,
    event: "cannot begin there",
    numbers: { byteOffset: String(byteOffset), align: 64 },
    cure: "Place it at a multiple of 64 bytes.",
  });
}
