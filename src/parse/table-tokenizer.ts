import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";
import { decodeUtf8 } from "../core/utf8.ts";
import { type FieldBatch, MAX_COLUMNS } from "./field-batch.ts";
import { Tokenizer, type TokenizerOptions } from "./tokenizer.ts";

export interface TableOptions extends TokenizerOptions {
  /** The names of the columns of an input without a header line. Default: the first line has them. */
  readonly columns?: readonly string[];
}

/**
 * What CSV and TSV have in common: a header line or names given, and the same number of fields in each record.
 *
 * Lines end with LF or CRLF; the last one may end with the input, and then a CR before it belongs to its end too. A CR anywhere else is
 * text. Lines without a byte are skipped, unless there is one column only: then such a line is a record with an empty field.
 */
export abstract class TableTokenizer extends Tokenizer {
  #columnNames: readonly string[] = [];
  readonly #hasHeader: boolean;

  constructor(options: TableOptions) {
    super(options);
    this.#hasHeader = options.columns === undefined;
    if (options.columns !== undefined) this.#columnNames = checkNames(options.columns);
  }

  get columnNames(): readonly string[] {
    return this.#columnNames;
  }

  /** How many fields the header line has, once `scan` has read it. */
  protected headerFieldCount = 0;

  /**
   * Reads records into the batch, as many as fit, and returns the offset behind them. Lets `checkOddRecord` look at those that are
   * not UTF-8 or have not `batch.stride` fields. `isHeader`: reads one record and lets it look at that.
   */
  protected abstract scan(window: Memory, start: number, end: number, last: boolean, batch: FieldBatch, isHeader: boolean): number;

  protected override readRecords(window: Memory, start: number, end: number, last: boolean, batch: FieldBatch): number {
    let at = start;
    if (this.#columnNames.length === 0) {
      at = this.#readHeader(window, start, end, last, batch);
      if (this.#columnNames.length === 0) return at;
    }
    batch.reshape(this.#columnNames.length);
    return this.scan(window, at, end, last, batch, false);
  }

  #readHeader(window: Memory, start: number, end: number, last: boolean, batch: FieldBatch): number {
    const { u8 } = window;
    batch.reshape(MAX_COLUMNS);
    const next = this.scan(window, start, end, last, batch, true);
    if (batch.rowCount === 0) {
      if (last) {
        this.fail(u8, end, end, {
          event: "the input ends without a header line",
          cure: "Give it one, or name its columns.",
        });
      }
      return next;
    }
    batch.rowCount = 0;
    const lineBehind = this.line;
    this.line = batch.lines[0];
    const names: string[] = [];
    const seen = new Set<string>();
    for (let column = 0; column < this.headerFieldCount; column++) {
      const at = batch.starts[column];
      const name = decodeUtf8(u8, at, batch.ends[column]);
      const wrong = nameProblem(name, seen);
      if (wrong !== undefined) {
        this.fail(u8, batch.starts[0], at, {
          columnIndex: column,
          event: `the header ${wrong}`,
          cure: "Name every column, each differently, in the first line; or name the columns yourself if it has no header.",
        });
      }
      seen.add(name);
      names.push(name);
    }
    this.#columnNames = names;
    this.line = lineBehind;
    return next;
  }

  /** Refuses a record that is not UTF-8 or has not one field per column; of a header takes the number of fields. */
  protected checkOddRecord(u8: Uint8Array, record: OddRecord, batch: FieldBatch, isHeader: boolean): void {
    const { start, end, line, row, fieldCount } = record;
    const { stride } = batch;
    if (isHeader) this.headerFieldCount = fieldCount;
    this.line = line;
    if (this.invalidAt < end) this.failUtf8(u8, start, columnAt(batch, row, Math.min(fieldCount, stride), this.invalidAt));
    if (isHeader && fieldCount <= stride) return;
    const found = `${fieldCount} ${fieldCount === 1 ? "field" : "fields"}`;
    const told = this.#hasHeader ? `where the header has ${stride}` : `where ${stride} columns are named`;
    this.fail(u8, start, start, {
      event: isHeader ? `the header has ${found}, and there can be at most ${stride} columns` : `the record has ${found} ${told}`,
      numbers: { expected: stride, found: fieldCount },
      cure: this.fieldCountCure,
    });
  }

  protected abstract readonly fieldCountCure: string;
}

/** A record that `scan` has read and not taken in yet. */
export interface OddRecord {
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly row: number;
  readonly fieldCount: number;
}

/** The column in whose field of the row the byte at `at` lies, or -1. */
function columnAt(batch: FieldBatch, row: number, fieldCount: number, at: number): number {
  const first = row * batch.stride;
  for (let column = 0; column < fieldCount; column++) {
    if (batch.starts[first + column] <= at && at < batch.ends[first + column]) return column;
  }
  return -1;
}

function checkNames(names: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  for (const name of names) {
    const wrong = nameProblem(name, seen);
    if (wrong !== undefined) refuseNames(wrong, names.length);
    seen.add(name);
  }
  if (names.length === 0 || names.length > MAX_COLUMNS) refuseNames("are too few or too many", names.length);
  return [...names];
}

function nameProblem(name: string, seen: ReadonlySet<string>): string | undefined {
  if (name === "") return "has a column without a name";
  if (seen.has(name)) return `has the name ${JSON.stringify(name)} twice`;
  return undefined;
}

function refuseNames(event: string, count: number): never {
  throw new MemoryError("invalid-argument", {
    subject: "the list of columns",
    event,
    numbers: { columns: count, most: MAX_COLUMNS },
    cure: "Name every column, each differently.",
  });
}
