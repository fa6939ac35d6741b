import type { FieldBatch } from "./field-batch.ts";
import { ObjectTokenizer } from "./object-tokenizer.ts";
import type { Tokenizer, TokenizerOptions } from "./tokenizer.ts";

const LF = 0x0a;
const LEFT_BRACE = 0x7b;
const CURE = "Write one object per line; an array of objects is JSON, not NDJSON.";

/**
 * Newline-delimited JSON: one object per line. Lines end with LF or CRLF, the last one may end with the input; lines of nothing but white
 * space are skipped. An object may not go over several lines.
 */
class NdjsonTokenizer extends ObjectTokenizer {
  protected override readObjects(u8: Uint8Array, i32: Int32Array, start: number, batch: FieldBatch): number {
    const { end, last } = this;
    let recordStart = start;
    while (batch.rowCount < batch.rowCapacity) {
      const at = this.skipSpaceBetween(u8, recordStart);
      if (at < end && u8[at] === LF) {
        this.line += 1;
        recordStart = at + 1;
        continue;
      }
      if (at === end) return last ? end : recordStart;
      if (u8[at] !== LEFT_BRACE) this.failAt(u8, at, at, "an object is missing on this line", CURE);
      const behind = this.readObject(u8, i32, at, batch);
      if (behind < 0) return recordStart;
      const lineEnd = this.skipSpaceBetween(u8, behind);
      if (lineEnd === end && !last) return recordStart;
      if (lineEnd !== end && u8[lineEnd] !== LF) {
        this.failAt(u8, at, lineEnd, "something stands behind the object on its line", CURE);
      }
      this.takeObject(u8, batch);
      this.line += 1;
      recordStart = lineEnd === end ? end : lineEnd + 1;
    }
    return recordStart;
  }
}

/** A tokenizer for NDJSON that begins at the first byte of the input. */
export function ndjsonTokenizer(options: TokenizerOptions): Tokenizer {
  return new NdjsonTokenizer(options, false);
}
