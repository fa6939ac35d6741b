import type { Allocator } from "../alloc/allocator.ts";
import { bump } from "../alloc/bump.ts";
import type { Brand } from "../core/brand.ts";
import { MemoryError } from "../core/errors.ts";
import { Memory } from "../core/memory.ts";
import { decodeUtf8, encodedByteLength, encodeUtf8 } from "../core/utf8.ts";
import { checkSource, checkText, throwRange } from "./byte-source.ts";
import { checkSeed, hashBytes, hashString, randomSeed } from "./hash.ts";
import { RecentStrings } from "./recent-strings.ts";
import { compareRecords, equalsRecord, RECORD_HEAD, StringHeap } from "./string-heap.ts";
import { StringIndex } from "./string-index.ts";

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
 *     StringIndex   | hash i32, ref u32 | … |             from a string to its record
 *                                 |
 *     StringHeap                  +---> | id u32 | byteLength u32 | bytes … |
 *                                 |
 *     and for each id   … | ref u32 | … |                 from an id to the record
 *
 * Strings never move and are never dropped. All places count from the start of the memory. The bytes of strings are written by the
 * interner alone; others may read them.
 *
 * Invariants: those of StringHeap and StringIndex, over the same records.
 */
export class Interner implements Disposable {
  readonly memory: Memory;
  readonly maxCount: number;
  readonly #heap: StringHeap;
  readonly #index: StringIndex;
  readonly #recent = new RecentStrings();
  /** Signed, so that V8 never boxes it. */
  readonly #seed: number;

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
    this.#seed = seed | 0;
    this.maxCount = maxCount;
    this.#heap = new StringHeap(allocator);
    this.#index = new StringIndex(this.#heap);
    if (this.#index.open()) return;
    this.#heap.free();
    this.#throwFull();
  }

  /** The 32 bits that its hashes are made with. */
  get seed(): number {
    return this.#seed >>> 0;
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
    this.#heap.checkAlive();
    const hash = hashString(text, this.#seed);
    const known = this.#index.findString(text, hash);
    if (known !== 0) return this.memory.i32[known] as StringId;
    const byteLength = encodedByteLength(text);
    const ref = this.#reserve(byteLength);
    if (ref === 0) return NO_STRING;
    encodeUtf8(text, this.memory.u8, (ref + RECORD_HEAD) * 4);
    return this.#add(ref, byteLength, hash);
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
    checkSource("interner", source, start, end);
    const { i32, u32 } = this.memory;
    const cell = this.#index.cellOf(source, start, end);
    if (cell !== 0) {
      const near = u32[cell];
      if (near !== 0 && equalsRecord(i32, near, source, start, end)) return i32[near] as StringId;
    }
    const hash = hashBytes(source, start, end, this.#seed);
    const ref = this.#index.findBytes(source, start, end, hash);
    if (ref === 0) return this.#addBytes(source, start, end, hash);
    if (cell !== 0) u32[cell] = ref;
    return i32[ref] as StringId;
  }

  /** The id of `text`, or undefined when it was never interned. */
  lookup(text: string): StringId | undefined {
    this.#heap.checkAlive();
    return this.#known(this.#index.findString(text, hashString(text, this.#seed)));
  }

  /** The id of the text whose UTF-8 bytes are `source[start, end)`, or undefined when it was never interned. */
  lookupBytes(source: Uint8Array, start: number, end: number): StringId | undefined {
    this.#heap.checkAlive();
    checkSource("interner", source, start, end);
    return this.#known(this.#index.findBytes(source, start, end, hashBytes(source, start, end, this.#seed)));
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
    return compareRecords(this.memory, this.#refOf(a), this.#refOf(b));
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
    return [...this.#heap.checkInvariants(), ...this.#index.checkInvariants(this.#seed)];
  }

  #addBytes(source: Uint8Array, start: number, end: number, hash: number): StringId {
    checkText("interner", source, start, end);
    const own = source === this.memory.u8;
    const ref = this.#reserve(end - start);
    if (ref === 0) return NO_STRING;
    // Growing an unshared WebAssembly memory moves its bytes, and the source may be among them.
    const from = own ? this.memory.u8 : source;
    if (from.length < end) throwRange("interner", from, start, end);
    const { u8 } = this.memory;
    const to = (ref + RECORD_HEAD) * 4;
    for (let at = start; at < end; at++) u8[to + at - start] = from[at];
    return this.#add(ref, end - start, hash);
  }

  /** Room for one string more; 0 when there is none. */
  #reserve(byteLength: number): number {
    return this.#heap.count < this.maxCount && this.#index.reserve() ? this.#heap.reserve(byteLength) : 0;
  }

  #add(ref: number, byteLength: number, hash: number): StringId {
    const id = this.#heap.add(ref, byteLength);
    this.#index.add(ref, hash);
    return id as StringId;
  }

  #known(ref: number): StringId | undefined {
    return ref === 0 ? undefined : (this.memory.i32[ref] as StringId);
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
