import { placed } from "../alloc/own-memory.ts";
import { NIL } from "../core/brand.ts";
import { MemoryError } from "../core/errors.ts";
import { privateMemory } from "../core/homes.ts";
import { INSPECT, shown } from "../core/inspect.ts";
import type { Memory } from "../core/memory.ts";
import { Place } from "../layout/place.ts";
import type { StructInput, StructType, StructValue } from "../layout/struct.ts";
import type { Fields } from "../layout/struct-fields.ts";
import type { ValueOf } from "../layout/type.ts";
import { allocateBlock, columnIndex, publishSize } from "./columns-block.ts";
import { clearRows, copyRow, gatherRow, scatterRow } from "./columns-cells.ts";
import { checkColumns } from "./columns-check.ts";
import { groupRuns } from "./columns-group.ts";
import { MOST_ROWS, readColumnsHeader } from "./columns-layout.ts";
import {
  type ColumnOf,
  type ColumnRow,
  type ColumnsHome,
  type ColumnsOptions,
  checkRows,
  type SortOptions,
} from "./columns-options.ts";
import { orderBy } from "./columns-order.ts";
import { permuteRows } from "./columns-permute.ts";
import { type RowCursor, rowClasses } from "./columns-row.ts";
import { closeRow, openRow } from "./columns-shift.ts";
import { ColumnsStore } from "./columns-store.ts";

const DEFAULT_CAPACITY = 64;

/** Columns without rows. See {@link Columns}. Throws `out-of-memory`. */
export function columns<const F extends Fields>(type: StructType<F>, options: ColumnsOptions = {}): Columns<F> {
  const { capacity = DEFAULT_CAPACITY } = options;
  checkRows("capacity", capacity);
  const allocator = placed(`columns of ${type.name}`, options);
  const ptr = allocateBlock(type, allocator, capacity);
  return new Columns(type, { allocator, ptr, lease: allocator.lease, byteOffset: ptr, capacity });
}

/**
 * Many values of one struct, each field in an array of its own: for loops over one field or two of many rows, which then read nothing else.
 *
 * ```ts
 * using particles = columns(Particle, { capacity: 100_000 });
 * particles.append({ x: 1, y: 2 });
 * const x = particles.column("x");                     // a Float32Array of `size` elements
 * for (let i = 0; i < x.length; i++) x[i] += 0.5;
 * particles.rows.at(0).x;                              // 1.5
 * ```
 *
 * Growth moves all columns to a block of twice the capacity. Rows (`rows.at(i)`) follow; a typed array of `column()` cannot, and from
 * then on shows memory that has been given back: all bits set, NaN in floats, until something else is put there. So ask for columns
 * again after anything was appended, or `reserve` before. Removing changes which row has a number, and rows go by number.
 *
 * One thread writes. Any number of threads and processes can read what it appends, through `attach`: see `sharedColumns`.
 */
export class Columns<const F extends Fields> implements Disposable {
  readonly type: StructType<F>;
  readonly memory: Memory;
  /** The rows by number: `at(i)` makes a row object, `seek(i)` moves one, iterating makes one a row. Throws `out-of-bounds`. */
  readonly rows: RowCursor<ColumnRow<F>>;
  readonly #store: ColumnsStore;
  readonly #place: Place;
  /** Room for one row as a struct, on its way in or out. */
  readonly #record: Memory;

  /** For `columns` and `Columns.attach`. */
  constructor(type: StructType<F>, home: ColumnsHome) {
    this.type = type;
    this.memory = home.lease.memory;
    this.#place = new Place(undefined, type.name);
    this.#record = privateMemory(type.byteSize);
    const store = new ColumnsStore(type, home);
    this.#store = store;
    const { RowColumns, Rows } = rowClasses<ColumnRow<F>>(type, store.block);
    const rowColumns = new RowColumns(store.block);
    store.serve(rowColumns);
    this.rows = new Rows(
      rowColumns,
      (index) => store.checkIndex(index),
      () => store.size,
    );
  }

