import type { Allocator } from "../../alloc/allocator.ts";
import type { FieldBatch } from "../../parse/field-batch.ts";
import { FieldKind } from "../../parse/field-kind.ts";
import { NumberKind, NumberReader } from "../../parse/number.ts";
import { ValueStore } from "./value-store.ts";

/** The truth values of a column while a data set is built: a byte a row, 1 = true, 0 = false or missing. */
export class BooleanStore extends ValueStore<"u8"> {
  readonly #reader = new NumberReader();

  constructor(allocator: Allocator) {
    super(allocator, "u8", 0);
  }

  /** Takes in the column's fields of a batch. Returns how many rows are true, false or missing; unless that is all of them, nothing was taken in. */
  append(batch: FieldBatch, u8: Uint8Array, columnIndex: number): number {
    const { rowCount, stride, starts, ends, kinds } = batch;
    const at = this.values.room(rowCount);
    const validAt = this.validity.room(rowCount);
    const bytes = this.values.memory.u8;
    let missing = 0;
    for (let row = 0, field = columnIndex; row < rowCount; row++, field += stride) {
      const kind = kinds[field];
      let spelled: NumberKind = NumberKind.EMPTY;
      if (kind === FieldKind.TRUE) spelled = NumberKind.TRUE;
      else if (kind === FieldKind.FALSE) spelled = NumberKind.FALSE;
      else if (kind === FieldKind.TEXT || kind === FieldKind.QUOTED) spelled = this.#reader.read(u8, starts[field], ends[field]);
      else if (kind !== FieldKind.NULL && kind !== FieldKind.MISSING) return row;
      if (spelled === NumberKind.EMPTY) missing += 1;
      else if (spelled !== NumberKind.TRUE && spelled !== NumberKind.FALSE) return row;
      bytes[at + row] = spelled === NumberKind.TRUE ? 1 : 0;
      bytes[validAt + row] = spelled === NumberKind.EMPTY ? 0 : 1;
    }
    this.values.commit(rowCount);
    this.validity.commit(rowCount, missing);
    return rowCount;
  }

  narrowestType(): "bool" {
    return "bool";
  }
}
