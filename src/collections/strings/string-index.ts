import type { Ptr } from "../../core/brand.ts";
import type { Memory } from "../../core/memory.ts";
import { equalsUtf8 } from "../packed-utf8.ts";
import { scratchWords } from "../scratch.ts";
import type { StringHeap } from "./string-heap.ts";
import { checkTables } from "./string-index-check.ts";
import { equalsRecord, hashRecord } from "./string-record.ts";
import { MOST_DEPTH, shapeOf, sharedBits, TableDirectory, tagMaskOf, widened } from "./table-directory.ts";
import type { Content } from "./text-content.ts";
import { CANDIDATES, HASH, TOKEN_WORDS, type TokenList } from "./token-list.ts";

const FIRST_SLOTS = 16;
/** A table of so many slots is not doubled but split: that takes a fraction of a millisecond, however many strings there are. */
const SPLIT_SLOTS = 4096;
/** The directory doubles while there are so many strings for each of its entries. Where fewer lie, hashes collide that more bits would not part. */
const STRINGS_AN_ENTRY = 1024;
const CELLS = 256;
/** From here on few strings are found in the cells, and looking there costs more than it saves. */
const STRINGS_BEYOND_CELLS = 12_288;
/** Spreads the bits of a hash that have not chosen the table and the slot over those that a slot has room for. */
const TAG_FACTOR = 0x9e37_79b1 | 0;

/**
 * Finds the id of a string of a StringHeap, and grows in small steps (extendible hashing, after Fagin and others, 1979).
 *
 *     directory     from the highest bits of a hash to a table: see table-directory.ts
 *     table         | tag and id u32 | …  a power of two of them              0: free
 *     cells         | id u32 | …  256 of them                                 0: none
 *
 * Linear probing from slot `hash & (slots - 1)`. A table keeps as many low bits of its slots for ids as it needs; those above are a tag of the hash, so that
 * few other strings are looked at. When 3/4 of the slots of a table are taken, it doubles; one of 4096 slots is split in two, by the next
 * bit of the hashes, which are not stored but made again. So a string takes four bytes and a third here, at best, and no step of growth takes more than a
 * fraction of a millisecond. While there are few strings, the cells remember which one came last for each of 256 values of a few bytes and the
 * length: in tiny dictionaries that finds most strings without hashing them.
 *
 * Invariants:
 * 1. Every id has exactly one slot, in the table of its string's hash, with its tag, and no free slot lies between the hash's first slot and it.
 * 2. At most 3/4 of the slots of a table are taken.
 * 3. No two strings have the same bytes.
 * 4. A cell holds 0 or an id.
 * 5. No string is further from UTF-8 than the content that the interner tells.
 */
export class StringIndex {
  readonly #memory: Memory;
  readonly #heap: StringHeap;
  readonly #directory: TableDirectory;
  readonly #seed: number;
  /** Their first word; 0 when there are none any more. */
  #cells = 0;
  /** Says nothing; it keeps the engine from leaving out looks that have no other effect. */
  touched = 0;

  constructor(heap: StringHeap, seed: number) {
    this.#memory = heap.memory;
    this.#heap = heap;
    this.#directory = new TableDirectory(heap);
    this.#seed = seed;
  }

