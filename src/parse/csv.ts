import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";
import type { FieldBatch } from "./field-batch.ts";
import { FieldKind } from "./field-kind.ts";
import { gatherTops } from "./marks.ts";
import { type TableOptions, TableTokenizer } from "./table-tokenizer.ts";
import type { Problem } from "./tokenizer.ts";

export interface CsvOptions extends TableOptions {
  /** What stands between fields: one ASCII character. Default a comma. */
  readonly delimiter?: string;
}

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
/** A quoted field with doubled quotes in it, until they are undone at the end of its record. */
const ESCAPED = 0x40;

/**
 * CSV as RFC 4180 has it. A field that begins with a quote goes to the next quote that is not doubled, line ends and delimiters
 * included, and must end the field. A quote within an unquoted field is refused, because programs differ in what they make of it;
 * so is text behind a closing quote. Spaces are text.
 *
 * Speed: as `TsvTokenizer`, by 16 bytes (more code is not inlined); within quotes only quotes and line ends stop it.
 */
export class CsvTokenizer extends TableTokenizer {
  readonly #delimiter: number;

  constructor(options: CsvOptions) {
    super(options);
    this.#delimiter = checkDelimiter(options.delimiter ?? ",");
  }

  protected override readonly fieldCountCure =
    "Put fields that hold a delimiter or a line end in quotes; look for a missing delimiter.";

  protected override scan(window: Memory, start: number, end: number, last: boolean, batch: FieldBatch, isHeader: boolean): number {
    const { u8, i32 } = window;
    const { starts, ends, kinds, lines, stride } = batch;
    const { invalidAt } = this;
    const delimiter = this.#delimiter;
    const delimiters = Math.imul(delimiter, 0x01010101);
    const mostRows = isHeader ? 1 : batch.rowCapacity;
    u8[end] = LF;
    let row = 0;
    let field = 0;
    let rowEnd = stride;
    let surplus = 0;
    let escaped = 0;
    let line = this.line;
    let quotedLines = 0;
    let recordStart = start;
    let fieldStart = start;
    let block = (start & ~15) - 16;
    let marks = 0;
    let wanted = -1 << (start & 15);
    let quoteAt = -1;
    for (;;) {
      let at = quoteAt;
      if (at < 0) {
        while (marks === 0) {
          block += 16;
          marks = marksIn(i32, block, delimiters) & wanted;
          wanted = -1;
        }
        at = block + 31 - Math.clz32(marks & -marks);
        marks &= marks - 1;
      }
      let byte = u8[at];
      if (byte === delimiter) {
        if (field < rowEnd) {
          starts[field] = fieldStart;
          ends[field] = at;
          kinds[field] = FieldKind.TEXT;
          field += 1;
        } else {
          surplus += 1;
        }
        fieldStart = at + 1;
        continue;
      }
      let fieldEnd = at;
      let kind: number = FieldKind.TEXT;
      if (byte === QUOTE) {
        if (at !== fieldStart) this.#fail(u8, recordStart, at, line, field - (rowEnd - stride) + surplus, STRAY_QUOTE);
        // The field goes to the next quote that is not doubled.
        fieldStart = at + 1;
        kind = FieldKind.QUOTED;
        at = fieldStart;
        for (;;) {
          at = findQuote(u8, i32, at);
          if (u8[at] === LF) {
            if (at === end) break;
            quotedLines += 1;
          } else {
            if (u8[at + 1] !== QUOTE) break;
            kind = ESCAPED;
            at += 1;
          }
          at += 1;
        }
        if (at === end) {
          if (!last) break;
          this.#fail(u8, recordStart, fieldStart - 1, line, field - (rowEnd - stride) + surplus, OPEN_QUOTE);
        }
        fieldEnd = at;
        at += 1;
        if (u8[at] === CR && u8[at + 1] === LF) at += 1;
        byte = u8[at];
        if (byte !== delimiter && byte !== LF) {
          this.#fail(u8, recordStart, at, line, field - (rowEnd - stride) + surplus, TEXT_BEHIND_QUOTE);
        }
        if (kind === ESCAPED) escaped += 1;
        if (u8[at + 1] === QUOTE) {
          quoteAt = at + 1;
        } else {
          quoteAt = -1;
          block = ((at + 1) & ~15) - 16;
          marks = 0;
          wanted = -1 << ((at + 1) & 15);
        }
      } else if (byte === LF) {
        if (at > fieldStart && u8[at - 1] === CR) fieldEnd = at - 1;
      } else {
        continue;
      }
      if (field < rowEnd) {
        starts[field] = fieldStart;
        ends[field] = fieldEnd;
        kinds[field] = kind;
        field += 1;
      } else {
        surplus += 1;
      }
      if (byte === delimiter) {
        fieldStart = at + 1;
        continue;
      }
      // The mark at `end` ends the last record, when nothing follows; otherwise the record is cut off.
      if (at === end && (!last || recordStart === end)) break;
      const next = at === end ? end : at + 1;
      const fieldCount = field - (rowEnd - stride) + surplus;
      if (fieldEnd === recordStart && fieldCount === 1 && stride > 1) {
        field -= 1;
      } else {
        if (at > invalidAt || field !== rowEnd || surplus > 0 || isHeader) {
          this.checkOddRecord(u8, { start: recordStart, end: at, line, row, fieldCount }, batch, isHeader);
        }
        if (escaped > 0) undoubleRow(u8, batch, rowEnd - stride, rowEnd);
        lines[row] = line;
        row += 1;
        rowEnd += stride;
      }
      escaped = 0;
      line += 1 + quotedLines;
      quotedLines = 0;
      recordStart = next;
      fieldStart = next;
      if (row === mostRows || next === end) break;
    }
    this.line = line;
    batch.rowCount = row;
    return recordStart;
  }

