import type { Ptr } from "../../core/brand.ts";
import type { Lease } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";
import { HEADER_WORDS } from "../block-header.ts";
import { hashWord, hashWords, inverseOf, KeyKind, NOWHERE, splitKey, splitWords } from "./hash-key.ts";
import { COUNT, fullAt, HAS_ZERO, type SlotLayout, shapeAt } from "./hash-table-layout.ts";

// Constants, where properties would be loaded at every use.
const { UNSIGNED, SIGNED } = KeyKind;

/** How values are read: four scalars straight from the slot, the rest by their type. Words first. */
export const ValueKind = { U32: 0, I32: 1, F64: 2, F32: 3, OTHER: 4 } as const;
export type ValueKind = (typeof ValueKind)[keyof typeof ValueKind];

/** An entry this many slots from home is a sign of keys that were chosen to collide: at random there is hardly one 200 from it. */
const FAR_SLOTS = 1024;

/** Where a table lies. */
export interface SlotPlace {
  /** The slots may be looked at while `lease.epoch` is `epoch`. */
  readonly lease: Lease;
  readonly epoch: number;
  /** Of the header. */
  readonly byteOffset: number;
  /** The block that begins with the header as its allocator gave it; NIL where it is another's. */
  readonly ptr: Ptr;
}

/**
 * The slots of one hash table, as its header says they are, and finding. See hash-table-layout.ts for the bytes. Everything here that is called `at` is the index of a slot's first word in `words`.
 *
 * Nothing here trusts the slots: whatever their bits, `find` ends after one round and stays within the memory.
 */
export class HashBlock<Key, Value, Input> implements SlotPlace {
  readonly layout: SlotLayout<Key, Value, Input>;
  readonly memory: Memory;
  readonly lease: Lease;
  epoch: number;
  readonly byteOffset: number;
  readonly ptr: Ptr;
  /** Whether it has pages apart from the header, or one behind it. */
  readonly isPaged: boolean;
  readonly pageSlots: number;
  readonly pageWords: number;
  /** The most entries of a page. */
  readonly full: number;
  readonly keyKind: KeyKind;
  /** Keys of less than 32 bits: not every one that is looked for can be stored. */
  readonly narrow: boolean;
  readonly valueKind: ValueKind;
  readonly multiplier: number;
  /** By which products with the multiplier are undone. */
  readonly inverse: number;
  /** ~hash >>> shift is the home slot in its page. */
  readonly shift: number;
  readonly slotWords: number;
  /** Whether a slot is a key of one word and one word more. */
  readonly isTwoWords: boolean;
  readonly valueWords: number;
  /** The word where the header begins. */
  readonly head: number;
  readonly zeroAt: number;
  /** cells[hash & cellMask] is the first slot of the page where a hash belongs. */
  cells: Int32Array;
  cellMask: number;
  /** The block as words, the header included; of a table with pages all of the memory. */
  words: Int32Array;
  f32: Float32Array;
  f64: Float64Array;
  /** Where words[0] lies. */
  readonly origin: number;
  readonly farWords: number;
  /** Set when entries are to be looked for elsewhere, or through other typed arrays. */
  moved = false;

  /** Over a table whose header has been written or checked. */
  constructor({ lease, epoch, byteOffset, ptr }: SlotPlace, layout: SlotLayout<Key, Value, Input>) {
    const { memory } = lease;
    const shape = shapeAt(memory, byteOffset, layout);
    this.layout = layout;
    this.memory = memory;
    this.lease = lease;
    this.epoch = epoch;
    this.byteOffset = byteOffset;
    this.ptr = ptr;
    this.isPaged = shape.isPaged;
    this.pageSlots = shape.pageSlots;
    this.pageWords = shape.pageSlots * layout.slotWords;
    this.full = fullAt(shape.pageSlots);
    this.keyKind = layout.keyKind;
    this.narrow = layout.key.byteSize < 4;
    this.valueKind = valueKindOf(layout);
    this.slotWords = layout.slotWords;
    this.isTwoWords = layout.slotWords === 2 && layout.keyWords === 1;
    this.valueWords = layout.valueByteOffset / 4;
    this.farWords = FAR_SLOTS * layout.slotWords;
    this.shift = Math.clz32(shape.pageSlots) + 1;
    this.multiplier = shape.multiplier;
    this.inverse = inverseOf(shape.multiplier);
    this.cells = shape.cells;
    this.cellMask = shape.cells.length - 1;
    this.words = shape.words;
    this.f32 = shape.f32;
    this.f64 = shape.f64;
    this.origin = shape.isPaged ? 0 : byteOffset;
    this.head = (byteOffset - this.origin) / 4;
    this.zeroAt = this.head + HEADER_WORDS + (shape.isPaged ? 0 : this.pageWords);
  }

