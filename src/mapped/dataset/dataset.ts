import type { Dictionary } from "../../collections/strings/dictionary.ts";
import { checkCall, type Expectation } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import { INSPECT } from "../../core/inspect.ts";
import type { Memory, ViewName, Views } from "../../core/memory.ts";
import type { Ticket } from "../../core/ticket.ts";
import { isType } from "../../layout/struct-fields.ts";
import type { Type, ValueOf } from "../../layout/type.ts";
import { attach } from "../attach.ts";
import { mapFile } from "../map-file.ts";
import { type DatasetFile, readDatasetFile } from "./dataset-file.ts";
import { type ExportFormat, exportText, type RowRange } from "./export.ts";
import { type KeyLookup, keyLookup } from "./key-lookup.ts";
import type { Manifest } from "./manifest.ts";
import { drawDataset, type Palette } from "./picture.ts";
import { type Cell, type ColumnValues, ROW_INDEX, type RowColumns, type RowObject, rowClassOf } from "./row-class.ts";
import { checkSchema } from "./schema.ts";
import { typesSource } from "./types-source.ts";
import { verifyDataset } from "./verify.ts";

/** The types of a data set's columns: `{ id: u32, name: text, elevation: optional(i16) }`. `offheap types FILE` writes it. */
export type RowSchema = Readonly<Record<string, Type>>;
/** A row of a schema. */
export type RowOf<Schema> = { readonly [Name in keyof Schema]: ValueOf<Schema[Name]> };
/** A row of a data set that was opened without a schema. */
export type UntypedRow = Readonly<Record<string, Cell>>;

export interface OpenDatasetOptions<Schema extends RowSchema> {
  /** The columns that the program relies on, checked against the file. The file may have more. */
  readonly row: Schema;
}

/**
 * Opens a data set: a path, or the ticket of one that another thread has open. Takes microseconds whatever its size, and the
 * pages are shared with every thread and process that has it open.
 *
 * ```ts
 * using cities = openDataset("cities.seg", { row: City });
 * cities.get(2643743)?.name;
 * ```
 *
 * Throws `io` (no such file, no permission, a directory), `not-an-offheap-file`, `unsupported-format`, `corrupt` (cut short,
 * damaged header or manifest) and `layout-mismatch` with the differences. Blocks are not read: `verify()` checks all bytes.
 */
export function openDataset<const Schema extends RowSchema>(
  source: string | Ticket,
  options: OpenDatasetOptions<Schema>,
): Dataset<RowOf<Schema>>;
export function openDataset(source: string | Ticket): Dataset<UntypedRow>;
export function openDataset<Row extends object>(
  source: string | Ticket,
  options: Partial<OpenDatasetOptions<RowSchema>> = {},
): Dataset<Row> {
  const call = 'openDataset("cities.seg", { row: { id: u32, name: text } })';
  if (options?.row !== undefined) checkCall(call, [A_ROW, options.row]);
  // Nobody changes a data set, and that is all that mappings on a network cannot follow.
  const memory = typeof source === "string" ? mapFile(source, { fileSystem: "any" }) : attach(source);
  try {
    const file = readDatasetFile(memory);
    if (options.row !== undefined) checkSchema(options.row, file.manifest, memory.subject);
    return new Dataset(file);
  } catch (error) {
    memory.close();
    throw error;
  }
}

const A_ROW: Expectation = {
  noun: "an object of types",
  is: (value) => typeof value === "object" && value !== null && !isType(value) && Object.values(value).every(isType),
};

/**
 * An open data set: rows of named columns, looked up by key, all in mapped memory.
 *
 * Rows are small objects that read the file when a field is asked for; they may be kept until the data set closes, and throw
 * `closed` after that. Nothing can be written.
 */
