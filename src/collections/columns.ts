import type { Allocator } from "../alloc/allocator.ts";
import { bump } from "../alloc/bump.ts";
import { NIL, type Ptr } from "../core/brand.ts";
import { MemoryError } from "../core/errors.ts";
import { privateMemory } from "../core/homes.ts";
import type { Lease, Tenant } from "../core/lease.ts";
import type { Dependent, Memory } from "../core/memory.ts";
import { Place } from "../layout/place.ts";
import type { StructInput, StructType, StructValue } from "../layout/struct.ts";
import type { Fields } from "../layout/struct-fields.ts";
import type { ValueOf } from "../layout/type.ts";
import { BLOCK_ALIGN } from "./block-header.ts";
import { allocateBlock, blockAt, type ColumnsBlock, columnIndex, endedBlock } from "./columns-block.ts";
import { clearRows, copyRow, copyRows, gatherRow, scatterRow } from "./columns-cells.ts";
import { checkColumns } from "./columns-check.ts";
import { readColumnsHeader, SIZE } from "./columns-layout.ts";
import { type ColumnOf, type ColumnRow, type ColumnsHome, type ColumnsOptions, checkRows } from "./columns-options.ts";
import { type RowColumns, type RowCursor, rowClasses } from "./columns-row.ts";

const DEFAULT_CAPACITY = 64;
/** What is left where rows have moved away: all bits set, which floats show as NaN. */
const POISON = 0xff;

/** Columns without rows. See {@link Columns}. Throws `out-of-memory`. */
export function columns<const F extends Fields>(type: StructType<F>, options: ColumnsOptions): Columns<F> {
  const { memory, allocator = memory === undefined ? undefined : bump(memory), capacity = DEFAULT_CAPACITY } = options;
  if (allocator === undefined) {
    throw new MemoryError("invalid-argument", {
      subject: "columns",
      event: "were not told where to go",
      cure: "Pass `allocator`, or a `memory` of its own.",
    });
  }
  checkRows("capacity", capacity);
  const ptr = allocateBlock(type, allocator, capacity);
  return new Columns(type, { allocator, ptr, lease: allocator.lease, byteOffset: ptr, capacity });
}

/**
 * Many values of one struct, each field in an array of its own: for loops over one field or two of many rows, which then read nothing else.
 *
 * ```ts
 * using particles = columns(Particle, { allocator, capacity: 100_000 });
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
 * One thread writes. Columns that are no longer written can be read by any number of threads and processes, through `attach`.
 */
export class Columns<const F extends Fields> implements Dependent, Tenant, Disposable {
  readonly type: StructType<F>;
  readonly memory: Memory;
  /** The rows by number: `at(i)` makes a row object, `seek(i)` moves one, iterating makes one a row. Throws `out-of-bounds`. */
  readonly rows: RowCursor<ColumnRow<F>>;
  readonly #allocator: Allocator | undefined;
  readonly #lease: Lease;
  readonly #place: Place;
  /** Room for one row as a struct, on its way in or out. */
  readonly #record: Memory;
  readonly #rowColumns: RowColumns;
  #ptr: Ptr;
  #block: ColumnsBlock;
  #ended = false;

