import type { Ptr } from "./brand.ts";
import type { Lease } from "./lease.ts";
import type { Memory } from "./memory.ts";

/** What a type asks of who has places for its values. Every Allocator is one. */
export interface Placer {
  readonly memory: Memory;
  /** A multiple of `align`, or `NIL` when there is no room. */
  rawAlloc(byteSize: number, align: number): Ptr;
  /** What the views of a block live under that was just made for a value. */
  rawLeaseOf(ptr: Ptr, align: number): Lease;
}
