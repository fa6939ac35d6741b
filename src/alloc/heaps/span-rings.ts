import type { PageHeap } from "./page-heap.ts";
import { FIRST, NEXT, PREV, RUN } from "./page-layout.ts";
import { CLASS_BYTES, CLASS_COUNT, LEAST_SPAN_PAGES, PAGE_BYTES, pageOfBlock } from "./size-classes.ts";

/** Words of a span's first page entry, beside those of PageHeap. */
export const FREE = 2;
export const USED = 3;
export const FRESH = 4;
/** Words of a class. */
export const HEAD = 0;
export const PAGES = 1;
export const STACK = 2;
export const STACKED = 3;
export const LIVE = 4;
export const CLASS_WORDS = 8;
/** The tag of a run that is one block. */
export const LARGE = 255;
const MOST_SPAN_PAGES = 16;

/** Where runs of pages come from: a page heap, or one behind a lock. */
export type PageSource = Pick<PageHeap, "take" | "takeAligned" | "give" | "resize" | "settle">;

/**
 * Spans of equal blocks, and the rings in which a class keeps those that have room.
 *
 *     span     | block | block | block | ……fresh |  rest |      run of pages, tag = class + 1
 *     entry    + FREE    the first free block of the span, 0: none. Blocks are counted in units of 8 bytes from `base`
 *              + USED    blocks that are out: live, or in the class's stack
 *              + FRESH   blocks that were ever handed out; those behind have never been touched
 *              + NEXT, PREV    the ring of spans of the class that may have room; NEXT 0: not in it
 *              + OWNER   whose class table it hangs in
 *     class    + HEAD    the span of the ring that blocks are taken from, 0: none
 *              + PAGES   pages of all its spans
 *              + STACK, STACKED, LIVE    SpanAllocator's
 *
 * A span whose last block comes back gives up its pages, unless blocks are being taken from it: so each class keeps at most one empty span,
 * until `trim` takes that too. Spans grow with the pages that their class has, so that small heaps stay small.
 *
 * After the free list sharding of mimalloc (Leijen, Zorn, de Moura 2019), with the page map of tcmalloc instead of aligned segments.
 *
 * Invariants:
 * 1. Every span in a ring is of its class; a span with a free block, or with one that was never handed out, is in the ring.
 * 2. USED + length of the free list = FRESH <= blocks that fit into the span.
 * 3. At most the head of a ring has USED = 0.
 */
export class SpanRings {
  readonly #pages: PageHeap;
  readonly #source: PageSource;
  /** Word offsets from the start of the memory: of the region, of the page table, of the class table. */
  readonly #words: number;
  readonly #table: number;
  readonly #classes: number;
  readonly #owner: number;

  constructor(pages: PageHeap, source: PageSource, classes: number, owner: number) {
    this.#pages = pages;
    this.#source = source;
    this.#words = pages.base / 4;
    this.#table = pages.table;
    this.#classes = classes;
    this.#owner = owner;
  }

