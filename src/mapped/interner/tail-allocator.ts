import { Allocator } from "../../alloc/allocator.ts";
import { alignUp } from "../../core/align.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Lease } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";

const UNIT_BYTES = 8;
/** A file grows in steps of as much as it has, within these bounds: each takes a system call, and disk blocks. */
const LEAST_STEP_BYTES = 64 * 1024;
const MOST_STEP_BYTES = 16 * 1024 ** 2;

/**
 * Blocks one after the other at the end of what is used of a file, for any number of threads and processes at once, without a lock.
 *
 *     tail i32, at `tailByteOffset`     units of 8 bytes that are used, from the start of the memory. Raised by compare-and-swap
 *
 * Invariant: the file has all bytes below the tail, so whoever finds something there can map it.
 */
export class TailAllocator extends Allocator {
  readonly memory: Memory;
  readonly lease: Lease;
  readonly subject: string;
  readonly #tail: number;

  constructor(memory: Memory, tailByteOffset: number, subject: string) {
    super();
    this.memory = memory;
    this.lease = memory.lease;
    this.subject = subject;
    this.#tail = tailByteOffset / 4;
  }

  /** Throws `disk-full` and `io`, and nothing has changed then. */
  rawAlloc(byteSize: number, align: number): Ptr {
    for (let tail = Atomics.load(this.memory.i32, this.#tail); ; ) {
      const ptr = alignUp(tail * UNIT_BYTES, Math.max(align, UNIT_BYTES));
      const end = alignUp(ptr + byteSize, UNIT_BYTES);
      if (end > this.memory.maxByteLength || !this.#commit(end)) return NIL;
      const found = Atomics.compareExchange(this.memory.i32, this.#tail, tail, end / UNIT_BYTES);
      if (found === tail) return ptr as Ptr;
      tail = found;
    }
  }

  /** Takes back the last block, if no other was made since. */
  rawFree(ptr: Ptr, byteSize: number): void {
    const end = alignUp(ptr + byteSize, UNIT_BYTES) / UNIT_BYTES;
    Atomics.compareExchange(this.memory.i32, this.#tail, end, ptr / UNIT_BYTES);
  }

  rawResize(): boolean {
    return false;
  }

  #commit(end: number): boolean {
    const { memory } = this;
    if (end <= memory.byteLength) return true;
    const step = Math.min(Math.max(memory.byteLength, LEAST_STEP_BYTES), MOST_STEP_BYTES);
    try {
      return memory.tryGrow(Math.min(memory.maxByteLength, Math.max(end, memory.byteLength + step)));
    } catch (error) {
      if (!(error instanceof MemoryError && error.code === "disk-full")) throw error;
      // A disk without room for a whole step may have some for what is asked.
      return memory.tryGrow(end);
    }
  }
}
