import { MemoryError } from "../../core/errors.ts";
import type { Lease } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";
import { checkSource } from "../byte-source.ts";
import { hashBytes, hashString } from "../hash.ts";
import { equalsUtf8 } from "../packed-utf8.ts";
import { verifyDictionary } from "./dictionary-check.ts";
import { type DictionaryLayout, OFFSETS_AT, readDictionaryLayout, SEED_WORD } from "./dictionary-layout.ts";
import type { StringId } from "./string-id.ts";
import { Strings } from "./strings.ts";
import { type Content, decodeText } from "./text-content.ts";

/**
 * A set of strings that never changes again, under the ids that an interner gave them; see DictionaryLayout for its bytes.
 *
 * Opening it looks at the header alone. What it reads later is checked where it is read: whatever the bytes say, nothing outside of the
 * block is touched, and an offset that cannot be throws `corrupt`.
 */
export class Dictionary<Name extends string = string> extends Strings<Name> {
  readonly memory: Memory;
  readonly subject = "dictionary";
  /** Where the block lies. */
  readonly byteOffset: number;
  readonly layout: DictionaryLayout;
  readonly #lease: Lease;
  readonly #epoch: number;
  readonly #count: number;
  readonly #wide: boolean;
  /** Element of the view of the offsets at which they begin. */
  readonly #offsets: number;
  readonly #text: number;
  readonly #textByteLength: number;
  /** Signed, so that V8 never boxes it. */
  readonly #seed: number;
  readonly #table: number;
  readonly #slots: number;

  /** For `freezeInterner` and `Dictionary.attach`. */
  constructor(lease: Lease, byteOffset: number, layout: DictionaryLayout) {
    super();
    this.memory = lease.memory;
    this.byteOffset = byteOffset;
    this.layout = layout;
    this.#lease = lease;
    this.#epoch = lease.epoch;
    this.#count = layout.count;
    this.#wide = layout.offsetByteSize === 8;
    this.#offsets = (byteOffset + OFFSETS_AT) / layout.offsetByteSize;
    this.#text = byteOffset + layout.textAt;
    this.#textByteLength = layout.textByteLength;
    this.#seed = this.memory.i32[byteOffset / 4 + SEED_WORD];
    this.#table = (byteOffset + layout.indexAt) / 4;
    this.#slots = layout.slots;
  }

  /**
   * The dictionary in the bytes `[byteOffset, byteOffset + byteLength)`, written by `freezeInterner`, here or elsewhere. O(1). Throws
   * `corrupt` when its header contradicts itself, `unsupported-format` for a later version, `out-of-bounds` when there are no such bytes.
   */
  static attach<Name extends string = string>(memory: Memory, byteOffset: number, byteLength: number): Dictionary<Name> {
    return new Dictionary(memory.lease, byteOffset, readDictionaryLayout(memory, byteOffset, byteLength));
  }

  get size(): number {
    return this.#count;
  }

  get seed(): number {
    return this.#seed >>> 0;
  }

  get content(): Content {
    return this.layout.content;
  }

  /** The bytes of the whole block. */
  get byteLength(): number {
    return this.layout.byteLength;
  }

  /** Whether `lookup` works: it was frozen with an index. */
  get hasIndex(): boolean {
    return this.#slots !== 0;
  }

  byteOffsetOf(id: StringId<Name>): number {
    this.#checkId(id);
    return this.#startOf(id);
  }

  byteLengthOf(id: StringId<Name>): number {
    this.#checkId(id);
    return this.#byteLengthFrom(this.#startOf(id), id);
  }