  /**
   * Opens, for reading, the columns whose block lies at `byteOffset`: a copy of other columns' `byteLength` bytes from their `byteOffset`. O(1):
   * the header is checked, the rows are not. Throws `corrupt`, `layout-mismatch`, `unsupported-format`, `out-of-bounds`.
   */
  static attach<const F extends Fields>(memory: Memory, byteOffset: number, type: StructType<F>): Columns<F> {
    const capacity = readColumnsHeader(memory, byteOffset, type);
    return new Columns(type, { ptr: NIL, lease: memory.lease, byteOffset, capacity });
  }

  /** Rows. */
  get size(): number {
    return this.#store.size;
  }

  /** How many rows there is room for before it grows. */
  get capacity(): number {
    return this.#store.block.capacity;
  }

  /** Where the block begins. Growth moves it. */
  get byteOffset(): number {
    return this.#store.block.byteOffset;
  }

  /** The length of the whole block. */
  get byteLength(): number {
    return this.#store.block.byteLength;
  }

  /**
   * The elements of one column, one a row: a typed array over the bytes themselves, made anew at each call. See {@link Columns} for how long it
   * is good. Throws `invalid-argument` for a field that is neither a number nor stored as one.
   */
  column<Name extends keyof F & string>(name: Name): ColumnOf<ValueOf<F[Name]>> {
    const block = this.#store.block;
    const { element, byteOffset } = block.places[columnIndex(this.type, block, name)];
    if (element.codec.shape === "direct") {
      return this.memory.slice(element.codec.view, block.byteOffset + byteOffset, this.size) as ColumnOf<ValueOf<F[Name]>>;
    }
    throw new MemoryError("invalid-argument", {
      subject: `${this.type.name}.${name}`,
      event: `has no column of numbers: it is of type ${element.name}`,
      cure: "Read it row by row.",
    });
  }

  /** One bit a row, least significant first, 1 = there is a value; undefined for a field that is not optional. Good for as long as `column()` is. */
  validity(name: keyof F & string): Uint8Array | undefined {
    const block = this.#store.block;
    return block.bitmaps[columnIndex(this.type, block, name)]?.subarray(0, Math.ceil(this.size / 8));
  }

