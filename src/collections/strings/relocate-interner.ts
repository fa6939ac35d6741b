import type { Memory } from "../../core/memory.ts";
import { Segments } from "./segments.ts";
import { CELLS, CHUNKS, IDS, NEXT, UNIT_BYTES } from "./shared-interner-layout.ts";
import { ASIDE, SortedRecords } from "./sorted-records.ts";

/**
 * Makes a copy of a shared interner's blocks an interner: all that tells in it where something lies. It was at `from`, and is there as it was; the copy of its head
 * lies at `to`. `placeOf` tells where what lay at a byte offset lies now, and throws `corrupt` for what was in none of its blocks. Ids stay what they are.
 */
export function relocateInterner(memory: Memory, from: number, to: number, placeOf: (byteOffset: number) => number): void {
  const { i32 } = memory;
  const refOf = (ref: number): number => (ref === 0 ? 0 : placeOf(ref * UNIT_BYTES) / UNIT_BYTES);
  /** Gives the copy of a link the place that the link leads to. */
  const relink = (word: number): void => {
    const ref = i32[word] & ~ASIDE;
    if (ref > 0) i32[word] = refOf(ref) | (i32[word] & ASIDE);
  };
  // The list as it was: records that are not on it are reached by nobody.
  for (const ref of new SortedRecords(memory, from).refs()) relink(refOf(ref) * 2 + NEXT);
  for (let ref = i32[from / 4 + CHUNKS]; ref !== 0; ref = i32[ref * 2]) i32[refOf(ref) * 2] = refOf(i32[ref * 2]);
  i32[to / 4 + CHUNKS] = refOf(i32[from / 4 + CHUNKS]);
  for (const refs of [CELLS, IDS]) {
    for (const { segment, ref, byteLength } of new Segments(memory, from / 4 + refs).blocks()) {
      const now = refOf(ref);
      i32[to / 4 + refs + segment] = now;
      for (let word = now * 2; word < now * 2 + byteLength / 4; word++) relink(word);
    }
  }
}
