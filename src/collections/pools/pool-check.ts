import type { PoolSlots } from "./pool-slots.ts";
import { UNKNOWN } from "./pool-state.ts";

/** What contradicts the invariants in pool-slots.ts; empty when sound. Linear in the slots; safe on words that anybody made up. */
export function checkSlots(slots: PoolSlots): string[] {
  const found: string[] = [];
  const { bits, plan, none, retired, state } = slots;
  const free = new Set<number>();
  let live = 0;
  let detached = 0;
  const tag = plan.tag * bits.tag;
  slots.sweep((_at, index, word) => {
    const low = word & bits.indexMask;
    const generation = slots.generationOf(word);
    if (!Number.isSafeInteger(word) || word < 0) {
      found.push(`slot ${index} has a word that is no handle: ${word}`);
      return;
    }
    if (bits.tag > 0 && Math.floor(word / bits.tag) !== plan.tag)
      found.push(`slot ${index} has a word of another pool: ${word - tag}`);
    if (generation % 2 === 0) free.add(index);
    else if (low === index) live += 1;
    else if (low === none) detached += 1;
    else if (low !== retired) found.push(`slot ${index} is in no state: generation ${generation}, index ${low}`);
  });
  if (live !== state.size) found.push(`size=${state.size}, but ${live} slots are live`);
  if (detached !== state.detached) found.push(`detached=${state.detached}, but ${detached} slots are`);
  const listed = free.size;
  let steps = 0;
  for (let index = state.head; index !== none; index = slots.words[slots.wordOf(index)] & bits.indexMask) {
    steps += 1;
    if (free.delete(index)) continue;
    found.push(`the free list leads to slot ${index}, which is not free or was there before`);
    break;
  }
  if (free.size > 0) found.push(`${free.size} of ${listed} free slots are not on the free list, after ${steps} steps`);
  const next = state.head === none ? UNKNOWN : slots.words[slots.wordOf(state.head)] & bits.indexMask;
  if (state.next !== UNKNOWN && state.next !== next)
    found.push(`the free list is said to go on at ${state.next}, and does at ${next}`);
  if (slots.bases.length - 1 !== slots.blockMask || slots.ptrs.length > slots.bases.length)
    found.push("the table of blocks is too short");
  return found;
}
