import type { QueuePlan } from "./queue-layout.ts";

/*
 * The words of a queue: positions, of 32 bits, and the states of slots. See queue-layout.ts.
 */
export const FREE = 0;
export const WRITING = 1 << 29;
export const FULL = 2 << 29;
export const READING = 3 << 29;
export const VOID = 4 << 29;
export const KIND_MASK = 7 << 29;
export const LAP_MASK = 2 ** 18 - 1;
/** Of a free or full slot: its state was stored plainly, and the compare-and-swap of a slot before it has told of it. */
export const PART = 7 << 18;
/** The longest run of slots that one claim can take. */
export const MOST_CLAIMED = 64;
const SEAT_SHIFT = 21;
const RUN_SHIFT = 18;

export function slotOf(position: number, { slotBits }: QueuePlan): number {
  return position & ((1 << slotBits) - 1);
}

/** The lap of a position, as states have it. */
export function lapOf(position: number, { slotBits, lapMask }: QueuePlan): number {
  return (position >>> slotBits) & lapMask;
}

/** The lap before or behind another. */
export function lapFrom(lap: number, by: number, { lapMask }: QueuePlan): number {
  return (lap + by) & lapMask;
}

/** The position `count` slots behind another; at most `capacity`. */
export function positionBehind(position: number, count: number, plan: QueuePlan): number {
  const slot = slotOf(position, plan) + count;
  return slot < plan.capacity ? position + count : (position + count - plan.capacity + (1 << plan.slotBits)) | 0;
}

/** The position before another. */
export function positionBefore(position: number, plan: QueuePlan): number {
  return slotOf(position, plan) > 0 ? position - 1 : (position - (1 << plan.slotBits) + plan.capacity - 1) | 0;
}

/** The state of a claim of 2^`run` slots. */
export function claimState(kind: number, seat: number, run: number, lap: number): number {
  return kind | (seat << SEAT_SHIFT) | (run << RUN_SHIFT) | lap;
}

export function seatOf(state: number): number {
  return (state >>> SEAT_SHIFT) & 255;
}

/** How many slots a claim has taken. */
export function runOf(state: number): number {
  return 1 << ((state >>> RUN_SHIFT) & 7);
}

/** How many slots the tail, or the head, has gone on from a position whose slot has this state, as far as that tells: 0 where it has not. */
export function goneOn(position: number, state: number, toWrite: boolean, { slotBits, lapMask }: QueuePlan): number {
  const ahead = (state - (position >>> slotBits)) & lapMask;
  // A lap behind: nobody was here yet with this end. Any number of laps before: long ago.
  if (ahead !== 0) return ahead <= lapMask >> 1 ? 1 : 0;
  const kind = state & KIND_MASK;
  if (kind === (toWrite ? WRITING : READING)) return runOf(state);
  return toWrite && kind !== FREE ? 1 : 0;
}

/**
 * Where an end is: the first slot, from a position on that is not behind it, where nobody has been with it. Looks plainly, which is ten times as cheap, and once
 * atomically at the last one that it passed: what whoever was there knew of is seen from then on.
 */
export function endFrom(i32: Int32Array, position: number, toWrite: boolean, plan: QueuePlan): number {
  let passed = -1;
  for (let at = position; ; ) {
    const word = plan.states + slotOf(at, plan);
    const steps = goneOn(at, i32[word], toWrite, plan);
    if (steps === 0) {
      if (passed >= 0) Atomics.load(i32, passed);
      return at;
    }
    passed = word;
    at = positionBehind(at, steps, plan);
  }
}