  /** The id of `text`, or undefined. Throws `unsupported` where there is no index. */
  lookup(text: string): StringId<Name> | undefined {
    this.#checkIndex();
    if (typeof text !== "string") return undefined;
    const hash = hashString(text, this.#seed);
    const { i32, u8 } = this.memory;
    const mask = this.#slots - 1;
    // Counted, because a damaged index may have no free slot.
    for (let index = hash & mask, left = this.#slots; left > 0; index = (index + 1) & mask, left--) {
      const slot = this.#table + index * 2;
      const id = i32[slot + 1];
      if (id === 0) return undefined;
      if (i32[slot] !== hash) continue;
      const start = this.#startOf(this.#sound(id));
      if (equalsUtf8(text, u8, start, this.#byteLengthFrom(start, id))) return id as StringId<Name>;
    }
    return undefined;
  }

  /** The id of the text whose UTF-8 bytes are `source[start, end)`, or undefined. Throws `unsupported` where there is no index. */
  lookupBytes(source: Uint8Array, start: number, end: number): StringId<Name> | undefined {
    this.#checkIndex();
    checkSource("dictionary", source, start, end);
    const hash = hashBytes(source, start, end, this.#seed);
    const { i32, u8 } = this.memory;
    const mask = this.#slots - 1;
    for (let index = hash & mask, left = this.#slots; left > 0; index = (index + 1) & mask, left--) {
      const slot = this.#table + index * 2;
      const id = i32[slot + 1];
      if (id === 0) return undefined;
      if (i32[slot] !== hash) continue;
      const from = this.#startOf(this.#sound(id));
      if (this.#byteLengthFrom(from, id) !== end - start) continue;
      let at = start;
      while (at < end && source[at] === u8[from + at - start]) at += 1;
      if (at === end) return id as StringId<Name>;
    }
    return undefined;
  }

  rawTextByteLength(count: number): number {
    this.checkAlive();
    return this.#offset(count);
  }

  /** What contradicts the invariants, the first few of each kind; empty when all is sound. Reads every byte. */
  checkInvariants(): string[] {
    this.checkAlive();
    return verifyDictionary(this);
  }

  protected override touch(ids: ArrayLike<number>, first: number, last: number): number {
    const { u8 } = this.memory;
    let touched = 0;
    for (let at = first; at < last; at++) {
      const id = ids[at] >>> 0;
      if (id >= 1 && id <= this.#count) touched ^= this.#offset(id);
    }
    for (let at = first; at < last; at++) {
      const id = ids[at] >>> 0;
      if (id >= 1 && id <= this.#count) touched ^= u8[this.#startOf(id)];
    }
    return touched;
  }

  protected override decode(id: StringId<Name>): string {
    this.#checkId(id);
    const start = this.#startOf(id);
    return decodeText(this.memory.u8, start, start + this.#byteLengthFrom(start, id), this.layout.content);
  }

  #startOf(id: number): number {
    const start = this.#text + this.#offset(id - 1);
    if (start > this.#text + this.#textByteLength) this.#throwOffset(id);
    return start;
  }

  /** The bytes from `start`, where string `id` begins, to its end. */
  #byteLengthFrom(start: number, id: number): number {
    const end = this.#text + this.#offset(id);
    if (end < start || end > this.#text + this.#textByteLength) this.#throwOffset(id);
    return end - start;
  }

  #offset(place: number): number {
    if (!this.#wide) return this.memory.u32[this.#offsets + place];
    const offset = this.memory.f64[this.#offsets + place];
    if (!(Number.isSafeInteger(offset) && offset >= 0)) this.#throwOffset(place);
    return offset;
  }

  #checkId(id: number): void {
    this.checkAlive();
    if (!(id >= 1 && id <= this.#count && Number.isInteger(id))) this.throwNoString(id);
  }

  protected override checkAlive(): void {
    if (this.#lease.epoch !== this.#epoch) this.#lease.throwStale(this.#epoch);
  }

  #checkIndex(): void {
    this.checkAlive();
    if (this.#slots !== 0) return;
    throw new MemoryError("unsupported", {
      subject: "dictionary",
      event: "was frozen without an index, so no string can be looked up in it",
      cure: "Freeze it with `{ index: true }`.",
    });
  }

  /** An id that stands in the index. */
  #sound(id: number): number {
    if (id >= 1 && id <= this.#count) return id;
    throw new MemoryError("corrupt", {
      subject: "dictionary",
      event: "has an id in its index that it does not have",
      numbers: { id, size: this.#count, byteOffset: this.byteOffset },
      cure: "Write it anew from its source.",
    });
  }

  #throwOffset(id: number): never {
    const view = this.#wide ? this.memory.f64 : this.memory.u32;
    throw new MemoryError("corrupt", {
      subject: "dictionary",
      event: "has an offset that lies outside of its text",
      numbers: {
        id,
        start: view[this.#offsets + Math.max(id - 1, 0)],
        end: view[this.#offsets + id],
        textByteLength: this.#textByteLength,
        byteOffset: this.byteOffset,
      },
      cure: "Write it anew from its source.",
    });
  }
}
