import { MemoryError } from "../../core/errors.ts";
import { privateMemory } from "../../core/homes.ts";
import { INSPECT, shown } from "../../core/inspect.ts";
import type { Memory } from "../../core/memory.ts";
import { ArrayType } from "../../layout/array.ts";
import type { StructType, StructValue } from "../../layout/struct.ts";
import type { Fields } from "../../layout/struct-fields.ts";
import type { Type, ValueOf } from "../../layout/type.ts";
import { columnIndex } from "./columns-block.ts";
import { gatherRow } from "./columns-cells.ts";
import { checkColumns } from "./columns-check.ts";
import { groupRuns } from "./columns-group.ts";
import type { ColumnOf, ColumnRow, ColumnsHome, SortOptions } from "./columns-options.ts";
import { orderBy } from "./columns-order.ts";
import { type RowCursor, rowClasses } from "./columns-row.ts";
import { ColumnsStore } from "./columns-store.ts";

/** What can be read of columns. */
export abstract class ColumnsReader<const F extends Fields> implements Disposable {
  readonly type: StructType<F>;
  readonly memory: Memory;
  /** The rows by number: `at(i)` makes a row object, `seek(i)` moves one, iterating makes one a row. Throws `out-of-bounds`. */
  readonly rows: RowCursor<ColumnRow<F>>;
  protected readonly store: ColumnsStore;
  /** Room for one row as a struct, on its way in or out. */
  protected readonly record: Memory;

  /** For `columns` and `Columns.attach`. */
  constructor(type: StructType<F>, home: ColumnsHome) {
    this.type = type;
    this.memory = home.lease.memory;
    this.record = privateMemory(type.byteSize);
    const store = new ColumnsStore(type, home);
    this.store = store;
    const { RowColumns, Rows } = rowClasses<ColumnRow<F>>(type, store.block);
    const rowColumns = new RowColumns(store.block);
    store.serve(rowColumns);
    this.rows = new Rows(
      rowColumns,
      (index) => store.checkIndex(index),
      () => store.size,
    );
  }

  /** Rows. */
  get size(): number {
    return this.store.size;
  }

  /** How many rows there is room for before it grows. */
  get capacity(): number {
    return this.store.block.capacity;
  }

  /** Where the block begins. Growth moves it. */
  get byteOffset(): number {
    return this.store.block.byteOffset;
  }

  /** The length of the whole block. */
  get byteLength(): number {
    return this.store.block.byteLength;
  }

  /**
   * The elements of one column, one a row: a typed array over the bytes themselves, made anew at each call. See {@link Columns} for how long it
   * is good. Of a field of arrays, as `array(f32, 3)` is for vectors, it has those of all rows one behind the other. Throws `invalid-argument` for a field that is
   * neither a number, nor stored as one, nor an array of such.
   */
  column<Name extends keyof F & string>(name: Name): ColumnOf<ValueOf<F[Name]>> {
    const block = this.store.block;
    const { element, byteOffset } = block.places[columnIndex(this.type, block, name)];
    const { codec, length } = flattened(element);
    if (codec.shape === "direct") {
      const start = block.byteOffset + byteOffset;
      return this.memory.slice(codec.view, start, this.size * length) as ColumnOf<ValueOf<F[Name]>>;
    }
    throw new MemoryError("invalid-argument", {
      subject: `${this.type.name}.${name}`,
      event: `has no column of numbers: it is of type ${element.name}`,
      cure: "Read it row by row.",
    });
  }

  /** One bit a row, least significant first, 1 = there is a value; undefined for a field that is not optional. Good for as long as `column()` is. */
  validity(name: keyof F & string): Uint8Array | undefined {
    const block = this.store.block;
    return block.bitmaps[columnIndex(this.type, block, name)]?.subarray(0, Math.ceil(this.size / 8));
  }

  /** Row `index` as a plain object, a copy. Throws `out-of-bounds`. */
  get(index: number): StructValue<F> {
    this.store.checkIndex(index);
    gatherRow(this.store.block, index, this.record);
    return this.type.rawRead(this.record, 0);
  }

  /** The numbers of the rows as `sort` would order them; the rows stay where they are. */
  order(by: keyof F & string, options: SortOptions = {}): Uint32Array {
    const { block } = this.store;
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
    const { block } = this.store;
    const groups = groupRuns(block, columnIndex(this.type, block, by), this.order(by));
    return groups as Map<ValueOf<F[Name]>, Uint32Array>;
  }

  [Symbol.iterator](): Iterator<ColumnRow<F>> {
    return this.rows[Symbol.iterator]();
  }

  /** What contradicts the invariants in columns-layout.ts; empty when sound. Reads the whole block. */
  checkInvariants(): string[] {
    return checkColumns(this.store.block);
  }

  /** For `console.log`. */
  [INSPECT](): string {
    return shown(`columns of ${this.type.name}`, this);
  }

  /** For those who copy rows: throws `layout-mismatch` for another type, `out-of-bounds` unless rows from `start` to before `end` are there. */
  storeFor(type: StructType<F>, start: number, end: number): ColumnsStore {
    this.store.checkRange(start, end);
    if (this.type.signature === type.signature) return this.store;
    throw new MemoryError("layout-mismatch", {
      subject: `columns of ${type.name}`,
      event: `cannot take rows of ${this.type.name}, which lie in another way`,
      cure: "Copy from columns of the same fields.",
    });
  }

  /** Gives the block back. Attached columns only end. */
  close(): void {
    this.store.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** What an element of a field consists of, and of how many: arrays of arrays lie flat. */
function flattened(type: Type): { readonly codec: Type["codec"]; readonly length: number } {
  if (!(type instanceof ArrayType)) return { codec: type.codec, length: 1 };
  const { codec, length } = flattened(type.element);
  return { codec, length: length * type.length };
}
