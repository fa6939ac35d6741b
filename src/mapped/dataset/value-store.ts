import type { Allocator } from "../../alloc/allocator.ts";
import { ColumnBuffer, type ElementOf } from "../../collections/columns/column-buffer.ts";
import type { ViewName } from "../../core/memory.ts";
import type { FieldBatch } from "../../parse/field-batch.ts";
import type { StoredType } from "./manifest.ts";
import { ValidityStore } from "./validity-store.ts";

/**
 * The values of a column while a data set is built, each as wide as the others, and which rows have one.
 *
 * Invariant: values.length = rows taken in; a missing value is 0 there.
 */
export abstract class ValueStore<Name extends ViewName> {
  readonly values: ColumnBuffer<Name>;
  readonly validity: ValidityStore;
  readonly #zero: ElementOf<Name>;

  constructor(allocator: Allocator, view: Name, zero: ElementOf<Name>) {
    this.values = new ColumnBuffer(allocator, view);
    this.validity = new ValidityStore(allocator);
    this.#zero = zero;
  }

  /** Takes in the column's fields of a batch. Returns how many rows fit or are missing; unless that is all of them, nothing was taken in. */
  abstract append(batch: FieldBatch, u8: Uint8Array, columnIndex: number): number;

  /** The narrowest type that holds every value exactly. */
  abstract narrowestType(): Exclude<StoredType, "text">;

  /** Takes in rows without a value: those before the column's first one. */
  appendMissing(count: number): void {
    for (let row = 0; row < count; row++) this.values.append(this.#zero);
    this.validity.appendMissing(count);
  }

  /** Rows without a value. */
  get missingCount(): number {
    return this.validity.missingCount;
  }

  /** The first row without a value, or -1. */
  firstMissing(): number {
    return this.validity.firstMissing();
  }

  /** The first row with a value, or -1. */
  firstPresent(): number {
    return this.validity.firstPresent();
  }
}
