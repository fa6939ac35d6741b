import type { Allocator } from "../../alloc/allocator.ts";
import type { Ptr } from "../../core/brand.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Memory, ViewName, Views } from "../../core/memory.ts";
import { isSeenByOthers } from "../../core/parking.ts";
import { BLOCK_ALIGN, HEADER_WORDS } from "../block-header.ts";
import { type ColumnPlace, planColumns, type RowType, SIZE, writeColumnsHeader } from "./columns-layout.ts";

/** Elements of a column: a typed array of the block. */
export type ColumnElements = Views[ViewName];

/** One block of columns through the typed arrays that its memory has now. */
export interface ColumnsBlock {
  readonly memory: Memory;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** In rows. */
  readonly capacity: number;
  /** The header. That of a reader of shared memory is a copy, which learns the number of rows when that is asked for: see `refreshSize`. */
  readonly head: Int32Array;
  /** The header that all see. */
  readonly published: Int32Array;
  /** Other threads and processes may look on. */
  readonly shared: boolean;
  /** In the order of the struct's fields, as the two that follow. */
  readonly places: readonly ColumnPlace[];
  /** For each column its `capacity` elements, where they are numbers. */
  readonly elements: readonly (ColumnElements | undefined)[];
  /** For each column its bitmap, where it has one. */
  readonly bitmaps: readonly (Uint8Array | undefined)[];
  /** Throws the error of a store; undefined where rows may be stored. */
  readonly refuseStore: (() => never) | undefined;
}

/** A block without rows. Throws `out-of-memory`. */
export function allocateBlock(type: RowType, allocator: Allocator, capacity: number): Ptr {
  const ptr = allocator.allocZeroed(planColumns(type, capacity).byteLength, BLOCK_ALIGN);
  writeColumnsHeader(allocator.memory.slice("i32", ptr, HEADER_WORDS), type, capacity);
  return ptr;
}

/** The block at `byteOffset`, whose header has been written or checked. */
export function blockAt(
  memory: Memory,
  byteOffset: number,
  capacity: number,
  type: RowType,
  refuseStore?: () => never,
): ColumnsBlock {
  const { columns: places, byteLength } = planColumns(type, capacity);
  const elements = places.map(({ element: { codec }, ...place }) =>
    codec.shape === "direct" ? memory.slice(codec.view, byteOffset + place.byteOffset, capacity) : undefined,
  );
  const bitmaps = places.map(({ type, element, validityByteOffset }) =>
    type === element ? undefined : memory.slice("u8", byteOffset + validityByteOffset, Math.ceil(capacity / 8)),
  );
  const published = memory.slice("i32", byteOffset, HEADER_WORDS);
  const shared = isSeenByOthers(memory);
  const head = shared && refuseStore !== undefined ? new Int32Array(HEADER_WORDS) : published;
  const block = {
    memory,
    byteOffset,
    byteLength,
    capacity,
    head,
    published,
    shared,
    places,
    elements,
    bitmaps,
    refuseStore,
  };
  refreshSize(block);
  return block;
}

/** Takes the number of rows that the writer has published: what it wrote to them before is seen from now on. */
export function refreshSize({ head, published, capacity }: ColumnsBlock): void {
  // Whatever stands there, rows beyond the capacity are none.
  if (head !== published) head[SIZE] = Math.max(0, Math.min(Atomics.load(published, SIZE), capacity));
}

/** Tells how many rows there are, after the rows themselves. */
export function publishSize({ published, shared }: ColumnsBlock, size: number): void {
  if (shared) Atomics.store(published, SIZE, size);
  else published[SIZE] = size;
}

/** Which column has this name. Throws `invalid-argument` where none has. */
export function columnIndex(type: RowType, block: ColumnsBlock, name: string): number {
  const index = block.places.findIndex((place) => place.name === name);
  if (index >= 0) return index;
  throw new MemoryError("invalid-argument", {
    subject: `columns of ${type.name}`,
    event: `have no column ${JSON.stringify(name)}`,
    cure: `Its fields are ${Object.keys(type.fields).join(", ")}.`,
  });
}

/** What stands in the place of a block that is gone: every use of it throws what `refuse` throws. Holds nothing of the block. */
export function endedBlock(refuse: () => never): ColumnsBlock {
  const nothing: ColumnsBlock = Object.create(null);
  return new Proxy(nothing, { get: refuse, set: refuse });
}

/** Throws that there is no row of that number. */
export function throwNoRow(subject: string, index: number, size: number): never {
  throw new MemoryError("out-of-bounds", {
    subject,
    event: "have no such row",
    numbers: { index: String(index), size },
    cure: "Pass a whole number from 0 to size - 1.",
  });
}
