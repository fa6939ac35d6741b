import type { Memory } from "../../core/memory.ts";
import { LEAST_UNITS, REGION_HEAD_UNITS, sealOf } from "./tlsf-blocks.ts";
import { checkBlocks } from "./tlsf-check.ts";
import { LIST_WORDS, TlsfLists } from "./tlsf-lists.ts";

/** Words of the state, before that of the lists. */
const FIRST_REGION = 0;
const FREE_UNITS = 1;
const LISTS = 2;
export const HEAP_WORDS: number = LISTS + LIST_WORDS;

/**
 * Blocks of any length in one or more regions, each laid out from end to end with blocks:
 *
 *     state     first region, free units, then TlsfLists
 *     region    | next region i32 | end i32 | 0 | 0 | block | block | … | sentinel |      end: in units, behind the sentinel
 *     block     | length × 2 + free i32 | before i32 | payload … |                        length: in units of 8 bytes, header included
 *               before: while the block before it is free, where that begins; else SEAL and the hash of where this one begins
 *     sentinel  a block of length 0 that is never free
 *
 * All words are i32; places are counted in units from where the heap begins. `before` is how a freed block finds a free one in front of it without
 * looking there, and the hash is what tells a header from bytes that look like one.
 *
 * Invariants:
 * 1. Blocks lie one after the other from a region's head to its sentinel.
 * 2. No two neighbours are free: they are merged at once.
 * 3. `before` is as said above, for every block and sentinel.
 * 4. The lists hold exactly the free blocks.
 * 5. Invariant 1 holds after every single store: a header is written before the one in front of it ends there. So whatever its writer died in the
 *    middle of, all else can be found anew from the lengths: see `rebuild`.
 */
export class TlsfHeap {
  readonly #memory: Memory;
  readonly #words: number;
  readonly #state: number;
  readonly #lists: TlsfLists;

  constructor(memory: Memory, words: number, stateWord: number) {
    this.#memory = memory;
    this.#words = words;
    this.#state = words + stateWord;
    this.#lists = new TlsfLists(memory, words, stateWord + LISTS);
  }

  clear(): void {
    this.#memory.i32[this.#state + FIRST_REGION] = 0;
    this.#memory.i32[this.#state + FREE_UNITS] = 0;
    this.#lists.clear();
  }

  get freeUnits(): number {
    return this.#memory.i32[this.#state + FREE_UNITS];
  }

  /** Takes a block of at least `units` units, and cuts off what is too much. 0 when there is none. */
  take(units: number): number {
    const block = this.#lists.find(units);
    if (block === 0) return 0;
    this.#lists.remove(block);
    this.#cut(block, this.#memory.i32[this.#words + block * 2] >>> 1, units);
    return block;
  }

