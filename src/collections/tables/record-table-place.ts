import type { Allocator } from "../../alloc/allocator.ts";
import type { Ptr } from "../../core/brand.ts";
import type { Lease } from "../../core/lease.ts";

export interface SetOptions {
  /** After so many milliseconds the entry is not there any more. Only in a table that is `expiring`. Default: it stays. */
  readonly ttlMs?: number;
}

/** A block that a table has from its allocator. */
export interface TableBlock {
  readonly ptr: Ptr;
  readonly byteSize: number;
}

/** What a table of records must know beside its store. */
export interface RecordTablePlace {
  readonly byteOffset: number;
  readonly headByteLength: number;
  /** It ends with the lease, unless that is the memory's own. */
  readonly lease: Lease;
  /** Gets the blocks back when the table is disposed of. Left out where the bytes outlive the table. */
  readonly allocator?: Allocator;
  readonly maxEntries?: number | undefined;
}
