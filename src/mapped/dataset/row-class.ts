/**
 * The class of a data set's rows: one getter a column, which reads the mapped bytes when asked.
 *
 * A row is two words: the columns it reads from and its number. The getters of one schema are generated once and shared by all
 * files of that schema, so opening a file a second time costs no code generation and the machine code is there already:
 *
 * ```js
 * population() { const d = this[D], r = this[R]; return d.c14[r]; }
 * elevation() { const d = this[D], r = this[R]; return (d.v15[r >>> 3] >>> (r & 7)) & 1 ? d.c15[r] : null; }
 * name() { const d = this[D], r = this[R]; const id = d.c1[r]; return id === 0 ? null : d.t1.resolve(id); }
 * ```
 *
 * Invariants:
 * 1. `row[COLUMNS]` holds for column i its values `ci`, and where it has them its validity `vi` and its dictionary `ti`.
 * 2. When the data set closes, every `ci` and `vi` is replaced by something that throws, so a row that is kept is loud, not wrong.
 */

import type { StringId } from "../../collections/strings/string-id.ts";
import { MemoryError } from "../../core/errors.ts";
import { INSPECT } from "../../core/inspect.ts";
import { canGenerate } from "../../layout/generation.ts";
import type { ColumnDictionary } from "./column-dictionary.ts";
import type { ColumnEntry } from "./manifest.ts";

/** One value of a row. A missing one is null. */
export type Cell = number | bigint | boolean | string | null;

/** The values of a column as the file holds them: numbers, or ids of strings. */
export type ColumnValues = ArrayLike<number> | ArrayLike<bigint>;

/** What the rows of one open data set read from. */
export interface RowSource {
  readonly values: readonly ColumnValues[];
  readonly validities: readonly (Uint8Array | undefined)[];
  readonly dictionaries: readonly (ColumnDictionary | undefined)[];
}

/** Columns as generated getters reach them, made from a RowSource. `close` makes all of them throw. */
export interface RowColumns {
  close(tombstone: ColumnValues): void;
}

/** Where a row keeps what it reads from, and its number. Symbols, because any string may be the name of a column. */
export const COLUMNS = Symbol("columns");
export const ROW_INDEX = Symbol("rowIndex");

/** A row that can be moved to another row number: what a cursor hands out. */
export interface RowObject {
  readonly [COLUMNS]: RowColumns;
  [ROW_INDEX]: number;
}

export interface RowClass {
  readonly Columns: new (source: RowSource) => RowColumns;
  readonly Row: new (columns: RowColumns, rowIndex: number) => RowObject;
}

const classes = new Map<string, RowClass>();
const LARGEST_CACHE = 256;

/** The row class of a schema, made at its first use. `signature` stands for `columns`. */
export function rowClassOf(columns: readonly ColumnEntry[], signature: string): RowClass {
  const known = classes.get(signature);
  if (known !== undefined) return known;
  const made = generate(columns);
  if (classes.size >= LARGEST_CACHE) classes.clear();
  classes.set(signature, made);
  return made;
}

function generate(columns: readonly ColumnEntry[]): RowClass {
  const made = canGenerate() ? generatedClass(columns) : closureClass(columns);
  const names = columns.map(({ name }) => name);
  const plain = { value: toPlain(names), enumerable: false, configurable: true, writable: true };
  if (!names.includes("toJSON")) Object.defineProperty(made.Row.prototype, "toJSON", plain);
  Object.defineProperty(made.Row.prototype, INSPECT, plain);
  return made;
}

let serial = 0;

