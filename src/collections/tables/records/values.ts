import type { Memory } from "../../../core/memory.ts";
import { decodeUtf8, encodedByteLength, encodeUtf8, findInvalidUtf8 } from "../../../core/utf8.ts";
import { BlobType } from "../../../layout/blob.ts";
import { Place } from "../../../layout/place.ts";
import { TextType } from "../../../layout/text.ts";
import type { Type } from "../../../layout/type.ts";
import { MOST_VALUE_BYTES } from "./layout.ts";

/** Up to so many bytes a loop is quicker than a call into the host. */
const SHORT_BYTES = 48;

/** How the values of a table become bytes. A value of fixed size is checked wholly before anything is stored. */
export class ValueBytes<Value, Input> {
  readonly type: Type<Value, Input>;
  /** What a value's offset within its record is a multiple of. */
  readonly align: number;
  /** Bytes before the value, which say when it ends. */
  readonly prefix: number;
  readonly isVariable: boolean;
  readonly #isText: boolean;
  readonly #place: Place;

  constructor(type: Type<Value, Input>, withExpiry: boolean) {
    this.type = type;
    this.prefix = withExpiry ? 8 : 0;
    this.#isText = type instanceof TextType;
    this.isVariable = this.#isText || type instanceof BlobType;
    this.align = Math.max(this.isVariable ? 4 : type.align, withExpiry ? 8 : 1);
    this.#place = new Place(undefined, `hash table value of type ${type.name}`);
  }

  /** The value as `store` takes it. Throws `bad-value`. */
  check(value: unknown): unknown {
    if (!this.isVariable) return this.type.rawCheck(value, this.#place);
    if (this.#isText ? typeof value === "string" : value instanceof Uint8Array) return value;
    return this.#place.refuse(value, this.#isText ? "Pass a string." : "Pass a Uint8Array.");
  }

  /** The bytes that a checked value takes, with what is before it. Throws `bad-value` for what is no text, or too long. */
  byteLength(checked: unknown): number {
    if (!this.isVariable) return this.prefix + this.type.byteSize;
    const byteLength = typeof checked === "string" ? this.#textByteLength(checked) : (checked as Uint8Array).length;
    if (byteLength > MOST_VALUE_BYTES) this.#place.refuse(checked, "Split it.", { byteLength, most: MOST_VALUE_BYTES });
    return this.prefix + byteLength;
  }

  store(memory: Memory, byteOffset: number, checked: unknown): void {
    if (!this.isVariable) this.type.rawStore(memory, byteOffset + this.prefix, checked);
    else if (typeof checked === "string") encodeUtf8(checked, memory.u8, byteOffset + this.prefix);
    else storeBytes(memory.u8, byteOffset + this.prefix, checked as Uint8Array);
  }

  /** A copy of the value that lies at `byteOffset`, with its prefix. */
  read(memory: Memory, byteOffset: number, byteLength: number): Value {
    const start = byteOffset + this.prefix;
    if (!this.isVariable) return this.type.rawRead(memory, start);
    const end = byteOffset + byteLength;
    return (this.#isText ? decodeUtf8(memory.u8, start, end) : memory.u8.slice(start, end)) as Value;
  }

  /** Whether bytes of this length can be a value at all. */
  fits(byteLength: number): boolean {
    if (!this.isVariable) return byteLength === this.prefix + this.type.byteSize;
    return byteLength >= this.prefix && byteLength <= this.prefix + MOST_VALUE_BYTES;
  }

  /** Whether the bytes of a value that `verify` reads are what they should be. */
  isSound(memory: Memory, byteOffset: number, byteLength: number): boolean {
    return !this.#isText || findInvalidUtf8(memory.u8, byteOffset + this.prefix, byteOffset + byteLength) < 0;
  }

  #textByteLength(text: string): number {
    try {
      return encodedByteLength(text);
    } catch {
      return this.#place.refuse(text, "It has half of a surrogate pair: `toWellFormed()` replaces such.");
    }
  }
}

function storeBytes(u8: Uint8Array, byteOffset: number, bytes: Uint8Array): void {
  if (bytes.length > SHORT_BYTES) u8.set(bytes, byteOffset);
  else for (let at = 0; at < bytes.length; at++) u8[byteOffset + at] = bytes[at];
}
