import { checkByteLength } from "../../core/align.ts";
import { AN_ALLOCATOR } from "../../core/block-source.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import { checkCall } from "../../core/check-call.ts";
import { LeaseTally } from "./lease-tally.ts";
import { AllocatorWrapper, type CheckableAllocator } from "./wrapper.ts";

/**
 * Refuses what would take its blocks, as they were asked for, over a number of bytes.
 *
 * Invariant: the sizes of all live blocks that were made here add up to `allocatedByteLength <= limitByteLength`, unless the limit was lowered below
 * them since.
 */
export class LimitedAllocator extends AllocatorWrapper {
  readonly subject: string;
  readonly #tally = new LeaseTally();
  #limit: number;

  constructor(inner: CheckableAllocator, limitByteLength: number) {
    super(inner);
    this.subject = `limited ${inner.subject}`;
    checkByteLength(this.subject, "limitByteLength", limitByteLength);
    this.#limit = limitByteLength;
  }

  get allocatedByteLength(): number {
    this.#tally.settle();
    return this.#tally.bytes;
  }

  /** Can be changed at any time; blocks that are there stay. */
  get limitByteLength(): number {
    return this.#limit;
  }

  set limitByteLength(limitByteLength: number) {
    checkByteLength(this.subject, "limitByteLength", limitByteLength);
    this.#limit = limitByteLength;
  }

  override rawAlloc(byteSize: number, align: number): Ptr {
    if (!this.#fits(byteSize)) return NIL;
    const ptr = this.inner.rawAlloc(byteSize, align);
    if (ptr !== NIL) this.#tally.add(this.inner.lease, 1, byteSize);
    return ptr;
  }

  override rawFree(ptr: Ptr, byteSize: number, align: number): void {
    this.inner.rawFree(ptr, byteSize, align);
    this.#tally.settle();
    this.#tally.subtract(this.inner.lease, 1, byteSize);
  }

  override rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, align: number): boolean {
    const more = newByteSize - oldByteSize;
    if ((more > 0 && !this.#fits(more)) || !this.inner.rawResize(ptr, oldByteSize, newByteSize, align)) return false;
    if (more > 0) this.#tally.add(this.inner.lease, 0, more);
    else this.#tally.subtract(this.inner.lease, 0, -more);
    return true;
  }

  protected override room() {
    return {
      numbers: { allocated: this.allocatedByteLength, limit: this.#limit },
      cure: "Free what is no longer needed, raise limitByteLength, or use a try… method and handle the refusal.",
    };
  }

  #fits(byteLength: number): boolean {
    this.#tally.settle();
    return this.#tally.bytes + byteLength <= this.#limit;
  }
}

/** `allocator`, but never more than `byteLength` bytes of it: `limit(fallback(slab, tlsf), MiB(64))`. */
export function limit(allocator: CheckableAllocator, byteLength: number): LimitedAllocator {
  checkCall("limit(heap, MiB(64))", [AN_ALLOCATOR, allocator]);
  return new LimitedAllocator(allocator, byteLength);
}
