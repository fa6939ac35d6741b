import { alignUp } from "../../../core/align.ts";
import { MemoryError } from "../../../core/errors.ts";
import { privateMemory } from "../../../core/homes.ts";
import type { Memory } from "../../../core/memory.ts";
import { decodeUtf8, encodedByteLength, encodeUtf8, findInvalidUtf8 } from "../../../core/utf8.ts";
import { BlobType } from "../../../layout/blob.ts";
import { Place, shown } from "../../../layout/place.ts";
import { TextType } from "../../../layout/text.ts";
import type { Type } from "../../../layout/type.ts";
import { secretOf } from "../../hash.ts";
import { endHash, firstLaneOf, hashKey, mixFirst, mixSecond } from "./check.ts";
import { MOST_KEY_BYTES } from "./layout.ts";

const KeyShape = { WORD: 0, FLOAT: 1, FIXED: 2, TEXT: 3, BLOB: 4 } as const;
type KeyShape = (typeof KeyShape)[keyof typeof KeyShape];

const CANONICAL_NAN = { f32: [0x7fc0_0000, 0], f64: [0, 0x7ff8_0000] } as const;
/** Texts of up to so many units are known to fit without being measured. */
const SURELY_FITS = MOST_KEY_BYTES / 3;
const SHORT_TEXT = 40;
const LAST_ASCII = 0x7f;
/** Types of keys that can be objects. */
const OBJECTS: readonly string[] = ["struct", "array", "optional"];
/** Bits that no word of four characters of ASCII has. */
const NOT_ASCII = 0x8080_8080 | 0;

/**
 * One key at a time as the bytes that a record stores: `words[0 …)`, `byteLength` of them, zeros up to the next word.
 *
 * As in a Map, NaN is one key and -0 is 0. Within structs a key is its bytes.
 */
export class KeyBytes<Key> {
  /** Bytes of a key of fixed size, 0: any number. */
  readonly fixed: number;
  /** Whether loading a key runs no code of its own, as the fields of an object may. */
  readonly isPlain: boolean;
  byteLength = 0;
  hash = 0;
  readonly words: Int32Array;
  /** Where in `words` the key begins. */
  readonly at = 0;
  readonly type: Type<Key>;
  readonly #shape: KeyShape;
  readonly #seed: number;
  readonly #place: Place;
  readonly #memory: Memory;

  constructor(type: Type<Key>, seed: number) {
    this.type = type;
    this.#seed = seed;
    this.#shape = shapeOf(type);
    this.isPlain = this.#shape !== KeyShape.FIXED || !OBJECTS.includes(type.kind);
    this.fixed = this.#shape >= KeyShape.TEXT ? 0 : type.byteSize;
    this.#place = new Place(undefined, `hash table key of type ${type.name}`);
    this.#memory = privateMemory(alignUp(this.#shape >= KeyShape.TEXT ? MOST_KEY_BYTES + 1 : type.byteSize, 8));
    this.words = this.#memory.i32;
  }

  /** False when no table of this type can hold the key. */
  load(key: Key): boolean {
    switch (this.#shape) {
      case KeyShape.TEXT:
        return this.#loadText(key);
      case KeyShape.BLOB:
        return key instanceof Uint8Array && this.#loadRange(key, 0, key.length);
      default:
        return this.#loadFixed(key) && this.#end(this.fixed);
    }
  }

