import type { Allocator } from "../alloc/allocator.ts";
import { bump } from "../alloc/bump.ts";
import { type Brand, NIL, type Ptr } from "../core/brand.ts";
import { MemoryError } from "../core/errors.ts";
import { Memory } from "../core/memory.ts";
import { decodeUtf8, encodedByteLength, encodeUtf8, findInvalidUtf8 } from "../core/utf8.ts";
import { checkSeed, hashBytes, hashString, randomSeed } from "./hash.ts";
import { equalsUtf8 } from "./packed-utf8.ts";
import { RecentStrings } from "./recent-strings.ts";
import { RECORD_HEAD, StringHeap } from "./string-heap.ts";

/** The number of a string in its interner or dictionary: 1, 2, 3, … in the order of first appearance. */
export type StringId = Brand<number, "StringId">;

/** No string: what `tryIntern…` returns when there is no room. Never the id of a string. */
export const NO_STRING = 0 as StringId;

export interface InternerOptions {
  /** 32 bits that the hashes are made with. Default: random, so that nobody can choose strings that collide. */
  readonly seed?: number;
  /** The most strings that it takes, up to 2^31 − 1. */
  readonly maxCount?: number;
}

const MOST_IDS = 0x7fff_ffff;
const FIRST_SLOTS = 16;

/**
 * Each distinct string once, as UTF-8 in memory, under a dense id.
 *
 * ```ts
 * const countries = interner(sharedMemory(0, { maxByteLength: GiB(1) }));
 * const andorra = countries.intern("Andorra");            // 1
 * countries.internBytes(line, start, end);                // the same from bytes, and no JavaScript string is made
 * countries.resolve(andorra);                             // "Andorra"
 * ```
 *
 *     index, at table * 4       | hash i32, ref u32 | hash, ref | …  capacity of them, a power of two |     ref 0: free
 *                                                |
 *     record (StringHeap)                        +--> | id u32 | byteLength u32 | bytes … |
 *
 * Linear probing from slot `hash & (capacity - 1)`; at 3/4 of its capacity the index doubles, from the stored hashes, and the old one
 * becomes room for strings. Strings never move and are never dropped.
 *
 * Invariants:
 * 1. Every id has exactly one slot, with its hash, and no free slot lies between that hash's first slot and it.
 * 2. count <= 3/4 capacity.
 * 3. No two records have the same bytes.
 * 4. Those of StringHeap.
 */
export class Interner implements Disposable {
  readonly memory: Memory;
  readonly seed: number;
  readonly maxCount: number;
  readonly #heap: StringHeap;
  readonly #recent = new RecentStrings();
  #table = 0;
  #mask = 0;

