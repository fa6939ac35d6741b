import type { Memory } from "../../core/memory.ts";
import { LEAST_UNITS, REGION_HEAD_UNITS, sealOf } from "./tlsf-blocks.ts";
import type { TlsfHeap } from "./tlsf-heap.ts";
import type { TlsfLists } from "./tlsf-lists.ts";

/** What contradicts the invariants of a TlsfHeap. `live` is filled with the blocks that are not free, and their units. */
export function checkBlocks(
  { i32 }: Memory,
  words: number,
  heap: Pick<TlsfHeap, "regions" | "freeUnits">,
  lists: TlsfLists,
  live: Map<number, number>,
): string[] {
  const found: string[] = [];
  const free = new Map<number, number>();
  let freeUnits = 0;
  for (const { region, end } of heap.regions()) {
    let before = 0;
    let block = region + REGION_HEAD_UNITS;
    while (block < end - 1) {
      const header = i32[words + block * 2];
      const length = header >>> 1;
      if (length < LEAST_UNITS || block + length > end - 1)
        return [...found, `block ${block} has ${length} units, its region ends at ${end}`];
      if (i32[words + block * 2 + 1] !== (before || sealOf(block))) found.push(`block ${block} does not know what is before it`);
      if ((header & 1) === 1 && before !== 0) found.push(`blocks ${before} and ${block} are free neighbours`);
      before = (header & 1) === 1 ? block : 0;
      if (before === 0) live.set(block, length);
      if (before !== 0) free.set(block, length);
      if (before !== 0) freeUnits += length;
      block += length;
    }
    if (i32[words + block * 2] !== 0) found.push(`the region at ${region} has no sentinel at ${block}`);
    if (i32[words + block * 2 + 1] !== (before || sealOf(block)))
      found.push(`the sentinel at ${block} does not know what is before it`);
  }
  if (freeUnits !== heap.freeUnits) found.push(`${freeUnits} units are free, told are ${heap.freeUnits}`);
  return [...found, ...lists.checkInvariants(free)];
}
