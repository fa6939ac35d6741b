import { MemoryError } from "../core/errors.ts";
import { hexByte } from "../core/hex.ts";
import type { Memory } from "../core/memory.ts";
import { canLeadUtf8, findInvalidUtf8, wholeUtf8End } from "../core/utf8.ts";
import type { FieldBatch } from "./field-batch.ts";

export interface TokenizerOptions {
  /** What the input is called in errors: the file's name. */
  readonly subject: string;
}

/** Offsets into the window are kept in 32 bits. */
const MAX_WINDOW_END = 2 ** 31 - 2;
/** The place of what has not been found. */
const NOWHERE = Number.POSITIVE_INFINITY;
const LF = 0x0a;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Cuts text into records and records into fields, without making a string.
 *
 * ```ts
 * const next = tokenizer.read(window, start, end, last, batch);   // batch.rowCount records, all within [start, next)
 * ```
 *
 * The input passes through a window: a memory whose bytes belong to the tokenizer until the next part is put there, for it
 * unescapes in place (escaped text is never shorter than its value). One byte behind `end` must be there; while `read` runs it
 * takes a mark that ends every loop, so that none has to compare with `end`. The memory's length is a multiple of 32 bytes.
 *
 * Every text handed on is valid UTF-8. Every mistake in the input throws `malformed-input` with line, column and byte of the file; of
 * several the first in the file, wherever the windows happen to be cut. After an error a tokenizer is done for.
 */
export abstract class Tokenizer {
  /** The names of the columns known so far. Of JSON and NDJSON more may follow as new keys turn up. */
  abstract readonly columnNames: readonly string[];
  /** Where in the input the byte at `start` of the next `read` lies. Moves on with each read. */
  fileByteOffset = 0;
  protected readonly subject: string;
  /** The line that the next record begins on, or an earlier one when blank lines precede it. */
  protected line = 1;
  /** The first byte that is not UTF-8, as an offset into the window; infinity while none is known. */
  protected invalidAt = NOWHERE;
  #invalidByteOffset = NOWHERE;
  /** Up to here the input has been looked at for bytes that are not UTF-8. */
  #checkedTo = 0;
  /** What to add to an offset into the window to get the offset in the input. */
  #origin = 0;

  constructor(options: TokenizerOptions) {
    this.subject = options.subject;
  }

  /**
   * Reads whole records from the bytes `[start, end)` of `window` into `batch`, until it is full or no whole record is left, and returns the
   * offset behind what it has read. `last` says that nothing follows `end`; then the last record needs no line end, and a
   * cut-off one is an error.
   *
   * Returns `start` and leaves `batch.rowCount` 0 when the next record does not end before `end`: call again with more bytes. It
   * may return more than `start` with no rows, behind a header line or blank ones.
   */
  read(window: Memory, start: number, end: number, last: boolean, batch: FieldBatch): number {
    const { u8 } = window;
    if (!(start >= 0 && start <= end && end <= MAX_WINDOW_END && end < u8.length && (end | 31) < 4 * window.i32.length)) {
      throw new MemoryError("invalid-argument", {
        subject: "Tokenizer.read",
        event: "needs a range in the window, with a byte to spare behind it and that byte's whole block of 32, below 2 GiB",
        numbers: { start, end, byteLength: u8.length },
        cure: "Make the window's memory a multiple of 32 bytes, and longer than the part of the input that it takes.",
      });
    }
    batch.rowCount = 0;
    this.#origin = this.fileByteOffset - start;
    this.#checkUtf8(u8, start, end, last);
    const first = this.#skipByteOrderMark(u8, start, end, last);
    if (first < 0) return start;
    const spare = u8[end];
    const next = this.readRecords(window, first, end, last, batch);
    u8[end] = spare;
    this.fileByteOffset = this.#origin + next;
    return next;
  }

  /** Does the work of `read`. May store its mark at `end`. */
  protected abstract readRecords(window: Memory, start: number, end: number, last: boolean, batch: FieldBatch): number;

  /**
   * Throws what is wrong at `at`, or that the text is not UTF-8 when it is not so before. `recordStart` is where a record or line begins on
   * `this.line`; what is between is still as it was read.
   */
  protected fail(u8: Uint8Array, recordStart: number, at: number, problem: Problem): never {
    // At the same byte: whether a sequence that can begin there goes on as it must may not be known yet, so its text is what is wrong.
    if (this.invalidAt < at || (this.invalidAt === at && !canLeadUtf8(u8[at]))) this.failUtf8(u8, recordStart, -1);
    let line = this.line;
    for (let i = recordStart; i < at; i++) if (u8[i] === LF) line += 1;
    const byteOffset = this.#origin + at;
    const { columnIndex = -1, event, cure, numbers = {} } = problem;
    const column = columnIndex < 0 ? undefined : columnIndex + 1;
    const name = column === undefined ? undefined : this.columnNames[columnIndex];
    const where = column === undefined ? "" : `, column ${column}${name === undefined ? "" : ` ${JSON.stringify(name)}`}`;
    throw new MemoryError("malformed-input", {
      subject: `${this.subject} line ${line}${where} (byte ${byteOffset}):`,
      event,
      numbers,
      place: column === undefined ? { line, byteOffset } : { line, column, byteOffset },
      cure,
    });
  }

  /** Throws that the first invalid byte is not UTF-8. */
  protected failUtf8(u8: Uint8Array, recordStart: number, columnIndex: number): never {
    const at = this.invalidAt;
    this.invalidAt = NOWHERE;
    this.fail(u8, recordStart, at, {
      columnIndex,
      event: "the text is not UTF-8",
      numbers: { byte: hexByte(u8[at]) },
      cure: "Convert the input to UTF-8, for example with iconv.",
    });
  }

  /** Looks at the bytes that came anew; behind the first bad one there is nothing more to know. */
  #checkUtf8(u8: Uint8Array, start: number, end: number, last: boolean): void {
    const from = Math.max(start, this.#checkedTo - this.#origin);
    const to = last ? end : wholeUtf8End(u8, start, end);
    if (this.#invalidByteOffset === NOWHERE && from < to) {
      const found = findInvalidUtf8(u8, from, to);
      if (found >= 0) this.#invalidByteOffset = this.#origin + found;
      this.#checkedTo = this.#origin + to;
    }
    this.invalidAt = this.#invalidByteOffset - this.#origin;
  }

  /** Where the text begins, or -1 when there are too few bytes to tell. */
  #skipByteOrderMark(u8: Uint8Array, start: number, end: number, last: boolean): number {
    if (this.fileByteOffset !== 0) return start;
    let at = start;
    while (at < end && at < start + 3 && u8[at] === BYTE_ORDER_MARK[at - start]) at += 1;
    if (at === start + 3) return at;
    return at === end && !last ? -1 : start;
  }
}

/** Something wrong in the input, before it is known where in the file that is. */
export interface Problem {
  readonly columnIndex?: number;
  readonly event: string;
  readonly numbers?: Readonly<Record<string, number | string>>;
  readonly cure: string;
}