/** Getters as source text. The comment makes each source its own: V8 shares type feedback between equal ones. */
function generatedClass(columns: readonly ColumnEntry[]): RowClass {
  const fields = columns.map((column, i) => {
    const parts = [`this.c${i} = s.values[${i}];`];
    if (column.validity !== undefined) parts.push(`this.v${i} = s.validities[${i}];`);
    if (column.dictionary !== undefined) parts.push(`this.t${i} = s.dictionaries[${i}];`);
    return parts.join(" ");
  });
  // Defined one by one: as class members, `constructor` could not be the name of a column.
  const getters = columns.map((column, i) => `define(${JSON.stringify(column.name)}, function () { ${getterBody(column, i)} });`);
  const ends = columns.map(({ validity }, i) => (validity === undefined ? `this.c${i} = t;` : `this.c${i} = this.v${i} = t;`));
  serial += 1;
  const source = `"use strict"; // rows ${serial}
    class Columns { constructor(s) { ${fields.join("\n")} } close(t) { ${ends.join(" ")} } }
    class Row { constructor(d, r) { this[D] = d; this[R] = r; } }
    const define = (name, get) => Object.defineProperty(Row.prototype, name, { get, enumerable: true, configurable: true });
    ${getters.join("\n")}
    return { Columns, Row };`;
  return checkShape(new Function("D", "R", source)(COLUMNS, ROW_INDEX));
}

function getterBody(column: ColumnEntry, i: number): string {
  const value = `d.c${i}[r]`;
  const head = "const d = this[D], r = this[R];";
  if (column.type === "text" && !column.optional) return `${head} return d.t${i}.resolve(${value});`;
  if (column.type === "text") return `${head} const id = ${value}; return id === 0 ? null : d.t${i}.resolve(id);`;
  const shown = column.type === "bool" ? `${value} !== 0` : value;
  return column.optional ? `${head} return (d.v${i}[r >>> 3] >>> (r & 7)) & 1 ? ${shown} : null;` : `${head} return ${shown};`;
}

/** The same getters as closures, where a content-security policy forbids code generation. */
function closureClass(columns: readonly ColumnEntry[]): RowClass {
  class Columns implements RowColumns {
    source: RowSource;
    constructor(source: RowSource) {
      this.source = source;
    }
    close(tombstone: ColumnValues): void {
      const { values, dictionaries } = this.source;
      this.source = { values: values.map(() => tombstone), validities: [], dictionaries };
    }
  }
  class Row implements RowObject {
    readonly [COLUMNS]: RowColumns;
    [ROW_INDEX]: number;
    constructor(columns: RowColumns, rowIndex: number) {
      this[COLUMNS] = columns;
      this[ROW_INDEX] = rowIndex;
    }
  }
  columns.forEach((column, i) => {
    Object.defineProperty(Row.prototype, column.name, {
      enumerable: true,
      configurable: true,
      get(this: { [COLUMNS]: { source: RowSource }; [ROW_INDEX]: number }): Cell {
        return cellOf(column, this[COLUMNS].source, i, this[ROW_INDEX]);
      },
    });
  });
  return { Columns, Row };
}

/** One value without a row class: for exports, verification and the closure getters. */
export function cellOf(column: ColumnEntry, source: RowSource, columnIndex: number, rowIndex: number): Cell {
  const value = source.values[columnIndex][rowIndex];
  if (column.type === "text") {
    if (value === 0 && column.optional) return null;
    return source.dictionaries[columnIndex]?.resolve(Number(value) as StringId) ?? null;
  }
  const validity = source.validities[columnIndex];
  if (validity !== undefined && ((validity[rowIndex >>> 3] >>> (rowIndex & 7)) & 1) === 0) return null;
  return column.type === "bool" ? value !== 0 : value;
}

function toPlain(names: readonly string[]): () => Record<string, Cell> {
  return function (this: unknown): Record<string, Cell> {
    if (typeof this !== "object" || this === null) return {};
    return Object.fromEntries(names.map((name) => [name, Reflect.get(this, name)]));
  };
}

function checkShape(made: unknown): RowClass {
  if (isRowClass(made)) return made;
  throw new MemoryError("unsupported", {
    subject: "the row class of a data set",
    event: "was not generated as it was written",
    cure: "Report this engine; it changes the meaning of `new Function`.",
  });
}

function isRowClass(made: unknown): made is RowClass {
  return typeof made === "object" && made !== null && "Row" in made && "Columns" in made;
}
