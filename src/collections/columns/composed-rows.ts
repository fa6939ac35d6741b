/** Rows of columns where no code can be generated: slower than those of `columns-row`, and every value goes through its type. */
import { Place } from "../../layout/place.ts";
import { showAs } from "../../layout/view-members.ts";
import { COPY } from "../../layout/view-parts.ts";
import type { ColumnsBlock } from "./columns-block.ts";
import { assignsDirectly, readCell, storeCell } from "./columns-cells.ts";
import { type ColumnPlace, type RowType, SIZE } from "./columns-layout.ts";
import type { RowClasses, RowColumns, RowCursor } from "./columns-row.ts";

const COLUMNS: unique symbol = Symbol("columns");
const ROW: unique symbol = Symbol("row");

class ComposedColumns implements RowColumns {
  block: ColumnsBlock;

  constructor(block: ColumnsBlock) {
    this.block = block;
  }

  use(block: ColumnsBlock): void {
    this.block = block;
  }

  end(gone: ColumnsBlock): void {
    this.block = gone;
  }
}

/** A row of any struct; the class of one has its fields too. */
class ComposedRow {
  readonly [COLUMNS]: ComposedColumns;
  [ROW]: number;

  constructor(columns: ComposedColumns, index: number) {
    this[COLUMNS] = columns;
    this[ROW] = index;
  }
}

type RowClass = new (columns: ComposedColumns, index: number) => ComposedRow;

class ComposedRows implements RowCursor<ComposedRow> {
  readonly #Row: RowClass;
  readonly #columns: ComposedColumns;
  readonly #outside: (index: number) => void;
  readonly #size: () => number;
  readonly #row: ComposedRow;

  constructor(Row: RowClass, columns: ComposedColumns, outside: (index: number) => void, size: () => number) {
    this.#Row = Row;
    this.#columns = columns;
    this.#outside = outside;
    this.#size = size;
    this.#row = new Row(columns, 0);
  }

  get length(): number {
    return this.#size();
  }

  at(index: number): ComposedRow {
    this.#check(index);
    return new this.#Row(this.#columns, index);
  }

  seek(index: number): ComposedRow {
    this.#check(index);
    this.#row[ROW] = index;
    return this.#row;
  }

  *[Symbol.iterator](): Generator<ComposedRow, void, undefined> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }

  #check(index: number): void {
    if (!(index >>> 0 === index && index < this.#columns.block.head[SIZE])) this.#outside(index);
  }
}

/** The row classes of a struct, made from closures. */
export function composeRows<Row>(type: RowType, places: readonly ColumnPlace[]): RowClasses<Row> {
  class StructRow extends ComposedRow {
    [COPY](): unknown {
      return Object.fromEntries(places.map(({ name }, k) => [name, readCell(this[COLUMNS].block, k, this[ROW])]));
    }
  }
  for (const [k, place] of places.entries()) Object.defineProperty(StructRow.prototype, place.name, field(type, place, k));
  showAs(StructRow.prototype, `${type.name}Row`);
  class StructRows extends ComposedRows {
    constructor(columns: ComposedColumns, outside: (index: number) => void, size: () => number) {
      super(StructRow, columns, outside, size);
    }
  }
  const composed: unknown = { RowColumns: ComposedColumns, Rows: StructRows };
  return composed as RowClasses<Row>;
}

/** The property of rows that column `k` is. */
function field(struct: RowType, column: ColumnPlace, k: number): PropertyDescriptor & ThisType<ComposedRow> {
  const place = new Place(new Place(undefined, struct.name), column.name);
  const wraps = assignsDirectly(column);
  return {
    enumerable: true,
    configurable: true,
    get() {
      return readCell(this[COLUMNS].block, k, this[ROW]);
    },
    set(value: unknown) {
      const { block } = this[COLUMNS];
      block.refuseStore?.();
      // As in generated rows, an assignment to a number wraps as in a typed array.
      const elements = wraps ? block.elements[k] : undefined;
      if (elements === undefined) storeCell(block, k, this[ROW], value, place);
      else Reflect.set(elements, this[ROW], value);
    },
  };
}
