import type { Memory } from "../core/memory.ts";
import { commitUpTo } from "./resident.ts";
import { PAGE_BYTES } from "./size-classes.ts";

/**
 * Runs of pages of 4 KiB, in a region that begins at `base`; what slabs and shared heaps take their spans from. Page p is the bytes
 * [base + 4096 p, base + 4096 (p + 1)); the first pages hold the tables themselves. Words are i32, never negative but for bits, and count from `base`:
 *
 *     state + 0    top            pages from here on have never been used, or not since
 *     state + 1    limit          pages of the region
 *     state + 2    first          the first page after the tables
 *     state + 3    peak           the highest top ever
 *     state + 4    free           pages in free runs
 *     state + 5    bin bits       5 words: bit b is set while bin b is not empty
 *     state + 10   bin heads      136 words: the first page of a free run, 0: none
 *     state + 146  kept           pages in kept runs
 *     state + 147  kept heads     17 words: by length in pages, the first page of a kept run, 0: none
 *     table + 8 p  of page p:
 *        + FIRST   the first page of the run that p is in; up to date for the ends of a run, and for every page of one whose tag is
 *                  not WHOLE
 *        + RUN     of the first page: pages × 256 + tag; tag 0: free, else what its taker said
 *        + 2 … 7   the taker's; NEXT and PREV link free runs of a bin
 *
 * Bins: 1 … 63 hold runs of exactly so many pages, from 64 on there are four to each doubling.
 *
 * Invariants:
 * 1. first <= top <= limit; runs are laid one after the other from `first` to `top` without a gap.
 * 2. Free runs have a used one, or `first`, before them and a used one behind them: neighbours are merged, the last one is given up to `top`.
 * 3. A free run is in the bin of its length, and no other run is in any; the bits say which bins have some.
 *
 * What is used is decided by the RUN words of used runs alone, each of them stored last when a run is taken and first when it is freed. So a heap whose
 * writer died in between can be rebuilt from them.
 */
export class PageHeap {
  readonly memory: Memory;
  readonly base: number;
  /** Word offsets from the start of the memory. */
  readonly #state: number;
  readonly table: number;

  constructor(memory: Memory, base: number, stateWord: number, tableWord: number) {
    this.memory = memory;
    this.base = base;
    this.#state = base / 4 + stateWord;
    this.table = base / 4 + tableWord;
  }

