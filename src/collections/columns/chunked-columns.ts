import { type Allocator, checkGrowsUnder } from "../../alloc/allocator.ts";
import { endPlacement, type Placement, placed } from "../../alloc/own-memory.ts";
import { isPowerOfTwo } from "../../core/align.ts";
import { checkCall, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import { INSPECT, shown } from "../../core/inspect.ts";
import type { Lease } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";
import { Place } from "../../layout/place.ts";
import type { StructInput, StructType, StructValue } from "../../layout/struct.ts";
import { A_STRUCT, type Fields } from "../../layout/struct-fields.ts";
import { type Columns, columns } from "./columns.ts";
import { throwNoRow } from "./columns-block.ts";
import type { ColumnRow } from "./columns-options.ts";
import type { RowCursor } from "./columns-row.ts";

export interface ChunkedColumnsOptions extends Placement {
  /** Rows of a chunk: a power of two. Default 65 536. */
  readonly chunkCapacity?: number;
}

/** A chunk as loops see it: its columns, which stay where they are for as long as the table lives. */
export type ColumnChunk<F extends Fields> = Pick<
  Columns<F>,
  "type" | "memory" | "size" | "capacity" | "byteOffset" | "byteLength" | "column" | "validity" | "rows" | "get"
>;

const DEFAULT_CHUNK_CAPACITY = 65_536;
const MOST_CHUNK_CAPACITY = 2 ** 28;

/**
 * Columns for tables so large that moving them would cost too much, or whose typed arrays must stay good: many blocks of columns of one
 * size, and growth adds one and moves none.
 *
 * ```ts
 * using particles = chunkedColumns(Particle);
 * for (const chunk of particles.chunks()) {
 *   const [x, vx] = [chunk.column("x"), chunk.column("vx")];
 *   for (let i = 0; i < x.length; i++) x[i] += vx[i];
 * }
 * ```
 *
 * A typed array of a chunk shows the rows that the chunk had when it was asked for, and goes on showing their numbers.
 *
 *   chunk 0          chunk 1          chunk 2
 *   | full          | full          | the last rows, and room |       row i lies in chunk i >>> shift, at i & mask
 *
 * Invariants:
 * 1. All chunks but the last are full; the last has at least one row, unless it is kept empty for the next (there is one such at most).
 * 2. Every chunk is sound: see columns-layout.ts. No chunk ever moves.
 */
export class ChunkedColumns<const F extends Fields> implements Disposable {
  readonly type: StructType<F>;
  readonly memory: Memory;
  readonly chunkCapacity: number;
  /** The rows by number, across chunks. See `Columns.rows`; here it is a division dearer. */
  readonly rows: RowCursor<ColumnRow<F>>;
  readonly #allocator: Allocator;
  readonly #lease: Lease;
  readonly #place: Place;
  readonly #chunks: Columns<F>[] = [];
  readonly #shift: number;
  #disposed = false;

  /** Use `chunkedColumns`. */
  constructor(type: StructType<F>, options: ChunkedColumnsOptions) {
    const { chunkCapacity = DEFAULT_CHUNK_CAPACITY } = options;
    if (!isPowerOfTwo(chunkCapacity) || chunkCapacity > MOST_CHUNK_CAPACITY) {
      throw new MemoryError("invalid-argument", {
        subject: "chunked columns",
        event: "need a power of two as chunkCapacity",
        numbers: { chunkCapacity: String(chunkCapacity), most: MOST_CHUNK_CAPACITY },
        cure: "Pass 1024, 65536 or so.",
      });
    }
    const allocator = placed(`chunked columns of ${type.name}`, options);
    this.type = type;
    this.memory = allocator.memory;
    this.chunkCapacity = chunkCapacity;
    this.#allocator = allocator;
    this.#lease = allocator.lease;
    this.#place = new Place(undefined, type.name);
    this.#shift = 31 - Math.clz32(chunkCapacity);
    this.rows = new ChunkedRows(this, this.#shift, (index) => this.#at(index));
  }

  /** Rows. */
  get size(): number {
    this.#checkOpen();
    const chunks = this.#chunks;
    const last = chunks.length - 1;
    if (last < 0) return 0;
    // The last chunk may be the one that is kept empty.
    const used = chunks[last].size === 0 && last > 0 ? last - 1 : last;
    return used * this.chunkCapacity + chunks[used].size;
  }

  /** The chunks that have rows. */
  chunks(): readonly ColumnChunk<F>[] {
    return this.#chunks.slice(0, this.#used());
  }

  /** See `Columns.get`. */
  get(index: number): StructValue<F> {
    return this.#at(index).get(index & (this.chunkCapacity - 1));
  }

  /** See `Columns.set`. */
  set(index: number, row: StructInput<F>): void {
    this.#at(index).set(index & (this.chunkCapacity - 1), row);
  }

  /** Adds a row behind the last, and returns its number. Throws `bad-value`, `out-of-memory`; nothing has changed then. */
  append(row: StructInput<F>): number {
    this.#checkOpen();
    // Reading the row may run code of the caller's that appends, too: only then is it known which chunk is the last.
    const checked = this.type.rawCheck(row, this.#place);
    const index = this.size;
    this.#makeChunks(index + 1);
    this.#chunks[index >>> this.#shift].rawAppend(checked);
    return index;
  }

  /** Adds rows behind the last, all or none of them, and returns the number of the first. Throws what `append` throws; nothing has changed then. */
  appendMany(rows: Iterable<StructInput<F>>): number {
    this.#checkOpen();
    const checked = Array.from(rows, (row, k) => this.type.rawCheck(row, this.#place.at(k)));
    const first = this.size;
    this.#makeChunks(first + checked.length);
    for (let k = 0; k < checked.length; k++) this.#chunks[(first + k) >>> this.#shift].rawAppend(checked[k]);
    return first;
  }

  /** Removes the last row and returns what it was, a copy; undefined where there is none. */
  pop(): StructValue<F> | undefined {
    const { size } = this;
    if (size === 0) return undefined;
    const row = this.get(size - 1);
    this.resize(size - 1);
    return row;
  }

  /** Removes row `index`: the last row takes its number. Throws `out-of-bounds`. */
  swapRemove(index: number): void {
    const chunk = this.#at(index);
    const last = this.#chunks[(this.size - 1) >>> this.#shift];
    const within = index & (this.chunkCapacity - 1);
    if (chunk !== last) chunk.rawCopyRow(within, last, last.size - 1);
    last.swapRemove(chunk === last ? within : last.size - 1);
    this.#dropSpare();
  }

  /** Cuts off rows, or adds rows of zeros. Throws `invalid-argument`, `out-of-memory`; nothing has changed then. */
  resize(size: number): void {
    this.#makeChunks(size);
    this.#chunks.forEach((chunk, k) => {
      const rows = Math.min(Math.max(size - k * this.chunkCapacity, 0), this.chunkCapacity);
      if (chunk.size !== rows) chunk.resize(rows);
    });
    this.#dropSpare();
  }

  /** Removes all rows, and gives back all chunks but one. */
  clear(): void {
    this.resize(0);
  }

  [Symbol.iterator](): Iterator<ColumnRow<F>> {
    return this.rows[Symbol.iterator]();
  }

  /** What contradicts the invariants; empty when sound. Reads everything. */
  checkInvariants(): string[] {
    const found: string[] = [];
    const used = this.#used();
    this.#chunks.forEach((chunk, k) => {
      if (k < used - 1 && chunk.size !== this.chunkCapacity) found.push(`chunk ${k} has ${chunk.size} rows and is not the last`);
      if (k >= used && chunk.size > 0) found.push(`chunk ${k} has ${chunk.size} rows behind the last`);
      if (chunk.capacity !== this.chunkCapacity) found.push(`chunk ${k} has room for ${chunk.capacity} rows`);
      found.push(...chunk.checkInvariants().map((wrong) => `chunk ${k}: ${wrong}`));
    });
    if (this.#chunks.length > used + 1) found.push(`${this.#chunks.length - used} chunks are empty`);
    return found;
  }

  /** For `console.log`. */
  [INSPECT](): string {
    return shown(`chunked columns of ${this.type.name}`, this);
  }

  /** Gives all chunks back. Twice is harmless. */
  close(): void {
    this.#disposed = true;
    for (const chunk of this.#chunks.splice(0).reverse()) chunk.close();
    endPlacement(this.#allocator);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** How many chunks have rows. */
  #used(): number {
    return Math.ceil(this.size / this.chunkCapacity);
  }

  /** Chunks for `size` rows. All of them or none. */
  #makeChunks(size: number): void {
    this.#checkOpen();
    if (!(Number.isSafeInteger(size) && size >= 0 && size <= 2 ** 32)) {
      throw new MemoryError("invalid-argument", {
        subject: "chunked columns",
        event: "need a whole number as size",
        numbers: { size: String(size), least: 0, most: 2 ** 32 },
        cure: "Pass a number of rows.",
      });
    }
    const before = this.#chunks.length;
    if (before * this.chunkCapacity < size) checkGrowsUnder(this.#lease, this.#allocator, "chunked columns");
    try {
      while (this.#chunks.length * this.chunkCapacity < size) {
        this.#chunks.push(columns(this.type, { allocator: this.#allocator, capacity: this.chunkCapacity }));
      }
    } catch (error) {
      for (const chunk of this.#chunks.splice(before).reverse()) chunk.close();
      throw error;
    }
  }

  /** Keeps one empty chunk, so that rows that come and go at a border cost no allocation. */
  #dropSpare(): void {
    while (this.#chunks.length > this.#used() + 1) this.#chunks.pop()?.close();
  }

  /** The chunk of row `index`. Throws `out-of-bounds`. */
  #at(index: number): Columns<F> {
    const { size } = this;
    if (Number.isInteger(index) && index >= 0 && index < size) return this.#chunks[index >>> this.#shift];
    throwNoRow(`chunked columns of ${this.type.name}`, index, size);
  }

  #checkOpen(): void {
    if (!this.#disposed) return;
    throw new MemoryError("closed", {
      subject: `chunked columns of ${this.type.name}`,
      event: "were used after they were disposed of",
      cure: "Keep them for as long as they are used.",
    });
  }
}

/** Rows by number across chunks. */
class ChunkedRows<F extends Fields> implements RowCursor<ColumnRow<F>> {
  readonly #table: ChunkedColumns<F>;
  readonly #mask: number;
  readonly #chunkOf: (index: number) => Columns<F>;

  constructor(table: ChunkedColumns<F>, shift: number, chunkOf: (index: number) => Columns<F>) {
    this.#table = table;
    this.#mask = 2 ** shift - 1;
    this.#chunkOf = chunkOf;
  }

  get length(): number {
    return this.#table.size;
  }

  at(index: number): ColumnRow<F> {
    return this.#chunkOf(index).rows.at(index & this.#mask);
  }

  seek(index: number): ColumnRow<F> {
    return this.#chunkOf(index).rows.seek(index & this.#mask);
  }

  *[Symbol.iterator](): Generator<ColumnRow<F>, void, undefined> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }
}

/** Columns in chunks, without rows. See {@link ChunkedColumns}. Throws `invalid-argument`. */
export function chunkedColumns<const F extends Fields>(
  type: StructType<F>,
  options: ChunkedColumnsOptions = {},
): ChunkedColumns<F> {
  checkCall("chunkedColumns(Particle)", [A_STRUCT, type], [OPTIONS, options]);
  return new ChunkedColumns(type, options);
}
