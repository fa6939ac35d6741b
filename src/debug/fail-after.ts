import { Allocator } from "../alloc/allocator.ts";
import { checkByteLength } from "../core/align.ts";
import { AN_ALLOCATOR } from "../core/block-source.ts";
import { NIL, type Ptr } from "../core/brand.ts";
import { checkCall, OPTIONS } from "../core/check-call.ts";
import type { Lease } from "../core/lease.ts";
import type { Memory } from "../core/memory.ts";

/** What fails, besides the allocation. */
export interface FailAfterOptions {
  /** Only that one allocation fails; those after it succeed again. Default: all after it fail too, as when memory has run out. */
  readonly once?: boolean;
  /** Every resize in place is refused. Default: the allocator below decides until an allocation has failed; then growth is refused too. */
  readonly refuseResize?: boolean;
}

/** An allocator that runs out of memory on purpose. Made by `failAfter`. */
export class FailingAllocator extends Allocator {
  readonly memory: Memory;
  readonly subject: string;
  readonly #inner: Allocator;
  readonly #allowed: number;
  readonly #once: boolean;
  readonly #refuseResize: boolean;
  /** Allocations asked for, whether they succeeded or not. */
  allocations = 0;
  /** Allocations and resizes that failed on purpose. */
  failures = 0;
  /** Resizes in place that succeeded. */
  resizes = 0;

  constructor(inner: Allocator, allowed: number, options: FailAfterOptions = {}) {
    super();
    checkByteLength("failAfter", "allocations", allowed);
    this.memory = inner.memory;
    this.subject = inner.subject;
    this.#inner = inner;
    this.#allowed = allowed;
    this.#once = options.once ?? false;
    this.#refuseResize = options.refuseResize ?? false;
  }

  get lease(): Lease {
    return this.#inner.lease;
  }

  rawAlloc(byteSize: number, align: number): Ptr {
    const place = this.allocations++;
    if (place === this.#allowed || (place > this.#allowed && !this.#once)) {
      this.failures += 1;
      return NIL;
    }
    return this.#inner.rawAlloc(byteSize, align);
  }

  rawFree(ptr: Ptr, byteSize: number, align: number): void {
    this.#inner.rawFree(ptr, byteSize, align);
  }

  rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, align: number): boolean {
    const exhausted = this.failures > 0 && !this.#once && newByteSize > oldByteSize;
    if (this.#refuseResize || exhausted || !this.#inner.rawResize(ptr, oldByteSize, newByteSize, align)) return false;
    this.resizes += 1;
    return true;
  }

  override rawUsableByteLength(ptr: Ptr, byteSize: number, align: number): number {
    return this.#inner.rawUsableByteLength(ptr, byteSize, align);
  }

  override rawOwns(ptr: Ptr): boolean {
    return this.#inner.rawOwns(ptr);
  }
}

/**
 * An allocator around `allocator` whose first `allocations` allocations are handed through, and whose next fails: `alloc` throws `out-of-memory`,
 * `tryAlloc` returns NIL. For tests of what a program does then; `checkAllAllocationFailures` tries all of them.
 */
export function failAfter(allocator: Allocator, allocations: number, options: FailAfterOptions = {}): FailingAllocator {
  checkCall("failAfter(slab(memory), 3)", [AN_ALLOCATOR, allocator], [OPTIONS, options]);
  return new FailingAllocator(allocator, allocations, options);
}
