import { Allocator } from "../../src/alloc/allocator.ts";
import { alignUp } from "../../src/core/align.ts";
import { NIL, type Ptr } from "../../src/core/brand.ts";
import type { Lease } from "../../src/core/lease.ts";
import type { Memory } from "../../src/core/memory.ts";

/**
 * First fit over a list of free blocks, checked: freeing what is not live, or with another size or alignment, throws. Grows its memory as far as the
 * reservation goes. Slow and simple on purpose, so that a structure's test trusts it.
 */
export class TestAllocator extends Allocator {
  readonly memory: Memory;
  readonly subject = "test allocator";
  readonly lease: Lease;
  /** Blocks that are live: ptr to size and alignment. */
  readonly #live = new Map<number, { readonly byteSize: number; readonly align: number }>();
  /** When set, allocations larger than this many bytes fail. */
  refuseAbove = Number.POSITIVE_INFINITY;

  constructor(memory: Memory) {
    super();
    this.memory = memory;
    this.lease = memory.openLease("test allocator");
  }

  get liveBlocks(): number {
    return this.#live.size;
  }

  rawAlloc(byteSize: number, align: number): Ptr {
    if (byteSize > this.refuseAbove) return NIL;
    let byteOffset = alignUp(8, align);
    for (const [ptr, block] of [...this.#live].sort(([a], [b]) => a - b)) {
      if (byteOffset + byteSize <= ptr) break;
      byteOffset = alignUp(ptr + block.byteSize, align);
    }
    if (!this.memory.tryGrow(byteOffset + byteSize)) return NIL;
    // What an allocator hands out is not zero.
    this.memory.u8.fill(0xa5, byteOffset, byteOffset + byteSize);
    this.#live.set(byteOffset, { byteSize, align });
    return byteOffset as Ptr;
  }

  rawFree(ptr: Ptr, byteSize: number, align: number): void {
    const block = this.#live.get(ptr);
    if (block?.byteSize !== byteSize || block.align !== align) {
      throw new Error(`freed ptr=${ptr} byteSize=${byteSize} align=${align}, but live there is ${JSON.stringify(block)}`);
    }
    // What is freed is gone: a structure that still reads it shows.
    this.memory.u8.fill(0xdd, ptr, ptr + byteSize);
    this.#live.delete(ptr);
  }

  rawResize(): boolean {
    return false;
  }

  /** Frees everything and makes every view stale. */
  reset(): void {
    this.#live.clear();
    this.lease.end("was reset");
  }
}
