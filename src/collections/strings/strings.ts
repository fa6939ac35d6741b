import { having } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import { INSPECT, shown } from "../../core/inspect.ts";
import type { Memory } from "../../core/memory.ts";
import { copyText } from "../byte-source.ts";
import { RecentStrings } from "./recent-strings.ts";
import type { StringId } from "./string-id.ts";
import { type Content, decodeText } from "./text-content.ts";
import type { IdArray } from "./token-list.ts";

export const STRINGS = having("an interner", "rawTextByteLength");

/** So many strings are asked for at once. */
export const MOST_TOUCHED = 64;

/**
 * Strings under dense ids, to read: what an interner, a shared one and a frozen one have in common.
 *
 * All of them keep the bytes of each string in one piece that never moves, as UTF-8 (see `StringEncoding` for what else can be). An id that lies in the
 * range of another interner names another string there: ids do not tell whose they are, their types do where the interners have names.
 */
export abstract class Strings<Name extends string = string> implements Iterable<string> {
  abstract readonly memory: Memory;
  /** Says nothing; it keeps the engine from leaving out looks that have no other effect. */
  protected touched = 0;
  readonly #recent = new RecentStrings();

  /** As its user knows it, for errors: `interner countries`. */
  abstract readonly subject: string;
  /** The number of strings, and the highest id. */
  abstract readonly size: number;
  /** The 32 bits that its hashes are made with. */
  abstract readonly seed: number;
  /** How far its strings are from UTF-8. */
  abstract readonly content: Content;

  /** Where the bytes of the string begin in `memory`. They never move. Throws `out-of-bounds` for a number that is no id. */
  abstract byteOffsetOf(id: StringId<Name>): number;
  /** How many bytes the string has. */
  abstract byteLengthOf(id: StringId<Name>): number;
  /** The id of `text`, or undefined when it is not there, as for what is no string. */
  abstract lookup(text: string): StringId<Name> | undefined;
  /** The id of the text whose bytes are `source[start, end)`, or undefined when it is not there. */
  abstract lookupBytes(source: Uint8Array, start: number, end: number): StringId<Name> | undefined;

  /** For `console.log`. */
  [INSPECT](): string {
    return shown(this.subject, this);
  }

  /** The text of an id. Throws `out-of-bounds` for a number that is no id. Some 5 ns for one that was resolved twice lately, a decoding otherwise. */
  resolve(id: StringId<Name>): string {
    this.checkAlive();
    return this.#recent.get(id) ?? this.#decode(id);
  }

  /**
   * The texts of all `ids`, in their order: in `texts`, or in a new array. Throws what `resolve` throws. Ids that were not resolved lately take less than half as long as
   * one by one: their bytes are asked for some at a time, where one after the other would wait for each.
   */
  resolveAll(ids: IdArray | readonly StringId<Name>[], texts: string[] = new Array<string>(ids.length)): string[] {
    const { length } = ids;
    for (let first = 0; first < length; first += MOST_TOUCHED) {
      const last = Math.min(first + MOST_TOUCHED, length);
      this.checkAlive();
      this.touched = this.touch(ids, first, last);
      for (let at = first; at < last; at++) texts[at] = this.resolve(ids[at] as StringId<Name>);
    }
    return texts;
  }

  /** Like `resolve`, but undefined for a number that is no id. */
  tryResolve(id: number): string | undefined {
    return this.isId(id) ? this.resolve(id) : undefined;
  }

  /** Whether a string has this id, so far. */
  isId(id: number): id is StringId<Name> {
    return id >= 1 && id <= this.size && Number.isInteger(id);
  }

  /** Whether `text` is there. */
  has(text: string): boolean {
    return this.lookup(text) !== undefined;
  }

  /**
   * Copies the bytes of the string to `target` from `at` on, and returns how many they are. Throws `out-of-bounds` when they have no room there; then
   * nothing was written. `target` may be the `u8` of any memory.
   */
  resolveInto(id: StringId<Name>, target: Uint8Array, at = 0): number {
    const start = this.byteOffsetOf(id);
    const byteLength = this.byteLengthOf(id);
    if (!(Number.isInteger(at) && at >= 0 && at + byteLength <= target.length)) {
      throw new MemoryError("out-of-bounds", {
        subject: this.subject,
        event: "was asked for a string that has no room in the target",
        numbers: { at: String(at), byteLength, length: target.length },
        cure: "Ask byteLengthOf(id) first.",
      });
    }
    copyText(this.memory.u8, start, start + byteLength, target, at);
    return byteLength;
  }

  /** The bytes of the string, without a copy; do not write to them. Allocates a view. */
  bytesOf(id: StringId<Name>): Uint8Array {
    return this.memory.bytes(this.byteOffsetOf(id), this.byteLengthOf(id));
  }

  /** Less than, equal to or greater than 0, by the bytes of both strings, which is the order of code points. Decodes nothing. */
  compare(a: StringId<Name>, b: StringId<Name>): number {
    const startA = this.byteOffsetOf(a);
    const startB = this.byteOffsetOf(b);
    const lengthA = this.byteLengthOf(a);
    const lengthB = this.byteLengthOf(b);
    const { u8 } = this.memory;
    const common = Math.min(lengthA, lengthB);
    for (let at = 0; at < common; at++) {
      const difference = u8[startA + at] - u8[startB + at];
      if (difference !== 0) return difference;
    }
    return lengthA - lengthB;
  }

  /** All strings in the order of their ids, from id 1. Strings that are interned meanwhile are visited too. */
  *[Symbol.iterator](): IterableIterator<string> {
    for (let id = 1; id <= this.size; id++) yield this.resolve(id as StringId<Name>);
  }

  /** All ids with their strings, in the order of the ids. */
  *entries(): IterableIterator<[StringId<Name>, string]> {
    for (let id = 1; id <= this.size; id++) yield [id as StringId<Name>, this.resolve(id as StringId<Name>)];
  }

  /** For `freezeInterner`: the bytes of the first `count` strings together. */
  abstract rawTextByteLength(count: number): number;

  /** What contradicts the invariants; empty when all is sound. Reads everything. */
  abstract checkInvariants(): string[];

  /** Throws `closed` or `stale-view` when the strings are gone. */
  protected abstract checkAlive(): void;

  /**
   * Looks at the strings of `ids[first, last)`, MOST_TOUCHED at most, so that their bytes are near when they are asked for. What is no id is passed over. Returns something that
   * depends on all looks.
   */
  protected abstract touch(ids: ArrayLike<number>, first: number, last: number): number;

  /** The text of an id, made from its bytes. Throws `out-of-bounds` for a number that is no id. */
  protected decode(id: StringId<Name>): string {
    const start = this.byteOffsetOf(id);
    return decodeText(this.memory.u8, start, start + this.byteLengthOf(id), this.content);
  }

  #decode(id: StringId<Name>): string {
    const text = this.decode(id);
    this.#recent.set(id, text);
    return text;
  }

  /** The error for a number that is no id. */
  protected throwNoString(id: number): never {
    throw new MemoryError("out-of-bounds", {
      subject: this.subject,
      event: "has no string with this id",
      numbers: { id: String(id), size: this.size },
      cure: "Pass an id that it gave out.",
    });
  }
}
