import type { Ptr } from "./brand.ts";
import { having } from "./check-call.ts";
import { MemoryError } from "./errors.ts";
import type { Lease } from "./lease.ts";
import type { Memory } from "./memory.ts";

/** Where a structure that grows takes further blocks from: what it needs to know of an allocator. */
export interface BlockSource {
  readonly memory: Memory;
  readonly subject: string;
  /** How long the blocks last that it hands out now. */
  readonly lease: Lease;
  /** A block, or NIL where there is no room. */
  rawAlloc(byteSize: number, align: number): Ptr;
  rawFree(ptr: Ptr, byteSize: number, align: number): void;
}

/**
 * For structures that take further blocks as they grow: throws `invalid-argument` when `source`, by now, hands out blocks that end before those
 * that it handed out under `lease`, as an arena does inside a scope. Blocks taken there would be pulled away from under the structure.
 */
export function checkGrowsUnder(lease: Lease, source: BlockSource, subject: string): void {
  if (source.lease === lease) return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: `cannot grow inside a scope of its ${source.subject} that was opened after it and ends before it`,
    cure: `Make the ${subject} inside the scope, give it an allocator of its own, or let it grow outside of the scope.`,
  });
}

export const AN_ALLOCATOR = having("an allocator", "rawAlloc");