  /** Row `index` as a plain object, a copy. Throws `out-of-bounds`. */
  get(index: number): StructValue<F> {
    this.#store.checkIndex(index);
    gatherRow(this.#store.block, index, this.#record);
    return this.type.rawRead(this.#record, 0);
  }

  /** Stores a whole row. A field that is left out becomes zero. Throws `bad-value`, `out-of-bounds`, `read-only`; nothing has changed then. */
  set(index: number, row: StructInput<F>): void {
    this.#take(row);
    this.#store.checkIndex(index);
    scatterRow(this.#store.block, index, this.#record);
  }

  /** Adds a row behind the last, and returns its number. Throws `bad-value`, `out-of-memory`, `read-only`; nothing has changed then. */
  append(row: StructInput<F>): number {
    this.#store.checkWritable();
    return this.rawAppend(this.type.rawCheck(row, this.#place));
  }

  /** The same for what `type.rawCheck` has returned, into columns that may be changed. */
  rawAppend(checked: unknown): number {
    this.type.rawStore(this.#record, 0, checked);
    const { size } = this;
    this.#makeRoom(size + 1);
    const { block } = this.#store;
    scatterRow(block, size, this.#record);
    publishSize(block, size + 1);
    return size;
  }

  /** Copies row `fromIndex` of columns of the same type over row `index`, both of which are there. */
  rawCopyRow(index: number, from: Columns<F>, fromIndex: number): void {
    gatherRow(from.#store.block, fromIndex, this.#record);
    scatterRow(this.#store.block, index, this.#record);
  }

  /**
   * Puts a row before row `index`; those from there on get the next number. `index` may be `size`. O(rows behind it). Throws `out-of-bounds`,
   * and what `append` throws; nothing has changed then.
   */
  insert(index: number, row: StructInput<F>): void {
    this.#take(row);
    const { size } = this;
    if (index !== size) this.#store.checkIndex(index);
    this.#makeRoom(size + 1);
    const { block } = this.#store;
    openRow(block, index, size);
    scatterRow(block, index, this.#record);
    publishSize(block, size + 1);
  }

  /** Removes row `index`: the last row takes its number. Throws `out-of-bounds`, `read-only`. */
  swapRemove(index: number): void {
    this.#store.checkWritable();
    this.#store.checkIndex(index);
    const last = this.size - 1;
    if (index !== last) copyRow(this.#store.block, last, index);
    this.resize(last);
  }

  /** Removes row `index`: those behind it get the number before. O(rows behind it). Throws `out-of-bounds`, `read-only`. */
  orderedRemove(index: number): void {
    this.#store.checkWritable();
    this.#store.checkIndex(index);
    const { size } = this;
    closeRow(this.#store.block, index, size);
    this.resize(size - 1);
  }

  /**
   * Sorts the rows by a column. Stable: rows of equal values keep their order. Rows without a value come last, in both directions; before them NaN,
   * after every number; 0 equals -0; members of an enum are in the order of their declaration. Numbers are sorted by radix. Throws
   * `invalid-argument` for columns whose values have no order, `out-of-memory`, `read-only`; nothing has changed then.
   */
  sort(by: keyof F & string, options: SortOptions = {}): void {
    this.#store.checkWritable();
    permuteRows(this.#store.block, this.order(by, options));
  }

  /** The numbers of the rows as `sort` would order them; the rows stay where they are. */
  order(by: keyof F & string, options: SortOptions = {}): Uint32Array {
    const { block } = this.#store;
    return orderBy(this.type, block, columnIndex(this.type, block, by), this.size, options.descending === true);
  }

  /**
   * The numbers of the rows by their value in a column: for each value, in the order of `sort`, those of its rows, rising. Throws what `order` throws.
   *
   * ```ts
   * for (const [team, rows] of particles.group("team")) console.log(team, rows.length);
   * ```
   */
  group<Name extends keyof F & string>(by: Name): Map<ValueOf<F[Name]>, Uint32Array> {
    const { block } = this.#store;
    const groups = groupRuns(block, columnIndex(this.type, block, by), this.order(by));
    return groups as Map<ValueOf<F[Name]>, Uint32Array>;
  }

  /** Cuts off rows, or adds rows of zeros; optional fields have no value in them. Throws `out-of-memory`, `read-only`; nothing has changed then. */
  resize(size: number): void {
    this.#store.checkWritable();
    checkRows("size", size);
    const before = this.size;
    this.#makeRoom(size);
    const { block } = this.#store;
    publishSize(block, size);
    if (size < before) clearRows(block, size, before);
  }

  /** Makes room for `capacity` rows in all. Throws `out-of-memory`, `read-only`; nothing has changed then. */
  reserve(capacity: number): void {
    this.#store.checkWritable();
    checkRows("capacity", capacity);
    if (capacity > this.capacity) this.#store.relocate(capacity);
  }

  /** Gives back the room for rows that are not there. False where there is no room for the smaller block beside the larger; nothing has changed then. */
  shrinkToFit(): boolean {
    this.#store.checkWritable();
    return this.size === this.capacity || this.#store.tryRelocate(this.size);
  }

  /** Removes all rows and keeps the room. */
  clear(): void {
    this.resize(0);
  }

  [Symbol.iterator](): Iterator<ColumnRow<F>> {
    return this.rows[Symbol.iterator]();
  }

  /** What contradicts the invariants in columns-layout.ts; empty when sound. Reads the whole block. */
  checkInvariants(): string[] {
    return checkColumns(this.#store.block);
  }

  /** For `console.log`. */
  [INSPECT](): string {
    return shown(`columns of ${this.type.name}`, this);
  }

  /** Gives the block back. Attached columns only end. */
  [Symbol.dispose](): void {
    this.#store.close();
  }

  /**
   * Checks a row and writes it to `#record`. Before anything else is looked at: reading the row may run code of the caller's, which may change
   * these columns, and parts of the row may lie in the block that growth will give back.
   */
  #take(row: StructInput<F>): void {
    this.#store.checkWritable();
    this.type.rawStore(this.#record, 0, this.type.rawCheck(row, this.#place));
  }

  #makeRoom(size: number): void {
    const { capacity } = this.#store.block;
    if (size <= capacity) return;
    checkRows("size", size);
    this.#store.relocate(Math.max(size, Math.min(capacity * 2, MOST_ROWS), DEFAULT_CAPACITY));
  }
}