  /** Writes the state of an empty heap. */
  format(first: number, limit: number): void {
    const { i32 } = this.memory;
    for (let at = 0; at < PAGE_HEAP_WORDS; at++) i32[this.#state + at] = 0;
    i32[this.#state + TOP] = first;
    i32[this.#state + LIMIT] = limit;
    i32[this.#state + FIRST_PAGE] = first;
    i32[this.#state + PEAK] = first;
  }

  get top(): number {
    return this.memory.i32[this.#state + TOP];
  }

  get first(): number {
    return this.memory.i32[this.#state + FIRST_PAGE];
  }

  get limit(): number {
    return this.memory.i32[this.#state + LIMIT];
  }

  get peak(): number {
    return this.memory.i32[this.#state + PEAK];
  }

  get freePages(): number {
    return this.memory.i32[this.#state + FREE_PAGES];
  }

  /** Takes `pages` pages; the run is marked as used by `tag`, 1 … 255. Returns its first page, 0 when there is no room. */
  take(pages: number, tag: number): number {
    if (tag === WHOLE && pages <= MOST_KEPT_PAGES) {
      const kept = this.#takeKept(pages);
      if (kept !== 0) return kept;
    }
    const found = this.#find(pages);
    if (found === 0) return this.#takeAtTop(pages, tag);
    const { i32 } = this.memory;
    const length = i32[this.table + found * 8 + RUN] >>> 8;
    this.#unlink(found, length);
    if (length > pages) this.#link(found + pages, length - pages);
    this.#mark(found, pages, tag);
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
    // Marked before the rest is given back, so that the three parts are runs of their own at every moment.
    const found = run + skipped;
    const behind = found + pages;
    if (behind < run + all) this.#mark(behind, run + all - behind, tag);
    this.#mark(found, pages, tag);
    if (skipped > 0) this.#mark(run, skipped, tag);
    if (skipped > 0) this.give(run);
    if (behind < run + all) this.give(behind);
    return found;
  }

  /** Gives a used run back. */
  give(run: number): void {
    if (!this.#keep(run)) this.#merge(run);
  }

  /** Gives the runs that were kept to the free ones. Returns how many pages. */
  settle(): number {
    const { i32 } = this.memory;
    const kept = i32[this.#state + KEPT];
    i32[this.#state + KEPT] = 0;
    for (let pages = 1; kept > 0 && pages <= MOST_KEPT_PAGES; pages++) {
      const head = this.#state + KEPT_HEADS + pages;
      for (let run = i32[head]; run !== 0; run = i32[head]) {
        i32[head] = i32[this.table + run * 8 + NEXT];
        this.#merge(run);
      }
    }
    return kept;
  }

  /** Sets a run aside for the next who wants one of its length, while such runs are at most a 64th of what is in use. */
  #keep(run: number): boolean {
    const { i32 } = this.memory;
    const state = this.#state;
    const at = this.table + run * 8;
    const pages = i32[at + RUN] >>> 8;
    if ((i32[at + RUN] & 0xff) !== WHOLE || pages > MOST_KEPT_PAGES) return false;
    const used = i32[state + TOP] - i32[state + FIRST_PAGE] - i32[state + FREE_PAGES];
    if ((i32[state + KEPT] + pages) * KEPT_PART > used) {
      this.settle();
      return false;
    }
    i32[at + RUN] = pages * 256 + KEPT_RUN;
    i32[at + NEXT] = i32[state + KEPT_HEADS + pages];
    i32[state + KEPT_HEADS + pages] = run;
    i32[state + KEPT] += pages;
    return true;
  }

  #takeKept(pages: number): number {
    const { i32 } = this.memory;
    const head = this.#state + KEPT_HEADS + pages;
    const run = i32[head];
    if (run === 0) return 0;
    i32[head] = i32[this.table + run * 8 + NEXT];
    i32[this.#state + KEPT] -= pages;
    i32[this.table + run * 8 + RUN] = pages * 256 + WHOLE;
    return run;
  }

  #merge(run: number): void {
    const { i32 } = this.memory;
    const { table } = this;
    let from = run;
    let end = run + (i32[table + run * 8 + RUN] >>> 8);
    i32[table + run * 8 + RUN] &= ~0xff;
    if (end < i32[this.#state + TOP]) {
      const behind = i32[table + end * 8 + RUN];
      if ((behind & 0xff) === 0) {
        this.#unlink(end, behind >>> 8);
        end += behind >>> 8;
      }
    }
    if (from > i32[this.#state + FIRST_PAGE]) {
      const before = i32[table + (from - 1) * 8 + FIRST];
      const run = i32[table + before * 8 + RUN];
      if ((run & 0xff) === 0) {
        this.#unlink(before, run >>> 8);
        from = before;
      }
    }
    if (end === i32[this.#state + TOP]) i32[this.#state + TOP] = from;
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
      this.#mark(run + pages, length - pages, tag);
      this.#mark(run, pages, tag);
      this.give(run + pages);
      return true;
    }
    const missing = pages - length;
    if (end === i32[this.#state + TOP]) {
      if (!this.#raise(end + missing)) return false;
    } else {
      const behind = i32[table + end * 8 + RUN];
      if ((behind & 0xff) !== 0 || behind >>> 8 < missing) return false;
      this.#unlink(end, behind >>> 8);
      if (behind >>> 8 > missing) this.#link(end + missing, (behind >>> 8) - missing);
    }
    this.#mark(run, pages, tag);
    return true;
  }

  /** Finds everything anew from the RUN words of used runs: after a writer died half-way. */
  rebuild(): void {
    const { i32 } = this.memory;
    const { table } = this;
    for (let at = BIN_BITS; at < PAGE_HEAP_WORDS; at++) i32[this.#state + at] = 0;
    i32[this.#state + FREE_PAGES] = 0;
    const top = i32[this.#state + TOP];
    let free = 0;
    for (let page = i32[this.#state + FIRST_PAGE]; page < top; ) {
      const run = i32[table + page * 8 + RUN];
      const used = (run & 0xff) !== 0 && i32[table + page * 8 + FIRST] === page;
      if (used && free > 0) this.#link(free, page - free);
      if (used) free = 0;
      else if (free === 0) free = page;
      page += used ? run >>> 8 : 1;
    }
    if (free > 0) i32[this.#state + TOP] = free;
  }

  checkInvariants(): string[] {
    const found: string[] = [];
    const { i32 } = this.memory;
    const { table, top, first, limit } = this;
    if (!(first <= top && top <= limit)) found.push(`first=${first}, top=${top}, limit=${limit} are out of order`);
    const free = new Map<number, number>();
    let freePages = 0;
    let lastWasFree = false;
    for (let page = first; page < top; ) {
      const run = i32[table + page * 8 + RUN];
      const length = run >>> 8;
      if (length === 0 || page + length > top) return [...found, `the run at page ${page} has ${length} pages, top=${top}`];
      const isFree = (run & 0xff) === 0;
      if (i32[table + page * 8 + FIRST] !== page) found.push(`page ${page} begins a run and says otherwise`);
      for (let at = page + 1; at < page + length; at++) {
        if (((!isFree && (run & 0xff) < KEPT_RUN) || at === page + length - 1) && i32[table + at * 8 + FIRST] !== page)
          found.push(`page ${at} is in the run of ${page} and says otherwise`);
      }
      if (isFree && lastWasFree) found.push(`the free run at page ${page} has a free neighbour`);
      if (isFree) free.set(page, length);
      if (isFree) freePages += length;
      lastWasFree = isFree;
      page += length;
    }
    if (lastWasFree) found.push("the last run is free and not given up");
    if (freePages !== this.freePages) found.push(`free runs have ${freePages} pages, told are ${this.freePages}`);
    for (let bin = 0; bin < BIN_COUNT; bin++) {
      const head = i32[this.#state + BIN_HEADS + bin];
      const bit = (i32[this.#state + BIN_BITS + (bin >>> 5)] >>> (bin & 31)) & 1;
      if ((head !== 0) !== (bit === 1)) found.push(`the bit of bin ${bin} is ${bit}, its head is ${head}`);
      for (let run = head, before = 0; run !== 0; before = run, run = i32[table + run * 8 + NEXT]) {
        if (binOf(free.get(run) ?? 0) !== bin) return [...found, `page ${run} is in bin ${bin} and no free run of its length, or twice`];
        if (i32[table + run * 8 + PREV] !== before) found.push(`page ${run} in bin ${bin} has another before it than the list`);
        free.delete(run);
      }
    }
    for (const page of free.keys()) found.push(`the free run at page ${page} is in no bin`);
    return found;
  }

  /** The first page of a free run of at least `pages` pages, 0: none. */
  #find(pages: number): number {
    const { i32 } = this.memory;
    let bin = binOf(pages);
    if (pages >= EXACT_BINS) {
      let run = i32[this.#state + BIN_HEADS + bin];
      for (let looked = 0; run !== 0 && looked < MOST_LOOKS; looked++, run = i32[this.table + run * 8 + NEXT]) {
        if (i32[this.table + run * 8 + RUN] >>> 8 >= pages) return run;
      }
      bin += 1;
    }
    let word = bin >>> 5;
    let bits = word < BIN_WORDS ? i32[this.#state + BIN_BITS + word] & (-1 << (bin & 31)) : 0;
    while (bits === 0) {
      if (++word >= BIN_WORDS) return 0;
      bits = i32[this.#state + BIN_BITS + word];
    }
    return i32[this.#state + BIN_HEADS + word * 32 + 31 - Math.clz32(bits & -bits)];
  }

  #takeAtTop(pages: number, tag: number): number {
    const run = this.top;
    if (!this.#raise(run + pages)) return 0;
    this.#mark(run, pages, tag);
    return run;
  }

  #raise(top: number): boolean {
    if (top > this.limit) return false;
    const inUse = this.top * PAGE_BYTES;
    const end = this.base + top * PAGE_BYTES;
    if (!commitUpTo(this.memory, end, this.base + this.limit * PAGE_BYTES, inUse)) return false;
    const { i32 } = this.memory;
    // What lies there may be left from before: a page beyond top must not look used once top is above it.
    for (let page = i32[this.#state + TOP]; page < top; page++) i32[this.table + page * 8 + RUN] = 0;
    i32[this.#state + TOP] = top;
    if (top > i32[this.#state + PEAK]) i32[this.#state + PEAK] = top;
    return true;
  }

  #mark(run: number, pages: number, tag: number): void {
    const { i32 } = this.memory;
    const { table } = this;
    if (tag === WHOLE) {
      i32[table + run * 8 + FIRST] = run;
      i32[table + (run + pages - 1) * 8 + FIRST] = run;
    } else for (let page = run; page < run + pages; page++) i32[table + page * 8 + FIRST] = run;
    i32[table + run * 8 + RUN] = pages * 256 + tag;
  }

  #link(run: number, pages: number): void {
    const { i32 } = this.memory;
    const { table } = this;
    const bin = binOf(pages);
    const head = this.#state + BIN_HEADS + bin;
    const next = i32[head];
    i32[table + run * 8 + FIRST] = run;
    i32[table + (run + pages - 1) * 8 + FIRST] = run;
    i32[table + run * 8 + RUN] = pages * 256;
    i32[table + run * 8 + NEXT] = next;
    i32[table + run * 8 + PREV] = 0;
    if (next !== 0) i32[table + next * 8 + PREV] = run;
    i32[head] = run;
    i32[this.#state + BIN_BITS + (bin >>> 5)] |= 1 << (bin & 31);
    i32[this.#state + FREE_PAGES] += pages;
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
      i32[this.#state + BIN_HEADS + bin] = next;
      if (next === 0) i32[this.#state + BIN_BITS + (bin >>> 5)] &= ~(1 << (bin & 31));
    }
    i32[this.#state + FREE_PAGES] -= pages;
  }
}

/** The tag of a run that is kept for the next who wants one of its length. */
const KEPT_RUN = 254;
const MOST_KEPT_PAGES = 16;
/** Kept runs are at most this part of what is in use. */
const KEPT_PART = 64;
/** The tag of a run that nobody looks into. */
export const WHOLE = 255;
/** Words of a page's entry. */
export const FIRST = 0;
export const RUN = 1;
export const NEXT = 5;
export const PREV = 6;

const TOP = 0;
const LIMIT = 1;
const FIRST_PAGE = 2;
const PEAK = 3;
const FREE_PAGES = 4;
const BIN_BITS = 5;
const BIN_WORDS = 5;
const BIN_HEADS = BIN_BITS + BIN_WORDS;
const BIN_COUNT = 136;
const EXACT_BINS = 64;
const MOST_LOOKS = 16;
const KEPT = BIN_HEADS + BIN_COUNT;
const KEPT_HEADS = KEPT + 1;
export const PAGE_HEAP_WORDS: number = KEPT_HEADS + MOST_KEPT_PAGES + 1;
/** Words of a page's entry, all of them. */
export const PAGE_ENTRY_BYTES = 32;
/** 16 GiB: what block numbers of 8 bytes in 31 bits can address. */
export const MOST_PAGES = 2 ** 22;

function binOf(pages: number): number {
  if (pages < EXACT_BINS) return pages;
  const power = 31 - Math.clz32(pages);
  return EXACT_BINS + (power - 6) * 4 + ((pages >>> (power - 2)) & 3);
}
