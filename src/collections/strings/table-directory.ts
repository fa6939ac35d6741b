import { NIL, type Ptr } from "../../core/brand.ts";
import type { Memory } from "../../core/memory.ts";
import type { StringHeap } from "./string-heap.ts";

export const MOST_DEPTH = 20;
const ENTRY_WORDS = 4;

/**
 * Which table of a StringIndex a hash belongs to, and what is known of each table.
 *
 *     2^depth entries     | table u32 | shape i32 | taken i32 | 0 | …        chosen by the highest `depth` bits of the hash
 *
 *     table      the first word of its slots
 *     shape      bits 0–4: log2 of the slots; 5–9: how many low bits of a slot are an id, less one; 10–14: how many bits of the hash its strings share
 *     taken      how many slots are: in the first of the entries that share a table
 *
 * Invariant: a table whose strings share s bits of the hash has 2^(depth - s) entries side by side, all alike but for `taken`.
 */
export class TableDirectory {
  /** 2^depth entries, at least two: a shift by 32 - depth must be one. */
  depth = 1;
  readonly #memory: Memory;
  readonly #heap: StringHeap;
  /** In words of 4 bytes, as all places here. */
  #first = 0;

  constructor(heap: StringHeap) {
    this.#memory = heap.memory;
    this.#heap = heap;
  }

  /** Makes the first entries, for one table. False when there is no room. */
  open(slots: number): boolean {
    this.#first = this.#heap.takeBlock(2 * ENTRY_WORDS * 4) / 4;
    const table = this.takeTable(slots);
    if (this.#first === 0 || table === 0) return false;
    this.#write(this.#first, 2, table, shapeOf(slots, 0, 0), 0);
    return true;
  }

  /** The word of the entry of a hash. Its table and shape are in this word and the next. */
  entryOf(hash: number): number {
    return this.#first + (hash >>> (32 - this.depth)) * ENTRY_WORDS;
  }

  /** The word that says how many slots of an entry's table are taken. */
  takenWordOf(entry: number): number {
    return this.#firstOf(entry) + 2;
  }

  /** Another table or shape for all entries of a table, with so many slots taken. */
  change(entry: number, table: number, shape: number, taken: number): void {
    this.#write(this.#firstOf(entry), this.#countOf(entry), table, shape, taken);
  }

  /** Two tables instead of one, with so many slots taken. The table shares fewer bits of the hash than choose an entry. */
  part(entry: number, lower: number, upper: number, shape: number, lowerTaken: number, upperTaken: number): void {
    const first = this.#firstOf(entry);
    const half = this.#countOf(entry) / 2;
    this.#write(first, half, lower, shape, lowerTaken);
    this.#write(first + half * ENTRY_WORDS, half, upper, shape, upperTaken);
  }

  /** Twice as many entries. False when there is no room. */
  deepen(): boolean {
    const entries = 1 << this.depth;
    const ptr = this.#heap.takeBlock(entries * 2 * ENTRY_WORDS * 4);
    if (ptr === NIL) return false;
    const { i32, u32 } = this.#memory;
    for (let place = 0; place < entries; place++) {
      const entry = this.#first + place * ENTRY_WORDS;
      this.#write(ptr / 4 + place * 2 * ENTRY_WORDS, 2, u32[entry], i32[entry + 1], i32[entry + 2]);
    }
    this.#heap.addRoom((this.#first * 4) as Ptr, entries * ENTRY_WORDS * 4);
    this.#first = ptr / 4;
    this.depth += 1;
    return true;
  }

  /** A table of free slots, as its first word; 0 when there is no room. */
  takeTable(slots: number): number {
    const table = this.#heap.takeBlock(slots * 4) / 4;
    if (table !== 0) this.#memory.u32.fill(0, table, table + slots);
    return table;
  }

  /** The first entry of each table, and what contradicts the invariant. */
  survey(): { readonly tables: readonly number[]; readonly damage: readonly string[] } {
    const { i32, u32 } = this.#memory;
    const tables: number[] = [];
    const damage: string[] = [];
    for (let place = 0; place < 1 << this.depth; ) {
      const entry = this.#first + place * ENTRY_WORDS;
      const count = this.#countOf(entry);
      if (place % count !== 0) damage.push(`the ${count} entries of a table begin at place ${place}`);
      for (let at = 1; at < count; at++) {
        const other = entry + at * ENTRY_WORDS;
        if (u32[other] !== u32[entry] || i32[other + 1] !== i32[entry + 1]) damage.push(`the entries of table ${place} differ`);
      }
      tables.push(entry);
      place += count;
    }
    return { tables, damage };
  }

  #write(first: number, entries: number, table: number, shape: number, taken: number): void {
    const { u32, i32 } = this.#memory;
    for (let entry = first; entry < first + entries * ENTRY_WORDS; entry += ENTRY_WORDS) {
      u32[entry] = table;
      i32[entry + 1] = shape;
    }
    i32[first + 2] = taken;
  }

  /** How many entries the table of `entry` has. */
  #countOf(entry: number): number {
    return 1 << (this.depth - sharedBits(this.#memory.i32[entry + 1]));
  }

  #firstOf(entry: number): number {
    return entry - ((entry - this.#first) & (this.#countOf(entry) * ENTRY_WORDS - 1));
  }
}

/** The shape of a table of so many slots, whose strings share so many bits of the hash, for ids up to twice `id`. */
export function shapeOf(slots: number, shared: number, id: number): number {
  const idBits = Math.min(33 - Math.clz32(id), 31);
  return (31 - Math.clz32(slots)) | ((idBits - 1) << 5) | (shared << 10);
}

/** The shape with more bits for ids. */
export function widened(shape: number, id: number): number {
  return (shape & ~(31 << 5)) | (shapeOf(1, 0, id) & (31 << 5));
}

/** The bits of a slot that are no id. */
export function tagMaskOf(shape: number): number {
  return -2 << (shape >>> 5);
}

/** How many bits of the hash the strings of a table share. */
export function sharedBits(shape: number): number {
  return shape >>> 10;
}
