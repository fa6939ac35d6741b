/*
 * The bytes of a queue of values: many producers, many consumers. Little-endian, position-independent, begins at a multiple of 64.
 *
 *   byte 0      128    256    384       512                                              byteLength
 *   +-----------+------+------+---------+-------+--------+--------------------+
 *   | header    | tail | head | signals | seats | states | capacity slots     |
 *   +-----------+------+------+---------+-------+--------+--------------------+
 *
 *   header, i32   0 magic "OHqu", 1 version, 2 features (0), 3 layout, 4 capacity, 5 seats, 6 sum of 0 … 5
 *   tail, i32     a position where the next value went not long ago: low bits the slot, the others the lap. Never behind where it goes
 *   head, i32     the same of where the next value is
 *   signals       0 values, 4 room, 8 ended i32: 1 for ever
 *   states, i32   one a slot, see queue-states.ts:
 *                   bits 29 … 31  0 free, 1 being written, 2 full, 3 being read, 4 void
 *                   bits 21 … 28  the seat of who writes or reads
 *                   bits 18 … 20  of how many slots in a row, as a power of two; 7 where a free or full slot is told of by the first of its run
 *                   bits  0 … 17  the low bits of the lap, of a free slot that in which it will be written
 *
 * Invariants:
 * 1. A slot changes hands by one compare-and-swap of its state, which names who has it, or by that of a slot before it in the same run. Tail and head only tell
 *    where to look from: they follow some slots behind (after Vyukov's bounded queue, where they are the claims and a death between claim and publication stops
 *    the queue).
 * 2. In the lap of its state a slot goes free → written → full → read → free of the next lap; or free → written → void, when its writer died.
 * 3. Slots are claimed without gaps: who claims one has found that the one before it was. So nobody touches those behind a slot that is not claimed.
 * 4. Of a run the state of the first slot is changed last of all. Until then nobody looks at the others, and nobody at all comes past them with the other end.
 * 5. What a dead participant was writing was never there. What it was reading is given to who recovers its seat.
 */
import { alignUp } from "../../core/align.ts";
import { checkCount } from "../../core/check-count.ts";
import { magicOf } from "../../core/magic.ts";
import type { Memory } from "../../core/memory.ts";
import { seatsByteLength } from "../../core/seats.ts";
import { checkWritableHome } from "../../core/writable.ts";
import { layoutWordOf } from "../../layout/fingerprint.ts";
import type { Type } from "../../layout/type.ts";
import { checkBeginning, checkHolds, readHead, writeHead } from "../head-words.ts";
import { LAP_MASK } from "./queue-states.ts";

const MOST_SLOTS = 2 ** 24;
const MOST_SEATS = 250;
const KIND = { subject: "queue", magic: magicOf("OHqu"), version: 2 };

export interface QueueShape {
  readonly capacity: number;
  readonly seats: number;
}

export interface QueuePlan extends QueueShape {
  readonly byteOffset: number;
  /** How many low bits of a position are the slot. */
  readonly slotBits: number;
  /** Which bits of a lap states have. */
  readonly lapMask: number;
  /** i32 words. */
  readonly tail: number;
  readonly head: number;
  readonly states: number;
  readonly ended: number;
  /** Byte offsets. */
  readonly values: number;
  readonly room: number;
  readonly seatTable: number;
  readonly slots: number;
  readonly byteLength: number;
}

export function planQueue(
  type: Pick<Type<unknown, never>, "byteSize" | "align">,
  shape: QueueShape,
  byteOffset: number,
): QueuePlan {
  const { capacity, seats } = shape;
  const seatTable = byteOffset + 512;
  const states = alignUp(seatTable + seatsByteLength({ seats }), 64);
  const slots = alignUp(states + capacity * 4, Math.max(64, type.align));
  const slotBits = Math.ceil(Math.log2(capacity));
  return {
    ...{ capacity, seats, byteOffset, seatTable, slots },
    slotBits,
    lapMask: LAP_MASK & (0xffff_ffff >>> slotBits),
    tail: (byteOffset + 128) / 4,
    head: (byteOffset + 256) / 4,
    values: byteOffset + 384,
    room: byteOffset + 388,
    ended: (byteOffset + 392) / 4,
    states: states / 4,
    byteLength: slots - byteOffset + capacity * type.byteSize,
  };
}

/** Throws `invalid-argument`. */
export function checkQueueShape({ capacity, seats }: QueueShape): void {
  checkCount("queue", "capacity", capacity, 1, MOST_SLOTS);
  checkCount("queue", "seats", seats, 1, MOST_SEATS);
}

/** An empty queue. Throws `read-only`, `out-of-bounds`, `invalid-argument`. */
export function formatQueue(memory: Memory, type: Type<unknown, never>, shape: QueueShape, byteOffset: number): QueuePlan {
  checkQueueShape(shape);
  checkBeginning(KIND.subject, byteOffset);
  checkWritableHome(`queue of ${type.name}`, memory);
  const plan = planQueue(type, shape, byteOffset);
  memory.checkRange(byteOffset, plan.byteLength);
  memory.u8.fill(0, byteOffset, plan.slots);
  writeHead(memory, byteOffset, KIND, [layoutWordOf(type), shape.capacity, shape.seats]);
  return plan;
}

/** What the header says. Throws `corrupt`, `unsupported-format`, `layout-mismatch`, `out-of-bounds`, `read-only`. */
export function readQueue(memory: Memory, type: Type<unknown, never>, byteOffset: number): QueuePlan {
  checkWritableHome(`queue of ${type.name}`, memory);
  const [layout, capacity, seats] = readHead(memory, byteOffset, KIND, 3);
  checkHolds(memory, KIND.subject, layout, type);
  checkQueueShape({ capacity, seats });
  const plan = planQueue(type, { capacity, seats }, byteOffset);
  memory.checkRange(byteOffset, plan.byteLength);
  return plan;
}
