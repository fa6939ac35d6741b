import { type Placement, placed } from "../../alloc/own-memory.ts";
import { NIL } from "../../core/brand.ts";
import { checkCall, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import { Place } from "../../layout/place.ts";
import type { StructInput, StructType, StructValue } from "../../layout/struct.ts";
import { A_STRUCT, type Fields } from "../../layout/struct-fields.ts";
import { allocateBlock, publishSize } from "./columns-block.ts";
import { clearRows, copyRange, copyRow, gatherRow, scatterRow } from "./columns-cells.ts";
import { MOST_ROWS, readColumnsHeader } from "./columns-layout.ts";
import { type ColumnRow, type ColumnsHome, type ColumnsOptions, checkRows, type SortOptions } from "./columns-options.ts";
import { permuteRows } from "./columns-permute.ts";
import { ColumnsReader } from "./columns-reader.ts";
import { closeRow, keepRows, openRow, swapRows } from "./columns-shift.ts";

const DEFAULT_CAPACITY = 64;

/** Columns without rows. See {@link Columns}. Throws `out-of-memory`. */
export function columns<const F extends Fields>(type: StructType<F>, options: ColumnsOptions = {}): Columns<F> {
  checkCall("columns(Particle)", [A_STRUCT, type], [OPTIONS, options]);
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
export class Columns<const F extends Fields> extends ColumnsReader<F> {
  readonly #place: Place;

  /** For `columns` and `Columns.attach`. */
  constructor(type: StructType<F>, home: ColumnsHome) {
    super(type, home);
    this.#place = new Place(undefined, type.name);
  }

  /**
   * Opens, for reading, the columns whose block lies at `byteOffset`: a copy of other columns' `byteLength` bytes from their `byteOffset`. O(1):
   * the header is checked, the rows are not. Throws `corrupt`, `layout-mismatch`, `unsupported-format`, `out-of-bounds`.
   */
  static attach<const F extends Fields>(memory: Memory, byteOffset: number, type: StructType<F>): Columns<F> {
    const capacity = readColumnsHeader(memory, byteOffset, type);
    return new Columns(type, { ptr: NIL, lease: memory.lease, byteOffset, capacity });
  }

  /** Stores a whole row. A field that is left out becomes zero. Throws `bad-value`, `out-of-bounds`, `read-only`; nothing has changed then. */
  set(index: number, row: StructInput<F>): void {
    this.#take(row);
    this.store.checkIndex(index);
    scatterRow(this.store.block, index, this.record);
  }

  /** Adds a row behind the last, and returns its number. Throws `bad-value`, `out-of-memory`, `read-only`; nothing has changed then. */
  append(row: StructInput<F>): number {
    this.store.checkWritable();
    return this.rawAppend(this.type.rawCheck(row, this.#place));
  }

  /** The same for what `type.rawCheck` has returned, into columns that may be changed. */
  rawAppend(checked: unknown): number {
    this.type.rawStore(this.record, 0, checked);
    const { size } = this;
    this.#makeRoom(size + 1);
    const { block } = this.store;
    scatterRow(block, size, this.record);
    publishSize(block, size + 1);
    return size;
  }

  /** Copies row `fromIndex` of columns of the same type over row `index`, both of which are there. */
  rawCopyRow(index: number, from: Columns<F>, fromIndex: number): void {
    gatherRow(from.store.block, fromIndex, this.record);
    scatterRow(this.store.block, index, this.record);
  }

  /** Adds rows behind the last, all or none of them, and returns the number of the first. Throws what `append` throws; nothing has changed then. */
  appendMany(rows: Iterable<StructInput<F>>): number {
    const checked = this.#checkAll(rows);
    const { size } = this;
    this.#makeRoom(size + checked.length);
    this.#scatterAll(size, checked);
    publishSize(this.store.block, size + checked.length);
    return size;
  }

  /**
   * Adds copies of the rows from `start` to before `end` of columns of the same type, or of these, and returns the number of the first. Column by column, as
   * bytes. Throws `layout-mismatch`, `out-of-bounds`, `out-of-memory`, `read-only`; nothing has changed then.
   */
  appendFrom(from: ColumnsReader<F>, start = 0, end = from.size): number {
    this.store.checkWritable();
    const source = from.storeFor(this.type, start, end);
    const { size } = this;
    const count = end - start;
    this.#makeRoom(size + count);
    copyRange(source.block, start, this.store.block, size, count);
    publishSize(this.store.block, size + count);
    return size;
  }

  /** Stores whole rows over those from `index` on, all or none of them. Throws what `set` throws; nothing has changed then. */
  setRange(index: number, rows: Iterable<StructInput<F>>): void {
    const checked = this.#checkAll(rows);
    this.store.checkRange(index, index + checked.length);
    this.#scatterAll(index, checked);
  }

  /**
   * Puts a row before row `index`; those from there on get the next number. `index` may be `size`. O(rows behind it). Throws `out-of-bounds`,
   * and what `append` throws; nothing has changed then.
   */
  insert(index: number, row: StructInput<F>): void {
    this.#take(row);
    const { size } = this;
    if (index !== size) this.store.checkIndex(index);
    this.#makeRoom(size + 1);
    const { block } = this.store;
    openRow(block, index, size);
    scatterRow(block, index, this.record);
    publishSize(block, size + 1);
  }

  /** Removes the last row and returns what it was, a copy; undefined where there is none. Throws `read-only`. */
  pop(): StructValue<F> | undefined {
    this.store.checkWritable();
    const { size } = this;
    if (size === 0) return undefined;
    const row = this.get(size - 1);
    this.resize(size - 1);
    return row;
  }

  /** Two rows take each other's number. Throws `out-of-bounds`, `read-only`. */
  swap(index: number, other: number): void {
    this.store.checkWritable();
    this.store.checkIndex(index);
    this.store.checkIndex(other);
    swapRows(this.store.block, index, other, this.record);
  }

  /** Removes row `index`: the last row takes its number. Throws `out-of-bounds`, `read-only`. */
  swapRemove(index: number): void {
    this.store.checkWritable();
    this.store.checkIndex(index);
    const last = this.size - 1;
    if (index !== last) copyRow(this.store.block, last, index);
    this.resize(last);
  }

  /** Removes row `index`: those behind it get the number before. O(rows behind it). Throws `out-of-bounds`, `read-only`. */
  orderedRemove(index: number): void {
    this.store.checkWritable();
    this.store.checkIndex(index);
    const { size } = this;
    closeRow(this.store.block, index, size);
    this.resize(size - 1);
  }

  /**
   * Removes every row that `goes` says so of, keeps the others in their order, and returns how many went. The row object is one, moved along. Throws
   * `invalid-argument` when rows come or go meanwhile, `read-only`, and what `goes` throws; nothing has changed then.
   */
  removeWhere(goes: (row: ColumnRow<F>, index: number) => boolean): number {
    this.store.checkWritable();
    const { size } = this;
    const kept: number[] = [];
    for (let index = 0; index < size && this.size === size; index++) {
      if (!goes(this.rows.seek(index), index)) kept.push(index);
    }
    if (this.size !== size) {
      throw new MemoryError("invalid-argument", {
        subject: `columns of ${this.type.name}`,
        event: "were told which rows to remove by what itself added or removed some",
        numbers: { before: size, now: this.size },
        cure: "Only look at rows in the function that is passed to removeWhere.",
      });
    }
    keepRows(this.store.block, kept);
    this.resize(kept.length);
    return size - kept.length;
  }

  /**
   * Sorts the rows by a column. Stable: rows of equal values keep their order. Rows without a value come last, in both directions; before them NaN,
   * after every number; 0 equals -0; members of an enum are in the order of their declaration. Numbers are sorted by radix. Throws
   * `invalid-argument` for columns whose values have no order, `out-of-memory`, `read-only`; nothing has changed then.
   */
  sort(by: keyof F & string, options: SortOptions = {}): void {
    this.store.checkWritable();
    permuteRows(this.store.block, this.order(by, options));
  }

  /** Cuts off rows, or adds rows of zeros; optional fields have no value in them. Throws `out-of-memory`, `read-only`; nothing has changed then. */
  resize(size: number): void {
    this.store.checkWritable();
    checkRows("size", size);
    const before = this.size;
    this.#makeRoom(size);
    const { block } = this.store;
    publishSize(block, size);
    if (size < before) clearRows(block, size, before);
  }

  /** Makes room for `capacity` rows in all. Throws `out-of-memory`, `read-only`; nothing has changed then. */
  reserve(capacity: number): void {
    this.store.checkWritable();
    checkRows("capacity", capacity);
    if (capacity > this.capacity) this.store.relocate(capacity);
  }

  /** Gives back the room for rows that are not there. False where there is no room for the smaller block beside the larger; nothing has changed then. */
  shrinkToFit(): boolean {
    this.store.checkWritable();
    return this.size === this.capacity || this.store.tryRelocate(this.size);
  }

  /** Removes all rows and keeps the room. */
  clear(): void {
    this.resize(0);
  }

  /** Columns of their own with the same rows, in memory of their own unless told. Throws `invalid-argument`, `out-of-memory`. */
  clone(options: Placement = {}): Columns<F> {
    const copy = columns(this.type, { ...options, capacity: this.size });
    copy.appendFrom(this);
    return copy;
  }

  /**
   * Checks a row and writes it to `record`. Before anything else is looked at: reading the row may run code of the caller's, which may change
   * these columns, and parts of the row may lie in the block that growth will give back.
   */
  #take(row: StructInput<F>): void {
    this.store.checkWritable();
    this.type.rawStore(this.record, 0, this.type.rawCheck(row, this.#place));
  }

  #makeRoom(size: number): void {
    const { capacity } = this.store.block;
    if (size <= capacity) return;
    checkRows("size", size);
    this.store.relocate(Math.max(size, Math.min(capacity * 2, MOST_ROWS), DEFAULT_CAPACITY));
  }

  #checkAll(rows: Iterable<StructInput<F>>): unknown[] {
    this.store.checkWritable();
    return Array.from(rows, (row, k) => this.type.rawCheck(row, this.#place.at(k)));
  }

  #scatterAll(index: number, checked: readonly unknown[]): void {
    const { block } = this.store;
    for (let k = 0; k < checked.length; k++) {
      this.type.rawStore(this.record, 0, checked[k]);
      scatterRow(block, index + k, this.record);
    }
  }
}
