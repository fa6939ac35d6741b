import { AN_ALLOCATOR } from "../../core/block-source.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import { checkCall } from "../../core/check-call.ts";
import type { Lease } from "../../core/lease.ts";
import { LeaseTally } from "./lease-tally.ts";
import { AllocatorWrapper, type CheckableAllocator } from "./wrapper.ts";

/** What an allocator was asked for, as a snapshot. Requested bytes are as asked for; usable ones include the allocator's rounding. */
export interface AllocationStatistics {
  readonly allocations: number;
  readonly frees: number;
  readonly resizes: number;
  /** Allocations and resizes that were refused. */
  readonly refusals: number;
  readonly liveBlocks: number;
  readonly liveByteLength: number;
  readonly liveUsableByteLength: number;
  readonly peakBlocks: number;
  readonly peakByteLength: number;
  readonly peakUsableByteLength: number;
  /** All bytes ever asked for. */
  readonly totalByteLength: number;
  /** Allocations by size, the smallest class first; classes that were never asked for are left out. */
  readonly bySize: readonly { readonly upToByteSize: number; readonly allocations: number }[];
}

/**
 * Counts what goes through it. Blocks that are freed all at once, as by an arena's reset, are gone from the live counts when that is noticed: at the
 * next operation or look.
 */
export class StatisticsAllocator extends AllocatorWrapper {
  readonly subject: string;
  readonly #requested = new LeaseTally();
  readonly #usable = new LeaseTally();
  readonly #bySize: number[] = [];
  #allocations = 0;
  #frees = 0;
  #resizes = 0;
  #refusals = 0;
  #total = 0;
  #peakBlocks = 0;
  #peak = 0;
  #peakUsable = 0;

  constructor(inner: CheckableAllocator) {
    super(inner);
    this.subject = inner.subject;
  }

  override rawAlloc(byteSize: number, align: number): Ptr {
    const ptr = this.inner.rawAlloc(byteSize, align);
    if (ptr === NIL) {
      this.#refusals += 1;
      return NIL;
    }
    const power = byteSize <= 1 ? 0 : Math.ceil(Math.log2(byteSize));
    this.#bySize[power] = (this.#bySize[power] ?? 0) + 1;
    this.#allocations += 1;
    this.#total += byteSize;
    this.#count(1, byteSize, this.inner.rawUsableByteLength(ptr, byteSize, align));
    return ptr;
  }

  override rawFree(ptr: Ptr, byteSize: number, align: number): void {
    const usable = this.inner.rawUsableByteLength(ptr, byteSize, align);
    this.inner.rawFree(ptr, byteSize, align);
    this.#frees += 1;
    this.#count(-1, -byteSize, -usable);
  }

  override rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, align: number): boolean {
    const before = this.inner.rawUsableByteLength(ptr, oldByteSize, align);
    if (!this.inner.rawResize(ptr, oldByteSize, newByteSize, align)) {
      this.#refusals += 1;
      return false;
    }
    this.#resizes += 1;
    this.#total += Math.max(0, newByteSize - oldByteSize);
    this.#count(0, newByteSize - oldByteSize, this.inner.rawUsableByteLength(ptr, newByteSize, align) - before);
    return true;
  }

  /** The counts now. */
  statistics(): AllocationStatistics {
    this.#requested.settle();
    this.#usable.settle();
    return {
      allocations: this.#allocations,
      frees: this.#frees,
      resizes: this.#resizes,
      refusals: this.#refusals,
      liveBlocks: this.#requested.blocks,
      liveByteLength: this.#requested.bytes,
      liveUsableByteLength: this.#usable.bytes,
      peakBlocks: this.#peakBlocks,
      peakByteLength: this.#peak,
      peakUsableByteLength: this.#peakUsable,
      totalByteLength: this.#total,
      bySize: this.#bySize.flatMap((allocations, power) => ({ upToByteSize: 2 ** power, allocations })),
    };
  }

  #count(blocks: number, bytes: number, usable: number): void {
    const { lease } = this.inner;
    this.#requested.settle();
    this.#usable.settle();
    move(this.#requested, lease, blocks, bytes);
    move(this.#usable, lease, blocks, usable);
    this.#peakBlocks = Math.max(this.#peakBlocks, this.#requested.blocks);
    this.#peak = Math.max(this.#peak, this.#requested.bytes);
    this.#peakUsable = Math.max(this.#peakUsable, this.#usable.bytes);
  }
}

/** `allocator`, counting: `statistics()` tells. */
export function statistics(allocator: CheckableAllocator): StatisticsAllocator {
  checkCall("statistics(heap)", [AN_ALLOCATOR, allocator]);
  return new StatisticsAllocator(allocator);
}

function move(tally: LeaseTally, lease: Lease, blocks: number, bytes: number): void {
  if (blocks < 0 || bytes < 0) tally.subtract(lease, -blocks, -bytes);
  else tally.add(lease, blocks, bytes);
}