export class Dataset<Row extends object> implements Disposable {
  /** How many rows there are. */
  readonly size: number;
  readonly columnNames: readonly string[];
  /** The column that `get` looks rows up by; null: by their number. */
  readonly key: string | null;
  readonly rows: Rows<Row>;
  readonly #file: DatasetFile;
  readonly #columns: RowColumns;
  readonly #Row: new (
    columns: RowColumns,
    rowIndex: number,
  ) => RowObject & Row;
  #lookup: KeyLookup | undefined;

  /** Users call `openDataset`. */
  constructor(file: DatasetFile) {
    const { manifest } = file;
    this.#file = file;
    this.size = manifest.rowCount;
    this.columnNames = manifest.columns.map(({ name }) => name);
    this.key = manifest.key;
    const { Columns, Row } = rowClassOf(manifest.columns, file.layoutSignature);
    this.#columns = new Columns(file);
    this.#Row = Row as new (columns: RowColumns, rowIndex: number) => RowObject & Row;
    this.rows = new Rows(file.memory, this.size, this.#columns, this.#Row);
  }

  get memory(): Memory {
    return this.#file.memory;
  }

  /** What the file says of itself: columns, types, blocks, its source. */
  get manifest(): Manifest {
    return this.#file.manifest;
  }

  /** The row with this key, or undefined. Makes one small object; a probe of the hash table, O(1). */
  get(key: number | bigint | string): Row | undefined {
    const rowIndex = this.rowIndexOf(key);
    return rowIndex < 0 ? undefined : new this.#Row(this.#columns, rowIndex);
  }

  has(key: number | bigint | string): boolean {
    return this.rowIndexOf(key) >= 0;
  }

  /** The number of the row with this key, or -1. For hot loops over `column(…)`; makes no object. */
  rowIndexOf(key: number | bigint | string): number {
    this.#lookup ??= keyLookup(this.#file);
    return this.#lookup.find(key);
  }

  /** Row `rowIndex`, counted from 0. Throws `out-of-bounds`. */
  at(rowIndex: number): Row {
    return this.rows.fresh(rowIndex);
  }

  /**
   * The values of a column as a typed array over the mapped bytes, one element a row, without a copy: the fastest way to read
   * many. A missing value is 0 there (`validity` tells); a bool is 0 or 1; of a text column these are ids into `dictionary(name)`.
   * After `close` the array is a tombstone of zeros.
   */
  column<Name extends keyof Row & string>(name: Name): ColumnOf<Row[Name]> {
    return this.#file.typedColumn(name) as ColumnOf<Row[Name]>;
  }

  /** One bit a row, least significant first, 1 = there is a value; undefined where no value is missing. */
  validity(name: keyof Row & string): Uint8Array | undefined {
    return this.#file.validities[this.#file.columnIndex(name)];
  }

  /** The strings of a text column by id, from 1. Throws `invalid-argument` for other columns. */
  dictionary(name: keyof Row & string): Dictionary {
    const strings = this.#file.dictionaries[this.#file.columnIndex(name)];
    if (strings !== undefined) return strings.dictionary;
    throw new MemoryError("invalid-argument", {
      subject: `the column "${name}" of ${this.memory.subject}`,
      event: "holds no text and so has no dictionary",
      cure: "Read its values with `column(name)`.",
    });
  }

  /** Rows in order, a fresh object each. For loops without garbage see `rows`. */
  [Symbol.iterator](): Iterator<Row> {
    return this.rows[Symbol.iterator]();
  }

  /** Plain data to post to a worker thread, which opens it with `openDataset(ticket)` over the very same pages. */
  ticket(): Ticket {
    return this.memory.ticket();
  }

  /** Rows as CSV, TSV, NDJSON or JSON text, in pieces of about 64 KiB. */
  export(format: ExportFormat, range: RowRange = {}): Generator<string, void, undefined> {
    return exportText(this.#file, format, range);
  }

  /** A picture of what is in the file: columns with their types, bytes and shares. */
  draw(palette?: Palette): string {
    return drawDataset(this.#file, palette);
  }

  /** The TypeScript source of this layout, to pass as `row` to `openDataset`. */
  typesSource(name: string): string {
    return typesSource(this.manifest, name);
  }

  /** Checks every byte: checksums, ids, UTF-8, the key index, row by row. An empty list means sound. Reads the whole file. */
  verify(): string[] {
    this.memory.checkOpen();
    return verifyDataset(this.#file);
  }

  /** The bytes go, rows that were kept throw. Closing twice is harmless. */
  close(): void {
    const { memory } = this;
    if (memory.closed) return;
    memory.close();
    this.#columns.close(tombstone(memory));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** For `console.log`: not the rows. */
  [INSPECT](): string {
    return this.memory.closed ? "<data set, closed>" : `<data set in ${this.memory[INSPECT]()}, size ${this.size}>`;
  }
}

/** The typed array of a column by the type of its values. */
export type ColumnOf<Value> = bigint extends Value
  ? BigInt64Array | BigUint64Array
  : [Extract<Value, bigint>] extends [never]
    ? Exclude<Views[ViewName], BigInt64Array | BigUint64Array>
    : BigInt64Array | BigUint64Array;

/** The rows of a data set in order. */
export class Rows<Row extends object> implements Iterable<Row> {
  readonly length: number;
  readonly #memory: Memory;
  readonly #columns: RowColumns;
  readonly #Row: new (
    columns: RowColumns,
    rowIndex: number,
  ) => RowObject & Row;
  readonly #cursor: RowObject & Row;

  /** Users take `dataset.rows`. */
  constructor(
    memory: Memory,
    length: number,
    columns: RowColumns,
    RowClass: new (columns: RowColumns, rowIndex: number) => RowObject & Row,
  ) {
    this.length = length;
    this.#memory = memory;
    this.#columns = columns;
    this.#Row = RowClass;
    this.#cursor = new RowClass(columns, 0);
  }

  /** The cursor, moved to row `rowIndex`. It is one object: the next `at` moves it on. Makes no garbage. */
  at(rowIndex: number): Row {
    if (rowIndex >>> 0 !== rowIndex || rowIndex >= this.length) this.#refuse(rowIndex);
    const cursor = this.#cursor;
    cursor[ROW_INDEX] = rowIndex;
    return cursor;
  }

  /** A row object of its own. */
  fresh(rowIndex: number): Row {
    if (rowIndex >>> 0 !== rowIndex || rowIndex >= this.length) this.#refuse(rowIndex);
    return new this.#Row(this.#columns, rowIndex);
  }

  /** Calls `visit` with a cursor at each row in order; the cursor is the same object every time. Ends early when it returns false. */
  scan(visit: (row: Row, rowIndex: number) => unknown): void {
    this.#memory.checkOpen();
    const cursor = new this.#Row(this.#columns, 0);
    for (let rowIndex = 0; rowIndex < this.length; rowIndex++) {
      cursor[ROW_INDEX] = rowIndex;
      if (visit(cursor, rowIndex) === false) return;
    }
  }

  *[Symbol.iterator](): Generator<Row, void, undefined> {
    this.#memory.checkOpen();
    for (let rowIndex = 0; rowIndex < this.length; rowIndex++) yield new this.#Row(this.#columns, rowIndex);
  }

  #refuse(rowIndex: number): never {
    throw new MemoryError("out-of-bounds", {
      subject: "the rows of a data set",
      event: "have no such row",
      numbers: { rowIndex: String(rowIndex), rowCount: this.length },
      cure: "Pass a whole number from 0 to size - 1.",
    });
  }
}

/** Stands in for the values of a closed data set: any read throws `closed`. */
function tombstone(memory: Memory): ColumnValues {
  return new Proxy<number[]>([], { get: () => memory.throwClosed() });
}
