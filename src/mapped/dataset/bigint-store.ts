import type { Allocator } from "../../alloc/allocator.ts";
import type { FieldBatch } from "../../parse/field-batch.ts";
import { FieldKind } from "../../parse/field-kind.ts";
import { parseBigInteger } from "../../parse/number.ts";
import { ValueStore } from "./value-store.ts";

/** The 64-bit whole numbers of a column declared `i64` or `u64` while a data set is built. */
export class BigIntStore extends ValueStore<"i64" | "u64"> {
  readonly view: "i64" | "u64";

  constructor(allocator: Allocator, view: "i64" | "u64") {
    super(allocator, view, 0n);
    this.view = view;
  }

  /** Takes in the column's fields of a batch. Returns how many rows are in range or missing; unless that is all of them, nothing was taken in. */
  append(batch: FieldBatch, u8: Uint8Array, columnIndex: number): number {
    const { rowCount, stride, starts, ends, kinds } = batch;
    const at = this.values.room(rowCount);
    const validAt = this.validity.room(rowCount);
    const target = this.values.memory[this.view];
    const valid = this.validity.bytes;
    let missing = 0;
    for (let row = 0, field = columnIndex; row < rowCount; row++, field += stride) {
      const kind = kinds[field];
      const start = starts[field];
      const end = ends[field];
      const spelled = kind === FieldKind.TEXT || kind === FieldKind.QUOTED || kind === FieldKind.NUMBER;
      if (!spelled && kind !== FieldKind.NULL && kind !== FieldKind.MISSING) return row;
      const there = spelled && end > start;
      const value = there ? parseBigInteger(u8, start, end, this.view) : 0n;
      if (value === undefined) return row;
      if (!there) missing += 1;
      target[at + row] = value;
      valid[validAt + row] = there ? 1 : 0;
    }
    this.values.commit(rowCount);
    this.validity.commit(rowCount, missing);
    return rowCount;
  }

  narrowestType(): "i64" | "u64" {
    return this.view;
  }
}
