import { alignUp } from "../../core/align.ts";
import { A_MEMORY, checkCall, OPTIONS } from "../../core/check-call.ts";
import { magicOf } from "../../core/magic.ts";
import type { Memory } from "../../core/memory.ts";
import {
  beginRegion,
  claimRegion,
  fingerprintOf,
  HEADER_BYTES,
  openRegion,
  publishRegion,
  type Region,
  type RegionFormat,
  type RegionOptions,
} from "../region.ts";
import { PageHeap } from "./page-heap.ts";
import { MOST_PAGES, PAGE_ENTRY_BYTES, PAGE_HEAP_WORDS } from "./page-layout.ts";
import { CLASS_COUNT, MOST_SMALL_BYTES, PAGE_BYTES } from "./size-classes.ts";
import { SpanAllocator } from "./span-allocator.ts";
import { type LiveBlock, liveBlocks } from "./span-blocks.ts";
import { checkSpans } from "./span-check.ts";
import { repairSpans } from "./span-repair.ts";
import { CLASS_WORDS } from "./span-rings.ts";

const CLASSES_WORD = HEADER_BYTES / 4;
const STATE_WORD = CLASSES_WORD + CLASS_COUNT * CLASS_WORDS;
const TABLE_BYTES = alignUp((STATE_WORD + PAGE_HEAP_WORDS) * 4, PAGE_ENTRY_BYTES);

const FORMAT: RegionFormat = {
  subject: "slab allocator",
  magic: magicOf("OHsb"),
  version: 1,
  fingerprint: fingerprintOf(CLASS_COUNT, MOST_SMALL_BYTES, PAGE_BYTES, TABLE_BYTES, PAGE_ENTRY_BYTES),
  align: PAGE_BYTES,
  leastByteLength: 4 * PAGE_BYTES,
  mostByteLength: MOST_PAGES * PAGE_BYTES,
};

/**
 * Blocks of any size, those up to 8 KiB from spans of equal blocks, larger ones as runs of pages. The fastest allocator here that takes back every
 * block; a block takes up to an eighth more than its size, and nothing else.
 *
 *        0   header               see region.ts
 *       32   classes              64 × 8 words: see SpanAllocator
 *     2080   page heap            164 words: see page-layout.ts
 *     2752   page table           32 bytes for each page of the region, 0.8 % of it
 *        …   pages                from the next multiple of 4096 on
 *
 * One thread at a time: for several, `sharedHeap`, or `synchronized(slab)`.
 *
 * Invariants: those of PageHeap and SpanAllocator.
 */
export class Slab extends SpanAllocator {
  /** For `slab` and `attachSlab`. */
  constructor(memory: Memory, region: Region) {
    const tableWord = TABLE_BYTES / 4;
    const pages = new PageHeap(memory, region.byteOffset, STATE_WORD, tableWord);
    super(memory, region, FORMAT.subject, pages, pages, CLASSES_WORD, 0);
  }

  /** Frees everything at once and makes every view stale. The memory stays committed. O(classes). */
  reset(): void {
    this.checkOpen();
    const { first, limit } = this.pages;
    this.memory.u32.fill(0, this.byteOffset / 4 + CLASSES_WORD, this.byteOffset / 4 + STATE_WORD);
    this.pages.format(first, limit);
    this.lease.end("was reset");
  }

  /** Every live block, in the order of their places. Allocates an object a block; make and free none meanwhile. */
  *blocks(): IterableIterator<LiveBlock> {
    this.checkOpen();
    yield* liveBlocks(this.pages, this.byteOffset / 4 + CLASSES_WORD);
  }

  /**
   * Makes the allocator sound again whose writer died half-way through an operation, as `synchronized` does by itself. Live blocks stay; what was on its
   * way at that moment stays taken, a stack of blocks at most. O(pages + free blocks).
   */
  repair(): void {
    this.checkOpen();
    this.pages.rebuild();
    repairSpans(this.pages, this.rings, this.byteOffset / 4 + CLASSES_WORD, 0);
  }

  checkInvariants(): string[] {
    if (this.closed) return [];
    const found = this.pages.checkInvariants();
    return found.length > 0 ? found : checkSpans(this.pages, this.byteOffset / 4 + CLASSES_WORD, 0);
  }

  protected reclaim(): boolean {
    return false;
  }
}

/** A slab allocator over a region of `memory`. Its tables, 0.8 % of the region, are committed at once. */
export function slab(memory: Memory, options: RegionOptions = {}): Slab {
  checkCall("slab(memory)", [A_MEMORY, memory], [OPTIONS, options]);
  const { byteLength } = claimRegion(memory, FORMAT, options, 0);
  const limit = Math.floor(byteLength / PAGE_BYTES);
  const first = Math.ceil((TABLE_BYTES + limit * PAGE_ENTRY_BYTES) / PAGE_BYTES);
  const region = claimRegion(memory, FORMAT, options, first * PAGE_BYTES);
  beginRegion(memory, region, FORMAT);
  const { u32 } = memory;
  const words = region.byteOffset / 4;
  // The pages of the tables themselves belong to no run, whatever lay there.
  u32.fill(0, words + CLASSES_WORD, words + (TABLE_BYTES + first * PAGE_ENTRY_BYTES) / 4);
  const made = new Slab(memory, region);
  new PageHeap(memory, region.byteOffset, STATE_WORD, TABLE_BYTES / 4).format(first, limit);
  publishRegion(memory, region);
  return made;
}

/** The slab allocator that lies at `byteOffset`: made by another handle, another thread at another time, or a process before this one. */
export function attachSlab(memory: Memory, byteOffset = 0): Slab {
  checkCall("attachSlab(memory)", [A_MEMORY, memory]);
  return new Slab(memory, openRegion(memory, FORMAT, byteOffset));
}