  #fail(u8: Uint8Array, recordStart: number, at: number, line: number, columnIndex: number, problem: Problem): never {
    this.line = line;
    this.fail(u8, recordStart, at, { ...problem, columnIndex });
  }
}

const STRAY_QUOTE: Problem = {
  event: "a quote stands within a field that does not begin with one",
  cure: 'Put the whole field in quotes and double those within: "a ""b"" c".',
};
const OPEN_QUOTE: Problem = {
  event: "the quote that opens here is never closed",
  cure: "Close it, or double the quotes within the field.",
};
const TEXT_BEHIND_QUOTE: Problem = {
  event: "text stands behind the closing quote",
  cure: 'Double the quotes within a field: "a ""b"" c". Behind the closing quote comes the next delimiter or the line end.',
};

/** The offset of the first quote or line feed from `start` on. */
function findQuote(u8: Uint8Array, i32: Int32Array, start: number): number {
  let word = start >> 2;
  let tops = (noQuoteIn(i32[word]) & 0x80808080) ^ 0x80808080;
  tops &= -1 << ((start & 3) << 3);
  for (;;) {
    while (tops === 0) tops = (noQuoteIn(i32[++word]) & 0x80808080) ^ 0x80808080;
    const at = (word << 2) + ((31 - Math.clz32(tops & -tops)) >> 3);
    if (u8[at] === QUOTE || u8[at] === LF) return at;
    tops &= tops - 1;
  }
}

/** The bytes of the block of 16 that are a delimiter, a quote or LF, or one of two that only seem to be. A bit each. */
function marksIn(i32: Int32Array, block: number, delimiters: number): number {
  const word = block >> 2;
  return (
    stopsIn(i32[word], delimiters) |
    (stopsIn(i32[word + 1], delimiters) << 4) |
    (stopsIn(i32[word + 2], delimiters) << 8) |
    (stopsIn(i32[word + 3], delimiters) << 12)
  );
}

function stopsIn(word: number, delimiters: number): number {
  const noDelimiter = (((word & 0x7f7f7f7f) ^ delimiters) + 0x7f7f7f7f) | word;
  return gatherTops((noQuoteIn(word) & noDelimiter & 0x80808080) ^ 0x80808080);
}

/** A word with the top bit set of each byte but `"` and LF, and two others (0x02, `*`) that differ from those in the same two bits. */
function noQuoteIn(word: number): number {
  return (((word & 0x57575757) ^ 0x02020202) + 0x7f7f7f7f) | word;
}

/** Undoes the doubled quotes in the fields `[first, end)` of the batch, in place. */
function undoubleRow(u8: Uint8Array, batch: FieldBatch, first: number, end: number): void {
  const { starts, ends, kinds } = batch;
  for (let field = first; field < end; field++) {
    if (kinds[field] !== ESCAPED) continue;
    ends[field] = undouble(u8, starts[field], ends[field]);
    kinds[field] = FieldKind.QUOTED;
  }
}

/** Keeps one of each two quotes in `[start, end)` and returns the new end. */
function undouble(u8: Uint8Array, start: number, end: number): number {
  let to = start;
  for (let from = start; from < end; from++) {
    const byte = u8[from];
    u8[to++] = byte;
    if (byte === QUOTE) from += 1;
  }
  return to;
}

function checkDelimiter(delimiter: string): number {
  const code = delimiter.charCodeAt(0);
  if (delimiter.length === 1 && code < 0x80 && code !== QUOTE && code !== LF && code !== CR) return code;
  throw new MemoryError("invalid-argument", {
    subject: "CSV",
    event: `cannot have ${JSON.stringify(delimiter)} as its delimiter`,
    cure: "Pass one ASCII character that is neither a quote nor a line end.",
  });
}
