import { AN_ALLOCATOR } from "../../core/block-source.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import { checkCall } from "../../core/check-call.ts";
import { countBefore } from "../../core/count-before.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Lease } from "../../core/lease.ts";
import { throwNotLive } from "../block-checks.ts";
import { AllocatorWrapper, type CheckableAllocator } from "./wrapper.ts";

interface KnownBlock {
  readonly ptr: Ptr;
  byteSize: number;
  readonly align: number;
  readonly lease: Lease;
  readonly epoch: number;
}

/**
 * Holds both sides to the contract of Allocator. What the caller does wrong throws `misuse` or `invalid-argument` before the allocator below hears of it; what
 * the allocator does wrong, as handing out misaligned or overlapping blocks, throws `corrupt`. For tests of allocators and of those who use the raw
 * methods; keeps a record of every live block on the JavaScript heap and takes microseconds.
 *
 * Invariant: `#blocks` are the live blocks by ptr, ascending, none overlapping; those whose lease has ended are dropped when they are met.
 */
export class ValidatingAllocator extends AllocatorWrapper {
  readonly subject: string;
  readonly #blocks: KnownBlock[] = [];

  constructor(inner: CheckableAllocator) {
    super(inner);
    this.subject = inner.subject;
  }

  /** Live blocks, as far as this wrapper saw them made. */
  get liveBlocks(): number {
    return this.#blocks.filter(isCurrent).length;
  }

  override rawAlloc(byteSize: number, align: number): Ptr {
    this.#checkShape(byteSize, align);
    const { lease } = this.inner;
    const ptr = this.inner.rawAlloc(byteSize, align);
    if (ptr === NIL) return NIL;
    if (!Number.isSafeInteger(ptr) || ptr < 0 || ptr % align !== 0) this.#blame("handed out a misaligned block", { ptr, align });
    if (ptr + byteSize > this.memory.byteLength) this.#blame("handed out bytes that are not there", { ptr, byteSize });
    if (!this.inner.rawOwns(ptr)) this.#blame("handed out a block that it says it does not own", { ptr });
    if (this.inner.rawUsableByteLength(ptr, byteSize, align) < byteSize)
      this.#blame("made a block shorter than was asked", { ptr, byteSize });
    const at = this.#placeOf(ptr);
    this.#checkApart(at, ptr, ptr + byteSize);
    this.#blocks.splice(this.#placeOf(ptr), 0, { ptr, byteSize, align, lease, epoch: lease.epoch });
    return ptr;
  }

  override rawFree(ptr: Ptr, byteSize: number, align: number): void {
    this.rawCheckLive(ptr, byteSize, align);
    this.inner.rawFree(ptr, byteSize, align);
    this.#blocks.splice(this.#placeOf(ptr), 1);
  }

  override rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, align: number): boolean {
    this.#checkShape(newByteSize, align);
    this.rawCheckLive(ptr, oldByteSize, align);
    if (!this.inner.rawResize(ptr, oldByteSize, newByteSize, align)) return false;
    if (ptr + newByteSize > this.memory.byteLength) this.#blame("grew a block past the bytes that are there", { ptr, newByteSize });
    const at = this.#placeOf(ptr);
    this.#checkApart(at + 1, (ptr + 1) as Ptr, ptr + newByteSize);
    this.#blocks[at].byteSize = newByteSize;
    return true;
  }

  override rawCheckLive(ptr: Ptr, byteSize: number, align: number): void {
    const block = this.#blocks[this.#placeOf(ptr)];
    if (block?.ptr !== ptr)
      throwNotLive(this.subject, "was given a block that it did not make, or has back", { ptr, byteSize, align });
    if (!isCurrent(block))
      throwNotLive(this.subject, "was given a block whose allocator was reset, or whose scope has ended", { ptr, byteSize, align });
    if (block.byteSize === byteSize && block.align === align) {
      this.inner.rawCheckLive(ptr, byteSize, align);
      return;
    }
    const numbers = { ptr, byteSize, align, madeWithByteSize: block.byteSize, madeWithAlign: block.align };
    throwNotLive(this.subject, "was given a block with another size or alignment than it was made with", numbers);
  }

  override checkInvariants(): string[] {
    const found = super.checkInvariants();
    const current = this.#blocks.filter(isCurrent);
    for (let at = 1; at < current.length; at++) {
      const { ptr, byteSize } = current[at - 1];
      if (ptr + byteSize > current[at].ptr) found.push(`the blocks at ${ptr} and ${current[at].ptr} overlap`);
    }
    return found;
  }

  #checkShape(byteSize: number, align: number): void {
    const isPower = Number.isSafeInteger(align) && align > 0 && Number.isInteger(Math.log2(align));
    if (Number.isSafeInteger(byteSize) && byteSize > 0 && isPower) return;
    throw new MemoryError("invalid-argument", {
      subject: this.subject,
      event: "takes sizes that are whole and positive and alignments that are powers of two in its raw methods",
      numbers: { byteSize: String(byteSize), align: String(align) },
      cure: "Call the methods without `raw`, which check and round, or do as they do.",
    });
  }

  /** Where a block at `ptr` is among the known ones, or would be. */
  #placeOf(ptr: Ptr): number {
    return countBefore(this.#blocks.length, (at) => this.#blocks[at].ptr < ptr);
  }

  /** [from, end) must touch no live block from place `at` on, and none before it that reaches in. Forgets those that have ended. */
  #checkApart(at: number, from: Ptr, end: number): void {
    const first = Math.max(0, at - 1);
    let last = at;
    while (last < this.#blocks.length && this.#blocks[last].ptr < end) last += 1;
    for (let place = last - 1; place >= first; place--) {
      const block = this.#blocks[place];
      if (block.ptr >= end || block.ptr + block.byteSize <= from) continue;
      if (!isCurrent(block)) this.#blocks.splice(place, 1);
      else if (block.ptr !== from - 1)
        this.#blame("handed out bytes of a live block", { from, end, live: block.ptr, liveByteSize: block.byteSize });
    }
  }

  #blame(event: string, numbers: Readonly<Record<string, number>>): never {
    throw new MemoryError("corrupt", {
      subject: this.subject,
      event,
      numbers,
      cure: "The allocator breaks its contract: mend it, and run the conformance suite of offheap/testing on it.",
    });
  }
}

/** `allocator`, with both its callers and itself held to the contract. */
export function validating(allocator: CheckableAllocator): ValidatingAllocator {
  checkCall("validating(heap)", [AN_ALLOCATOR, allocator]);
  return new ValidatingAllocator(allocator);
}

function isCurrent(block: KnownBlock): boolean {
  return block.lease.epoch === block.epoch;
}
