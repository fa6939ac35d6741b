import type { Memory } from "../../core/memory.ts";
import type { QueuePlan } from "./queue-layout.ts";
import { endFrom, FREE, KIND_MASK, LAP_MASK, lapFrom, lapOf, positionBehind, READING, runOf, slotOf } from "./queue-states.ts";

/** How many values are in it, now or a moment ago. */
export function lengthOf({ i32 }: Memory, plan: QueuePlan): number {
  for (let tail = endFrom(i32, Atomics.load(i32, plan.tail), true, plan); ; ) {
    const head = endFrom(i32, Atomics.load(i32, plan.head), false, plan);
    const still = endFrom(i32, tail, true, plan);
    if (still === tail) return between(head, tail, plan);
    tail = still;
  }
}

/** From one position to another that is at most a lap behind it. */
function between(head: number, tail: number, plan: QueuePlan): number {
  const laps = lapFrom(lapOf(tail, plan), -lapOf(head, plan), plan);
  const ahead = (laps > 1 ? 0 : laps) * plan.capacity + slotOf(tail, plan) - slotOf(head, plan);
  return Math.min(plan.capacity, Math.max(0, ahead));
}

/** What contradicts the invariants; empty when sound. For moments when nobody pushes or pops. */
export function checkQueue({ i32 }: Memory, plan: QueuePlan): string[] {
  const found: string[] = [];
  const tail = endFrom(i32, i32[plan.tail], true, plan);
  let position = endFrom(i32, i32[plan.head], false, plan);
  if (((tail - i32[plan.tail]) | 0) < 0) found.push("the tail is told to be behind where it is");
  if (((position - i32[plan.head]) | 0) < 0) found.push("the head is told to be behind where it is");
  let isBehind = false;
  for (let left = plan.capacity; left > 0; ) {
    isBehind ||= position === tail;
    const slot = slotOf(position, plan);
    const state = i32[plan.states + slot];
    const kind = state & KIND_MASK;
    const lap = lapOf(position, plan);
    const isBeingRead = isBehind && kind === READING && (state & LAP_MASK) === lapFrom(lap, -1, plan);
    if (!isBeingRead) {
      if ((state & LAP_MASK) !== lap) found.push(`slot ${slot} is in lap ${state & LAP_MASK}, not ${lap}`);
      else if (isBehind !== (kind === FREE)) {
        found.push(`slot ${slot} has state ${state >>> 0} ${isBehind ? "behind" : "before"} the tail`);
      }
    }
    const count = Math.min(left, isBeingRead ? runOf(state) : 1);
    position = positionBehind(position, count, plan);
    left -= count;
  }
  if (!isBehind && position !== tail) found.push("the tail is more than capacity behind the head");
  return found;
}
