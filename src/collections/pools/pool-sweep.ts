import { NIL } from "../../core/brand.ts";
import type { PoolSlots } from "./pool-slots.ts";

/** Ends all live and detached slots. Afterwards the free list is in the order of the slots. */
export function endAllSlots(slots: PoolSlots): void {
  slots.sweep((at, index, word) => {
    const low = word & slots.bits.indexMask;
    if (low !== index && low !== slots.none) return;
    if (slots.isOdd(word)) slots.free(at, word - low, index);
  });
  slots.state.size = 0;
  slots.state.detached = 0;
  relink(slots);
}

/** Gives back every block without a live or detached slot, but for one. Returns how many bytes. Linear in the slots. */
export function trimSlots(slots: PoolSlots): number {
  const { blockLength } = slots.plan;
  let left = slots.blockCount;
  let given = 0;
  for (let block = slots.ptrs.length - 1; block >= 0 && left > 1; block--) {
    const ptr = slots.ptrs[block];
    if (ptr === NIL) continue;
    const base = slots.bases[block];
    let floor = 0;
    let used = false;
    for (let slot = 0; slot < blockLength && !used; slot++) {
      const word = slots.words[base + slot * slots.slotWords];
      const low = word & slots.bits.indexMask;
      used = slots.isOdd(word) && low !== slots.retired;
      floor = Math.max(floor, slots.generationOf(word));
    }
    if (used) continue;
    slots.displace(block, floor);
    slots.giveBack(ptr);
    given += slots.blockByteLength;
    left -= 1;
  }
  if (given === 0) return 0;
  slots.refillBases();
  relink(slots);
  return given;
}

/** Puts all free slots on the free list, in their order. */
function relink(slots: PoolSlots): void {
  const { words, bits } = slots;
  let last = -1;
  slots.state.head = slots.none;
  const link = (index: number) => {
    if (last < 0) slots.state.head = index;
    else words[last] += index - slots.none;
  };
  slots.sweep((at, index, word) => {
    if (slots.isOdd(word)) return;
    words[at] = word - (word & bits.indexMask) + slots.none;
    link(index);
    last = at;
  });
}
