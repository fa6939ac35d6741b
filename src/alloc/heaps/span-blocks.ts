import type { Ptr } from "../../core/brand.ts";
import type { PageHeap } from "./page-heap.ts";
import { FREE_RUN, KEPT_RUN, RUN } from "./page-layout.ts";
import { CLASS_BYTES, CLASS_COUNT, PAGE_BYTES } from "./size-classes.ts";
import { CLASS_WORDS, FREE, FRESH, LARGE, STACK } from "./span-rings.ts";

/** A live block, for tools that look. */
export interface LiveBlock {
  readonly ptr: Ptr;
  /** As many bytes as may be written: its size, rounded up to that of its class or to pages. */
  readonly byteLength: number;
}

/** The live blocks of all spans and runs, in the order of their places. `classes` is where the class table begins, in words. The heap must not change meanwhile. */
export function* liveBlocks(pages: PageHeap, classes: number): IterableIterator<LiveBlock> {
  const { i32 } = pages.memory;
  const free = new Set<number>();
  for (let of = 0; of < CLASS_COUNT; of++) addList(pages, classes + of * CLASS_WORDS + STACK, free);
  for (let page = pages.first; page < pages.top; ) {
    const run = i32[pages.table + page * 8 + RUN];
    const tag = run & 0xff;
    const place = pages.base + page * PAGE_BYTES;
    if (tag === LARGE) yield { ptr: place as Ptr, byteLength: (run >>> 8) * PAGE_BYTES };
    else if (tag !== FREE_RUN && tag !== KEPT_RUN) {
      const at = pages.table + page * 8;
      const byteLength = CLASS_BYTES[tag - 1];
      addList(pages, at + FREE, free);
      for (let index = 0; index < i32[at + FRESH]; index++) {
        const ptr = place + index * byteLength;
        if (!free.has((ptr - pages.base) / 8)) yield { ptr: ptr as Ptr, byteLength };
      }
    }
    page += Math.max(1, run >>> 8);
  }
}

/** Blocks that are linked by their first words, in units of 8 bytes. */
function addList({ memory: { i32 }, base }: PageHeap, headWord: number, to: Set<number>): void {
  for (let block = i32[headWord]; block !== 0 && !to.has(block); block = i32[base / 4 + block * 2]) to.add(block);
}
