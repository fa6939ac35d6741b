/*
 * A column that is being built: chunks that never move, from an allocator.
 *
 *   chunk 0: 4 KiB       chunk 1: 8 KiB            chunk 2: 16 KiB    … doubling up to 1 MiB
 *   +----------------+   +---------------------+   +-----------------------------------+
 *   | used           |   | used         |short|   | used         ^next           end^ |
 *   +----------------+   +---------------------+   +-----------------------------------+
 *
 * The bytes hold elements and nothing else; where the chunks are is known to this object alone.
 *
 * Invariants:
 * 1. A chunk starts at a multiple of 64 bytes; `start` is its element index in `memory[view]`.
 * 2. Every chunk but the last holds `length` <= `capacity` elements; `room` may leave it short.
 * 3. The last chunk holds next - start elements and has room for end - next more; without chunks next = end = 0.
 * 4. Chunks do not overlap and lie in the committed bytes. Only the thread that made the buffer writes them.
 */
import type { Allocator } from "../../alloc/allocator.ts";
import type { Ptr } from "../../core/brand.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Lease } from "../../core/lease.ts";
import { ELEMENT_BYTES, type Memory, type ViewName, type Views } from "../../core/memory.ts";

const CHUNK_ALIGN = 64;
const FIRST_CHUNK_BYTES = 4096;
const LARGEST_CHUNK_BYTES = 1024 * 1024;

/** What an element of a view is: `bigint` for `i64` and `u64`, else `number`. */
export type ElementOf<Name extends ViewName> = Name extends "i64" | "u64" ? bigint : number;

const KIND: { readonly [Name in ViewName]: number } = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  f64: 7,
  i64: 8,
  u64: 9,
};

interface Chunk {
  readonly ptr: Ptr;
  readonly start: number;
  readonly capacity: number;
  length: number;
}

/** An empty column of `view` elements whose chunks come from `allocator`. */
export function columnBuffer<Name extends ViewName>(allocator: Allocator, view: Name): ColumnBuffer<Name> {
  return new ColumnBuffer(allocator, view);
}

/**
 * An append-only column. Nothing that was appended ever moves, so growth costs no copying and at most one chunk is half empty.
 *
 * ```ts
 * using prices = columnBuffer(allocator, "f64");
 * prices.append(1.5);
 * for (const chunk of prices.chunks()) target.set(chunk, at);
 * ```
 *
 * Values are stored as a typed array stores them: integers modulo their width, `f32` rounded. Check them before where they may not fit.
 */
export class ColumnBuffer<Name extends ViewName> implements Disposable {
  readonly view: Name;
  readonly #allocator: Allocator;
  readonly #lease: Lease;
  readonly #epoch: number;
  readonly #kind: number;
  readonly #chunks: Chunk[] = [];
  #next = 0;
  #end = 0;
  /** Elements in all chunks but the last. */
  #priorLength = 0;

  constructor(allocator: Allocator, view: Name) {
    if (!(view in KIND)) {
      throw new MemoryError("invalid-argument", {
        subject: "columnBuffer",
        event: "knows no such view",
        numbers: { view: String(view) },
        cure: `Pass one of ${Object.keys(KIND).join(", ")}.`,
      });
    }
    this.view = view;
    this.#allocator = allocator;
    this.#lease = allocator.lease;
    this.#epoch = allocator.lease.epoch;
    this.#kind = KIND[view];
  }

  get memory(): Memory {
    return this.#allocator.memory;
  }

  /** Elements appended. */
  get length(): number {
    return this.#priorLength + this.#next - (this.#chunks.at(-1)?.start ?? 0);
  }

