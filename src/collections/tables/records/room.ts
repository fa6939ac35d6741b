/*
 * The room of one shard: extents that it took from the allocator of the table, free blocks by size class, and a fresh part of the newest extent.
 *
 *   free block   0        4          8          12
 *                +--------+----------+----------+-------------+-----
 *                | 0      | next ref | units    | freeCheck   |  …
 *                +--------+----------+----------+-------------+-----
 *
 *   to be freed later, shard words 8 … 15, by the parity p of the epoch that put them there:
 *     8 + p   retired       records that a flush may still need, and tombstones; linked by their `link` words
 *    10 + p   spent         tombstones whose records are free
 *    12 + p, 14 + p         the last epoch in which something was put on the list
 *
 * Invariants:
 * 1. Only the holder of the shard's lock works here. What it leaves half done is forgotten when the shard is rebuilt.
 * 2. A block is on one list at most; its units are those of its class, or more than all classes have, on the list of LARGE.
 * 3. The first word of a free block is 0, so that nobody takes it for a record.
 */
import { NIL, type Ptr } from "../../../core/brand.ts";
import type { Memory } from "../../../core/memory.ts";
import { freeCheck } from "./check.ts";
import { CLASSES, EXTENTS, FRESH, FRESH_END, MOST_EXTENTS } from "./layout.ts";
import { CLASS_COUNT, CLASS_UNITS, classOf, classWithin, LARGE, LEAST_UNITS, roundedUnits } from "./size-class.ts";

/** Where extents come from: an allocator, or the table's own region. They never go back. */
export interface ExtentSource {
  rawAlloc(byteSize: number, align: number): Ptr;
  /** Sees to it that bytes up to there, which another participant may have taken, are there for this one too. False when nobody has taken them. */
  reach?(byteEnd: number): boolean;
  /** The same for all that anybody has taken. Called before anything is written; to be quick when nothing is new. */
  cover?(): void;
}

const LEAST_EXTENT_UNITS = 128;
/** From so many extents on each is as long as all before it, so that the table of them suffices. */
const DOUBLING_FROM = 12;
const ALIGN = 64;
const MOST_REF = 0xffff_ffff;

export class ShardRoom {
  readonly memory: Memory;
  readonly #source: ExtentSource;
  readonly #seed: number;
  readonly #settle: (() => void) | undefined;

  /** `settle` makes what was stored durable: for tables that survive a power failure, whose extents may have been theirs before it. */
  constructor(memory: Memory, source: ExtentSource, seed: number, settle?: () => void) {
    this.#settle = settle;
    this.memory = memory;
    this.#source = source;
    this.#seed = seed;
  }