  constructor(allocator: Allocator, options: InternerOptions = {}) {
    const { seed = randomSeed(), maxCount = MOST_IDS } = options;
    checkSeed("interner", seed);
    if (!(Number.isInteger(maxCount) && maxCount >= 0 && maxCount <= MOST_IDS)) {
      throw new MemoryError("invalid-argument", {
        subject: "interner",
        event: "needs a whole number as maxCount",
        numbers: { maxCount: String(maxCount), least: 0, most: MOST_IDS },
        cure: "Pass a whole number in that range.",
      });
    }
    this.memory = allocator.memory;
    this.seed = seed;
    this.maxCount = maxCount;
    this.#heap = new StringHeap(allocator);
    if (!this.#grow(FIRST_SLOTS)) this.#throwFull();
  }

  /** The number of strings, and the highest id. */
  get size(): number {
    return this.#heap.count;
  }

  /** The bytes that it has taken from its allocator. */
  get byteLength(): number {
    return this.#heap.ownedByteLength;
  }

  /** The bytes of all its strings as UTF-8, nothing else counted. */
  get textByteLength(): number {
    return this.#heap.textByteLength;
  }

  /** The id of `text`, which is stored if it is new. Throws `out-of-memory`, and `bad-value` for a lone surrogate; nothing has changed then. */
  intern(text: string): StringId {
    const id = this.tryIntern(text);
    if (id === NO_STRING) this.#throwFull();
    return id;
  }

  /** Like `intern`, but returns `NO_STRING` when there is no room. */
  tryIntern(text: string): StringId {
    const hash = hashString(text, this.seed);
    const slot = this.#findString(text, hash);
    const ref = this.memory.u32[slot + 1];
    if (ref !== 0) return this.memory.i32[ref] as StringId;
    const byteLength = encodedByteLength(text);
    const room = this.#reserve(byteLength);
    if (room === 0) return NO_STRING;
    encodeUtf8(text, this.memory.u8, (room + RECORD_HEAD) * 4);
    return this.#insert(room, byteLength, hash);
  }

  /**
   * The id of the text whose UTF-8 bytes are `source[start, end)`; `source` may be the `u8` of any memory. Throws `out-of-memory`,
   * and `bad-value` when a new string is not valid UTF-8; nothing has changed then. 10 to 25 ns for short strings that it knows.
   */
  internBytes(source: Uint8Array, start: number, end: number): StringId {
    const id = this.tryInternBytes(source, start, end);
    if (id === NO_STRING) this.#throwFull();
    return id;
  }

  /** Like `internBytes`, but returns `NO_STRING` when there is no room. */
  tryInternBytes(source: Uint8Array, start: number, end: number): StringId {
    this.#heap.checkAlive();
    checkBytes(source, start, end);
    const hash = hashBytes(source, start, end, this.seed);
    const slot = this.#findBytes(source, start, end, hash);
    const ref = this.memory.u32[slot + 1];
    if (ref !== 0) return this.memory.i32[ref] as StringId;
    return this.#addBytes(source, start, end, hash);
  }

  /** The id of `text`, or undefined when it was never interned. */
  lookup(text: string): StringId | undefined {
    const ref = this.memory.u32[this.#findString(text, hashString(text, this.seed)) + 1];
    return ref === 0 ? undefined : (this.memory.i32[ref] as StringId);
  }

  /** The id of the text whose UTF-8 bytes are `source[start, end)`, or undefined when it was never interned. */
  lookupBytes(source: Uint8Array, start: number, end: number): StringId | undefined {
    this.#heap.checkAlive();
    checkBytes(source, start, end);
    const ref = this.memory.u32[this.#findBytes(source, start, end, hashBytes(source, start, end, this.seed)) + 1];
    return ref === 0 ? undefined : (this.memory.i32[ref] as StringId);
  }

  /** The text of an id. Throws `out-of-bounds` for a number that is no id. About 10 ns for recently resolved ones, a decoding otherwise. */
  resolve(id: StringId): string {
    const ref = this.#refOf(id);
    const recent = this.#recent.get(id);
    if (recent !== undefined) return recent;
    const start = (ref + RECORD_HEAD) * 4;
    const text = decodeUtf8(this.memory.u8, start, start + this.memory.u32[ref + 1]);
    this.#recent.set(id, text);
    return text;
  }

  /** Where the bytes of the string begin in `memory`. They never move. */
  byteOffsetOf(id: StringId): number {
    return (this.#refOf(id) + RECORD_HEAD) * 4;
  }

  /** How many bytes the string has as UTF-8. */
  byteLengthOf(id: StringId): number {
    return this.memory.u32[this.#refOf(id) + 1];
  }

  /** The bytes of the string, without a copy; do not write to them. Allocates a view. */
  bytesOf(id: StringId): Uint8Array {
    return this.memory.bytes(this.byteOffsetOf(id), this.byteLengthOf(id));
  }

  /** Less than, equal to or greater than 0, by the bytes of both strings, which is the order of code points. */
  compare(a: StringId, b: StringId): number {
    const { u8, u32 } = this.memory;
    const refA = this.#refOf(a);
    const refB = this.#refOf(b);
    const lengthA = u32[refA + 1];
    const lengthB = u32[refB + 1];
    const common = Math.min(lengthA, lengthB);
    const startA = (refA + RECORD_HEAD) * 4;
    const startB = (refB + RECORD_HEAD) * 4;
    for (let at = 0; at < common; at++) {
      const difference = u8[startA + at] - u8[startB + at];
      if (difference !== 0) return difference;
    }
    return lengthA - lengthB;
  }

  /** All strings in the order of their ids, from id 1. Strings that are interned meanwhile are visited too. */
  *[Symbol.iterator](): IterableIterator<string> {
    for (let id = 1; id <= this.size; id++) yield this.resolve(id as StringId);
  }

  /** Gives its memory back to the allocator; using the interner afterwards throws `closed`. */
  close(): void {
    this.#heap.free();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** What contradicts the invariants; empty when all is sound. Reads everything. */
  checkInvariants(): string[] {
    this.#heap.checkAlive();
    const found = this.#heap.checkInvariants();
    const { u8, u32, i32 } = this.memory;
    let taken = 0;
    for (let index = 0; index <= this.#mask; index++) {
      const slot = this.#table + index * 2;
      const ref = u32[slot + 1];
      if (ref === 0) continue;
      taken += 1;
      const start = (ref + RECORD_HEAD) * 4;
      const end = start + u32[ref + 1];
      const hash = hashBytes(u8, start, end, this.seed);
      if (hash !== i32[slot]) found.push(`slot ${index} holds hash ${i32[slot]}, its string has ${hash}`);
      if (this.#findBytes(u8, start, end, hash) !== slot) found.push(`the string in slot ${index} is not found there`);
      if (findInvalidUtf8(u8, start, end) !== -1) found.push(`the string in slot ${index} is not valid UTF-8`);
      if (this.#heap.uncheckedRefOf(i32[ref]) !== ref) found.push(`slot ${index} and the segments disagree about id ${i32[ref]}`);
    }
    if (taken !== this.size) found.push(`${taken} slots are taken for ${this.size} strings`);
    if (taken * 4 > (this.#mask + 1) * 3) found.push(`${taken} strings are more than 3/4 of ${this.#mask + 1} slots`);
    return found;
  }

  /** The slot of the string with these bytes, or the free slot where it belongs; as a word of the memory. */
  #findBytes(source: Uint8Array, start: number, end: number, hash: number): number {
    const { i32, u32 } = this.memory;
    const table = this.#table;
    const mask = this.#mask;
    for (let index = hash & mask; ; index = (index + 1) & mask) {
      const slot = table + index * 2;
      const ref = u32[slot + 1];
      if (ref === 0) return slot;
      if (i32[slot] === hash && equalsRecord(i32, ref, source, start, end)) return slot;
    }
  }

  #findString(text: string, hash: number): number {
    this.#heap.checkAlive();
    const { i32, u32, u8 } = this.memory;
    const table = this.#table;
    const mask = this.#mask;
    for (let index = hash & mask; ; index = (index + 1) & mask) {
      const slot = table + index * 2;
      const ref = u32[slot + 1];
      if (ref === 0) return slot;
      if (i32[slot] === hash && equalsUtf8(text, u8, (ref + RECORD_HEAD) * 4, u32[ref + 1])) return slot;
    }
  }

  #addBytes(source: Uint8Array, start: number, end: number, hash: number): StringId {
    checkWhole(source, start, end);
    const own = source === this.memory.u8;
    const room = this.#reserve(end - start);
    if (room === 0) return NO_STRING;
    // Growing an unshared WebAssembly memory moves its bytes, and the source may be among them.
    const from = own ? this.memory.u8 : source;
    if (from.length < end) throwRange(from, start, end);
    const to = (room + RECORD_HEAD) * 4;
    const { u8 } = this.memory;
    for (let at = start; at < end; at++) u8[to + at - start] = from[at];
    return this.#insert(room, end - start, hash);
  }

  /** Room for one string more, in the heap and in the index; 0 when there is none. */
  #reserve(byteLength: number): number {
    const { count } = this.#heap;
    if (count >= this.maxCount) return 0;
    if ((count + 1) * 4 > (this.#mask + 1) * 3 && !this.#grow((this.#mask + 1) * 2)) return 0;
    return this.#heap.reserve(byteLength);
  }

  #insert(room: number, byteLength: number, hash: number): StringId {
    const { i32, u32 } = this.memory;
    const words = Math.ceil(byteLength / 4);
    if ((byteLength & 3) !== 0) u32[room + RECORD_HEAD + words - 1] &= (1 << ((byteLength & 3) * 8)) - 1;
    const id = this.#heap.add(room, byteLength);
    const slot = this.#freeSlot(hash);
    i32[slot] = hash;
    u32[slot + 1] = room;
    return id as StringId;
  }

  #freeSlot(hash: number): number {
    const { u32 } = this.memory;
    let index = hash & this.#mask;
    while (u32[this.#table + index * 2 + 1] !== 0) index = (index + 1) & this.#mask;
    return this.#table + index * 2;
  }

  /** Moves the index into one of `slots` slots. False when there is no room for it, and then nothing has changed. */
  #grow(slots: number): boolean {
    const ptr = this.#heap.takeBlock(slots * 8);
    if (ptr === NIL) return false;
    const { i32, u32 } = this.memory;
    const oldTable = this.#table;
    const oldSlots = oldTable === 0 ? 0 : this.#mask + 1;
    this.#table = ptr / 4;
    this.#mask = slots - 1;
    u32.fill(0, this.#table, this.#table + slots * 2);
    for (let from = oldTable; from < oldTable + oldSlots * 2; from += 2) {
      if (u32[from + 1] === 0) continue;
      const slot = this.#freeSlot(i32[from]);
      i32[slot] = i32[from];
      u32[slot + 1] = u32[from + 1];
    }
    if (oldSlots !== 0) this.#heap.addRoom((oldTable * 4) as Ptr, oldSlots * 8);
    return true;
  }

  #refOf(id: StringId): number {
    this.#heap.checkAlive();
    if (!(id >= 1 && id <= this.#heap.count && Number.isInteger(id))) {
      throw new MemoryError("out-of-bounds", {
        subject: "interner",
        event: "has no string with this id",
        numbers: { id: String(id), size: this.size },
        cure: "Pass an id that this interner gave out.",
      });
    }
    return this.#heap.uncheckedRefOf(id);
  }

  #throwFull(): never {
    const { memory } = this;
    throw new MemoryError("out-of-memory", {
      subject: "interner",
      event: "has no room for another string",
      numbers: { size: this.size, maxCount: this.maxCount, committed: memory.byteLength, maxByteLength: memory.maxByteLength },
      cure: "Reserve more memory or raise maxCount, or use tryIntern and handle NO_STRING.",
    });
  }
}

/** An interner that takes its memory from `place`: an allocator, or a whole Memory that serves nothing else. */
export function interner(place: Allocator | Memory, options: InternerOptions = {}): Interner {
  return new Interner(place instanceof Memory ? bump(place) : place, options);
}

/** Whether the record at `ref` has exactly the bytes `source[start, end)`. Its padding is zero, so whole words can be compared. */
function equalsRecord(i32: Int32Array, ref: number, source: Uint8Array, start: number, end: number): boolean {
  const byteLength = end - start;
  if (i32[ref + 1] !== byteLength) return false;
  let word = ref + RECORD_HEAD;
  let at = start;
  for (const last = end - 3; at < last; at += 4) {
    if (i32[word++] !== (source[at] | (source[at + 1] << 8) | (source[at + 2] << 16) | (source[at + 3] << 24))) return false;
  }
  if (at === end) return true;
  let tail = source[at];
  if (at + 1 < end) tail |= source[at + 1] << 8;
  if (at + 2 < end) tail |= source[at + 2] << 16;
  return i32[word] === tail;
}

function checkBytes(source: Uint8Array, start: number, end: number): void {
  if (!(start >= 0 && start <= end && end <= source.length)) throwRange(source, start, end);
}

/** What the hot path leaves to the moment when a string is new. */
function checkWhole(source: Uint8Array, start: number, end: number): void {
  if (!Number.isInteger(start) || !Number.isInteger(end)) throwRange(source, start, end);
  const invalid = findInvalidUtf8(source, start, end);
  if (invalid === -1) return;
  throw new MemoryError("bad-value", {
    subject: "interner",
    event: "was given bytes that are not UTF-8",
    numbers: { byteOffset: invalid, byte: `0x${source[invalid].toString(16)}`, start, end },
    cure: "Intern text in UTF-8; convert other encodings first.",
  });
}

function throwRange(source: Uint8Array, start: number, end: number): never {
  throw new MemoryError("out-of-bounds", {
    subject: "interner",
    event: "was given a range that is not within its source",
    numbers: { start: String(start), end: String(end), length: source.length },
    cure: "Pass whole offsets with 0 <= start <= end <= source.length.",
  });
}
