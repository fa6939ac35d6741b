import { Allocator } from "../../alloc/allocator.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import { A_MEMORY, checkCall, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Lease } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";
import type { StructType } from "../../layout/struct.ts";
import { A_STRUCT, type Fields } from "../../layout/struct-fields.ts";
import { BLOCK_ALIGN, HEADER_WORDS } from "../block-header.ts";
import { Columns } from "./columns.ts";
import { blockAt } from "./columns-block.ts";
import { clearRows } from "./columns-cells.ts";
import { planColumns, type RowType, readColumnsHeader, SIZE, writeColumnsHeader } from "./columns-layout.ts";
import { checkRows } from "./columns-options.ts";

export interface SharedColumnsOptions {
  /** How many rows there is room for, for good. */
  readonly capacity: number;
  /** Where in the memory they begin, a multiple of 64. Default 0. */
  readonly byteOffset?: number;
}

export interface AttachColumnsOptions {
  readonly byteOffset?: number;
  /** Goes on writing: for whoever is the only one to do it, as after a restart. Default: false, reads. */
  readonly write?: boolean;
}

/** How many bytes `sharedColumns` take. Throws `invalid-argument`. */
export function sharedColumnsByteLength(type: RowType, options: Pick<SharedColumnsOptions, "capacity">): number {
  checkCall("sharedColumnsByteLength(Particle, { capacity: 10_000 })", [A_STRUCT, type], [OPTIONS, options]);
  const { capacity } = options;
  checkRows("capacity", capacity);
  return planColumns(type, capacity).byteLength;
}

/**
 * Columns at a place of a memory that others can see, with a fixed capacity, so that they never move. This thread writes; others read them through
 * `attachColumns`, while they are written.
 *
 * ```ts
 * const ticks = sharedColumns(memory, Tick, { capacity: 1_000_000 });     // here
 * const ticks = attachColumns(attach(ticket), Tick);                      // in a worker
 * for (let row = 0; row < ticks.size; row++) sum += ticks.rows.at(row).price;
 * ```
 *
 * The number of rows is published after the rows: who sees it sees them whole. Rows that are there already are plain memory: who changes, removes or sorts
 * them while others read agrees with them first, with a lock. Throws `invalid-argument`, `out-of-bounds`, `read-only`.
 */
export function sharedColumns<const F extends Fields>(
  memory: Memory,
  type: StructType<F>,
  options: SharedColumnsOptions,
): Columns<F> {
  checkCall("sharedColumns(memory, Particle, { capacity: 10_000 })", [A_MEMORY, memory], [A_STRUCT, type], [OPTIONS, options]);
  const { capacity, byteOffset = 0 } = options;
  checkPlace(memory, type, byteOffset, true);
  return formatColumns(memory, type, byteOffset, capacity, memory.lease);
}

/**
 * The columns that another thread or process has made there. Throws `corrupt`, `layout-mismatch`, `unsupported-format`, `out-of-bounds`,
 * `invalid-argument`, and `read-only` for writing in a memory where nothing can be written.
 */
export function attachColumns<const F extends Fields>(
  memory: Memory,
  type: StructType<F>,
  options: AttachColumnsOptions = {},
): Columns<F> {
  checkCall("attachColumns(memory, Particle)", [A_MEMORY, memory], [A_STRUCT, type], [OPTIONS, options]);
  const { byteOffset = 0, write = false } = options;
  checkPlace(memory, type, byteOffset, write);
  return write ? continueColumns(memory, type, byteOffset, memory.lease) : Columns.attach(memory, byteOffset, type);
}

/** For who places them: columns without rows. They last as long as `lease`. Throws `invalid-argument`, `out-of-bounds`. */
export function formatColumns<const F extends Fields>(
  memory: Memory,
  type: StructType<F>,
  byteOffset: number,
  capacity: number,
  lease: Lease,
): Columns<F> {
  const byteLength = sharedColumnsByteLength(type, { capacity });
  memory.checkRange(byteOffset, byteLength);
  memory.u8.fill(0, byteOffset, byteOffset + byteLength);
  writeColumnsHeader(memory.slice("i32", byteOffset, HEADER_WORDS), type, capacity);
  return columnsAt(memory, type, byteOffset, capacity, lease);
}

/** For who places them: those that are there, to be written on. Throws what `attachColumns` throws. */
export function continueColumns<const F extends Fields>(
  memory: Memory,
  type: StructType<F>,
  byteOffset: number,
  lease: Lease,
): Columns<F> {
  const capacity = readColumnsHeader(memory, byteOffset, type);
  const block = blockAt(memory, byteOffset, capacity, type);
  // Who wrote last may have died between a row and its number.
  clearRows(block, block.head[SIZE], capacity);
  return columnsAt(memory, type, byteOffset, capacity, lease);
}

function columnsAt<const F extends Fields>(
  memory: Memory,
  type: StructType<F>,
  byteOffset: number,
  capacity: number,
  lease: Lease,
): Columns<F> {
  return new Columns(type, { allocator: new NoOtherPlace(memory, lease), ptr: byteOffset as Ptr, lease, byteOffset, capacity });
}

function checkPlace(memory: Memory, type: RowType, byteOffset: number, writes: boolean): void {
  const subject = `columns of ${type.name}`;
  if (writes && memory.readOnly) {
    throw new MemoryError("read-only", {
      subject,
      event: `cannot be written in ${memory.subject}`,
      cure: "Open the memory for writing, or attach without `write`.",
    });
  }
  if (Number.isSafeInteger(byteOffset) && byteOffset >= 0 && byteOffset % BLOCK_ALIGN === 0) return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: "cannot begin there",
    numbers: { byteOffset: String(byteOffset), align: BLOCK_ALIGN },
    cure: `Place them at a multiple of ${BLOCK_ALIGN} bytes.`,
  });
}

/** The columns are where they are: there is no room for others, and nothing is given back. */
class NoOtherPlace extends Allocator {
  readonly memory: Memory;
  readonly lease: Lease;
  readonly subject = "the place of shared columns";

  constructor(memory: Memory, lease: Lease) {
    super();
    this.memory = memory;
    this.lease = lease;
  }

  rawAlloc(): Ptr {
    return NIL;
  }

  rawFree(): void {}

  rawResize(): boolean {
    return false;
  }

  protected override room(): { readonly numbers: Readonly<Record<string, number | undefined>>; readonly cure: string } {
    return { numbers: {}, cure: "They have the capacity that they were made with: make others with more, and copy the rows." };
  }
}
