import type { Memory } from "../../core/memory.ts";
import type { LockedPages } from "./locked-pages.ts";
import type { PageHeap } from "./page-heap.ts";
import { untakeReturned } from "./returned-blocks.ts";
import { CLASSES, participantWord } from "./shared-heap-layout.ts";
import { GRAINS_IN_PAGE } from "./size-classes.ts";
import { repairSpans } from "./span-repair.ts";
import { SpanRings } from "./span-rings.ts";

/** Makes what a dead participant of a shared heap has left sound again, for whoever sits there next. May run again when it did not come to its end. */
export function repairSeat(memory: Memory, byteOffset: number, pages: PageHeap, locked: LockedPages, participant: number): void {
  const words = byteOffset / 4;
  const own = words + participantWord(participant);
  locked.while(() => {
    repairSpans(pages, new SpanRings(pages, pages, own + CLASSES, participant), own + CLASSES, participant);
    untakeReturned(memory.i32, words, own, pages.limit * GRAINS_IN_PAGE);
  });
}
