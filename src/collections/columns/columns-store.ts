import { type Allocator, checkGrowsUnder } from "../../alloc/allocator.ts";
import { endPlacement } from "../../alloc/own-memory.ts";
import type { Ptr } from "../../core/brand.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Lease, Tenant } from "../../core/lease.ts";
import type { Dependent, Memory } from "../../core/memory.ts";
import { BLOCK_ALIGN } from "../block-header.ts";
import { allocateBlock, blockAt, type ColumnsBlock, endedBlock, publishSize, refreshSize, throwNoRow } from "./columns-block.ts";
import { copyRange } from "./columns-cells.ts";
import { type RowType, SIZE } from "./columns-layout.ts";
import type { ColumnsHome } from "./columns-options.ts";
import type { RowColumns } from "./columns-row.ts";

/** What is left where rows have moved away: all bits set, which floats show as NaN. */
const POISON = 0xff;

/**
 * The one block of columns as long as they live: it moves when it grows, follows its memory, and ends.
 *
 * Invariants:
 * 1. `block` reads the bytes where they are now, or throws at every use once they are gone; so do the row objects.
 * 2. A move that fails has changed nothing.
 */
export class ColumnsStore implements Dependent, Tenant {
  readonly memory: Memory;
  readonly #type: RowType;
  /** None where the block is another's, and nothing may be stored. */
  readonly #allocator: Allocator | undefined;
  readonly #lease: Lease;
  #rowColumns: RowColumns | undefined;
  #ptr: Ptr;
  #block: ColumnsBlock;
  #ended = false;

  constructor(type: RowType, { allocator, ptr, lease, byteOffset, capacity }: ColumnsHome) {
    this.memory = lease.memory;
    this.#type = type;
    this.#allocator = allocator;
    this.#lease = lease;
    this.#ptr = ptr;
    this.#block = this.#blockAt(byteOffset, capacity);
    this.memory.addDependent(this);
    lease.addTenant(this);
  }

  /** The block, now. Throws `closed`, `stale-view` at the first use of it once it is gone. */
  get block(): ColumnsBlock {
    // Of an ended block every use throws, this first.
    if (this.#block.published.length > 0) return this.#block;
    // A WebAssembly module has grown its memory: asked for its length, the memory sees it and tells its dependents, of which this is one.
    this.memory.byteLength;
    return this.#block;
  }

  /** Rows, now. */
  get size(): number {
    const { block } = this;
    refreshSize(block);
    return block.head[SIZE];
  }

  /** The row objects, which follow the block from now on. */
  serve(rowColumns: RowColumns): void {
    this.#rowColumns = rowColumns;
  }

  /** Moves all rows to a block for `capacity` rows. Throws `out-of-memory`, and `invalid-argument` in a scope that would end before the columns. */
  relocate(capacity: number): void {
    const allocator = this.#allocator;
    if (allocator === undefined) this.#throwReadOnly();
    checkGrowsUnder(this.#lease, allocator, "columns");
    const ptr = allocateBlock(this.#type, allocator, capacity);
    // Read only now: allocating may have moved the memory.
    const from = this.block;
    const to = this.#blockAt(ptr, capacity);
    copyRange(from, 0, to, 0, from.head[SIZE]);
    publishSize(to, from.head[SIZE]);
    this.memory.u8.fill(POISON, from.byteOffset, from.byteOffset + from.byteLength);
    allocator.free(this.#ptr, from.byteLength, BLOCK_ALIGN);
    this.#ptr = ptr;
    this.#use(to);
  }

  /** The same, but returns false where there is no room for it. */
  tryRelocate(capacity: number): boolean {
    try {
      this.relocate(capacity);
      return true;
    } catch (error) {
      if (error instanceof MemoryError && error.code === "out-of-memory") return false;
      throw error;
    }
  }

  checkWritable(): void {
    if (this.#allocator === undefined) this.#throwReadOnly();
  }

  /** Throws `out-of-bounds` unless it is the number of a row. */
  checkIndex(index: number): void {
    const { size } = this;
    if (Number.isInteger(index) && index >= 0 && index < size) return;
    throwNoRow(`columns of ${this.#type.name}`, index, size);
  }

  /** Throws `out-of-bounds` unless there are rows from `start` to before `end`. */
  checkRange(start: number, end: number): void {
    const { size } = this;
    if (Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= size) return;
    throw new MemoryError("out-of-bounds", {
      subject: `columns of ${this.#type.name}`,
      event: "have no such rows",
      numbers: { start: String(start), end: String(end), size },
      cure: "Stay from 0 to size.",
    });
  }

  /** Gives the block back; one of another's only ends. Twice is harmless. */
  close(): void {
    if (this.#ended) return;
    const { byteLength } = this.#block;
    this.#lease.removeTenant(this);
    this.memory.removeDependent(this);
    this.#end(() => {
      throw new MemoryError("closed", {
        subject: "columns",
        event: "were used after they were disposed of",
        cure: "Keep them for as long as they are used.",
      });
    });
    this.#allocator?.free(this.#ptr, byteLength, BLOCK_ALIGN);
    endPlacement(this.#allocator);
  }

  /** For Memory: growth has moved the bytes. */
  memoryMoved(): void {
    const { byteOffset, capacity } = this.#block;
    this.#use(this.#blockAt(byteOffset, capacity));
  }

  memoryClosed(): void {}

  /** For Lease: the block is gone. */
  leaseEnded(): void {
    const epoch = this.#lease.epoch - 1;
    this.memory.removeDependent(this);
    this.#end(() => this.#lease.throwStale(epoch));
  }

  #blockAt(byteOffset: number, capacity: number): ColumnsBlock {
    const refuseStore = this.#allocator === undefined ? () => this.#throwReadOnly() : undefined;
    return blockAt(this.memory, byteOffset, capacity, this.#type, refuseStore);
  }

  #use(block: ColumnsBlock): void {
    this.#block = block;
    this.#rowColumns?.use(block);
  }

  #end(refuse: () => never): void {
    this.#ended = true;
    this.#block = endedBlock(refuse);
    this.#rowColumns?.end(this.#block);
  }

  #throwReadOnly(): never {
    throw new MemoryError("read-only", {
      subject: `columns of ${this.#type.name}`,
      event: `that were attached to ${this.memory.subject} cannot be changed`,
      cure: "Change the columns that they were copied from, or copy their rows into new ones.",
    });
  }
}