  /** The key whose bytes are these: those of a text as UTF-8, those of a fixed string without its zeros. False as for `load`. */
  loadBytes(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#shape === KeyShape.BLOB) return this.#loadRange(bytes, start, end);
    if (this.#shape === KeyShape.TEXT) {
      if (end - start <= SHORT_TEXT && this.#loadAsciiBytes(bytes, start, end - start)) return true;
      return findInvalidUtf8(bytes, start, end) < 0 && this.#loadRange(bytes, start, end);
    }
    const isUtf8 = this.type.kind === "utf8";
    if (end - start > this.fixed || (!isUtf8 && end - start !== this.fixed)) return false;
    if (isUtf8 && (findInvalidUtf8(bytes, start, end) >= 0 || (end > start && bytes[end - 1] === 0))) return false;
    this.words.fill(0);
    for (let at = start; at < end; at++) this.#memory.u8[at - start] = bytes[at];
    return this.#end(this.fixed);
  }

  /** The key that a record has, whose words are in `memory` from `byteOffset` on. */
  read(memory: Memory, byteOffset: number, byteLength: number): Key {
    if (this.#shape === KeyShape.TEXT) return decodeUtf8(memory.u8, byteOffset, byteOffset + byteLength) as Key;
    if (this.#shape === KeyShape.BLOB) return memory.u8.slice(byteOffset, byteOffset + byteLength) as Key;
    if (byteOffset % this.type.align === 0) return this.type.rawRead(memory, byteOffset);
    this.#memory.u8.set(memory.u8.subarray(byteOffset, byteOffset + this.fixed));
    return this.type.rawRead(this.#memory, 0);
  }

  /** Throws `bad-value`: no table of this type can hold the key. */
  refuse(key: unknown): never {
    throw new MemoryError("bad-value", {
      subject: "hash table",
      event: `cannot have the key ${shown(key)}: it is no ${this.type.name}`,
      numbers: this.#shape < KeyShape.TEXT ? {} : { length: lengthOf(key), mostBytes: MOST_KEY_BYTES },
      cure: "Use a key type that holds all keys exactly.",
    });
  }

  #loadFixed(key: Key): boolean {
    const { words } = this;
    if (this.#shape === KeyShape.WORD && typeof key === "number") {
      // Of a smaller type the one word is checked by what would be read back.
      words[0] = 0;
      this.type.rawStore(this.#memory, 0, key);
      return this.type.rawRead(this.#memory, 0) === key;
    }
    let checked: unknown;
    try {
      checked = this.type.rawCheck(key, this.#place);
    } catch (error) {
      if (error instanceof MemoryError && error.code === "bad-value") return false;
      throw error;
    }
    words.fill(0);
    this.type.rawStore(this.#memory, 0, checked);
    return this.#shape !== KeyShape.FLOAT || this.#canonical(key);
  }

  #canonical(key: Key): boolean {
    const { words } = this;
    if (Number.isNaN(key)) words.set(this.fixed === 4 ? CANONICAL_NAN.f32 : CANONICAL_NAN.f64);
    else if (key === 0) words.fill(0);
    else return this.type.rawRead(this.#memory, 0) === key;
    return true;
  }

  #loadText(key: Key): boolean {
    if (typeof key !== "string") return false;
    const { length } = key;
    if (length <= SHORT_TEXT && this.#loadAscii(key, length)) return true;
    try {
      if (key.length > SURELY_FITS && encodedByteLength(key) > MOST_KEY_BYTES) return false;
      return this.#end(encodeUtf8(key, this.#memory.u8, 0));
    } catch (error) {
      if (error instanceof MemoryError && error.code === "bad-value") return false;
      throw error;
    }
  }

  /** Most keys are short and ASCII: for them one loop here, which hashes on the way, is quicker than a call into the host. False for others. */
  #loadAscii(key: string, length: number): boolean {
    const { words } = this;
    const seed = this.#seed;
    const secret = secretOf(seed);
    let [a, b] = [firstLaneOf(seed), seed];
    const whole = length & ~3;
    for (let at = 0; at < whole; at += 4) {
      const first = key.charCodeAt(at);
      const second = key.charCodeAt(at + 1);
      const third = key.charCodeAt(at + 2);
      const fourth = key.charCodeAt(at + 3);
      if ((first | second | third | fourth) > LAST_ASCII) return false;
      const word = first | (second << 8) | (third << 16) | (fourth << 24);
      words[at >> 2] = word;
      a = mixFirst(a, word);
      b = mixSecond(b, word, secret);
    }
    if (whole < length || length === 0) {
      let rest = 0;
      for (let at = length - 1; at >= whole; at--) {
        const unit = key.charCodeAt(at);
        if (unit > LAST_ASCII) return false;
        rest = (rest << 8) | unit;
      }
      words[whole >> 2] = rest;
      a = mixFirst(a, rest);
      b = mixSecond(b, rest, secret);
    }
    this.byteLength = length;
    this.hash = length <= 4 ? hashKey(words, length, seed) : endHash(a, b, length);
    return true;
  }

  /** The same for bytes. */
  #loadAsciiBytes(bytes: Uint8Array, start: number, length: number): boolean {
    const { words } = this;
    const seed = this.#seed;
    const secret = secretOf(seed);
    let [a, b] = [firstLaneOf(seed), seed];
    const whole = length & ~3;
    for (let at = 0; at < whole; at += 4) {
      const from = start + at;
      const word = bytes[from] | (bytes[from + 1] << 8) | (bytes[from + 2] << 16) | (bytes[from + 3] << 24);
      if ((word & NOT_ASCII) !== 0) return false;
      words[at >> 2] = word;
      a = mixFirst(a, word);
      b = mixSecond(b, word, secret);
    }
    if (whole < length || length === 0) {
      let rest = 0;
      for (let at = length - 1; at >= whole; at--) rest = (rest << 8) | bytes[start + at];
      if ((rest & NOT_ASCII) !== 0) return false;
      words[whole >> 2] = rest;
      a = mixFirst(a, rest);
      b = mixSecond(b, rest, secret);
    }
    this.byteLength = length;
    this.hash = length <= 4 ? hashKey(words, length, seed) : endHash(a, b, length);
    return true;
  }

  #loadRange(bytes: Uint8Array, start: number, end: number): boolean {
    const byteLength = end - start;
    if (byteLength > MOST_KEY_BYTES) return false;
    const { u8 } = this.#memory;
    if (byteLength > 64) u8.set(bytes.subarray(start, end));
    else for (let at = 0; at < byteLength; at++) u8[at] = bytes[start + at];
    return this.#end(byteLength);
  }

  #end(byteLength: number): boolean {
    const { u8 } = this.#memory;
    for (let at = byteLength; (at & 3) !== 0; at++) u8[at] = 0;
    if (byteLength === 0) this.words[0] = 0;
    this.byteLength = byteLength;
    this.hash = hashKey(this.words, byteLength, this.#seed);
    return true;
  }
}

/** Whether a type holds keys or values of any length. */
export function isVariable(type: Type<unknown, never>): boolean {
  return type instanceof TextType || type instanceof BlobType;
}

function shapeOf(type: Type): KeyShape {
  if (type instanceof TextType) return KeyShape.TEXT;
  if (type instanceof BlobType) return KeyShape.BLOB;
  const { codec } = type;
  if (type.kind === "scalar" && codec.shape === "direct" && codec.decode === undefined) {
    if (codec.view === "f32" || codec.view === "f64") return KeyShape.FLOAT;
    if (codec.view !== "i64" && codec.view !== "u64") return KeyShape.WORD;
  }
  if (type.byteSize <= MOST_KEY_BYTES && type.byteSize > 0) return KeyShape.FIXED;
  throw new MemoryError("invalid-argument", {
    subject: "hash table",
    event: `cannot have keys of type ${type.name}`,
    numbers: { byteSize: type.byteSize, most: MOST_KEY_BYTES },
    cure: "Use a shorter type for its keys.",
  });
}

function lengthOf(key: unknown): number | undefined {
  return typeof key === "string" || key instanceof Uint8Array ? key.length : undefined;
}