  /** Makes the first table. False when there is no room. */
  open(): boolean {
    const cells = this.#heap.takeBlock(CELLS * 4) / 4;
    if (cells === 0 || !this.#directory.open(FIRST_SLOTS)) return false;
    this.#memory.u32.fill(0, cells, cells + CELLS);
    this.#cells = cells;
    return true;
  }

  /** The cell for these bytes, as a word of the memory, or 0 when there is none. What is in it must still be compared. */
  cellOf(source: Uint8Array, start: number, end: number): number {
    const cells = this.#cells;
    if (cells === 0 || start === end) return 0;
    const middle = start + ((end - start) >>> 1);
    const key = source[start] | (source[middle] << 8) | (source[end - 1] << 16) | ((end - start) << 24);
    return cells + (Math.imul(key, 0x9e37_79b1) >>> 24);
  }

  /** The id of the string with these bytes, or 0. */
  findBytes(source: Uint8Array, start: number, end: number, hash: number): number {
    const { i32, u32 } = this.#memory;
    const heap = this.#heap;
    const entry = this.#directory.entryOf(hash);
    const table = u32[entry];
    const shape = i32[entry + 1];
    const mask = ~(-1 << shape);
    const tagMask = tagMaskOf(shape);
    const tag = Math.imul(hash, TAG_FACTOR) & tagMask;
    for (let index = hash & mask; ; index = (index + 1) & mask) {
      const slot = i32[table + index];
      if (slot === 0) return 0;
      if ((slot & tagMask) !== tag) continue;
      const id = slot & ~tagMask;
      if (equalsRecord(i32, heap.uncheckedRefOf(id), source, start, end)) return id;
    }
  }

  /** The id of the string with the UTF-8 bytes of `text`, or 0. */
  findString(text: string, hash: number): number {
    const { i32, u32, u8 } = this.#memory;
    const heap = this.#heap;
    const entry = this.#directory.entryOf(hash);
    const table = u32[entry];
    const shape = i32[entry + 1];
    const mask = ~(-1 << shape);
    const tagMask = tagMaskOf(shape);
    const tag = Math.imul(hash, TAG_FACTOR) & tagMask;
    for (let index = hash & mask; ; index = (index + 1) & mask) {
      const slot = i32[table + index];
      if (slot === 0) return 0;
      if ((slot & tagMask) !== tag) continue;
      const id = slot & ~tagMask;
      const ref = heap.uncheckedRefOf(id);
      const byteLength = heap.byteLengthOf(ref);
      if (equalsUtf8(text, u8, heap.bytesOf(ref, byteLength), byteLength)) return id;
    }
  }

  /**
   * For tokens from `first` on, as many as there are candidates: which ids they probably have, and where the strings of those are. The memory that each step
   * looks at is asked for by many tokens at once, where one after the other would wait for each.
   */
  foresee(tokens: TokenList, first: number, count: number): void {
    const { i32, u32 } = this.#memory;
    const { candidates } = tokens;
    const directory = this.#directory;
    const heap = this.#heap;
    let touched = 0;
    for (let at = 0, word = tokens.firstWord + first * TOKEN_WORDS + HASH; at < count; at++, word += TOKEN_WORDS) {
      const hash = tokens.i32[word];
      const entry = directory.entryOf(hash);
      touched ^= i32[u32[entry] + (hash & ~(-1 << i32[entry + 1]))];
    }
    for (let at = 0, word = tokens.firstWord + first * TOKEN_WORDS + HASH; at < count; at++, word += TOKEN_WORDS) {
      const hash = tokens.i32[word];
      const entry = directory.entryOf(hash);
      const table = u32[entry];
      const shape = i32[entry + 1];
      const mask = ~(-1 << shape);
      const tagMask = tagMaskOf(shape);
      const tag = Math.imul(hash, TAG_FACTOR) & tagMask;
      let index = hash & mask;
      let slot = i32[table + index];
      while (slot !== 0 && (slot & tagMask) !== tag) {
        index = (index + 1) & mask;
        slot = i32[table + index];
      }
      candidates[at] = slot & ~tagMask;
    }
    for (let at = 0; at < count; at++) candidates[CANDIDATES + at] = heap.uncheckedRefOf(candidates[at]);
    for (let at = 0; at < count; at++) touched ^= i32[candidates[CANDIDATES + at]];
    this.touched = touched;
  }

  /** Room for one string more with this hash. False when there is none; then nothing has changed. */
  reserve(hash: number): boolean {
    // Again, where all strings of a table went to one side when it was split.
    while (this.#isFull(this.#directory.entryOf(hash))) if (!this.#grow(hash)) return false;
    return true;
  }

  /** Adds an id whose string is not in the index, after `reserve`. */
  add(id: number, hash: number): void {
    const entry = this.#directory.entryOf(hash);
    this.#memory.i32[this.#directory.takenWordOf(entry)] += 1;
    this.#put(entry, id, hash);
    if (id >= STRINGS_BEYOND_CELLS) this.#cells = 0;
  }

  checkInvariants(content: Content): string[] {
    const { u32 } = this.#memory;
    const found = checkTables(this, this.#directory, this.#heap, this.#seed, content);
    for (let cell = this.#cells; cell !== 0 && cell < this.#cells + CELLS; cell++) {
      if (u32[cell] > this.#heap.count) found.push(`cell ${cell - this.#cells} holds ${u32[cell]}, which is no id`);
    }
    return found;
  }

  #isFull(entry: number): boolean {
    const { i32 } = this.#memory;
    return (i32[this.#directory.takenWordOf(entry)] + 1) * 4 > 3 << i32[entry + 1];
  }

  #put(entry: number, id: number, hash: number): void {
    const { i32, u32 } = this.#memory;
    if ((id & tagMaskOf(i32[entry + 1])) !== 0) this.#widen(entry, id);
    const table = u32[entry];
    const shape = i32[entry + 1];
    const mask = ~(-1 << shape);
    let index = hash & mask;
    while (i32[table + index] !== 0) index = (index + 1) & mask;
    i32[table + index] = id | (Math.imul(hash, TAG_FACTOR) & tagMaskOf(shape));
  }

  /** Makes room for `id` in the slots of a table: their tags lose their lowest bits. */
  #widen(entry: number, id: number): void {
    const { i32, u32 } = this.#memory;
    const table = u32[entry];
    const shape = i32[entry + 1];
    const wider = widened(shape, id);
    const keep = tagMaskOf(wider) | ~tagMaskOf(shape);
    for (let word = table; word < table + (1 << shape); word++) i32[word] &= keep;
    this.#directory.change(entry, table, wider, i32[this.#directory.takenWordOf(entry)]);
  }

  /** Room in the table of a hash, which is full. False when there is none, and then nothing has changed. */
  #grow(hash: number): boolean {
    const directory = this.#directory;
    const entry = directory.entryOf(hash);
    const shape = this.#memory.i32[entry + 1];
    const { depth } = directory;
    if (1 << shape < SPLIT_SLOTS) return this.#double(entry);
    if (sharedBits(shape) < depth) return this.#split(entry);
    if (depth === MOST_DEPTH || this.#heap.count < STRINGS_AN_ENTRY << depth) return this.#double(entry);
    return directory.deepen() && this.#split(directory.entryOf(hash));
  }

  #double(entry: number): boolean {
    const shape = this.#memory.i32[entry + 1];
    const slots = 1 << shape;
    const table = this.#directory.takeTable(slots * 2);
    if (table === 0) return false;
    const from = this.#memory.u32[entry];
    const wider = shapeOf(slots * 2, sharedBits(shape), this.#heap.count);
    const taken = this.#takeOut(from, shape);
    this.#putBack(taken, table, table, wider);
    this.#directory.change(entry, table, wider, taken);
    this.#heap.addRoom((from * 4) as Ptr, slots * 4);
    return true;
  }

  /** Two tables instead of one, by the next bit of the hashes. */
  #split(entry: number): boolean {
    const shape = this.#memory.i32[entry + 1];
    const slots = 1 << shape;
    const upper = this.#directory.takeTable(slots);
    if (upper === 0) return false;
    const lower = this.#memory.u32[entry];
    const parted = shapeOf(slots, sharedBits(shape) + 1, this.#heap.count);
    const taken = this.#takeOut(lower, shape);
    this.#memory.u32.fill(0, lower, lower + slots);
    const above = this.#putBack(taken, lower, upper, parted);
    this.#directory.part(entry, lower, upper, parted, taken - above, above);
    return true;
  }

  /** Copies the ids of a table to `movingIds`, and where their strings are to `movingRefs`. Returns how many there are. */
  #takeOut(table: number, shape: number): number {
    const { i32 } = this.#memory;
    const slots = 1 << shape;
    if (movingIds.length < slots) {
      const words = Math.max(slots, SPLIT_SLOTS);
      movingIds = scratchWords(words);
      movingRefs = scratchWords(words);
    }
    let moving = 0;
    for (let word = table; word < table + slots; word++) {
      const id = i32[word] & ~tagMaskOf(shape);
      movingIds[moving] = id;
      if (id !== 0) moving += 1;
    }
    for (let at = 0; at < moving; at++) movingRefs[at] = this.#heap.uncheckedRefOf(movingIds[at]);
    return moving;
  }

  /**
   * Puts what was taken out into tables of this shape: where the last bit that their hashes share is 1, into the upper one. Returns how many those
   * are. Their words lie apart: all are asked for before the first is waited for.
   */
  #putBack(moving: number, lower: number, upper: number, shape: number): number {
    const { i32, u8 } = this.#memory;
    const mask = ~(-1 << shape);
    const tagMask = tagMaskOf(shape);
    const side = 32 - sharedBits(shape);
    let touched = 0;
    for (let at = 0; at < moving; at++) touched ^= i32[movingRefs[at]];
    this.touched = touched;
    let above = 0;
    for (let at = 0; at < moving; at++) {
      const hash = hashRecord(i32, u8, movingRefs[at], this.#seed);
      // A shift by 32 is one by 0: where nothing is shared, both tables are one.
      const high = (hash >>> side) & 1;
      above += high;
      const table = high === 0 ? lower : upper;
      let index = hash & mask;
      while (i32[table + index] !== 0) index = (index + 1) & mask;
      i32[table + index] = movingIds[at] | (Math.imul(hash, TAG_FACTOR) & tagMask);
    }
    return above;
  }
}

/** What `#takeOut` has taken out. Nothing else happens until it is put back. */
let movingIds = scratchWords(0);
let movingRefs = scratchWords(0);
