/*
 * The bytes of a message ring: several producers, one consumer, messages of any length. Little-endian, position-independent, begins at a multiple of 64.
 *
 *   byte 0      128    256    384       512                                                       byteLength
 *   +-----------+------+------+---------+-------+--------+-------+-----------------------------+
 *   | header    | tail | head | signals | seats | states | types | granules of 64 bytes        |
 *   +-----------+------+------+---------+-------+--------+-------+-----------------------------+
 *
 *   header, i32   0 magic "OHms", 1 version, 2 features (0), 3 granules, 4 producers, bit 16 mirrored, 5 sum of 0 … 4
 *   tail, i32     the position behind the last claim, in granules modulo 2^32
 *   head          0 position i32, before which all is free; 4 i32, before which all is read and being freed; 8 role i64 of the consumer
 *   signals       0 messages, 4 room, 8 how often a producer came or went i32, 16 correlation ids given out i64
 *   seats         a table of seats (core/seats.ts), one for each producer and one for the consumer
 *   states, i32   one a granule
 *   types, i32    one a granule
 *
 * With a mirror the granules lie in that other memory, from byte 0 on and once more behind themselves: so a message may begin at the last of them and lies in
 * one piece all the same. Without one padding fills what is left there.
 *
 * A message lies in whole granules, one behind another, and its first granule's state tells all about it:
 *
 *   bits 28 … 30   0 free: bits 0 … 27 are the low bits of the lap in which it will be used
 *                  1 claimed, 2 committed, 3 padding (nothing to read), 4 revoked
 *   bits 20 … 27   the seat of who claimed it; of a committed message how many bytes of the last granule are not used
 *   bits  0 … 19   granules
 *
 * Invariants:
 * 1. A claim is one compare-and-swap, from free in the lap of the tail to claimed: it names its owner and its length at once. So there is never a gap of
 *    which nobody knows whose it is. The tail follows, moved by the claimer or by whoever comes next.
 * 2. A claim becomes committed or padding by a compare-and-swap of who claimed it; padding too when that one is dead; revoked by the consumer.
 * 3. A revoked message is passed over, but its bytes are not used again until its producer, who may still write there, has let go or is dead.
 * 4. Only the consumer frees: it says how far, writes the next lap into the states of those granules, and then moves the head. The next consumer does that
 *    once more for one that died in between.
 * 5. With one producer a claim is known to it alone, and committing is one store. The tail follows by plain stores: who takes the part of one that died goes
 *    on from there by the states, and frees what that one had placed behind.
 * 6. Several messages at once are one claim. Their states are placed in it one behind another, that of the first last: it replaces the claim, and all are there.
 */
import { alignUp } from "../../core/align.ts";
import { checkCount } from "../../core/check-count.ts";
import { MemoryError } from "../../core/errors.ts";
import { magicOf } from "../../core/magic.ts";
import type { Memory } from "../../core/memory.ts";
import { seatsByteLength } from "../../core/seats.ts";
import { checkWritableHome } from "../../core/writable.ts";
import { checkBeginning, readHead, writeHead } from "../head-words.ts";

export const GRANULE = 64;
export const FREE = 0;
export const CLAIMED = 1 << 28;
export const COMMITTED = 2 << 28;
export const PADDING = 3 << 28;
export const REVOKED = 4 << 28;
export const KIND_MASK = 7 << 28;
export const MOST_GRANULES = 2 ** 20 - 1;
const LAP_MASK = CLAIMED - 1;
const SEAT_SHIFT = 20;
const MOST_PRODUCERS = 250;
const MIRRORED = 1 << 16;
const LEAST_BYTES = 256;
const MOST_BYTES = 2 ** 30;
const KIND = { subject: "message ring", magic: magicOf("OHms"), version: 1 };

export interface MessageRingShape {
  readonly byteCapacity: number;
  readonly producers: number;
  readonly mirrored: boolean;
}

export interface MessageRingPlan extends MessageRingShape {
  readonly byteOffset: number;
  /** A power of two. */
  readonly granules: number;
  readonly lapShift: number;
  /** i32 words. */
  readonly tail: number;
  readonly head: number;
  readonly freeing: number;
  readonly states: number;
  readonly types: number;
  /** Byte offsets. */
  readonly role: number;
  readonly messages: number;
  readonly room: number;
  readonly joined: number;
  readonly correlation: number;
  readonly seats: number;
  /** In the mirror where there is one. */
  readonly bytes: number;
  readonly byteLength: number;
}