  /** The same with the payload at a multiple of `alignUnits`, `shift` units being the payload of unit 0 past such a multiple. */
  takeAligned(units: number, alignUnits: number, shift: number): number {
    const found = this.#lists.find(units + alignUnits + 1);
    if (found === 0) return 0;
    const { i32 } = this.#memory;
    this.#lists.remove(found);
    const length = i32[this.#words + found * 2] >>> 1;
    let gap = (alignUnits - ((found + 1 + shift) % alignUnits)) % alignUnits;
    // A single unit cannot be a block of its own. Alignments begin at two units, so the gap is long enough then.
    if (gap === 1) gap += alignUnits;
    if (gap === 0) {
      this.#cut(found, length, units);
      return found;
    }
    const block = found + gap;
    // Before what is in front of it ends there: see invariant 5.
    i32[this.#words + block * 2] = ((length - gap) << 1) | 1;
    this.#lists.insert(found, gap);
    i32[this.#state + FREE_UNITS] -= length - gap;
    i32[this.#words + block * 2 + 1] = found;
    this.#trim(block, length - gap, units);
    return block;
  }

  /** Cuts a live block into `count` live ones of `units` units; the last keeps what is over. */
  divide(block: number, units: number, count: number): void {
    const { i32 } = this.#memory;
    const words = this.#words;
    let end = block + (i32[words + block * 2] >>> 1);
    for (let at = block + units * (count - 1); at > block; end = at, at -= units) {
      i32[words + at * 2] = (end - at) << 1;
      i32[words + at * 2 + 1] = sealOf(at);
    }
    i32[words + block * 2] = units << 1;
  }

  /** Gives a block back and merges it with free neighbours. */
  give(block: number): void {
    const { i32 } = this.#memory;
    const words = this.#words;
    let from = block;
    let length = i32[words + block * 2] >>> 1;
    i32[this.#state + FREE_UNITS] += length;
    const before = i32[words + block * 2 + 1];
    let end = block + length;
    if (before >= 0) {
      this.#lists.remove(before);
      from = before;
      length = end - from;
      // What is no block any more must not look like a live one.
      i32[words + block * 2] |= 1;
    }
    const behind = i32[words + end * 2];
    if ((behind & 1) !== 0) {
      this.#lists.remove(end);
      length += behind >>> 1;
      end = from + length;
    }
    this.#lists.insert(from, length);
    i32[words + end * 2 + 1] = from;
  }

  /** Makes a block shorter or longer where it is. False when what lies behind is in use. */
  resize(block: number, units: number): boolean {
    const { i32 } = this.#memory;
    const words = this.#words;
    const length = i32[words + block * 2] >>> 1;
    const end = block + length;
    const behind = i32[words + end * 2];
    const most = (behind & 1) !== 0 ? length + (behind >>> 1) : length;
    if (units > most) return false;
    if (most > length) {
      this.#lists.remove(end);
      i32[this.#state + FREE_UNITS] -= most - length;
    }
    this.#trim(block, most, units);
    return true;
  }

  /** Adds a region of whole units. */
  addRegion(region: number, end: number): void {
    const { i32 } = this.#memory;
    const word = this.#words + region * 2;
    const first = region + REGION_HEAD_UNITS;
    i32[this.#words + first * 2] = (end - 1 - first) << 1;
    i32[this.#words + first * 2 + 1] = sealOf(first);
    i32[this.#words + (end - 1) * 2] = 0;
    i32[word] = i32[this.#state + FIRST_REGION];
    i32[word + 1] = end;
    i32[word + 2] = 0;
    i32[word + 3] = 0;
    i32[this.#state + FIRST_REGION] = region;
    this.give(first);
  }

  /** Moves the end of a region. What is added is free. */
  extendRegion(region: number, end: number): void {
    const { i32 } = this.#memory;
    const word = this.#words + region * 2;
    const sentinel = i32[word + 1] - 1;
    i32[this.#words + (end - 1) * 2] = 0;
    // The sentinel becomes a block; whether the one before it is free, it knows.
    i32[this.#words + sentinel * 2] = (end - 1 - sentinel) << 1;
    i32[word + 1] = end;
    this.give(sentinel);
  }

  /** Units at the end of a region that are free already. */
  freeAtEnd(region: number): number {
    const { i32 } = this.#memory;
    const sentinel = i32[this.#words + region * 2 + 1] - 1;
    const before = i32[this.#words + sentinel * 2 + 1];
    return before >= 0 ? sentinel - before : 0;
  }

  /** Takes a region out. False, and nothing changed, while a block in it is live or where none begins. */
  removeRegion(region: number): boolean {
    const { i32 } = this.#memory;
    let link = this.#state + FIRST_REGION;
    while (i32[link] !== region) {
      if (i32[link] === 0) return false;
      link = this.#words + i32[link] * 2;
    }
    const first = region + REGION_HEAD_UNITS;
    const header = i32[this.#words + first * 2];
    if ((header & 1) === 0 || first + (header >>> 1) !== i32[this.#words + region * 2 + 1] - 1) return false;
    this.#lists.remove(first);
    i32[this.#state + FREE_UNITS] -= header >>> 1;
    i32[link] = i32[this.#words + region * 2];
    return true;
  }

  /** Regions, the newest first. */
  *regions(): IterableIterator<{ readonly region: number; readonly end: number }> {
    const seen = new Set<number>();
    for (let region = this.#memory.i32[this.#state + FIRST_REGION]; region !== 0 && !seen.has(region); ) {
      seen.add(region);
      yield { region, end: this.#memory.i32[this.#words + region * 2 + 1] };
      region = this.#memory.i32[this.#words + region * 2];
    }
  }

  /** Blocks, live and free, region by region. */
  *blocks(): IterableIterator<{ readonly block: number; readonly units: number; readonly isFree: boolean }> {
    for (const { region, end } of this.regions()) {
      for (let block = region + REGION_HEAD_UNITS; block < end - 1; ) {
        const header = this.#memory.i32[this.#words + block * 2];
        if (header >>> 1 === 0) return;
        yield { block, units: header >>> 1, isFree: (header & 1) === 1 };
        block += header >>> 1;
      }
    }
  }

  /** Where the next block begins. */
  endOf(block: number): number {
    return block + (this.#memory.i32[this.#words + block * 2] >>> 1);
  }

  /**
   * Whether a live block of `units` units, or one more, begins there. Its header alone says so, because each further place in memory may take longer than
   * all the rest: that of a block that was merged into another stays marked as free.
   */
  isLive(block: number, units: number): boolean {
    const { i32 } = this.#memory;
    const header = i32[this.#words + block * 2];
    const length = header >>> 1;
    if ((header & 1) !== 0 || length < units || length > units + 1) return false;
    const before = i32[this.#words + block * 2 + 1];
    return before < 0 ? before === sealOf(block) : before + (i32[this.#words + before * 2] >>> 1) === block;
  }

  /**
   * Finds lists, counts and what is before each block anew, after a writer died half-way. What it was about to take or give stays as it was. `live` is
   * filled with the blocks that are not free, and their units. Ends at a block that cannot be one, for `checkInvariants` to find.
   */
  rebuild(live: Map<number, number>): void {
    const { i32 } = this.#memory;
    const words = this.#words;
    this.#lists.clear();
    i32[this.#state + FREE_UNITS] = 0;
    for (const { region, end } of this.regions()) {
      let free = 0;
      for (let block = region + REGION_HEAD_UNITS; ; ) {
        const isSentinel = block === end - 1;
        if (isSentinel) i32[words + block * 2] = 0;
        const header = i32[words + block * 2];
        const length = header >>> 1;
        if (!isSentinel && (length < LEAST_UNITS || block + length > end - 1)) return;
        if ((header & 1) === 0) {
          if (free !== 0) this.#lists.insert(free, block - free);
          if (free !== 0) i32[this.#state + FREE_UNITS] += block - free;
          i32[words + block * 2 + 1] = free || sealOf(block);
          free = 0;
          if (isSentinel) break;
          live.set(block, length);
        } else if (free === 0) {
          free = block;
          i32[words + block * 2 + 1] = sealOf(block);
        }
        block += length;
      }
    }
  }

  /** `live` is filled with the blocks that are not free, and their units. */
  checkInvariants(live: Map<number, number>): string[] {
    return checkBlocks(this.#memory, this.#words, this, this.#lists, live);
  }

  /** Makes a block that was free a live one of `units`, and what is left of it free again. */
  #cut(block: number, length: number, units: number): void {
    const { i32 } = this.#memory;
    i32[this.#state + FREE_UNITS] -= length;
    this.#trim(block, length, units);
  }

  /** Sets the length of a live block that has `length` units, and frees those behind `units`. No free block may be behind them. */
  #trim(block: number, length: number, units: number): void {
    const { i32 } = this.#memory;
    const words = this.#words;
    const rest = length - units;
    const end = block + length;
    if (rest < LEAST_UNITS) {
      i32[words + block * 2] = length << 1;
      i32[words + end * 2 + 1] = sealOf(end);
      return;
    }
    const cut = block + units;
    i32[words + cut * 2 + 1] = sealOf(cut);
    i32[this.#state + FREE_UNITS] += rest;
    this.#lists.insert(cut, rest);
    i32[words + block * 2] = units << 1;
    i32[words + end * 2 + 1] = cut;
  }
}
