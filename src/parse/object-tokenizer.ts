import type { Memory } from "../core/memory.ts";
import { decodeUtf8 } from "../core/utf8.ts";
import { ColumnKeys } from "./column-keys.ts";
import { type FieldBatch, MAX_COLUMNS } from "./field-batch.ts";
import { FieldKind } from "./field-kind.ts";
import { unescapeJson } from "./json-escapes.ts";
import { isDigit, JsonScanner } from "./json-scanner.ts";
import { Tokenizer, type TokenizerOptions } from "./tokenizer.ts";

const LF = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const LEFT_BRACKET = 0x5b;
const LEFT_BRACE = 0x7b;
const RIGHT_BRACE = 0x7d;
const LOWER_F = 0x66;
const LOWER_T = 0x74;
/** A string with backslashes in it, until they are undone at the end of its record. */
const ESCAPED = 0x40;

/** What `readObject` returns instead of an offset: the record is cut off, or it has keys that are no columns of the batch yet. */
const CUT_OFF = -1;
const NEW_COLUMNS = -2;

/**
 * What JSON and NDJSON have in common: records are objects, their keys the columns.
 *
 * The key that followed the last one in the record before is tried first; only when another follows is it looked up. A new key
 * makes a new column: the batch ends before its record, and the next one, which begins with it, has the column. Values that are
 * arrays or objects stay as they are spelled, checked; duplicate keys within them are not looked for.
 */
export abstract class ObjectTokenizer extends Tokenizer {
  readonly #keys = new ColumnKeys();
  readonly #scanner: JsonScanner;
  #columnIndex = -1;
  #escapedCount = 0;
  protected end = 0;
  protected last = false;

  /** `spansLines`: whether a record may go over several lines. */
  constructor(options: TokenizerOptions, spansLines: boolean) {
    super(options);
    this.#scanner = new JsonScanner(spansLines);
  }

  get columnNames(): readonly string[] {
    return this.#keys.names;
  }

  protected override readRecords(window: Memory, start: number, end: number, last: boolean, batch: FieldBatch): number {
    const { u8, i32 } = window;
    u8[end] = 0;
    this.end = end;
    this.last = last;
    this.#scanner.newlines = 0;
    this.#reshape(batch);
    return this.readObjects(u8, i32, start, batch);
  }

  /** Reads the records and what stands between them, from `start` to at most `this.end`, and returns the offset behind. */
  protected abstract readObjects(u8: Uint8Array, i32: Int32Array, start: number, batch: FieldBatch): number;

  /** The offset of the next byte that is no white space. Its line ends count for the line of what follows. */
  protected skipSpaceBetween(u8: Uint8Array, start: number): number {
    const at = this.#scanner.skipSpace(u8, start);
    this.#countLines();
    return at;
  }

  /**
   * Reads the object at `start` as the next record of the batch and returns the offset behind it. Less than 0 when it must be read
   * again: it does not end before `this.end`, or it has keys that only the next batch has columns for.
   */
  protected readObject(u8: Uint8Array, i32: Int32Array, start: number, batch: FieldBatch): number {
    const next = this.#scanObject(u8, i32, start, batch);
    if (next < 0) this.#scanner.newlines = 0;
    else if (next > this.invalidAt) this.#failUtf8InRow(u8, start, batch);
    return next;
  }

  /** Makes the object that `readObject` has read a row of the batch. */
  protected takeObject(u8: Uint8Array, batch: FieldBatch): void {
    if (this.#escapedCount > 0) unescapeRow(u8, batch);
    batch.lines[batch.rowCount] = this.line;
    batch.rowCount += 1;
    this.#countLines();
  }

  /** Throws that the byte at `at` is not what must stand there, or that the input is cut off there. */
  protected failAt(u8: Uint8Array, recordStart: number, at: number, event: string, cure: string): never {
    const columnIndex = this.#columnIndex;
    if (at < this.end) this.fail(u8, recordStart, at, { columnIndex, event, cure });
    this.fail(u8, recordStart, this.end, {
      columnIndex,
      event: "the input ends too soon",
      cure: "Look whether it was written, copied or unpacked to its end.",
    });
  }

  #reshape(batch: FieldBatch): void {
    batch.reshape(Math.max(1, this.#keys.names.length));
    batch.kinds.fill(FieldKind.MISSING, 0, batch.rowCapacity * batch.stride);
  }

  #countLines(): void {
    this.line += this.#scanner.newlines;
    this.#scanner.newlines = 0;
  }

  #scanObject(u8: Uint8Array, i32: Int32Array, start: number, batch: FieldBatch): number {
    const scanner = this.#scanner;
    const keys = this.#keys;
    let { starts, ends, kinds, stride } = batch;
    const row = batch.rowCount * stride;
    this.#escapedCount = 0;
    this.#columnIndex = -1;
    let expected = 0;
    let at = start + 1;
    if (u8[at] <= SPACE) at = scanner.skipSpace(u8, at);
    if (u8[at] === RIGHT_BRACE) return at + 1;
    for (;;) {
      if (u8[at] !== QUOTE) return this.#stopAt(u8, start, at, "a key in double quotes is missing");
      const keyStart = at;
      let column = expected;
      at = keys.match(i32, at + 1, column);
      if (at < 0) {
        at = scanner.scanString(u8, i32, keyStart + 1);
        if (at < 0) return this.#stop(u8, start);
        column = this.#columnOf(u8, start, keyStart + 1, at);
        at = scanner.scanColon(u8, at + 1);
        if (at < 0) return this.#stop(u8, start);
      } else if (u8[at] <= SPACE) {
        at = scanner.skipSpace(u8, at);
      }
      expected = column + 1;
      this.#columnIndex = column;
      if (column >= stride) {
        if (batch.rowCount > 0) return NEW_COLUMNS;
        batch.widen(column + 1);
        ({ starts, ends, kinds, stride } = batch);
      }
      const field = row + column;
      if (kinds[field] !== FieldKind.MISSING) this.#failDuplicate(u8, start, keyStart);
      const byte = u8[at];
      let valueStart = at;
      let valueEnd: number;
      let kind: number;
      if (byte === QUOTE) {
        valueStart = at + 1;
        valueEnd = scanner.scanString(u8, i32, valueStart);
        at = valueEnd + 1;
        kind = FieldKind.STRING;
        if (scanner.escaped) {
          kind = ESCAPED;
          this.#escapedCount += 1;
        }
      } else {
        if (isDigit(byte) || byte === MINUS) {
          valueEnd = scanner.scanNumber(u8, at);
          kind = FieldKind.NUMBER;
        } else if (byte === LEFT_BRACE || byte === LEFT_BRACKET) {
          valueEnd = scanner.scanNested(u8, i32, at);
          kind = FieldKind.JSON;
        } else {
          valueEnd = scanner.scanLiteral(u8, at);
          kind = byte === LOWER_T ? FieldKind.TRUE : byte === LOWER_F ? FieldKind.FALSE : FieldKind.NULL;
        }
        at = valueEnd;
      }
      if (valueEnd < 0) return this.#stop(u8, start);
      starts[field] = valueStart;
      ends[field] = valueEnd;
      kinds[field] = kind;
      if (u8[at] <= SPACE) at = scanner.skipSpace(u8, at);
      const separator = u8[at];
      if (separator === RIGHT_BRACE) {
        this.#columnIndex = -1;
        return at + 1;
      }
      if (separator !== COMMA) return this.#stopAt(u8, start, at, "a comma or a closing brace is missing");
      this.#columnIndex = -1;
      at += 1;
      if (u8[at] <= SPACE) at = scanner.skipSpace(u8, at);
    }
  }

