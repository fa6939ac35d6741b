import { Allocator } from "../../alloc/allocator.ts";
import { bump } from "../../alloc/bump.ts";
import { type Placement, placed } from "../../alloc/own-memory.ts";
import { checkCall, OPTIONS } from "../../core/check-call.ts";
import { privateMemory } from "../../core/homes.ts";
import { Memory } from "../../core/memory.ts";
import { encodedByteLength } from "../../core/utf8.ts";
import { wtf8ByteLength } from "../../core/wtf8.ts";
import { checkSource, copyText, throwRange } from "../byte-source.ts";
import { hashBytes, hashString } from "../hash.ts";
import type { Dictionary } from "./dictionary.ts";
import { type FreezeOptions, freezeInterner, frozenByteLength } from "./freeze-interner.ts";
import { GrowingStrings } from "./growing-strings.ts";
import { checkMaxByteLength, checkMaxCount, checkOptions, type IdWidth, type InternerOptions } from "./interner-options.ts";
import { StringHeap } from "./string-heap.ts";
import { NO_STRING, type StringId } from "./string-id.ts";
import { StringIndex } from "./string-index.ts";
import { equalsRecord } from "./string-record.ts";
import {
  Content,
  contentOfBytes,
  contentOfText,
  decodeText,
  encodeAscii,
  encodeText,
  isShortAscii,
  throwNotText,
} from "./text-content.ts";
import { BYTE_LENGTH, CANDIDATES, HASH, type IdArray, INDEX, START, TOKEN_WORDS, type TokenList } from "./token-list.ts";

/**
 * Each distinct string once, as UTF-8 in memory, under a dense id.
 *
 * ```ts
 * const countries = interner(sharedMemory(0, { maxByteLength: GiB(1) }), { name: "countries" });
 * const andorra = countries.intern("Andorra");            // 1
 * countries.internBytes(line, start, end);                // the same from bytes, and no JavaScript string is made
 * countries.resolve(andorra);                             // "Andorra"
 * ```
 *
 *     StringIndex   | tag and id u32 | … |         from a string to its id
 *                              |
 *     StringHeap           … | ref u32 | … |       from an id to its string
 *                                 |
 *                                 +---> | byteLength u8 | bytes … |
 *
 * Strings never move and are never dropped. All places count from the start of the memory. The bytes of strings are written by the
 * interner alone; others may read them. One thread interns; for many there is `sharedInterner`.
 *
 * Invariants: those of StringHeap and StringIndex, over the same records.
 */
export class Interner<Name extends string = string> extends GrowingStrings<Name> implements Disposable {
  readonly memory: Memory;
  readonly subject: string;
  readonly ids: IdWidth;
  readonly #heap: StringHeap;
  readonly #index: StringIndex;
  /** Signed, so that V8 never boxes it. */
  readonly #seed: number;
  readonly #most: Content;
  #content: Content = Content.UTF8;
  #maxCount: number;

