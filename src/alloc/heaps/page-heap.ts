import type { Memory } from "../../core/memory.ts";
import { commitUpTo } from "../resident.ts";
import { KeptRuns } from "./kept-runs.ts";
import { checkPages } from "./page-check.ts";
import {
  BIN_BITS,
  BIN_HEADS,
  BIN_WORDS,
  binOf,
  EXACT_BINS,
  FIRST,
  FIRST_PAGE,
  FREE_PAGES,
  FREE_RUN,
  KEPT_RUN,
  LIMIT,
  MOST_LOOKS,
  NEXT,
  OWNER,
  PAGE_HEAP_WORDS,
  PEAK,
  PREV,
  RUN,
  TOP,
  WHOLE,
} from "./page-layout.ts";
import { PAGE_BYTES } from "./size-classes.ts";

/**
 * Runs of pages in a region; what slabs and shared heaps take their spans from. Its bytes and invariants: page-layout.ts.
 *
 * Free runs are merged with their neighbours at once, but for some of the lengths that were freed last. Of the free runs one is taken that is as short
 * as can be; where there is none, the heap grows upwards.
 */
export class PageHeap {
  readonly memory: Memory;
  readonly base: number;
  /** Word offsets from the start of the memory. */
  readonly state: number;
  readonly table: number;
  readonly #kept: KeptRuns;

  constructor(memory: Memory, base: number, stateWord: number, tableWord: number) {
    this.memory = memory;
    this.base = base;
    this.state = base / 4 + stateWord;
    this.table = base / 4 + tableWord;
    this.#kept = new KeptRuns(memory, this.state, this.table);
  }

  /** Writes the state of an empty heap. */
  format(first: number, limit: number): void {
    const { i32 } = this.memory;
    for (let at = 0; at < PAGE_HEAP_WORDS; at++) i32[this.state + at] = 0;
    i32[this.state + TOP] = first;
    i32[this.state + LIMIT] = limit;
    i32[this.state + FIRST_PAGE] = first;
    i32[this.state + PEAK] = first;
  }

  get top(): number {
    return this.memory.i32[this.state + TOP];
  }

  get first(): number {
    return this.memory.i32[this.state + FIRST_PAGE];
  }

  get limit(): number {
    return this.memory.i32[this.state + LIMIT];
  }

  get peak(): number {
    return this.memory.i32[this.state + PEAK];
  }

  get freePages(): number {
    return this.memory.i32[this.state + FREE_PAGES];
  }

  /**
   * Takes `pages` pages; the run is marked as used by `tag`, 1 … 255, and as `owner`'s: it is never anybody else's. Returns its first page, 0 when there
   * is no room.
   */
  take(pages: number, tag: number, owner = 0): number {
    const kept = tag === WHOLE ? this.#kept.take(pages) : 0;
    if (kept !== 0) return kept;
    const found = this.#find(pages);
    if (found === 0) return this.#takeAtTop(pages, tag, owner);
    const { i32 } = this.memory;
    const length = i32[this.table + found * 8 + RUN] >>> 8;
    this.#unlink(found, length);
    if (length > pages) this.#link(found + pages, length - pages);
    this.#mark(found, pages, tag, owner);
    return found;
  }

  /** The same for a run whose bytes begin at a multiple of `align`, which is more than a page. */
  takeAligned(pages: number, tag: number, align: number): number {
    const alignPages = align / PAGE_BYTES;
    const run = this.take(pages + alignPages - 1, tag);
    if (run === 0) return 0;
    const over = (this.base + run * PAGE_BYTES) % align;
    const skipped = over === 0 ? 0 : (align - over) / PAGE_BYTES;
    const all = pages + alignPages - 1;
    // What is cut off is marked as free before the run ends there: whoever finds the heap after a death finds no used run inside another.
    const found = run + skipped;
    const behind = found + pages;
    if (behind < run + all) this.#mark(behind, run + all - behind, FREE_RUN, 0);
    if (skipped > 0) this.#mark(run, skipped, FREE_RUN, 0);
    this.#mark(found, pages, tag, 0);
    if (skipped > 0) this.#merge(run);
    if (behind < run + all) this.#merge(behind);
    return found;
  }

