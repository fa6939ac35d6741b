import type { Allocator } from "../../alloc/allocator.ts";
import { type ColumnBuffer, columnBuffer } from "../../collections/columns/column-buffer.ts";
import { type Interner, interner } from "../../collections/strings/interner.ts";
import type { FieldBatch } from "../../parse/field-batch.ts";
import { FieldKind } from "../../parse/field-kind.ts";
import { firstIn } from "./validity-store.ts";

/**
 * The texts of a column while a data set is built: each different one interned once from its bytes, and an id a row.
 *
 * Invariants:
 * 1. ids.length = rows taken in; 0 stands for a missing text, which is not the empty one.
 */
export class TextStore {
  readonly ids: ColumnBuffer<"u32">;
  readonly strings: Interner;
  readonly #acceptsAll: boolean;
  readonly #emptyIsMissing: boolean;
  missingCount = 0;

  /**
   * `acceptsAll`: whether JSON numbers and booleans are taken in as they are spelled, as in a column declared text. `emptyIsMissing`:
   * whether an empty unquoted field of CSV or TSV is no text at all, as in a column declared `text?`.
   */
  constructor(allocator: Allocator, { acceptsAll = false, emptyIsMissing = false } = {}) {
    this.ids = columnBuffer(allocator, "u32");
    this.strings = interner(allocator, { encoding: "utf8" });
    this.#acceptsAll = acceptsAll;
    this.#emptyIsMissing = emptyIsMissing;
  }

  /** Takes in the column's fields of a batch. Returns how many rows are texts or missing; unless that is all of them, nothing was taken in. */
  append(batch: FieldBatch, u8: Uint8Array, columnIndex: number): number {
    const { rowCount, stride, starts, ends, kinds } = batch;
    const { strings } = this;
    const [acceptsAll, emptyIsMissing] = [this.#acceptsAll, this.#emptyIsMissing];
    const at = this.ids.room(rowCount);
    const { u32 } = this.ids.memory;
    let missing = 0;
    for (let row = 0, field = columnIndex; row < rowCount; row++, field += stride) {
      const kind = kinds[field];
      const start = starts[field];
      const end = ends[field];
      if (kind === FieldKind.NULL || kind === FieldKind.MISSING || (start === end && emptyIsMissing && kind === FieldKind.TEXT)) {
        u32[at + row] = 0;
        missing += 1;
        continue;
      }
      if ((kind === FieldKind.NUMBER || kind === FieldKind.TRUE || kind === FieldKind.FALSE) && !acceptsAll) return row;
      u32[at + row] = strings.internBytes(u8, start, end);
    }
    this.ids.commit(rowCount);
    this.missingCount += missing;
    return rowCount;
  }

  /** Takes in rows without a text. */
  appendMissing(count: number): void {
    for (let row = 0; row < count; row++) this.ids.append(0);
    this.missingCount += count;
  }

  /** Takes in rows with the empty text. */
  appendEmpty(count: number): void {
    if (count === 0) return;
    const id = this.strings.intern("");
    for (let row = 0; row < count; row++) this.ids.append(id);
  }

  /** The first row without a text, or -1. */
  firstMissing(): number {
    return firstIn(this.ids, (ids) => ids.indexOf(0));
  }

  /** The first row with a text, or -1. */
  firstPresent(): number {
    return firstIn(this.ids, (ids) => ids.findIndex((id) => id !== 0));
  }
}
