import { checkByteLength } from "../core/align.ts";
import { MemoryError } from "../core/errors.ts";
import { privateMemory } from "../core/homes.ts";
import type { Memory } from "../core/memory.ts";
import { FieldKind } from "./field-kind.ts";

/** The most columns that a file may have. */
export const MAX_COLUMNS = 16_384;
/** With its text, a batch of so many fields stays in a core's second-level cache. */
const DEFAULT_FIELD_CAPACITY = 16_384;
const DEFAULT_ROW_CAPACITY = 4096;
const FIELD_BYTES = 9;
const ROW_BYTES = 4;

export interface FieldBatchOptions {
  /** The most rows that a batch takes. Default 4096. */
  readonly rowCapacity?: number;
  /** The most fields that a batch takes, over all its rows; one row always has room. Default 16384. */
  readonly fieldCapacity?: number;
}

/**
 * Where the fields of a batch of records lie in the bytes they were read from: what a tokenizer fills and column builders read,
 * column by column, without a JavaScript string.
 *
 * ```ts
 * const { rowCount, stride, starts, ends, kinds } = batch;
 * for (let row = 0, field = columnIndex; row < rowCount; row++, field += stride) take(u8, starts[field], ends[field]);
 * ```
 *
 * ```
 *   memory   0                    starts   i32 × fields    row-major: field = row · stride + column
 *            4 · fields           ends     i32 × fields
 *            8 · fields           lines    i32 × rows
 *            8 · fields + 4·rows  kinds    u8 × fields
 * ```
 *
 * Invariants:
 * 1. rowCount ≤ rowCapacity, and rowCapacity · stride ≤ fields.
 * 2. For each field of a row: 0 ≤ start ≤ end, unless its kind is MISSING; kinds are those of FieldKind.
 * 3. Lines rise strictly where the format has at most one record a line, and never fall.
 *
 * The tokenizer that fills it writes all words; everyone else only reads. The arrays are replaced when `reshape` needs more room.
 */
export class FieldBatch {
  /** Byte offset of the first byte of each field. */
  starts: Int32Array;
  /** Byte offset behind the last byte of each field. */
  ends: Int32Array;
  /** The `FieldKind` of each field. */
  kinds: Uint8Array;
  /** The line that each record begins on, the file's first line being 1. */
  lines: Int32Array;
  /** Fields per row: the number of columns when the batch was filled. Columns that came to be known later are missing in all its rows. */
  stride = 1;
  rowCount = 0;
  /** The most rows that fit with this stride. */
  rowCapacity: number;
  readonly #mostRows: number;
  readonly #mostFields: number;
  /** Fields that the arrays have room for: `#mostFields`, or more where a single row needs more. */
  #fieldRoom: number;
  #memory: Memory;

  constructor(options: FieldBatchOptions = {}) {
    const { rowCapacity = DEFAULT_ROW_CAPACITY, fieldCapacity = DEFAULT_FIELD_CAPACITY } = options;
    checkByteLength("FieldBatch", "rowCapacity", rowCapacity, 1, 2 ** 20);
    checkByteLength("FieldBatch", "fieldCapacity", fieldCapacity, 1, 2 ** 24);
    this.#mostRows = rowCapacity;
    this.#mostFields = fieldCapacity;
    this.#fieldRoom = fieldCapacity;
    this.rowCapacity = Math.min(rowCapacity, fieldCapacity);
    this.#memory = privateMemory(fieldCapacity * FIELD_BYTES + rowCapacity * ROW_BYTES);
    [this.starts, this.ends, this.lines, this.kinds] = this.#views();
  }

  /** Empties the batch and gives it rows of `stride` fields. For tokenizers. */
  reshape(stride: number): void {
    if (stride < 1 || stride > MAX_COLUMNS) {
      throw new MemoryError("invalid-argument", {
        subject: "FieldBatch",
        event: "cannot hold so many columns",
        numbers: { columns: stride, most: MAX_COLUMNS },
        cure: "Split the records, or nest what belongs together.",
      });
    }
    this.rowCount = 0;
    if (stride > this.#fieldRoom) {
      this.#fieldRoom = Math.min(MAX_COLUMNS, 2 * stride);
      this.#memory = privateMemory(this.#fieldRoom * FIELD_BYTES + this.#mostRows * ROW_BYTES);
      [this.starts, this.ends, this.lines, this.kinds] = this.#views();
    }
    this.stride = stride;
    this.rowCapacity = Math.min(this.#mostRows, Math.max(1, Math.floor(this.#mostFields / stride)));
  }

  /** Gives an empty batch rows of `stride` fields, more than before, and keeps what its first row has; all others are MISSING. For tokenizers. */
  widen(stride: number): void {
    const known = this.stride;
    const { starts, ends, kinds } = this;
    this.reshape(stride);
    if (this.starts !== starts) {
      this.starts.set(starts.subarray(0, known));
      this.ends.set(ends.subarray(0, known));
      this.kinds.set(kinds.subarray(0, known));
    }
    this.kinds.fill(FieldKind.MISSING, known, this.rowCapacity * stride);
  }

  /** What is wrong with the batch, if anything: see the invariants. */
  checkInvariants(): string[] {
    const wrong: string[] = [];
    const { rowCount, rowCapacity, stride, starts, ends, kinds, lines } = this;
    if (rowCount > rowCapacity) wrong.push(`${rowCount} rows in a batch for ${rowCapacity}`);
    if (rowCapacity * stride > this.#fieldRoom) wrong.push(`${rowCapacity} rows of ${stride} fields are too many`);
    const known = Object.values(FieldKind);
    for (let field = 0; field < rowCount * stride; field++) {
      const kind = kinds[field];
      if (!known.some((one) => one === kind)) wrong.push(`field ${field} is of kind ${kind}`);
      if (kind === FieldKind.MISSING) continue;
      if (starts[field] < 0 || starts[field] > ends[field]) wrong.push(`field ${field} spans ${starts[field]} to ${ends[field]}`);
    }
    for (let row = 0; row < rowCount; row++) {
      if (lines[row] < (row === 0 ? 1 : lines[row - 1])) wrong.push(`row ${row} begins on line ${lines[row]}`);
    }
    return wrong;
  }

  #views(): [Int32Array, Int32Array, Int32Array, Uint8Array] {
    const fields = this.#fieldRoom;
    const rows = this.#mostRows;
    return [
      this.#memory.slice("i32", 0, fields),
      this.#memory.slice("i32", 4 * fields, fields),
      this.#memory.slice("i32", 8 * fields, rows),
      this.#memory.slice("u8", 8 * fields + 4 * rows, fields),
    ];
  }
}