  /** Gives a used run back. */
  give(run: number): void {
    const { i32 } = this.memory;
    if ((i32[this.table + run * 8 + RUN] & 0xff) === WHOLE) {
      const used = i32[this.state + TOP] - i32[this.state + FIRST_PAGE] - i32[this.state + FREE_PAGES];
      if (this.#kept.put(run, used)) return;
      this.settle();
    }
    this.#merge(run);
  }

  /** Gives the runs that were kept to the free ones. Returns how many pages. */
  settle(): number {
    const { pages } = this.#kept;
    for (let run = this.#kept.pop(); run !== 0; run = this.#kept.pop()) this.#merge(run);
    return pages;
  }

  #merge(run: number): void {
    const { i32 } = this.memory;
    const { table } = this;
    let from = run;
    let end = run + (i32[table + run * 8 + RUN] >>> 8);
    i32[table + run * 8 + RUN] &= ~0xff;
    if (end < i32[this.state + TOP]) {
      const behind = i32[table + end * 8 + RUN];
      if ((behind & 0xff) === 0) {
        this.#unlink(end, behind >>> 8);
        end += behind >>> 8;
      }
    }
    if (from > i32[this.state + FIRST_PAGE]) {
      const before = i32[table + (from - 1) * 8 + FIRST];
      const run = i32[table + before * 8 + RUN];
      if ((run & 0xff) === 0) {
        this.#unlink(before, run >>> 8);
        from = before;
      }
    }
    if (end === i32[this.state + TOP]) i32[this.state + TOP] = from;
    else this.#link(from, end - from);
  }

  /** Makes a used run shorter, which always succeeds, or longer where it is, which may not. */
  resize(run: number, pages: number): boolean {
    const { i32 } = this.memory;
    const { table } = this;
    const now = i32[table + run * 8 + RUN];
    const length = now >>> 8;
    const tag = now & 0xff;
    if (pages === length) return true;
    const end = run + length;
    if (pages < length) {
      this.#mark(run + pages, length - pages, FREE_RUN, 0);
      this.#mark(run, pages, tag, 0);
      this.#merge(run + pages);
      return true;
    }
    const missing = pages - length;
    if (end === i32[this.state + TOP]) {
      if (!this.#raise(end + missing)) return false;
    } else {
      const behind = i32[table + end * 8 + RUN];
      if ((behind & 0xff) !== 0 || behind >>> 8 < missing) return false;
      this.#unlink(end, behind >>> 8);
      if (behind >>> 8 > missing) this.#link(end + missing, (behind >>> 8) - missing);
    }
    this.#mark(run, pages, tag, 0);
    return true;
  }

  checkInvariants(): string[] {
    return checkPages(this);
  }

  /** Finds everything anew from the RUN words of used runs: after a writer died half-way. */
  rebuild(): void {
    const { i32 } = this.memory;
    const { table } = this;
    for (let at = BIN_BITS; at < PAGE_HEAP_WORDS; at++) i32[this.state + at] = 0;
    i32[this.state + FREE_PAGES] = 0;
    const top = i32[this.state + TOP];
    let free = 0;
    for (let page = i32[this.state + FIRST_PAGE]; page < top; ) {
      const run = i32[table + page * 8 + RUN];
      const used = (run & 0xff) !== 0 && (run & 0xff) !== KEPT_RUN && i32[table + page * 8 + FIRST] === page;
      if (used && free > 0) this.#link(free, page - free);
      // Who died while it was made shorter may have begun with its end.
      if (used) i32[table + (page + (run >>> 8) - 1) * 8 + FIRST] = page;
      if (used) free = 0;
      else if (free === 0) free = page;
      page += used ? run >>> 8 : 1;
    }
    if (free > 0) i32[this.state + TOP] = free;
  }

  /** The first page of a free run of at least `pages` pages, 0: none. */
  #find(pages: number): number {
    const { i32 } = this.memory;
    let bin = binOf(pages);
    if (pages >= EXACT_BINS) {
      let run = i32[this.state + BIN_HEADS + bin];
      for (let looked = 0; run !== 0 && looked < MOST_LOOKS; looked++, run = i32[this.table + run * 8 + NEXT]) {
        if (i32[this.table + run * 8 + RUN] >>> 8 >= pages) return run;
      }
      bin += 1;
    }
    let word = bin >>> 5;
    let bits = word < BIN_WORDS ? i32[this.state + BIN_BITS + word] & (-1 << (bin & 31)) : 0;
    while (bits === 0) {
      if (++word >= BIN_WORDS) return 0;
      bits = i32[this.state + BIN_BITS + word];
    }
    return i32[this.state + BIN_HEADS + word * 32 + 31 - Math.clz32(bits & -bits)];
  }

  #takeAtTop(pages: number, tag: number, owner: number): number {
    const run = this.top;
    if (!this.#raise(run + pages)) return 0;
    this.#mark(run, pages, tag, owner);
    return run;
  }

  #raise(top: number): boolean {
    if (top > this.limit) return false;
    const inUse = this.top * PAGE_BYTES;
    const end = this.base + top * PAGE_BYTES;
    if (!commitUpTo(this.memory, end, this.base + this.limit * PAGE_BYTES, inUse)) return false;
    const { i32 } = this.memory;
    // What lies there may be left from before: a page beyond top must not look used once top is above it.
    for (let page = i32[this.state + TOP]; page < top; page++) i32[this.table + page * 8 + RUN] = 0;
    i32[this.state + TOP] = top;
    if (top > i32[this.state + PEAK]) i32[this.state + PEAK] = top;
    return true;
  }

