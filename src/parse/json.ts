import type { FieldBatch } from "./field-batch.ts";
import { ObjectTokenizer } from "./object-tokenizer.ts";
import type { Tokenizer, TokenizerOptions } from "./tokenizer.ts";

const COMMA = 0x2c;
const LEFT_BRACKET = 0x5b;
const RIGHT_BRACKET = 0x5d;
const LEFT_BRACE = 0x7b;
const CURE = "The input must be one array of objects: [{…}, {…}].";

/** What may come next. */
const BEFORE_ARRAY = 0;
const FIRST_OR_END = 1;
const RECORD = 2;
const COMMA_OR_END = 3;
const BEHIND_ARRAY = 4;

/** JSON: one array of objects, each of them a record. */
class JsonTokenizer extends ObjectTokenizer {
  #next = BEFORE_ARRAY;

  protected override readObjects(u8: Uint8Array, i32: Int32Array, start: number, batch: FieldBatch): number {
    const { end, last } = this;
    let at = start;
    for (;;) {
      at = this.skipSpaceBetween(u8, at);
      if (at === end) {
        if (last && this.#next !== BEHIND_ARRAY) this.#failMissing(u8, at);
        return at;
      }
      const byte = u8[at];
      if (byte === LEFT_BRACE && (this.#next === FIRST_OR_END || this.#next === RECORD)) {
        if (batch.rowCount === batch.rowCapacity) return at;
        const behind = this.readObject(u8, i32, at, batch);
        if (behind < 0) return at;
        this.takeObject(u8, batch);
        at = behind;
        this.#next = COMMA_OR_END;
        continue;
      }
      if (byte === LEFT_BRACKET && this.#next === BEFORE_ARRAY) this.#next = FIRST_OR_END;
      else if (byte === RIGHT_BRACKET && (this.#next === FIRST_OR_END || this.#next === COMMA_OR_END)) this.#next = BEHIND_ARRAY;
      else if (byte === COMMA && this.#next === COMMA_OR_END) this.#next = RECORD;
      else this.#failMissing(u8, at);
      at += 1;
    }
  }

  #failMissing(u8: Uint8Array, at: number): never {
    this.failAt(u8, at, at, MISSING[this.#next], CURE);
  }
}

/** What is missing where something else stands, by what may come next. */
const MISSING = [
  "the opening bracket of an array is missing",
  "an object or the closing bracket is missing",
  "an object is missing",
  "a comma or the closing bracket is missing behind the object",
  "something stands behind the array",
];

/** A tokenizer for JSON that begins at the first byte of the input. */
export function jsonTokenizer(options: TokenizerOptions): Tokenizer {
  return new JsonTokenizer(options, true);
}
