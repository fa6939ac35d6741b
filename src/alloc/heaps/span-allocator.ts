import { MOST_INT32 } from "../../core/align.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import type { Memory } from "../../core/memory.ts";
import { throwNotLive } from "../block-checks.ts";
import type { Region } from "../region.ts";
import { ResidentAllocator } from "../resident.ts";
import type { PageHeap } from "./page-heap.ts";
import { FIRST, RUN, TOP } from "./page-layout.ts";
import {
  alignedClass,
  CLASS_BYTES,
  CLASS_COUNT,
  CLASS_OF_GRAINS,
  MOST_SMALL_BYTES,
  PAGE_BYTES,
  pageOfBlock,
} from "./size-classes.ts";
import { CLASS_WORDS, FREED, FRESH, LARGE, LIVE, type PageSource, SpanRings, STACK, STACKED } from "./span-rings.ts";

/** Blocks that a stack may hold, in bytes and in number. */
const STACK_BYTES = 64 * 1024;
const MOST_STACKED = 64;

/** How many blocks the stack of a class may hold; half of them come and go at once. */
const STACK_MOST: Uint8Array = Uint8Array.from(CLASS_BYTES, (size) => Math.min(MOST_STACKED, STACK_BYTES / size));

/**
 * Blocks of the size classes; larger blocks are runs of pages of their own.
 *
 *     block    | link u32 | FREED u32 | …     while it is not live; link: the next of the stack or of its span's free list, in units of 8
 *                                             bytes from `base`, 0: none
 *     class    + STACK    the block that was freed last, and is handed out next: most likely still in the processor's cache. 0: none
 *              + STACKED  how many the stack holds
 *              + LIVE     blocks that are handed out
 *              + HEAD, PAGES    SpanRings'
 *
 * `rawAlloc` and `rawFree` move a block between the stack and the caller and touch nothing else. An empty stack is filled from the spans, one that
 * is too full goes back to them by half; how much it may hold falls with LIVE, so that a class that is used no more gives its spans back.
 *
 * Invariants:
 * 1. Those of SpanRings and PageHeap.
 * 2. LIVE + STACKED = the sum of USED of the class's spans.
 * 3. A block in the stack, or free in its span, carries FREED in its second word; a live one does not when it is handed out.
 */
export abstract class SpanAllocator extends ResidentAllocator {
  protected readonly pages: PageHeap;
  protected readonly rings: SpanRings;
  readonly #source: PageSource;
  /** Word offsets from the start of the memory: of the region, of the page table, of this handle's class table. */
  readonly #words: number;
  readonly #table: number;
  readonly #classes: number;
  readonly #topWord: number;
  /** Sizes up to here take the fast path: 0 once closed. */
  #mostSmall = MOST_SMALL_BYTES;