  /** RUN last: what a taker needs to know is there when the run is. */
  #mark(run: number, pages: number, tag: number, owner: number): void {
    const { i32 } = this.memory;
    const { table } = this;
    const at = table + run * 8;
    if (tag === WHOLE || tag === FREE_RUN) {
      i32[at + FIRST] = run;
      i32[table + (run + pages - 1) * 8 + FIRST] = run;
    } else for (let page = run; page < run + pages; page++) i32[table + page * 8 + FIRST] = run;
    if (tag !== FREE_RUN) {
      for (let word = RUN + 1; word < OWNER; word++) i32[at + word] = 0;
      i32[at + OWNER] = owner;
    }
    i32[at + RUN] = pages * 256 + tag;
  }

  #link(run: number, pages: number): void {
    const { i32 } = this.memory;
    const { table } = this;
    const bin = binOf(pages);
    const head = this.state + BIN_HEADS + bin;
    const next = i32[head];
    i32[table + run * 8 + FIRST] = run;
    i32[table + (run + pages - 1) * 8 + FIRST] = run;
    i32[table + run * 8 + RUN] = pages * 256;
    i32[table + run * 8 + NEXT] = next;
    i32[table + run * 8 + PREV] = 0;
    if (next !== 0) i32[table + next * 8 + PREV] = run;
    i32[head] = run;
    i32[this.state + BIN_BITS + (bin >>> 5)] |= 1 << (bin & 31);
    i32[this.state + FREE_PAGES] += pages;
  }

  #unlink(run: number, pages: number): void {
    const { i32 } = this.memory;
    const { table } = this;
    const next = i32[table + run * 8 + NEXT];
    const before = i32[table + run * 8 + PREV];
    if (next !== 0) i32[table + next * 8 + PREV] = before;
    if (before !== 0) i32[table + before * 8 + NEXT] = next;
    else {
      const bin = binOf(pages);
      i32[this.state + BIN_HEADS + bin] = next;
      if (next === 0) i32[this.state + BIN_BITS + (bin >>> 5)] &= ~(1 << (bin & 31));
    }
    i32[this.state + FREE_PAGES] -= pages;
  }
}