  /** For `columns` and `Columns.attach`. */
  constructor(type: StructType<F>, { allocator, ptr, lease, byteOffset, capacity }: ColumnsHome) {
    const { memory } = lease;
    this.type = type;
    this.memory = memory;
    this.#allocator = allocator;
    this.#lease = lease;
    this.#ptr = ptr;
    this.#place = new Place(undefined, type.name);
    this.#record = privateMemory(type.byteSize);
    this.#block = this.#blockAt(byteOffset, capacity);
    const { RowColumns, Rows } = rowClasses<ColumnRow<F>>(type, this.#block);
    this.#rowColumns = new RowColumns(this.#block);
    this.rows = new Rows(this.#rowColumns, (index) => this.#checkIndex(index));
    memory.addDependent(this);
    lease.addTenant(this);
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
    return this.#settled().head[SIZE];
  }

  /** How many rows there is room for before it grows. */
  get capacity(): number {
    return this.#settled().capacity;
  }

  /** Where the block begins. Growth moves it. */
  get byteOffset(): number {
    return this.#settled().byteOffset;
  }

  /** The length of the whole block. */
  get byteLength(): number {
    return this.#settled().byteLength;
  }

  /**
   * The elements of one column, one a row: a typed array over the bytes themselves, made anew at each call. See {@link Columns} for how long it
   * is good. Throws `invalid-argument` for a field that is neither a number nor stored as one.
   */
  column<Name extends keyof F & string>(name: Name): ColumnOf<ValueOf<F[Name]>> {
    const block = this.#settled();
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
    const block = this.#settled();
    return block.bitmaps[columnIndex(this.type, block, name)]?.subarray(0, Math.ceil(this.size / 8));
  }

  /** Row `index` as a plain object, a copy. Throws `out-of-bounds`. */
  get(index: number): StructValue<F> {
    this.#checkIndex(index);
    gatherRow(this.#block, index, this.#record);
    return this.type.rawRead(this.#record, 0);
  }

  /** Stores a whole row. A field that is left out becomes zero. Throws `bad-value`, `out-of-bounds`, `read-only`; nothing has changed then. */
  set(index: number, row: StructInput<F>): void {
    this.#checkWritable();
    this.#checkIndex(index);
    const checked = this.type.rawCheck(row, this.#place);
    this.type.rawStore(this.#record, 0, checked);
    scatterRow(this.#block, index, this.#record);
  }

  /** Adds a row behind the last, and returns its number. Throws `bad-value`, `out-of-memory`, `read-only`; nothing has changed then. */
  append(row: StructInput<F>): number {
    this.#checkWritable();
    const checked = this.type.rawCheck(row, this.#place);
    const { size } = this;
    if (size === this.#block.capacity) this.#relocate(Math.max(size * 2, DEFAULT_CAPACITY));
    this.type.rawStore(this.#record, 0, checked);
    scatterRow(this.#block, size, this.#record);
    this.#block.head[SIZE] = size + 1;
    return size;
  }

  /** Removes row `index`: the last row takes its number. Throws `out-of-bounds`, `read-only`. */
  swapRemove(index: number): void {
    this.#checkWritable();
    this.#checkIndex(index);
    const last = this.size - 1;
    if (index !== last) copyRow(this.#block, last, index);
    this.resize(last);
  }

  /** Cuts off rows, or adds rows of zeros; optional fields have no value in them. Throws `out-of-memory`, `read-only`; nothing has changed then. */
  resize(size: number): void {
    this.#checkWritable();
    checkRows("size", size);
    const before = this.size;
    if (size > this.capacity) this.#relocate(Math.max(size, before * 2));
    if (size < before) clearRows(this.#block, size, before);
    this.#block.head[SIZE] = size;
  }

  /** Makes room for `capacity` rows in all. Throws `out-of-memory`, `read-only`; nothing has changed then. */
  reserve(capacity: number): void {
    this.#checkWritable();
    checkRows("capacity", capacity);
    if (capacity > this.capacity) this.#relocate(capacity);
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
    return checkColumns(this.#settled());
  }

  /** Gives the block back. Attached columns only end. */
  [Symbol.dispose](): void {
    if (this.#ended) return;
    const { byteLength } = this.#block;
    this.#lease.removeTenant(this);
    this.memory.removeDependent(this);
    this.#end(() => {
      throw new MemoryError("closed", {
        subject: "columns",
        event: "were used after they were disposed of",
        cure: "Keep them for as long as they are used.",
      });
    });
    this.#allocator?.free(this.#ptr, byteLength, BLOCK_ALIGN);
  }

  /** For Memory: growth has moved the bytes. */
  memoryMoved(): void {
    const { byteOffset, capacity } = this.#block;
    this.#use(this.#blockAt(byteOffset, capacity));
  }

  memoryClosed(): void {}

  /** For Lease: the block is gone. */
  leaseEnded(): void {
    const epoch = this.#lease.epoch - 1;
    this.memory.removeDependent(this);
    this.#end(() => this.#lease.throwStale(epoch));
  }

  #settled(): ColumnsBlock {
    // Of ended columns every use throws, this first.
    if (this.#block.head.length > 0) return this.#block;
    // A WebAssembly module has grown its memory: asked for its length, the memory sees it and tells its dependents, of which this is one.
    this.memory.byteLength;
    return this.#block;
  }

  #blockAt(byteOffset: number, capacity: number): ColumnsBlock {
    const locked = this.#allocator === undefined;
    return blockAt(this.memory, byteOffset, capacity, this.type, locked, () => this.#checkWritable());
  }

  #use(block: ColumnsBlock): void {
    this.#block = block;
    this.#rowColumns.use(block);
  }

  #end(refuse: () => never): void {
    this.#ended = true;
    this.#block = endedBlock(refuse);
    this.#rowColumns.end(this.#block);
  }

  #relocate(capacity: number): void {
    const allocator = this.#allocator;
    if (allocator === undefined) return;
    const ptr = allocateBlock(this.type, allocator, capacity);
    // Read only now: allocating may have moved the memory.
    const from = this.#settled();
    const to = this.#blockAt(ptr, capacity);
    copyRows(from, to, from.head[SIZE]);
    to.head[SIZE] = from.head[SIZE];
    this.memory.u8.fill(POISON, from.byteOffset, from.byteOffset + from.byteLength);
    allocator.free(this.#ptr, from.byteLength, BLOCK_ALIGN);
    this.#ptr = ptr;
    this.#use(to);
  }

  #checkIndex(index: number): void {
    const size = this.#settled().head[SIZE];
    if (Number.isInteger(index) && index >= 0 && index < size) return;
    throw new MemoryError("out-of-bounds", {
      subject: `columns of ${this.type.name}`,
      event: "have no such row",
      numbers: { index: String(index), size },
      cure: "Pass a whole number from 0 to size - 1.",
    });
  }

  #checkWritable(): void {
    if (this.#allocator !== undefined) return;
    throw new MemoryError("read-only", {
      subject: `columns of ${this.type.name}`,
      event: `that were attached to ${this.memory.subject} cannot be changed`,
      cure: "Change the columns that they were copied from, or copy their rows into new ones.",
    });
  }
}