  protected constructor(
    memory: Memory,
    region: Region,
    subject: string,
    pages: PageHeap,
    source: PageSource,
    classesWord: number,
    owner: number,
  ) {
    super(memory, region, subject);
    this.pages = pages;
    this.#source = source;
    this.#words = region.byteOffset / 4;
    this.#table = pages.table;
    this.#topWord = pages.state + TOP;
    this.#classes = this.#words + classesWord;
    this.rings = new SpanRings(pages, source, this.#classes, owner);
  }

  rawAlloc(byteSize: number, align: number): Ptr {
    if (byteSize > this.#mostSmall || align > 8) return this.#allocOther(byteSize, align);
    const of = CLASS_OF_GRAINS[(byteSize + 7) >>> 3];
    const { i32 } = this.memory;
    const head = this.#classes + of * CLASS_WORDS;
    const block = i32[head + STACK];
    if (block === 0) return this.#allocSlowly(of);
    const word = this.#words + block * 2;
    i32[head + STACK] = i32[word];
    i32[head + STACKED] -= 1;
    i32[head + LIVE] += 1;
    i32[word + 1] = 0;
    return (this.byteOffset + block * 8) as Ptr;
  }

  rawFree(ptr: Ptr, byteSize: number, align: number): void {
    if (byteSize > this.#mostSmall || align > 8 || ptr > MOST_INT32) {
      this.#freeOther(ptr, byteSize, align);
      return;
    }
    // From here on all is in 32-bit integers.
    this.#push(this.memory.i32, CLASS_OF_GRAINS[(byteSize + 7) >>> 3], ptr >>> 2);
  }

  /** What `rawCheckLive` looks at for a small block, and `rawFree`. */
  override rawTryFree(ptr: Ptr, byteSize: number, align: number): boolean {
    const offset = ptr - this.byteOffset;
    if ((offset | 0) !== offset || (byteSize | 0) !== byteSize || align !== 8) return false;
    if (offset < 0 || (offset & 7) !== 0 || byteSize <= 0 || byteSize > this.#mostSmall) return false;
    const of = CLASS_OF_GRAINS[(byteSize + 7) >>> 3];
    const { i32 } = this.memory;
    const page = offset >>> 12;
    if (page >= i32[this.#topWord]) return false;
    const first = i32[this.#table + page * 8 + FIRST];
    const at = this.#table + first * 8;
    const inSpan = offset - first * PAGE_BYTES;
    const size = CLASS_BYTES[of];
    const index = (inSpan / size) | 0;
    if ((i32[at + RUN] & 0xff) !== of + 1 || index >= i32[at + FRESH] || index * size !== inSpan) return false;
    const word = this.#words + (offset >>> 2);
    if (i32[word + 1] === FREED) return false;
    this.#push(i32, of, word);
    return true;
  }

  /** Puts the block at `word` on the stack of its class, and gives some back where that has become long. */
  #push(i32: Int32Array, of: number, word: number): void {
    const head = this.#classes + of * CLASS_WORDS;
    i32[word] = i32[head + STACK];
    i32[word + 1] = FREED;
    i32[head + STACK] = (word - this.#words) >>> 1;
    const stacked = i32[head + STACKED] + 1;
    const live = i32[head + LIVE] - 1;
    i32[head + STACKED] = stacked;
    i32[head + LIVE] = live;
    if (stacked > STACK_MOST[of] || stacked > (live >>> 3) + 4) this.#drain(of, stacked, live);
  }

  rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, align: number): boolean {
    this.checkOpen();
    const before = alignedClass(oldByteSize, align);
    const after = alignedClass(newByteSize, align);
    if (before < CLASS_COUNT || after < CLASS_COUNT) return before === after;
    const pages = Math.ceil(newByteSize / PAGE_BYTES);
    return pages <= this.pages.limit && this.#source.resize(this.#pageOf(ptr), pages);
  }

  override rawUsableByteLength(_ptr: Ptr, byteSize: number, align: number): number {
    const of = alignedClass(byteSize, align);
    return of < CLASS_COUNT ? CLASS_BYTES[of] : Math.ceil(byteSize / PAGE_BYTES) * PAGE_BYTES;
  }

  /** Whether `ptr` lies in a page that has been in use. */
  override rawOwns(ptr: Ptr): boolean {
    const page = this.#pageOf(ptr);
    return ptr > this.byteOffset && page >= this.pages.first && page < this.pages.top;
  }

  /** Finds foreign, interior and freed blocks, and blocks of another size class. About 5 ns. */
  override rawCheckLive(ptr: Ptr, byteSize: number, align: number): void {
    const { i32 } = this.memory;
    const of = alignedClass(byteSize, align);
    const page = this.#pageOf(ptr);
    const inHeap = ptr > this.byteOffset && page < this.pages.top;
    const first = of < CLASS_COUNT ? i32[this.#table + page * 8 + FIRST] : page;
    const at = this.#table + first * 8;
    const inSpan = ptr - this.byteOffset - first * PAGE_BYTES;
    if (of === CLASS_COUNT) {
      const run = Math.ceil(byteSize / PAGE_BYTES) * 256 + LARGE;
      if (inHeap && inSpan === 0 && i32[at + RUN] === run && i32[at + FIRST] === page) return;
    } else if (inHeap && (i32[at + RUN] & 0xff) === of + 1) {
      const size = CLASS_BYTES[of];
      if (inSpan >= 0 && inSpan < i32[at + FRESH] * size && inSpan % size === 0) {
        if (i32[ptr / 4 + 1] !== FREED || !this.#isFree((ptr - this.byteOffset) / 8)) return;
        throwNotLive(this.subject, "was given a block that is free already", { ptr, byteSize, align });
      }
    }
    this.checkOpen();
    throwNotLive(this.subject, "was given a block that it does not have there in that size", { ptr, byteSize, align });
  }

  /** Bytes of all pages that are in use, by live blocks or as spare room of spans. */
  get usedByteLength(): number {
    return (this.pages.top - this.pages.first - this.pages.freePages) * PAGE_BYTES;
  }

  /** The most pages that were ever in use at once with what lay between them, in bytes. The tables come on top. */
  get peakByteLength(): number {
    return (this.pages.peak - this.pages.first) * PAGE_BYTES;
  }

  /** Gives back all pages that hold no live block. Happens by itself when pages run short. Returns the bytes that were given back. */
  trim(): number {
    this.checkOpen();
    const before = this.usedByteLength;
    for (let of = 0; of < CLASS_COUNT; of++) this.rings.drain(of, 0);
    this.rings.trim();
    this.#source.settle();
    return before - this.usedByteLength;
  }

  /** Blocks that others gave back and that are not in a stack yet: takes them in. False where there are none. */
  protected abstract reclaim(): boolean;

  protected override shut(): void {
    super.shut();
    this.#mostSmall = 0;
  }

  /** The stack of a class holds too much, or the class no live block. */
  #drain(of: number, stacked: number, live: number): void {
    this.rings.drain(of, live === 0 ? 0 : stacked >>> 1);
  }

  #pageOf(ptr: Ptr): number {
    const offset = ptr - this.byteOffset;
    return offset <= MOST_INT32 ? offset >>> 12 : Math.floor(offset / PAGE_BYTES);
  }

  #allocOther(byteSize: number, align: number): Ptr {
    this.checkOpen();
    const of = alignedClass(byteSize, align);
    if (of < CLASS_COUNT) {
      const { i32 } = this.memory;
      return i32[this.#classes + of * CLASS_WORDS + STACK] === 0 ? this.#allocSlowly(of) : this.rawAlloc(CLASS_BYTES[of], 8);
    }
    const pages = Math.ceil(byteSize / PAGE_BYTES);
    if (pages + align / PAGE_BYTES > this.pages.limit) return NIL;
    const run = this.#takeLarge(pages, align) || (this.#makeRoom() ? this.#takeLarge(pages, align) : 0);
    return run === 0 ? NIL : ((this.byteOffset + run * PAGE_BYTES) as Ptr);
  }

  #takeLarge(pages: number, align: number): number {
    return align > PAGE_BYTES ? this.#source.takeAligned(pages, LARGE, align) : this.#source.take(pages, LARGE);
  }

  #freeOther(ptr: Ptr, byteSize: number, align: number): void {
    this.checkOpen();
    const of = alignedClass(byteSize, align);
    if (of === CLASS_COUNT) this.#source.give(this.#pageOf(ptr));
    else if (ptr <= MOST_INT32) this.rawFree(ptr, CLASS_BYTES[of], 8);
    else this.#freeFar(ptr, of);
  }

  /** `rawFree` where offsets are no 32-bit integers any more. */
  #freeFar(ptr: Ptr, of: number): void {
    const { i32 } = this.memory;
    const head = this.#classes + of * CLASS_WORDS;
    i32[ptr / 4] = i32[head + STACK];
    i32[ptr / 4 + 1] = FREED;
    i32[head + STACK] = (ptr - this.byteOffset) / 8;
    const stacked = i32[head + STACKED] + 1;
    const live = i32[head + LIVE] - 1;
    i32[head + STACKED] = stacked;
    i32[head + LIVE] = live;
    if (stacked > STACK_MOST[of] || stacked > (live >>> 3) + 4) this.#drain(of, stacked, live);
  }

  #allocSlowly(of: number): Ptr {
    this.checkOpen();
    const most = Math.max(1, STACK_MOST[of] >>> 1);
    // What a class takes at once grows with what it has: the first block of a class takes one.
    const wanted = Math.min(most, 1 + (this.memory.i32[this.#classes + of * CLASS_WORDS + LIVE] >>> 3));
    if (this.reclaim() && this.memory.i32[this.#classes + of * CLASS_WORDS + STACK] !== 0) return this.rawAlloc(CLASS_BYTES[of], 8);
    if (this.rings.fill(of, wanted) === 0 && !(this.#makeRoom() && this.rings.fill(of, 1) > 0)) return NIL;
    return this.rawAlloc(CLASS_BYTES[of], 8);
  }

  /** Pages have run short: gives back what the classes keep for later. False when that is nothing. */
  #makeRoom(): boolean {
    return this.trim() > 0;
  }

  /** Looks where a free block can be: the mark alone may be there by chance. */
  #isFree(block: number): boolean {
    return this.isStacked(block, this.#classes) || this.rings.isFree(block) || this.isElsewhere(block);
  }

  /** Whether a class table has the block in a stack. */
  protected isStacked(block: number, classes: number): boolean {
    const { i32 } = this.memory;
    const first = i32[this.#table + pageOfBlock(block) * 8 + FIRST];
    const head = classes + ((i32[this.#table + first * 8 + RUN] & 0xff) - 1) * CLASS_WORDS;
    let left = i32[head + STACKED];
    for (let at = i32[head + STACK]; left > 0 && at !== 0; at = i32[this.#words + at * 2], left--) if (at === block) return true;
    return false;
  }

  /** Whether a block that carries the mark of a free one is free in a place that only the kind knows. */
  protected isElsewhere(_block: number): boolean {
    return false;
  }
}
