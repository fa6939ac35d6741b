import type { Memory } from "../core/memory.ts";
import { array } from "./array.ts";
import { blob } from "./blob.ts";
import { bool } from "./bool.ts";
import { BoxedType } from "./boxed.ts";
import { bytes } from "./bytes.ts";
import { enumOf } from "./enum.ts";
import { HandleType } from "./handle-type.ts";
import { optional } from "./optional.ts";
import type { Place } from "./place.ts";
import { f32, f64, i8, i16, i32, i64, type ScalarType, u8, u16, u32, u64 } from "./scalars.ts";
import { struct } from "./struct.ts";
import { text } from "./text.ts";
import type { DirectCodec, Type } from "./type.ts";
import { utf8 } from "./utf8.ts";

const WORDS: ReadonlyMap<string, Type> = new Map(
  [f32, f64, i8, i16, i32, i64, u8, u16, u32, u64, bool, text, blob].map((type: Type) => [type.signature, type]),
);
/** Deeper than any type that somebody writes; a damaged signature shall not exhaust the stack. */
const MOST_DEPTH = 64;

/**
 * The type that a signature stands for, so that a file can be read by a program that does not have the types it was written with: structs
 * are called `record` then, a string that was interned elsewhere is its id. Undefined for what is no signature of ours, whatever it is.
 */
export function typeOfSignature(signature: string): Type | undefined {
  const reader = new SignatureReader(signature);
  try {
    const type = reader.type(0);
    // Whatever was misread, and sizes that another machine would have chosen, spell another signature.
    return reader.isAtEnd && type?.signature === signature ? type : undefined;
  } catch {
    return undefined;
  }
}

/** Reads one signature from left to right. What it cannot read is undefined, or throws. */
class SignatureReader {
  readonly #signature: string;
  #at = 0;

  constructor(signature: string) {
    this.#signature = signature;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#signature.length;
  }

  type(depth: number): Type | undefined {
    if (depth > MOST_DEPTH) return undefined;
    if (this.#skip("{")) return this.#struct(depth);
    if (this.#skip("[")) return this.#array(depth);
    if (this.#skip("optional(")) return this.#optional(depth);
    const [, kind, bits, rest] = this.#match(/([a-z]+)(\d*)(\?|)/y) ?? [];
    if (kind === "enum" && this.#skip("(")) return this.#enum();
    if (kind === "handle") return new HandleType("record", bits === "64" ? "wide" : "narrow");
    if (kind === "interned") return new IdNumberType(bits === "8" ? u8 : bits === "16" ? u16 : u32, rest);
    if ((kind === "utf" || kind === "bytes") && this.#skip("(")) {
      const byteLength = this.#number();
      this.#skip(")");
      return kind === "bytes" ? bytes(byteLength) : utf8(byteLength);
    }
    return WORDS.get(`${kind}${bits}`);
  }

  #struct(depth: number): Type | undefined {
    const fields: Record<string, Type> = {};
    while (!this.#skip("}")) {
      const name = this.#match(/[A-Za-z_]\w*/y)?.[0] ?? this.#string();
      if (!this.#skip(":")) return undefined;
      const type = this.type(depth + 1);
      if (type === undefined || !this.#skip("@")) return undefined;
      this.#number();
      fields[name] = type;
      this.#skip(",");
    }
    this.#layout();
    return struct("record", fields);
  }

  #array(depth: number): Type | undefined {
    const element = this.type(depth + 1);
    if (element === undefined || !this.#skip(";")) return undefined;
    const length = this.#number();
    this.#skip("]");
    this.#layout();
    return array(element, length);
  }

  #optional(depth: number): Type | undefined {
    const inner = this.type(depth + 1);
    if (inner === undefined) return undefined;
    this.#skip(")");
    this.#layout();
    return optional(inner);
  }

  #enum(): Type {
    const first = this.#string();
    const others: string[] = [];
    while (this.#skip("|")) others.push(this.#string());
    this.#skip(")");
    return enumOf(first, ...others);
  }

  /** `#8/4`: size and alignment, which follow from the parts. */
  #layout(): void {
    this.#match(/#\d+\/\d+/y);
  }

  #number(): number {
    return Number(this.#match(/\d+/y)?.[0]);
  }

  #string(): string {
    const spelled: unknown = JSON.parse(this.#match(/"(?:[^"\\]|\\.)*"/y)?.[0] ?? "");
    return String(spelled);
  }

  #skip(text: string): boolean {
    if (!this.#signature.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#signature);
    if (found !== null) this.#at = pattern.lastIndex;
    return found;
  }
}

/** The id of a string whose interner is not at hand: a number that tells apart what it is. */
class IdNumberType extends BoxedType<number, number> {
  readonly codec: DirectCodec;
  readonly #word: ScalarType<number>;

  constructor(word: ScalarType<number>, optional = "") {
    const { byteSize, align } = word;
    super({ name: "id", kind: "interned", byteSize, align, signature: `interned${byteSize * 8}${optional}` });
    this.#word = word;
    this.codec = word.codec;
  }

  rawRead(memory: Memory, byteOffset: number): number {
    return this.#word.rawRead(memory, byteOffset);
  }

  rawCheck(value: unknown, place: Place): number {
    return this.#word.rawCheck(value, place);
  }

  rawStore(memory: Memory, byteOffset: number, checked: unknown): void {
    this.#word.rawStore(memory, byteOffset, checked);
  }
}
