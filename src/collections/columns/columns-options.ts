import type { Allocator } from "../../alloc/allocator.ts";
import type { Placement } from "../../alloc/own-memory.ts";
import type { Ptr } from "../../core/brand.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Lease } from "../../core/lease.ts";
import type { StructValue } from "../../layout/struct.ts";
import type { Fields } from "../../layout/struct-fields.ts";
import { MOST_ROWS } from "./columns-layout.ts";

/** A row as an object whose fields are read from, and assigned to, the columns. Fields with parts are copies. */
export type ColumnRow<F extends Fields> = StructValue<F>;

/**
 * The elements of a column whose values are `Value`: a bool is 0 or 1 there, a member of an enum its number, a missing value 0; those of arrays lie one behind
 * the other.
 */
export type ColumnOf<Value> = Value extends readonly (infer Element)[]
  ? ColumnOf<Element>
  : bigint extends Value
    ? BigInt64Array | BigUint64Array
    : Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

export interface ColumnsOptions extends Placement {
  /** How many rows there is room for before it grows. Default 64. */
  readonly capacity?: number;
}

export interface SortOptions {
  /** The largest value first. Rows of equal values keep their order then, too. */
  readonly descending?: boolean;
}

/** Where columns lie. */
export interface ColumnsHome {
  /** None where the block is another's. */
  readonly allocator?: Allocator;
  readonly ptr: Ptr;
  readonly lease: Lease;
  readonly byteOffset: number;
  readonly capacity: number;
}

/** Throws `invalid-argument` unless `count` is a number of rows. */
export function checkRows(name: string, count: number): void {
  if (Number.isInteger(count) && count >= 0 && count <= MOST_ROWS) return;
  throw new MemoryError("invalid-argument", {
    subject: "columns",
    event: `need a whole number as ${name}`,
    numbers: { [name]: String(count), least: 0, most: MOST_ROWS },
    cure: "Pass a number of rows.",
  });
}
