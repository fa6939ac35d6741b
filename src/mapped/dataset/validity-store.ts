import type { Allocator } from "../../alloc/allocator.ts";
import { type ColumnBuffer, columnBuffer } from "../../collections/columns/column-buffer.ts";
import type { ViewName, Views } from "../../core/memory.ts";

/** Which rows of a column have a value, a byte a row (1 = there is one) while a data set is built, bits in the file. */
export class ValidityStore {
  readonly #bytes: ColumnBuffer<"u8">;
  /** Rows without a value. */
  missingCount = 0;

  constructor(allocator: Allocator) {
    this.#bytes = columnBuffer(allocator, "u8");
  }

  /** The array to write into from `room(count)` on. */
  get bytes(): Uint8Array {
    return this.#bytes.memory.u8;
  }

  room(count: number): number {
    return this.#bytes.room(count);
  }

  commit(count: number, missing: number): void {
    this.#bytes.commit(count);
    this.missingCount += missing;
  }

  appendMissing(count: number): void {
    for (let row = 0; row < count; row++) this.#bytes.append(0);
    this.missingCount += count;
  }

  /** The first row without a value, or -1. */
  firstMissing(): number {
    return firstIn(this.#bytes, (bytes) => bytes.indexOf(0));
  }

  /** The first row with a value, or -1. */
  firstPresent(): number {
    return firstIn(this.#bytes, (bytes) => bytes.indexOf(1));
  }

  /** The bitmap, least significant bit first, as Apache Arrow has it, in pieces that are whole bytes but for the last. */
  *bitmap(): Generator<Uint8Array, void, undefined> {
    let bits = 0;
    let pending = 0;
    for (const chunk of this.#bytes.chunks()) {
      const packed = new Uint8Array((pending + chunk.length) >>> 3);
      let at = 0;
      for (let i = 0; i < chunk.length; i++) {
        bits |= chunk[i] << pending;
        if (++pending === 8) {
          packed[at++] = bits;
          bits = pending = 0;
        }
      }
      yield packed;
    }
    if (pending > 0) yield Uint8Array.of(bits);
  }
}

/** The number of the first element that `find` finds in a chunk of the column, -1 where there is none. */
export function firstIn<Name extends ViewName>(column: ColumnBuffer<Name>, find: (chunk: Views[Name]) => number): number {
  let before = 0;
  for (const chunk of column.chunks()) {
    const index = find(chunk);
    if (index >= 0) return before + index;
    before += chunk.length;
  }
  return -1;
}
