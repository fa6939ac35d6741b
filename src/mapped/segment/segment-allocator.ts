import { Allocator } from "../../alloc/allocator.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Lease } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";
import type { Extent } from "./extents.ts";
import type { SegmentCore } from "./segment-core.ts";
import { PAGE_BYTES } from "./segment-layout.ts";

/**
 * Blocks of whole pages of a segment for one structure, for threads and processes at once. What it hands out is the structure's: it is freed with it, and
 * when its taker dies before the structure reaches it.
 */
export class SegmentAllocator extends Allocator {
  readonly memory: Memory;
  readonly subject: string;
  readonly lease: Lease;
  readonly #core: SegmentCore;
  readonly #owner: number;

  /** `owner` is as in segment-layout.ts. */
  constructor(core: SegmentCore, owner: number, lease: Lease) {
    super();
    this.memory = core.memory;
    this.subject = core.subject;
    this.lease = lease;
    this.#core = core;
    this.#owner = owner;
  }

  /** Some microseconds, and a system call or two where the segment must grow. Throws `disk-full`; then nothing has changed. */
  rawAlloc(byteSize: number, align: number): Ptr {
    const { extents, log, seats } = this.#core;
    return this.#core.exclusive(() => {
      const page = extents.take(pagesOf(byteSize), Math.max(1, align / PAGE_BYTES), this.#owner, seats.seat);
      if (page === 0) {
        log.discard();
        return NIL;
      }
      log.commit();
      return (page * PAGE_BYTES) as Ptr;
    });
  }

  rawFree(ptr: Ptr, byteSize: number, _align: number): void {
    this.#core.exclusive(() => {
      this.#core.extents.release(this.#blockAt(ptr, byteSize));
      this.#core.log.commit();
    });
  }

  rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, _align: number): boolean {
    if (pagesOf(oldByteSize) === pagesOf(newByteSize)) return true;
    const { extents, log } = this.#core;
    return this.#core.exclusive(() => {
      const isResized = extents.resize(this.#blockAt(ptr, oldByteSize), pagesOf(newByteSize));
      if (isResized) log.commit();
      else log.discard();
      return isResized;
    });
  }

  override rawUsableByteLength(_ptr: Ptr, byteSize: number, _align: number): number {
    return pagesOf(byteSize) * PAGE_BYTES;
  }

  override rawOwns(ptr: Ptr): boolean {
    return this.#core.exclusive(() => {
      for (const { page, pages, owner } of this.#core.extents.all()) {
        if (ptr >= page * PAGE_BYTES && ptr < (page + pages) * PAGE_BYTES) return owner === this.#owner;
      }
      return false;
    });
  }

  override rawCheckLive(ptr: Ptr, byteSize: number, _align: number): void {
    this.#core.exclusive(() => void this.#blockAt(ptr, byteSize));
  }

  protected override room(): { readonly numbers: Readonly<Record<string, number | undefined>>; readonly cure: string } {
    const { reserve, extents } = this.#core;
    return {
      numbers: { used: extents.top * PAGE_BYTES, reserve },
      cure: "Delete what is no longer needed, or make a new segment with more `reserve` and copy into it.",
    };
  }

  #blockAt(ptr: Ptr, byteSize: number): Extent {
    const extent = ptr % PAGE_BYTES === 0 ? this.#core.extents.find(ptr / PAGE_BYTES) : undefined;
    if (extent?.owner === this.#owner && extent.pages === pagesOf(byteSize)) return extent;
    throw new MemoryError("misuse", {
      subject: this.subject,
      event: "has no such block of this structure",
      numbers: { ptr, byteSize, pages: extent?.pages, owner: extent?.owner, expected: this.#owner },
      cure: "Free each block once, with the size and through the allocator that it was allocated with.",
    });
  }
}

function pagesOf(byteSize: number): number {
  return Math.ceil(byteSize / PAGE_BYTES);
}
