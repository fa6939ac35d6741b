import type { Memory } from "../../core/memory.ts";
import {
  CLAIMED,
  FREE,
  freeAt,
  granulesOf,
  KIND_MASK,
  type MessageRingPlan,
  PADDING,
  REVOKED,
  seatOf,
} from "./message-ring-layout.ts";

/** Turns what a dead producer has claimed into padding. Others write and read meanwhile. */
export function repairMessages({ i32 }: Memory, plan: MessageRingPlan, seat: number): void {
  let start = Atomics.load(i32, plan.freeing);
  let at = start;
  // A full ring has no free granule at its end.
  while ((at - start) >>> 0 < plan.granules) {
    const word = plan.states + (at & (plan.granules - 1));
    const state = Atomics.load(i32, word);
    const kind = state & KIND_MASK;
    if (kind === FREE) {
      // Free in this lap is the end; free in the next one was read meanwhile, and so was all before it.
      if (state === freeAt(at, plan)) return;
      start = Atomics.load(i32, plan.freeing);
      at = start;
      continue;
    }
    const isTheirs = (kind === CLAIMED || kind === REVOKED) && seatOf(state) === seat;
    if (isTheirs && Atomics.compareExchange(i32, word, state, PADDING | granulesOf(state)) !== state) continue;
    at = (at + granulesOf(state)) | 0;
  }
}