  /** Entries. */
  get count(): number {
    return this.words[this.head + COUNT];
  }

  /** The first slots of all pages. */
  pages(): number[] {
    return [...new Set(this.cells)];
  }

  isEmpty(at: number): boolean {
    if (at === this.zeroAt) return this.words[this.head + HAS_ZERO] === 0;
    return this.words[at] === 0 && (this.layout.keyWords === 1 || this.words[at + 1] === 0);
  }

  /** The hash of a key, if the table can have it; of any other some number. */
  hashOf(key: number | bigint): number {
    const { multiplier } = this;
    if (typeof key === "number" && this.keyKind <= SIGNED) return hashWord(key | 0, multiplier);
    splitKey(key, this.keyKind);
    return this.layout.keyWords === 1 ? hashWord(splitWords[0], multiplier) : hashWords(splitWords[0], splitWords[1], multiplier);
  }

  /** Where `key` lies. When it is not there: ~at of the slot where it belongs, which has a lesser hash or none; or `NOWHERE`. */
  find(key: number | bigint): number {
    const kind = this.keyKind;
    if (typeof key !== "number" || kind > SIGNED) return this.#findSplit(key);
    const word = key | 0;
    if (kind === UNSIGNED ? key >>> 0 !== key : word !== key) return NOWHERE;
    return this.findWord(word);
  }

  findWord(word: number): number {
    const { words, slotWords } = this;
    if (word === 0) return words[this.head + HAS_ZERO] === 1 ? this.zeroAt : ~this.zeroAt;
    // `| 0` and imul: sums and products that V8 need not check for overflow.
    const hash = hashWord(word, this.multiplier);
    const first = this.cells[hash & this.cellMask] | 0;
    const end = (first + this.pageWords) | 0;
    const home = (first + Math.imul(~hash >>> this.shift, slotWords)) | 0;
    let at = home;
    do {
      const found = words[at];
      if (found === hash) return at;
      if (found >>> 0 < hash >>> 0) return ~at;
      at = (at + slotWords) | 0;
      if (at === end) at = first;
    } while (at !== home);
    return NOWHERE;
  }

  findWords(low: number, high: number): number {
    const { words, slotWords } = this;
    if ((low | high) === 0) return words[this.head + HAS_ZERO] === 1 ? this.zeroAt : ~this.zeroAt;
    const hash = hashWords(low, high, this.multiplier);
    const first = this.cells[hash & this.cellMask] | 0;
    const end = (first + this.pageWords) | 0;
    const home = (first + Math.imul(~hash >>> this.shift, slotWords)) | 0;
    let at = home;
    do {
      const found = words[at];
      if (found === hash) {
        const foundHigh = words[(at + 1) | 0];
        if (foundHigh === high) return at;
        if (foundHigh >>> 0 < high >>> 0) return ~at;
      } else if (found >>> 0 < hash >>> 0) {
        return ~at;
      }
      at = (at + slotWords) | 0;
      if (at === end) at = first;
    } while (at !== home);
    return NOWHERE;
  }

  #findSplit(key: number | bigint): number {
    if (!splitKey(key, this.keyKind)) return NOWHERE;
    return this.layout.keyWords === 1 ? this.findWord(splitWords[0]) : this.findWords(splitWords[0], splitWords[1]);
  }
}

function valueKindOf(layout: SlotLayout<unknown, unknown, never>): ValueKind {
  const { kind, codec } = layout.value;
  if (kind !== "scalar" || codec.shape !== "direct" || codec.decode !== undefined) return ValueKind.OTHER;
  if (codec.view === "u32") return ValueKind.U32;
  if (codec.view === "i32") return ValueKind.I32;
  if (codec.view === "f64") return ValueKind.F64;
  return codec.view === "f32" ? ValueKind.F32 : ValueKind.OTHER;
}