export function planMessageRing({ byteCapacity, producers, mirrored }: MessageRingShape, byteOffset: number): MessageRingPlan {
  const granules = byteCapacity / GRANULE;
  const seats = byteOffset + 512;
  const states = alignUp(seats + seatsByteLength({ seats: producers + 1 }), 64);
  const types = alignUp(states + granules * 4, 64);
  const end = alignUp(types + granules * 4, 64);
  return {
    ...{ byteCapacity, producers, mirrored, byteOffset, granules, seats },
    bytes: mirrored ? 0 : end,
    lapShift: 31 - Math.clz32(granules),
    tail: (byteOffset + 128) / 4,
    head: (byteOffset + 256) / 4,
    freeing: (byteOffset + 260) / 4,
    role: byteOffset + 264,
    messages: byteOffset + 384,
    room: byteOffset + 388,
    joined: byteOffset + 392,
    correlation: byteOffset + 400,
    states: states / 4,
    types: types / 4,
    byteLength: end - byteOffset + (mirrored ? 0 : byteCapacity),
  };
}

/** Throws `invalid-argument`. */
export function checkMessageShape({ byteCapacity, producers }: MessageRingShape): void {
  checkCount("message ring", "producers", producers, 1, MOST_PRODUCERS);
  checkCount("message ring", "byteCapacity", byteCapacity, LEAST_BYTES, MOST_BYTES);
  if (Number.isInteger(Math.log2(byteCapacity))) return;
  throw new MemoryError("invalid-argument", {
    subject: "message ring",
    event: "needs a power of two as byteCapacity",
    numbers: { byteCapacity, next: 2 ** Math.ceil(Math.log2(byteCapacity)) },
    cure: "Take the next power of two.",
  });
}

/** An empty ring. Throws `read-only`, `out-of-bounds`, `invalid-argument`. */
export function formatMessageRing(memory: Memory, shape: MessageRingShape, byteOffset: number): MessageRingPlan {
  checkMessageShape(shape);
  checkBeginning(KIND.subject, byteOffset);
  checkWritableHome(KIND.subject, memory);
  const plan = planMessageRing(shape, byteOffset);
  memory.checkRange(byteOffset, plan.byteLength);
  memory.u8.fill(0, byteOffset, byteOffset + plan.byteLength - (shape.mirrored ? 0 : shape.byteCapacity));
  writeHead(memory, byteOffset, KIND, [plan.granules, shape.producers | (shape.mirrored ? MIRRORED : 0)]);
  return plan;
}

/** What the header says. Throws `corrupt`, `unsupported-format`, `out-of-bounds`, `read-only`. */
export function readMessageRing(memory: Memory, byteOffset: number): MessageRingPlan {
  checkWritableHome(KIND.subject, memory);
  const [granules, made] = readHead(memory, byteOffset, KIND, 2);
  const shape = { byteCapacity: granules * GRANULE, producers: made & ~MIRRORED, mirrored: (made & MIRRORED) !== 0 };
  checkMessageShape(shape);
  const plan = planMessageRing(shape, byteOffset);
  memory.checkRange(byteOffset, plan.byteLength);
  return plan;
}

/** The state of a free granule that will be used at `position`. */
export function freeAt(position: number, { lapShift }: MessageRingPlan): number {
  return (position >>> lapShift) & LAP_MASK;
}

export function claimedBy(seat: number, granules: number): number {
  return CLAIMED | (seat << SEAT_SHIFT) | granules;
}

export function committed(byteLength: number, granules: number): number {
  return COMMITTED | ((granules * GRANULE - byteLength) << SEAT_SHIFT) | granules;
}

export function granulesOf(state: number): number {
  return state & MOST_GRANULES;
}

export function seatOf(state: number): number {
  return (state >>> SEAT_SHIFT) & 255;
}

/** Of a committed message. */
export function byteLengthOf(state: number): number {
  return granulesOf(state) * GRANULE - seatOf(state);
}

/** Granules that are left over before the end of the ring, where so many are needed in a row from `position` on. */
export function paddingAt(position: number, needed: number, { granules, mirrored }: MessageRingPlan): number {
  const left = granules - (position & (granules - 1));
  return mirrored || needed <= left ? 0 : left;
}

export function granulesFor(byteLength: number): number {
  return Math.max(1, Math.ceil(byteLength / GRANULE));
}

/** What contradicts the invariants; empty when sound. For moments when nobody writes or reads. */
export function checkMessageRing({ i32 }: Memory, plan: MessageRingPlan): string[] {
  const found: string[] = [];
  const { granules } = plan;
  const head = i32[plan.head] >>> 0;
  const used = (i32[plan.tail] - head) >>> 0;
  if (used > granules) found.push(`the tail is ${used} granules behind the head, of ${granules}`);
  let at = 0;
  while (at < used) {
    const state = i32[plan.states + ((head + at) & (granules - 1))];
    const kind = state & KIND_MASK;
    const isMessage = kind !== FREE && kind <= REVOKED && granulesOf(state) >= 1;
    if (!isMessage) return [...found, `the granule at ${at} behind the head has state ${state}`];
    at += granulesOf(state);
  }
  if (at !== used) found.push("the last message goes beyond the tail");
  for (; at < granules; at++) {
    const position = (head + at) >>> 0;
    const state = i32[plan.states + (position & (granules - 1))];
    if (state !== freeAt(position, plan))
      found.push(`the granule at ${at} behind the head has state ${state} and is not free for its lap`);
  }
  return found;
}
