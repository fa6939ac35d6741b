import { MemoryError } from "../../core/errors.ts";
import { type DelimitedOptions, internAll, internDelimited, type TokenRun } from "./intern-many.ts";
import type { IdWidth } from "./interner-options.ts";
import { NO_STRING, type StringId } from "./string-id.ts";
import { Strings } from "./strings.ts";
import { BYTE_LENGTH, HASH, type IdArray, INDEX, START, TOKEN_WORDS, type TokenList } from "./token-list.ts";

/** Strings that take in new ones: what an interner of one thread and one of many have in common. */
export abstract class GrowingStrings<Name extends string = string> extends Strings<Name> {
  /** How wide its ids are. */
  abstract readonly ids: IdWidth;
  /** The bytes that it has taken from its allocator. */
  abstract readonly byteLength: number;
  /** The most strings that it takes. Can be changed at any time; below `size` it refuses new ones and knows the old ones. */
  abstract maxCount: number;
  /** The most bytes that it takes from its allocator. Can be changed at any time; below `byteLength` it takes no more. */
  abstract maxByteLength: number;

  /** Like `intern`, but returns `NO_STRING` when there is no room. */
  abstract tryIntern(text: string): StringId<Name>;
  /** Like `internBytes`, but returns `NO_STRING` when there is no room. */
  abstract tryInternBytes(source: Uint8Array, start: number, end: number): StringId<Name>;
  /** `tryInternBytes` of bytes whose hash is known and whose range has been checked. */
  abstract rawInternHashed(source: Uint8Array, start: number, end: number, hash: number): StringId<Name>;

  /**
   * Interns the unknown tokens of a list, whose starts count from `base`, and puts their ids into `ids`, where index 0 is at `at`. Returns how many; where those are not all,
   * there is no room for the next one.
   */
  rawInternTokens(source: Uint8Array, base: number, tokens: TokenList, ids: IdArray, at: number): number {
    this.checkAlive();
    const own = source === this.memory.u8;
    const { i32, firstWord, unknownCount } = tokens;
    for (let done = 0; done < unknownCount; done++) {
      const word = firstWord + done * TOKEN_WORDS;
      const start = base + i32[word + START];
      const id = this.rawInternHashed(own ? this.memory.u8 : source, start, start + i32[word + BYTE_LENGTH], i32[word + HASH]);
      if (id === NO_STRING) return done;
      ids[at + i32[word + INDEX]] = id;
    }
    return unknownCount;
  }

  /** The id of `text`, which is stored if it is new. Throws `out-of-memory`, and `bad-value` for what its encoding does not take and for what is no string; nothing has changed then. */
  intern(text: string): StringId<Name> {
    const id = this.tryIntern(text);
    if (id === NO_STRING) this.throwFull();
    return id;
  }

  /**
   * The id of the text whose bytes are `source[start, end)`; `source` may be the `u8` of any memory. Throws `out-of-memory`,
   * and `bad-value` when a new string is not what its encoding takes; nothing has changed then. 10 to 25 ns for short strings that it knows.
   */
  internBytes(source: Uint8Array, start: number, end: number): StringId<Name> {
    const id = this.tryInternBytes(source, start, end);
    if (id === NO_STRING) this.throwFull();
    return id;
  }

  /**
   * The ids of all `texts`, in their order: in `ids`, or in a new array of the width of its ids. Throws what `intern` throws; the texts before have
   * been interned then.
   */
  internAll(texts: readonly string[], ids?: IdArray): IdArray {
    return internAll(this, texts, ids);
  }

  /**
   * Interns the parts of `source` between delimiters, and puts their ids into `ids`, from its index 0 on. Returns how many there are, and
   * how far it came: it ends where `ids` is full or there is no room for another string, and with `{ partial: true }` before a part that may go on in
   * the next piece of a stream.
   *
   * Bytes are looked at once, for delimiters and hash together. Throws `bad-value` as `internBytes` does, telling where the part is; those before have been
   * interned then.
   */
  internDelimited(source: Uint8Array, ids: IdArray, options: DelimitedOptions = {}): TokenRun {
    return internDelimited(this, source, ids, options);
  }

  protected throwFull(): never {
    const { memory, maxByteLength } = this;
    throw new MemoryError("out-of-memory", {
      subject: this.subject,
      event: "has no room for another string",
      numbers: {
        size: this.size,
        maxCount: this.maxCount,
        byteLength: this.byteLength,
        maxByteLength: maxByteLength === Number.MAX_SAFE_INTEGER ? undefined : maxByteLength,
        committed: memory.byteLength,
        reserved: memory.maxByteLength,
      },
      cure: "Reserve more memory or raise its limits, or use tryIntern and handle NO_STRING.",
    });
  }
}