  /** Appends one element. Throws `out-of-memory` and changes nothing when the allocator has no room for a chunk. */
  append(value: ElementOf<Name>): void;
  append(value: number | bigint): void {
    const lease = this.#lease;
    if (lease.epoch !== this.#epoch) lease.throwStale(this.#epoch);
    if (this.#next === this.#end) this.#openChunk(1);
    const at = this.#next;
    // One store for each element kind: a single `views[kind][at] = value` would see all of them and go megamorphic.
    if (typeof value === "number") {
      switch (this.#kind) {
        case 0:
          lease.u8[at] = value;
          break;
        case 1:
          lease.i8[at] = value;
          break;
        case 2:
          lease.u16[at] = value;
          break;
        case 3:
          lease.i16[at] = value;
          break;
        case 4:
          lease.u32[at] = value;
          break;
        case 5:
          lease.i32[at] = value;
          break;
        case 6:
          lease.f32[at] = value;
          break;
        case 7:
          lease.f64[at] = value;
          break;
        default:
          this.#refuse(value);
      }
    } else if (this.#kind === 8) {
      lease.i64[at] = value;
    } else if (this.#kind === 9) {
      lease.u64[at] = value;
    } else {
      this.#refuse(value);
    }
    this.#next = at + 1;
  }

  /** Appends all of `values` side by side in one chunk; when it throws, none of them. */
  appendMany(values: ArrayLike<ElementOf<Name>>): void {
    const { length } = values;
    if (length === 0) return;
    const start = this.room(length);
    try {
      for (let index = 0; index < length; index++) this.append(values[index]);
    } catch (error) {
      this.#next = start;
      throw error;
    }
  }

  /**
   * The element index in `memory[view]` from which `count` elements may be written before `commit`. This is the quick way in for
   * loops that produce many elements:
   *
   * ```ts
   * const at = column.room(512), f64 = column.memory.f64;
   * for (let i = 0; i < 512; i++) f64[at + i] = parse(i);
   * column.commit(512);
   * ```
   *
   * Opens a new chunk, and leaves the last one short, where they do not fit. Throws `out-of-memory` and changes nothing.
   */
  room(count: number): number {
    this.#checkEpoch();
    checkElements(count, 0, Number.MAX_SAFE_INTEGER);
    if (count > this.#end - this.#next) this.#openChunk(count);
    return this.#next;
  }

  /** Takes in `count` elements that were written from `room(…)` on. */
  commit(count: number): void {
    this.#checkEpoch();
    checkElements(count, 0, this.#end - this.#next);
    this.#next += count;
  }

  /** The elements in order, as one typed array a chunk: no copies, valid as long as the allocator keeps its blocks. */
  *chunks(): Generator<Views[Name], void, undefined> {
    for (const chunk of this.#chunks) {
      this.#checkEpoch();
      const length = this.#lengthOf(chunk);
      if (length > 0) yield this.memory.slice(this.view, chunk.ptr, length);
    }
  }

  /** Bytes that the chunks take, room for more elements included. */
  get byteLength(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.capacity, 0) * ELEMENT_BYTES[this.view];
  }

  /** Forgets the elements and gives the chunks back. */
  clear(): void {
    this.#checkEpoch();
    // Last first: an allocator that can take back only its last block then takes back all of them.
    for (const { ptr, capacity } of this.#chunks.reverse()) {
      this.#allocator.free(ptr, capacity * ELEMENT_BYTES[this.view], CHUNK_ALIGN);
    }
    this.#chunks.length = 0;
    this.#next = this.#end = this.#priorLength = 0;
  }

  /** Gives all chunks back, where the allocator has not taken them yet. Twice is harmless. */
  close(): void {
    if (!this.memory.closed && this.#lease.epoch === this.#epoch) this.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** What contradicts the invariants at the head of this file; empty when sound. */
  checkInvariants(): string[] {
    const wrong: string[] = [];
    const bytes = ELEMENT_BYTES[this.view];
    let used = 0;
    for (const [index, chunk] of this.#chunks.entries()) {
      const last = index === this.#chunks.length - 1;
      const length = this.#lengthOf(chunk);
      used += length;
      if (chunk.ptr % CHUNK_ALIGN !== 0 || chunk.start * bytes !== chunk.ptr)
        wrong.push(`chunk ${index} starts at ptr=${chunk.ptr}`);
      if (length < 0 || length > chunk.capacity) wrong.push(`chunk ${index} holds ${length} of ${chunk.capacity}`);
      if (last && this.#end !== chunk.start + chunk.capacity) wrong.push(`end=${this.#end} is not the end of the last chunk`);
      if (chunk.ptr + chunk.capacity * bytes > this.memory.byteLength) wrong.push(`chunk ${index} ends past the memory`);
    }
    const byPlace = [...this.#chunks].sort((a, b) => a.start - b.start);
    for (const [index, chunk] of byPlace.entries()) {
      const before = byPlace[index - 1];
      if (index > 0 && before.start + before.capacity > chunk.start) wrong.push(`chunks at ${before.ptr} and ${chunk.ptr} overlap`);
    }
    if (used !== this.length) wrong.push(`length=${this.length}, but the chunks hold ${used}`);
    return wrong;
  }

  #lengthOf(chunk: Chunk): number {
    return chunk === this.#chunks.at(-1) ? this.#next - chunk.start : chunk.length;
  }

  #openChunk(least: number): void {
    const bytes = ELEMENT_BYTES[this.view];
    const last = this.#chunks.at(-1);
    const doubled = last === undefined ? FIRST_CHUNK_BYTES : Math.min(last.capacity * bytes * 2, LARGEST_CHUNK_BYTES);
    const byteLength = Math.max(doubled, least * bytes);
    const ptr = this.#allocator.alloc(byteLength, CHUNK_ALIGN);
    if (last !== undefined) {
      last.length = this.#next - last.start;
      this.#priorLength += last.length;
    }
    const start = ptr / bytes;
    const capacity = byteLength / bytes;
    this.#chunks.push({ ptr, start, capacity, length: 0 });
    this.#next = start;
    this.#end = start + capacity;
  }

  #checkEpoch(): void {
    if (this.#lease.epoch !== this.#epoch) this.#lease.throwStale(this.#epoch);
  }

  #refuse(value: number | bigint): never {
    throw new MemoryError("bad-value", {
      subject: `columnBuffer of ${this.view}`,
      event: `was given a ${typeof value}`,
      numbers: { value },
      cure: "i64 and u64 take a bigint, the other views a number.",
    });
  }
}

function checkElements(count: number, least: number, most: number): void {
  if (Number.isSafeInteger(count) && count >= least && count <= most) return;
  throw new MemoryError("invalid-argument", {
    subject: "columnBuffer",
    event: "needs a whole number of elements that fit",
    numbers: { count: String(count), least, most },
    cure: "Ask for `room(count)` first, and commit no more than that.",
  });
}