  /** The column of the key `[keyStart, keyEnd)`; a new one when the key is new. */
  #columnOf(u8: Uint8Array, recordStart: number, keyStart: number, keyEnd: number): number {
    const keys = this.#keys;
    const { escaped } = this.#scanner;
    let column = escaped ? -1 : keys.find(u8, keyStart, keyEnd);
    if (column >= 0) return column;
    // Bytes that are not UTF-8 must not become a name.
    if (keyEnd > this.invalidAt) this.failUtf8(u8, recordStart, -1);
    const spelled = decodeUtf8(u8, keyStart, keyEnd);
    const name = escaped ? String(JSON.parse(`"${spelled}"`)) : spelled;
    if (escaped) column = keys.findText(name);
    if (column >= 0) return column;
    if (name === "") this.#failKey(u8, recordStart, keyStart - 1, "a key is empty");
    if (keys.names.length === MAX_COLUMNS) {
      this.#failKey(u8, recordStart, keyStart - 1, `there are more than ${MAX_COLUMNS} different keys`);
    }
    keys.add(name);
    return keys.names.length - 1;
  }

  #failKey(u8: Uint8Array, recordStart: number, at: number, event: string): never {
    this.fail(u8, recordStart, at, { event, cure: "Each key becomes a column: name what belongs together alike, or nest it." });
  }

  #failDuplicate(u8: Uint8Array, recordStart: number, at: number): never {
    this.fail(u8, recordStart, at, {
      columnIndex: this.#columnIndex,
      event: "the object has this key twice",
      cure: "Remove one of the two: which one counts, programs do not agree on.",
    });
  }

  #failUtf8InRow(u8: Uint8Array, recordStart: number, batch: FieldBatch): never {
    const { starts, ends, kinds, stride, rowCount } = batch;
    let found = -1;
    for (let column = 0, field = rowCount * stride; column < stride; column++, field++) {
      if (kinds[field] !== FieldKind.MISSING && starts[field] <= this.invalidAt && this.invalidAt < ends[field]) found = column;
    }
    this.failUtf8(u8, recordStart, found);
  }

  /** What the scanner has stopped at: CUT_OFF when more bytes may come, otherwise it throws. */
  #stop(u8: Uint8Array, recordStart: number): typeof CUT_OFF {
    return this.#stopAt(u8, recordStart, this.#scanner.troubleAt, this.#scanner.trouble);
  }

  #stopAt(u8: Uint8Array, recordStart: number, at: number, trouble: string): typeof CUT_OFF {
    if (at >= this.end && !this.last) return CUT_OFF;
    const isLineEnd = at < this.end && u8[at] === LF;
    this.failAt(
      u8,
      recordStart,
      at,
      isLineEnd ? `${trouble}: the line ends` : trouble,
      isLineEnd ? "Escape line ends in strings as \\n." : "Mend it as JSON asks for (RFC 8259).",
    );
  }
}

/** Undoes the escapes in the row that is being read. */
function unescapeRow(u8: Uint8Array, batch: FieldBatch): void {
  const { starts, ends, kinds, stride, rowCount } = batch;
  for (let field = rowCount * stride; field < (rowCount + 1) * stride; field++) {
    if (kinds[field] !== ESCAPED) continue;
    ends[field] = unescapeJson(u8, starts[field], ends[field]);
    kinds[field] = FieldKind.STRING;
  }
}
