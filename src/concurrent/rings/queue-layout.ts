/*
 * The bytes of a queue of values: many producers, many consumers. Little-endian, position-independent, begins at a multiple of 64.
 *
 *   byte 0      128    256    384       512                                              byteLength
 *   +-----------+------+------+---------+-------+--------+--------------------+
 *   | header    | tail | head | signals | seats | states | capacity slots     |
 *   +-----------+------+------+---------+-------+--------+--------------------+
 *
 *   header, i32   0 magic "OHqu", 1 version, 2 features (0), 3 layout, 4 capacity, 5 seats, 6 sum of 0 … 5
 *   tail, i32     where the next value goes: low bits the slot, the others the lap
 *   head, i32     where the next value is
 *   signals       0 values, 4 room, 8 ended i32: 1 for ever
 *   states, i32   one a slot:
 *                   bits 29 … 31  0 free, 1 being written, 2 full, 3 being read, 4 void
 *                   bits 21 … 28  the seat of who writes or reads
 *                   bits  0 … 20  the low bits of the lap, of a free slot that in which it will be written
 *
 * Invariants:
 * 1. A slot changes hands by one compare-and-swap of its state, which names who has it. Tail and head only tell where to look, and are moved by whoever
 *    finds them behind (after Vyukov's bounded queue, where they are the claims and a death between claim and publication stops the queue).
 * 2. In the lap of its state a slot goes free → written → full → read → free of the next lap; or free → written → void, when its writer died.
 * 3. What a dead participant was writing was never there. What it was reading is given to who recovers its seat.
 */
import { alignUp } from "../../core/align.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import { seatsByteLength } from "../../core/seats.ts";
import type { Type } from "../../layout/type.ts";
import { checkBeginning, checkCount, checkWritableHome, layoutWord, readHead, writeHead } from "../head-words.ts";

export const FREE = 0;
export const WRITING = 1 << 29;
export const FULL = 2 << 29;
export const READING = 3 << 29;
export const VOID = 4 << 29;
export const KIND_MASK = 7 << 29;
export const LAP_MASK = 2 ** 21 - 1;
const SEAT_SHIFT = 21;
const MOST_SLOTS = 2 ** 24;
const MOST_SEATS = 250;
const KIND = { subject: "queue", magic: 0x7571_484f, version: 1 };

export interface QueueShape {
  readonly capacity: number;
  readonly seats: number;
}

export interface QueuePlan extends QueueShape {
  readonly byteOffset: number;
  /** How many low bits of a position are the slot. */
  readonly slotBits: number;
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
  return {
    ...{ capacity, seats, byteOffset, seatTable, slots },
    slotBits: Math.ceil(Math.log2(capacity)),
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
  writeHead(memory, byteOffset, KIND, [layoutWord(type), shape.capacity, shape.seats]);
  return plan;
}

/** What the header says. Throws `corrupt`, `unsupported-format`, `layout-mismatch`, `out-of-bounds`, `read-only`. */
export function readQueue(memory: Memory, type: Type<unknown, never>, byteOffset: number): QueuePlan {
  checkWritableHome(`queue of ${type.name}`, memory);
  const [layout, capacity, seats] = readHead(memory, byteOffset, KIND, 3);
  if (layout !== layoutWord(type)) {
    throw new MemoryError("layout-mismatch", {
      subject: `queue in ${memory.subject}`,
      event: `does not hold ${type.name}`,
      numbers: { layout, given: layoutWord(type) },
      cure: "Attach with the type that it was made with.",
    });
  }
  checkQueueShape({ capacity, seats });
  const plan = planQueue(type, { capacity, seats }, byteOffset);
  memory.checkRange(byteOffset, plan.byteLength);
  return plan;
}

export function slotOf(position: number, { slotBits }: QueuePlan): number {
  return position & ((1 << slotBits) - 1);
}

/** The lap of a position, as states have it. */
export function lapOf(position: number, { slotBits }: QueuePlan): number {
  return (position >>> slotBits) & LAP_MASK & (0xffff_ffff >>> slotBits);
}

/** The lap before or behind another. */
export function lapFrom(lap: number, by: number, { slotBits }: QueuePlan): number {
  return (lap + by) & LAP_MASK & (0xffff_ffff >>> slotBits);
}

/** The position behind another. */
export function nextPosition(position: number, plan: QueuePlan): number {
  const slot = slotOf(position, plan);
  return slot + 1 < plan.capacity ? position + 1 : (position - slot + (1 << plan.slotBits)) | 0;
}

export function seatState(kind: number, seat: number, lap: number): number {
  return kind | (seat << SEAT_SHIFT) | lap;
}

export function seatOf(state: number): number {
  return (state >>> SEAT_SHIFT) & 255;
}

/** How many values are in it, now or a moment ago. */
export function lengthOf({ i32 }: Memory, plan: QueuePlan): number {
  for (;;) {
    const tail = Atomics.load(i32, plan.tail);
    const head = Atomics.load(i32, plan.head);
    if (Atomics.load(i32, plan.tail) !== tail) continue;
    const laps = lapFrom(lapOf(tail, plan), -lapOf(head, plan), plan);
    const ahead = (laps > 1 ? 0 : laps) * plan.capacity + slotOf(tail, plan) - slotOf(head, plan);
    return Math.min(plan.capacity, Math.max(0, ahead));
  }
}

/** What contradicts the invariants; empty when sound. For moments when nobody pushes or pops. */
export function checkQueue({ i32 }: Memory, plan: QueuePlan): string[] {
  const found: string[] = [];
  let position = i32[plan.head];
  let isBehind = false;
  for (let count = 0; count < plan.capacity; count++) {
    isBehind ||= position === i32[plan.tail];
    const state = i32[plan.states + slotOf(position, plan)];
    const kind = state & KIND_MASK;
    const lap = lapOf(position, plan);
    const isRight = isBehind ? kind === FREE || kind === READING : kind !== FREE;
    if ((state & LAP_MASK) !== lap && !(kind === READING && (state & LAP_MASK) === lapFrom(lap, -1, plan)))
      found.push(`slot ${slotOf(position, plan)} is in lap ${state & LAP_MASK}, not ${lap}`);
    else if (!isRight)
      found.push(`slot ${slotOf(position, plan)} has state ${state >>> 0} ${isBehind ? "behind" : "before"} the tail`);
    position = nextPosition(position, plan);
  }
  if (!isBehind && position !== i32[plan.tail]) found.push("the tail is more than capacity behind the head");
  return found;
}