  /** Takes up to `most` blocks and pushes them on the stack of their class. How many: 0 where the spans have none and there are no pages. */
  fill(of: number, most: number): number {
    let filled = this.#fillFromRing(of, most);
    if (filled === 0 && this.#addSpan(of)) filled = this.#fillFromRing(of, most);
    return filled;
  }

  /** Takes back the blocks of the stack, but for the `keep` that were pushed last. */
  drain(of: number, keep: number): void {
    const { i32 } = this.#pages.memory;
    const words = this.#words;
    const head = this.#classes + of * CLASS_WORDS;
    const stacked = i32[head + STACKED];
    if (stacked <= keep) return;
    let block = i32[head + STACK];
    let last = 0;
    for (let kept = 0; kept < keep; kept++) {
      last = block;
      block = i32[words + block * 2];
    }
    if (last === 0) i32[head + STACK] = 0;
    else i32[words + last * 2] = 0;
    i32[head + STACKED] = keep;
    for (let left = stacked - keep; left > 0; left--) {
      const next = i32[words + block * 2];
      this.#give(block, of);
      block = next;
    }
  }

  /** Gives up the pages of spans that hold nothing. Returns how many. */
  trim(): number {
    const { i32 } = this.#pages.memory;
    let pages = 0;
    for (let of = 0; of < CLASS_COUNT; of++) {
      const head = i32[this.#classes + of * CLASS_WORDS + HEAD];
      if (head === 0 || i32[this.#table + head * 8 + USED] !== 0) continue;
      pages += i32[this.#table + head * 8 + RUN] >>> 8;
      this.#giveSpan(head, of);
    }
    return pages;
  }

  /** Whether the block is free in its span: looks through the span's free list. */
  isFree(block: number): boolean {
    const { i32 } = this.#pages.memory;
    const at = this.#table + i32[this.#table + pageOfBlock(block) * 8 + FIRST] * 8;
    let left = i32[at + FRESH];
    for (let free = i32[at + FREE]; free !== 0 && left > 0; free = i32[this.#words + free * 2], left--) {
      if (free === block) return true;
    }
    return false;
  }

  #fillFromRing(of: number, most: number): number {
    const { i32 } = this.#pages.memory;
    const head = this.#classes + of * CLASS_WORDS;
    const size = CLASS_BYTES[of];
    for (let span = i32[head + HEAD]; span !== 0; span = i32[head + HEAD]) {
      const at = this.#table + span * 8;
      const taken = i32[at + FREE] !== 0 ? this.#takeFree(at, head, most) : this.#takeFresh(at, head, size, most);
      if (taken > 0) return taken;
      this.#unlink(span, of);
    }
    return 0;
  }

  #takeFree(at: number, head: number, most: number): number {
    const { i32 } = this.#pages.memory;
    const first = i32[at + FREE];
    let last = first;
    let taken = 1;
    let next = i32[this.#words + first * 2];
    for (; taken < most && next !== 0; taken++) {
      last = next;
      next = i32[this.#words + last * 2];
    }
    i32[at + FREE] = next;
    i32[at + USED] += taken;
    i32[this.#words + last * 2] = i32[head + STACK];
    i32[head + STACK] = first;
    i32[head + STACKED] += taken;
    return taken;
  }

  #takeFresh(at: number, head: number, size: number, most: number): number {
    const { i32 } = this.#pages.memory;
    const fresh = i32[at + FRESH];
    const capacity = Math.floor(((i32[at + RUN] >>> 8) * PAGE_BYTES) / size);
    const taken = Math.min(most, capacity - fresh);
    if (taken <= 0) return 0;
    const start = ((at - this.#table) / 8) * PAGE_BYTES;
    let top = i32[head + STACK];
    for (let index = fresh + taken - 1; index >= fresh; index--) {
      const block = (start + index * size) / 8;
      i32[this.#words + block * 2] = top;
      i32[this.#words + block * 2 + 1] = FREED;
      top = block;
    }
    // Before they are in the stack: if this writer dies in between they are lost, and not handed out twice.
    i32[at + FRESH] = fresh + taken;
    i32[at + USED] += taken;
    i32[head + STACK] = top;
    i32[head + STACKED] += taken;
    return taken;
  }

  #addSpan(of: number): boolean {
    const least = LEAST_SPAN_PAGES[of];
    const { i32 } = this.#pages.memory;
    const wanted = Math.min(i32[this.#classes + of * CLASS_WORDS + PAGES] >>> 3, MOST_SPAN_PAGES);
    const pages = Math.max(1, Math.floor(wanted / least)) * least;
    const run = this.#source.take(pages, of + 1, this.#owner) || this.#source.take(least, of + 1, this.#owner);
    if (run === 0) return false;
    this.adopt(run, of);
    return true;
  }

  /** Hangs a span of this owner's in its class table: a new one, or one that a dead writer has left somewhere. */
  adopt(span: number, of: number): void {
    const { i32 } = this.#pages.memory;
    const at = this.#table + span * 8;
    i32[at + NEXT] = 0;
    i32[this.#classes + of * CLASS_WORDS + PAGES] += i32[at + RUN] >>> 8;
    this.#link(span, of);
  }

  #give(block: number, of: number): void {
    const { i32 } = this.#pages.memory;
    const span = i32[this.#table + pageOfBlock(block) * 8 + FIRST];
    const at = this.#table + span * 8;
    i32[this.#words + block * 2] = i32[at + FREE];
    i32[at + FREE] = block;
    const used = i32[at + USED] - 1;
    i32[at + USED] = used;
    if (i32[at + NEXT] === 0) this.#link(span, of);
    if (used === 0 && i32[this.#classes + of * CLASS_WORDS + HEAD] !== span) this.#giveSpan(span, of);
  }

  #giveSpan(span: number, of: number): void {
    const { i32 } = this.#pages.memory;
    this.#unlink(span, of);
    i32[this.#classes + of * CLASS_WORDS + PAGES] -= i32[this.#table + span * 8 + RUN] >>> 8;
    this.#source.give(span);
  }

  /** Puts a span at the end of the ring: until its turn comes, more of its blocks may come back. */
  #link(span: number, of: number): void {
    const { i32 } = this.#pages.memory;
    const head = i32[this.#classes + of * CLASS_WORDS + HEAD] || span;
    const at = this.#table + span * 8;
    const headAt = this.#table + head * 8;
    const last = head === span ? span : i32[headAt + PREV];
    i32[at + NEXT] = head;
    i32[at + PREV] = last;
    i32[this.#table + last * 8 + NEXT] = span;
    i32[headAt + PREV] = span;
    i32[this.#classes + of * CLASS_WORDS + HEAD] = head;
  }

  #unlink(span: number, of: number): void {
    const { i32 } = this.#pages.memory;
    const head = this.#classes + of * CLASS_WORDS + HEAD;
    const at = this.#table + span * 8;
    const next = i32[at + NEXT];
    const before = i32[at + PREV];
    i32[this.#table + before * 8 + NEXT] = next;
    i32[this.#table + next * 8 + PREV] = before;
    i32[at + NEXT] = 0;
    if (i32[head] === span) i32[head] = next === span ? 0 : next;
  }
}

/** The second word of a block that is not live. That of a live one is another when it is handed out. */
export const FREED = 0x6f66_6672;
