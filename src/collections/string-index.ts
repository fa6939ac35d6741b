import { NIL, type Ptr } from "../core/brand.ts";
import type { Memory } from "../core/memory.ts";
import { hashBytes } from "./hash.ts";
import { equalsUtf8 } from "./packed-utf8.ts";
import { equalsRecord, RECORD_HEAD, type StringHeap } from "./string-heap.ts";
import { type Content, findInvalid } from "./text-content.ts";

const FIRST_SLOTS = 16;
const CELLS = 256;
/** From here on few strings are found in the cells, and looking there costs more than it saves. */
const SLOTS_BEYOND_CELLS = 16_384;

/**
 * Finds the record of a string in a StringHeap.
 *
 *     table                     | hash i32, ref u32 | hash, ref | …  slots, a power of two of them |     ref 0: free
 *     cells                     | ref u32 | ref | …  256 of them |                                       ref 0: none
 *
 * Linear probing from slot `hash & (slots - 1)`. When 3/4 of the slots are taken, a table of twice as many is filled from the stored hashes
 * (no string is read), and the old one becomes room for strings. While the table is small, the cells remember which string came
 * last for each of 256 values of a few bytes and the length: in tiny dictionaries that finds most strings without hashing them.
 *
 * Invariants:
 * 1. Every record of the heap has exactly one slot, with its hash, and no free slot lies between that hash's first slot and it.
 * 2. At most 3/4 of the slots are taken.
 * 3. No two records have the same bytes.
 * 4. A cell holds 0 or the ref of a record.
 * 5. No string is further from UTF-8 than the content that the interner tells.
 */
export class StringIndex {
  readonly #memory: Memory;
  readonly #heap: StringHeap;
  /** In words of 4 bytes, as all places here. */
  #table = 0;
  #mask = 0;
  /** 0 when there are none any more. */
  #cells = 0;

  constructor(heap: StringHeap) {
    this.#memory = heap.memory;
    this.#heap = heap;
  }

  /** Makes the first table. False when there is no room. */
  open(): boolean {
    const cells = this.#heap.takeBlock(CELLS * 4) / 4;
    if (cells === 0 || !this.#grow(FIRST_SLOTS)) return false;
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

  /** The ref of the record with these bytes, or 0. */
  findBytes(source: Uint8Array, start: number, end: number, hash: number): number {
    const { i32, u32 } = this.#memory;
    const table = this.#table;
    const mask = this.#mask;
    for (let index = hash & mask; ; index = (index + 1) & mask) {
      const slot = table + index * 2;
      const ref = u32[slot + 1];
      if (ref === 0 || (i32[slot] === hash && equalsRecord(i32, ref, source, start, end))) return ref;
    }
  }

  /** The ref of the record with the UTF-8 bytes of `text`, or 0. */
  findString(text: string, hash: number): number {
    const { i32, u32, u8 } = this.#memory;
    const table = this.#table;
    const mask = this.#mask;
    for (let index = hash & mask; ; index = (index + 1) & mask) {
      const slot = table + index * 2;
      const ref = u32[slot + 1];
      if (ref === 0 || (i32[slot] === hash && equalsUtf8(text, u8, (ref + RECORD_HEAD) * 4, u32[ref + 1]))) return ref;
    }
  }

  /** Room for one record more. False when there is none; then nothing has changed. */
  reserve(): boolean {
    const slots = this.#mask + 1;
    return (this.#heap.count + 1) * 4 <= slots * 3 || this.#grow(slots * 2);
  }

  /** Adds a record that is not in the index, after `reserve`. */
  add(ref: number, hash: number): void {
    const { i32, u32 } = this.#memory;
    let index = hash & this.#mask;
    while (u32[this.#table + index * 2 + 1] !== 0) index = (index + 1) & this.#mask;
    const slot = this.#table + index * 2;
    i32[slot] = hash;
    u32[slot + 1] = ref;
  }

  checkInvariants(seed: number, content: Content): string[] {
    const found: string[] = [];
    const { u8, u32, i32 } = this.#memory;
    let taken = 0;
    for (let index = 0; index <= this.#mask; index++) {
      const slot = this.#table + index * 2;
      const ref = u32[slot + 1];
      if (ref === 0) continue;
      taken += 1;
      const start = (ref + RECORD_HEAD) * 4;
      const end = start + u32[ref + 1];
      const hash = hashBytes(u8, start, end, seed);
      if (hash !== i32[slot]) found.push(`slot ${index} holds hash ${i32[slot]}, its string has ${hash}`);
      if (this.findBytes(u8, start, end, hash) !== ref) found.push(`the string in slot ${index} is not the one that is found`);
      if (findInvalid(u8, start, end, content) !== -1) found.push(`the string in slot ${index} is not valid text`);
      if (!this.#heap.has(ref)) found.push(`slot ${index} holds no ref of a record`);
    }
    for (let cell = this.#cells; cell !== 0 && cell < this.#cells + CELLS; cell++) {
      if (u32[cell] !== 0 && !this.#heap.has(u32[cell])) found.push(`cell ${cell - this.#cells} holds no ref of a record`);
    }
    if (taken !== this.#heap.count) found.push(`${taken} slots are taken for ${this.#heap.count} strings`);
    if (taken * 4 > (this.#mask + 1) * 3) found.push(`${taken} strings are more than 3/4 of ${this.#mask + 1} slots`);
    return found;
  }

  /** Moves the index into a table of `slots` slots. False when there is no room for it, and then nothing has changed. */
  #grow(slots: number): boolean {
    const ptr = this.#heap.takeBlock(slots * 8);
    if (ptr === NIL) return false;
    const { i32, u32 } = this.#memory;
    const from = this.#table;
    const end = from === 0 ? 0 : from + (this.#mask + 1) * 2;
    this.#table = ptr / 4;
    this.#mask = slots - 1;
    u32.fill(0, this.#table, this.#table + slots * 2);
    for (let slot = from; slot < end; slot += 2) if (u32[slot + 1] !== 0) this.add(u32[slot + 1], i32[slot]);
    if (end !== 0) this.#heap.addRoom((from * 4) as Ptr, (end - from) * 4);
    if (slots >= SLOTS_BEYOND_CELLS) this.#cells = 0;
    return true;
  }
}