  /** Use `interner`. */
  constructor(allocator: Allocator, options: InternerOptions<Name> = {}) {
    super();
    const { subject, seed, most, ids, maxCount, maxByteLength } = checkOptions("interner", options);
    this.memory = allocator.memory;
    this.subject = subject;
    this.ids = ids;
    this.#seed = seed | 0;
    this.#most = most;
    this.#maxCount = maxCount;
    this.#heap = new StringHeap(allocator, subject, maxByteLength);
    this.#index = new StringIndex(this.#heap, this.#seed);
    if (this.#index.open()) return;
    this.#heap.free();
    this.throwFull();
  }

  get seed(): number {
    return this.#seed >>> 0;
  }

  get size(): number {
    return this.#heap.count;
  }

  get content(): Content {
    return this.#content;
  }

  get byteLength(): number {
    return this.#heap.ownedByteLength;
  }

  /** The bytes of all its strings, nothing else counted. */
  get textByteLength(): number {
    return this.#heap.textByteLength;
  }

  get maxCount(): number {
    return this.#maxCount;
  }

  set maxCount(maxCount: number) {
    checkMaxCount(this.subject, maxCount, this.ids);
    this.#maxCount = maxCount;
  }

  get maxByteLength(): number {
    return this.#heap.maxByteLength;
  }

  set maxByteLength(maxByteLength: number) {
    checkMaxByteLength(this.subject, maxByteLength);
    this.#heap.maxByteLength = maxByteLength;
  }

  tryIntern(text: string): StringId<Name> {
    this.#heap.checkAlive();
    if (typeof text !== "string") throwNotText(this.subject, text);
    const hash = hashString(text, this.#seed);
    const known = this.#index.findString(text, hash);
    if (known !== 0) return known as StringId<Name>;
    const ascii = isShortAscii(text);
    const content = ascii ? Content.UTF8 : contentOfText(this.subject, text, this.#most);
    const byteLength = ascii ? text.length : content === Content.UTF8 ? encodedByteLength(text) : wtf8ByteLength(text);
    const ref = this.#reserve(byteLength, hash);
    if (ref === 0) return NO_STRING;
    const at = this.#heap.bytesOf(ref, byteLength);
    if (ascii) encodeAscii(text, this.memory.u8, at);
    else encodeText(text, content, this.memory.u8, at);
    return this.#add(ref, byteLength, hash, content);
  }

  tryInternBytes(source: Uint8Array, start: number, end: number): StringId<Name> {
    this.#heap.checkAlive();
    checkSource(this.subject, source, start, end);
    const { i32, u32 } = this.memory;
    const cell = this.#index.cellOf(source, start, end);
    if (cell !== 0) {
      const near = u32[cell];
      if (near !== 0 && equalsRecord(i32, this.#heap.uncheckedRefOf(near), source, start, end)) return near as StringId<Name>;
    }
    const hash = hashBytes(source, start, end, this.#seed);
    const id = this.#index.findBytes(source, start, end, hash);
    if (id === 0) return this.#addBytes(source, start, end, hash);
    if (cell !== 0) u32[cell] = id;
    return id as StringId<Name>;
  }

  rawInternHashed(source: Uint8Array, start: number, end: number, hash: number): StringId<Name> {
    return (this.#index.findBytes(source, start, end, hash) as StringId<Name>) || this.#addBytes(source, start, end, hash);
  }

  override rawInternTokens(source: Uint8Array, base: number, tokens: TokenList, ids: IdArray, at: number): number {
    if (this.#heap.count < STRINGS_IN_CACHE) return super.rawInternTokens(source, base, tokens, ids, at);
    this.#heap.checkAlive();
    const own = source === this.memory.u8;
    const { i32, firstWord, unknownCount, candidates } = tokens;
    for (let first = 0; first < unknownCount; first += CANDIDATES) {
      const last = Math.min(first + CANDIDATES, unknownCount);
      this.#index.foresee(tokens, first, last - first);
      for (let done = first; done < last; done++) {
        const word = firstWord + done * TOKEN_WORDS;
        const start = base + i32[word + START];
        const end = start + i32[word + BYTE_LENGTH];
        const from = own ? this.memory.u8 : source;
        const candidate = candidates[done - first];
        const ref = candidates[CANDIDATES + done - first];
        const found = candidate !== 0 && equalsRecord(this.memory.i32, ref, from, start, end);
        const id = found ? (candidate as StringId<Name>) : this.rawInternHashed(from, start, end, i32[word + HASH]);
        if (id === NO_STRING) return done;
        ids[at + i32[word + INDEX]] = id;
      }
    }
    return unknownCount;
  }

  lookup(text: string): StringId<Name> | undefined {
    this.#heap.checkAlive();
    if (typeof text !== "string") return undefined;
    return (this.#index.findString(text, hashString(text, this.#seed)) as StringId<Name>) || undefined;
  }

  lookupBytes(source: Uint8Array, start: number, end: number): StringId<Name> | undefined {
    this.#heap.checkAlive();
    checkSource(this.subject, source, start, end);
    return (this.#index.findBytes(source, start, end, hashBytes(source, start, end, this.#seed)) as StringId<Name>) || undefined;
  }

  byteOffsetOf(id: StringId<Name>): number {
    const ref = this.#refOf(id);
    return this.#heap.bytesOf(ref, this.#heap.byteLengthOf(ref));
  }

  byteLengthOf(id: StringId<Name>): number {
    return this.#heap.byteLengthOf(this.#refOf(id));
  }

  /**
   * The same strings under the same ids in the form that never changes again: one block without gaps, in `allocator`, by default in a memory of
   * its own; with `{ index: false }` only for `resolve`. This interner is closed. Throws `out-of-memory`, and then nothing has changed.
   */
  freeze(options: FreezeOptions & { readonly allocator?: Allocator } = {}): Dictionary<Name> {
    const { allocator = bump(privateMemory(frozenByteLength(this, options) + FREEZE_MARGIN_BYTES)) } = options;
    const frozen = freezeInterner(this, allocator, options);
    this.close();
    return frozen;
  }

  /** Gives its memory back to the allocator; using the interner afterwards throws `closed`. */
  close(): void {
    this.#heap.free();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Nothing is interned between a look at `size` and this. */
  rawTextByteLength(): number {
    return this.#heap.textByteLength;
  }

  checkInvariants(): string[] {
    this.#heap.checkAlive();
    return [...this.#heap.checkInvariants(), ...this.#index.checkInvariants(this.#content)];
  }

  protected override checkAlive(): void {
    this.#heap.checkAlive();
  }

  protected override touch(ids: ArrayLike<number>, first: number, last: number): number {
    return this.#heap.touch(ids, first, last);
  }

  protected override decode(id: StringId<Name>): string {
    const ref = this.#refOf(id);
    const byteLength = this.#heap.byteLengthOf(ref);
    const start = this.#heap.bytesOf(ref, byteLength);
    return decodeText(this.memory.u8, start, start + byteLength, this.#content);
  }

  #addBytes(source: Uint8Array, start: number, end: number, hash: number): StringId<Name> {
    if (!Number.isInteger(start) || !Number.isInteger(end)) throwRange(this.subject, source, start, end);
    const content = contentOfBytes(this.subject, source, start, end, this.#most);
    const own = source === this.memory.u8;
    const ref = this.#reserve(end - start, hash);
    if (ref === 0) return NO_STRING;
    // Growing an unshared WebAssembly memory moves its bytes, and the source may be among them.
    const from = own ? this.memory.u8 : source;
    if (from.length < end) throwRange(this.subject, from, start, end);
    copyText(from, start, end, this.memory.u8, this.#heap.bytesOf(ref, end - start));
    return this.#add(ref, end - start, hash, content);
  }

  /** Room for one string more; 0 when there is none. */
  #reserve(byteLength: number, hash: number): number {
    return this.#heap.count < this.#maxCount && this.#index.reserve(hash) ? this.#heap.reserve(byteLength) : 0;
  }

  #add(ref: number, byteLength: number, hash: number, content: Content): StringId<Name> {
    if (content > this.#content) this.#content = content;
    const id = this.#heap.add(ref, byteLength);
    this.#index.add(id, hash);
    return id as StringId<Name>;
  }

  #refOf(id: StringId<Name>): number {
    this.#heap.checkAlive();
    if (!(id >= 1 && id <= this.#heap.count && Number.isInteger(id))) this.throwNoString(id);
    return this.#heap.uncheckedRefOf(id);
  }
}

/** So many lie in a processor's caches: looking up one after the other waits for nothing. */
const STRINGS_IN_CACHE = 32_768;

/** An allocator over fresh memory hands out no block at 0, and aligns a frozen one to 64. */
const FREEZE_MARGIN_BYTES = 128;

/** An interner where `allocator` or `memory` say, as for all collections; without them in private memory of its own, which ends with it. */
export function interner<const Name extends string = string>(options?: InternerOptions<Name> & Placement): Interner<Name>;
/** An interner that takes its memory from `place`: an allocator, or a whole Memory that serves nothing else. */
export function interner<const Name extends string = string>(
  place: Allocator | Memory,
  options?: InternerOptions<Name>,
): Interner<Name>;
export function interner<const Name extends string = string>(
  place: Allocator | Memory | (InternerOptions<Name> & Placement) = {},
  options: InternerOptions<Name> = {},
): Interner<Name> {
  checkCall("interner()", [OPTIONS, place], [OPTIONS, options]);
  if (place instanceof Memory) return new Interner(bump(place), options);
  if (place instanceof Allocator) return new Interner(place, options);
  return new Interner(placed("interner", place), place);
}
