/*
 * A row of columns: two words, the columns and the row's number. Its getters and setters reach the element in each column when asked.
 * The classes of one struct are generated once and shared by all its columns, so that a loop over many of them stays quick:
 *
 *   get x() { return this[COLUMNS].c0[this[ROW]]; }                                    a number
 *   get alive() { return decode(this[COLUMNS].c1[this[ROW]]); }                        what stands for one: bool, enum
 *   get hp() { const d = this[COLUMNS], i = this[ROW]; return (d.v2[i >>> 3] >>> (i & 7)) & 1 ? d.c2[i] : null; }
 *
 * and everything else is copied out and in, by its type.
 *
 * Invariants:
 * 1. `row[COLUMNS]` holds for column k its elements `ck`, where they are numbers, and its bitmap `vk`, where it has one.
 * 2. When the columns move these are replaced, so a row that was kept shows the same row number ever after; when the columns end,
 *    they are replaced by what throws.
 */
import { canGenerate, className, Source } from "../../layout/generation.ts";
import { Place } from "../../layout/place.ts";
import { showAs } from "../../layout/view-members.ts";
import { COPY } from "../../layout/view-parts.ts";
import type { ColumnsBlock } from "./columns-block.ts";
import { assignsDirectly, readCell, storeCell } from "./columns-cells.ts";
import { type ColumnPlace, type RowType, SIZE } from "./columns-layout.ts";
import { composeRows } from "./composed-rows.ts";

/** The rows by number, as a Cursor is: `at` makes a row object, `seek` moves the one that belongs to the cursor. */
export interface RowCursor<Row> extends Iterable<Row> {
  /** How many rows there are now. */
  readonly length: number;
  /** A row object of its own, which may be kept. Throws `out-of-bounds`. */
  at(index: number): Row;
  /** The one row object that all calls move: for loops that must make no garbage. Throws `out-of-bounds`. */
  seek(index: number): Row;
}

/** The columns as rows reach them. */
export interface RowColumns {
  /** Reads from `block` from now on. */
  use(block: ColumnsBlock): void;
  /** Throws at every read from now on, as `gone` does. */
  end(gone: ColumnsBlock): void;
}

export interface RowClasses<Row> {
  readonly RowColumns: new (block: ColumnsBlock) => RowColumns;
  /** `outside` is called with an index that is none, and throws unless it has become one; `size` looks how many rows there are. */
  readonly Rows: new (
    columns: RowColumns,
    outside: (index: number) => void,
    size: () => number,
  ) => RowCursor<Row>;
}

const COLUMNS: unique symbol = Symbol("columns");
const ROW: unique symbol = Symbol("row");

const classes = new WeakMap<RowType, RowClasses<unknown>>();

/** The row classes of a struct, made at their first use. */
export function rowClasses<Row>(type: RowType, { places }: ColumnsBlock): RowClasses<Row> {
  const known = classes.get(type) ?? (canGenerate() ? generateRows(type, places) : composeRows(type, places));
  classes.set(type, known);
  return known as RowClasses<Row>;
}

/** The row classes of a struct, made from text. */
function generateRows<Row>(type: RowType, places: readonly ColumnPlace[]): RowClasses<Row> {
  const source = new Source();
  const [columns, row] = [source.bind(COLUMNS), source.bind(ROW)];
  const taken = places.map((_, k) => `this.c${k} = b.elements[${k}]; this.v${k} = b.bitmaps[${k}];`);
  const ended = places.map((_, k) => `this.c${k} = this.v${k} = g;`);
  const members = places.map((place, k) => {
    const key = JSON.stringify(place.name);
    return `get ${key}() { const d = this[${columns}], i = this[${row}]; return ${readText(source, place, k)}; },
set ${key}(v) { const d = this[${columns}], i = this[${row}]; if (d.locked) d.block.refuseStore(); ${writeText(source, type, place, k)} },`;
  });
  const copied = places.map(({ name }) => `[${JSON.stringify(name)}]: this[${JSON.stringify(name)}]`);
  const name = className(`${type.name}Row`, "Row");
  const isRow = `(i >>> 0) === i && i < this.columns.head[${SIZE}]`;
  const { Row, ...generated } = source.run(
    `${type.name}.rows`,
    `class RowColumns { constructor(b) { this.use(b); } use(b) { this.block = b; this.locked = b.refuseStore !== undefined; this.head = b.head; ${taken.join(" ")} } end(g) { this.block = this.head = g; ${ended.join(" ")} } }
class ${name} { constructor(d, i) { this[${columns}] = d; this[${row}] = i; } [${source.bind(COPY)}]() { return { ${copied.join(", ")} }; } }
const members = {
${members.join("\n")}
};
for (const key of Object.keys(members)) Object.defineProperty(${name}.prototype, key, Object.getOwnPropertyDescriptor(members, key));
class Rows {
  constructor(d, outside, size) { this.columns = d; this.outside = outside; this.size = size; this.row = new ${name}(d, 0); }
  get length() { const d = this.columns; return d.locked ? this.size() : d.head[${SIZE}]; }
  at(i) { if (!(${isRow})) this.outside(i); return new ${name}(this.columns, i); }
  seek(i) { if (!(${isRow})) this.outside(i); const r = this.row; r[${row}] = i; return r; }
  *[Symbol.iterator]() { for (let i = 0; i < this.length; i++) yield this.at(i); }
}
return { Row: ${name}, RowColumns, Rows };`,
  ) as RowClasses<Row> & { readonly Row: { readonly prototype: object } };
  showAs(Row.prototype, name);
  return generated;
}

function readText(source: Source, { type, element }: ColumnPlace, k: number): string {
  const { codec } = element;
  if (codec.shape !== "direct") return `${source.bind(readCell)}(d.block, ${k}, i)`;
  const value = codec.decode === undefined ? `d.c${k}[i]` : `${source.bind(codec.decode)}(d.c${k}[i])`;
  return type === element ? value : `((d.v${k}[i >>> 3] >>> (i & 7)) & 1) === 1 ? ${value} : null`;
}

function writeText(source: Source, struct: RowType, { name, type, element }: ColumnPlace, k: number): string {
  if (assignsDirectly({ type, element })) return `d.c${k}[i] = v;`;
  const place = new Place(new Place(undefined, struct.name), name);
  return `${source.bind(storeCell)}(d.block, ${k}, i, v, ${source.bind(place)});`;
}