  /** A block of at least `units` for the shard; 0 when there is no room, and then nothing has changed. */
  alloc(shard: number, units: number): number {
    const taken = roundedUnits(units);
    return this.allocWithin(shard, units) || (this.#extend(shard, taken) ? this.#takeFresh(shard, taken) : 0);
  }

  /** The same of the room that the shard has. */
  allocWithin(shard: number, units: number): number {
    const of = classOf(units);
    if (of === LARGE) return this.#firstLarge(shard, units) || this.#takeFresh(shard, units);
    return this.#pop(shard, of) || this.#takeFresh(shard, CLASS_UNITS[of]) || this.#split(shard, of);
  }

  free(shard: number, ref: number, units: number): void {
    this.#push(shard, ref, roundedUnits(units));
  }

  /** Makes free blocks of units that belong to nobody. Fewer than three of them are lost until the shard is rebuilt. */
  give(shard: number, ref: number, units: number): void {
    let at = ref;
    for (let left = units; left >= LEAST_UNITS; ) {
      const of = classWithin(left);
      const taken = of === LARGE ? left : CLASS_UNITS[of];
      this.#push(shard, at, taken);
      at += taken;
      left -= taken;
    }
  }

  /** Forgets what is free: everything is lost until it is given. */
  forget(shard: number): void {
    this.memory.i32.fill(0, shard + CLASSES, shard + CLASSES + CLASS_COUNT);
    this.memory.i32.fill(0, shard + FRESH, shard + FRESH_END + 1);
  }

  /** Takes the extents that begin at `ref` or behind it out of a shard whose free room is forgotten, and in which they hold nothing. */
  drop(shard: number, ref: number): void {
    const { u32 } = this.memory;
    for (let at = shard + EXTENTS; at < shard + EXTENTS + MOST_EXTENTS * 2; at += 2) if (u32[at] >= ref) u32[at] = 0;
  }

  /** The extents of a shard: refs and units, in turn. Those that cannot be are left out. */
  extents(shard: number): { readonly ref: number; readonly units: number }[] {
    const { u32, byteLength } = this.memory;
    const found: { readonly ref: number; readonly units: number }[] = [];
    for (let at = shard + EXTENTS; at < shard + EXTENTS + MOST_EXTENTS * 2; at += 2) {
      const [ref, units] = [u32[at], u32[at + 1]];
      if (ref !== 0 && units !== 0 && (ref + units) * 8 <= byteLength) found.push({ ref, units });
    }
    return found;
  }

  /** Units that lie in free blocks or are fresh. */
  freeUnits(shard: number): number {
    const { u32 } = this.memory;
    let free = u32[shard + FRESH_END] - u32[shard + FRESH];
    for (let of = 0; of < CLASS_COUNT; of++) {
      for (let ref = u32[shard + CLASSES + of]; ref !== 0 && this.#isFree(ref); ref = u32[ref * 2 + 1]) free += u32[ref * 2 + 2];
    }
    return free;
  }

  /** Refs and units of free blocks, for checks. */
  *freeBlocks(shard: number): Generator<readonly [ref: number, units: number]> {
    const { u32 } = this.memory;
    if (u32[shard + FRESH] < u32[shard + FRESH_END]) yield [u32[shard + FRESH], u32[shard + FRESH_END] - u32[shard + FRESH]];
    for (let of = 0; of < CLASS_COUNT; of++) {
      for (let ref = u32[shard + CLASSES + of]; ref !== 0; ref = u32[ref * 2 + 1]) {
        if (!this.#isFree(ref)) throw new Error(`ref ${ref} on the list of class ${of} is no free block`);
        yield [ref, u32[ref * 2 + 2]];
      }
    }
  }

  #push(shard: number, ref: number, units: number): void {
    const { i32 } = this.memory;
    const head = shard + CLASSES + classOf(units);
    const word = ref * 2;
    i32[word] = 0;
    i32[word + 1] = i32[head];
    i32[word + 2] = units;
    i32[word + 3] = freeCheck(i32[head], units, ref | 0, this.#seed);
    i32[head] = ref;
  }

  #isFree(ref: number): boolean {
    const { i32 } = this.memory;
    const word = ref * 2;
    return i32[word] === 0 && i32[word + 3] === freeCheck(i32[word + 1], i32[word + 2], ref | 0, this.#seed);
  }

  /** The first block of a class; 0: none. A list that is damaged is given up: it is found again when the shard is rebuilt. */
  #pop(shard: number, of: number): number {
    const { i32 } = this.memory;
    const head = shard + CLASSES + of;
    const ref = i32[head] >>> 0;
    if (ref === 0) return 0;
    if (!this.#isFree(ref)) {
      i32[head] = 0;
      return 0;
    }
    i32[head] = i32[ref * 2 + 1];
    return ref;
  }

  #takeFresh(shard: number, units: number): number {
    const { u32 } = this.memory;
    const ref = u32[shard + FRESH];
    if (u32[shard + FRESH_END] - ref < units) return 0;
    u32[shard + FRESH] = ref + units;
    return ref;
  }

  /** Takes from a longer block, and gives the rest back. */
  #split(shard: number, of: number): number {
    for (let larger = of + 1; larger < LARGE; larger++) {
      const ref = this.#pop(shard, larger);
      if (ref === 0) continue;
      this.give(shard, ref + CLASS_UNITS[of], CLASS_UNITS[larger] - CLASS_UNITS[of]);
      return ref;
    }
    return this.#firstLarge(shard, CLASS_UNITS[of]);
  }

  /** The first of the long blocks that is long enough. */
  #firstLarge(shard: number, units: number): number {
    const { i32 } = this.memory;
    let from = shard + CLASSES + LARGE;
    let before = 0;
    for (let ref = i32[from] >>> 0; ref !== 0 && this.#isFree(ref); ref = i32[from] >>> 0) {
      const found = i32[ref * 2 + 2] >>> 0;
      if (found < units) {
        before = ref;
        from = ref * 2 + 1;
        continue;
      }
      i32[from] = i32[ref * 2 + 1];
      if (before !== 0) {
        const at = before * 2;
        i32[at + 3] = freeCheck(i32[at + 1], i32[at + 2], before | 0, this.#seed);
      }
      this.give(shard, ref + units, found - units);
      return ref;
    }
    return 0;
  }

  /** One more extent, which becomes the fresh part. */
  #extend(shard: number, units: number): boolean {
    const { u32 } = this.memory;
    let [place, count, total] = [-1, 0, 0];
    for (let at = 0; at < MOST_EXTENTS; at++) {
      if (u32[shard + EXTENTS + at * 2] === 0) {
        if (place < 0) place = shard + EXTENTS + at * 2;
        continue;
      }
      count += 1;
      total += u32[shard + EXTENTS + at * 2 + 1];
    }
    if (place < 0) return false;
    const wanted = Math.max(units, LEAST_EXTENT_UNITS, count < DOUBLING_FROM ? total >>> 1 : total);
    let taken = Math.ceil(wanted / 8) * 8;
    let ptr = this.#source.rawAlloc(taken * 8, ALIGN);
    if (ptr === NIL && taken > units) {
      taken = Math.ceil(units / 8) * 8;
      ptr = this.#source.rawAlloc(taken * 8, ALIGN);
    }
    if (ptr === NIL || ptr / 8 + taken > MOST_REF) return false;
    // Taking it may have brought the memory new views.
    const words = this.memory.u32;
    if (this.#settle !== undefined) {
      // Records that lie there from before a power failure must be gone before the extent is known.
      words.fill(0, ptr / 4, ptr / 4 + taken * 2);
      this.#settle();
    }
    const [rest, end] = [words[shard + FRESH], words[shard + FRESH_END]];
    words[place + 1] = taken;
    words[place] = ptr / 8;
    words[shard + FRESH_END] = ptr / 8 + taken;
    words[shard + FRESH] = ptr / 8;
    this.give(shard, rest, end - rest);
    return true;
  }
}
