import type { Allocator } from "../../alloc/allocator.ts";
import type { FieldBatch } from "../../parse/field-batch.ts";
import { FieldKind } from "../../parse/field-kind.ts";
import { NumberKind, NumberReader } from "../../parse/number.ts";
import { ValueStore } from "./value-store.ts";

export type NumberType = "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "f32" | "f64";

/** The least and the greatest value of each type of whole numbers. */
const WHOLE_RANGES: Readonly<Partial<Record<NumberType, readonly [number, number]>>> = {
  u8: [0, 2 ** 8 - 1],
  i8: [-(2 ** 7), 2 ** 7 - 1],
  u16: [0, 2 ** 16 - 1],
  i16: [-(2 ** 15), 2 ** 15 - 1],
  u32: [0, 2 ** 32 - 1],
  i32: [-(2 ** 31), 2 ** 31 - 1],
};

const UNBOUNDED = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;

/**
 * The numbers of a column while a data set is built: doubles, whatever type the column ends with, and what is needed to choose it.
 *
 * Invariant: `least` and `most` bound the values that are there; `decimals` is set once one of them was not spelled as a whole number.
 */
export class NumberStore extends ValueStore<"f64"> {
  readonly #reader = new NumberReader();
  readonly #wholeOnly: boolean;
  readonly #acceptsWords: boolean;
  readonly #lowest: number;
  readonly #highest: number;
  least = Number.POSITIVE_INFINITY;
  most = Number.NEGATIVE_INFINITY;
  decimals = false;

  /** `type`: what the column was declared as; then only values that fit are taken in. NaN and Infinity fit f32 and f64. */
  constructor(allocator: Allocator, type?: NumberType) {
    super(allocator, "f64", 0);
    this.#acceptsWords = type === "f32" || type === "f64";
    this.#wholeOnly = type !== undefined && !this.#acceptsWords;
    [this.#lowest, this.#highest] = type === undefined ? UNBOUNDED : (WHOLE_RANGES[type] ?? UNBOUNDED);
  }

  /** Takes in the column's fields of a batch. Returns how many rows are numbers or missing; unless that is all of them, nothing was taken in. */
  append(batch: FieldBatch, u8: Uint8Array, columnIndex: number): number {
    const { rowCount, stride, starts, ends, kinds } = batch;
    const reader = this.#reader;
    const at = this.values.room(rowCount);
    const { f64 } = this.values.memory;
    const validAt = this.validity.room(rowCount);
    const valid = this.validity.bytes;
    const [wholeOnly, acceptsWords, lowest, highest] = [this.#wholeOnly, this.#acceptsWords, this.#lowest, this.#highest];
    let { least, most, decimals } = this;
    let missing = 0;
    for (let row = 0, field = columnIndex; row < rowCount; row++, field += stride) {
      const kind = kinds[field];
      let spelled: NumberKind = NumberKind.EMPTY;
      if (kind === FieldKind.TEXT || kind === FieldKind.NUMBER || kind === FieldKind.QUOTED) {
        spelled = reader.read(u8, starts[field], ends[field]);
      } else if (kind !== FieldKind.NULL && kind !== FieldKind.MISSING) {
        return row;
      }
      if (spelled === NumberKind.EMPTY) {
        missing += 1;
        f64[at + row] = 0;
        valid[validAt + row] = 0;
        continue;
      }
      const { value } = reader;
      if (spelled !== NumberKind.INTEGER) {
        if (wholeOnly) return row;
        if (spelled !== NumberKind.DECIMAL) {
          if (!acceptsWords) return row;
          // Of a whole number too large for a double the value is infinite, which it is not.
          if (spelled !== NumberKind.WORD && !(spelled === NumberKind.BIG_INTEGER && Number.isFinite(value))) return row;
        }
        decimals = true;
      } else if (value < lowest || value > highest) {
        return row;
      }
      if (value < least) least = value;
      if (value > most) most = value;
      f64[at + row] = value;
      valid[validAt + row] = 1;
    }
    this.values.commit(rowCount);
    this.validity.commit(rowCount, missing);
    this.least = least;
    this.most = most;
    this.decimals = decimals;
    return rowCount;
  }

  /** The narrowest type that holds every value exactly: whole numbers by their range, f64 beyond 32 bits and for decimals. */
  narrowestType(): NumberType {
    if (this.decimals) return "f64";
    if (this.least > this.most) return "u8";
    const order: readonly NumberType[] = ["u8", "i8", "u16", "i16", "u32", "i32"];
    return order.find((type) => fits(this.least, this.most, WHOLE_RANGES[type])) ?? "f64";
  }
}

function fits(least: number, most: number, range: readonly [number, number] | undefined): boolean {
  return range !== undefined && least >= range[0] && most <= range[1];
}
