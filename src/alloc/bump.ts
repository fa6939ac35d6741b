import { alignUp, checkByteLength } from "../core/align.ts";
import { NIL, type Ptr } from "../core/brand.ts";
import { A_MEMORY, checkCall, OPTIONS } from "../core/check-call.ts";
import { throwEnded } from "../core/ended.ts";
import type { Lease } from "../core/lease.ts";
import type { Dependent, Memory } from "../core/memory.ts";
import { checkWritableHome } from "../core/writable.ts";
import { rawAllocRow } from "./alloc-row.ts";
import { Allocator } from "./allocator.ts";
import { commitUpTo } from "./resident.ts";

/** Which part of the memory a bump allocator owns, in bytes. */
export interface BumpOptions {
  /** Its first byte. Default: 0 (of which it leaves byte 0 alone, because 0 means "no block"). */
  readonly start?: number;
  /** The byte after its last. Default: as far as the memory can ever grow; the memory is grown on the way. */
  readonly end?: number;
}

/**
 * Blocks one after the other:
 *
 *     start                    top            committed         limit
 *       | block | pad | block   |  free, there   |  free, reserved |
 *
 * Invariants:
 * 1. 1 <= start <= top <= limit <= memory.maxByteLength. Every live block lies in [start, top), none overlap.
 * 2. Bytes below `committed` are there: committed <= memory.byteLength.
 * 3. The last block ends at `top`, and is the only one that can be freed or resized.
 */
export class Bump extends Allocator implements Dependent, Disposable {
  readonly memory: Memory;
  readonly subject = "bump allocator";
  readonly lease: Lease;
  readonly #start: number;
  readonly #limit: number;
  #top: number;
  #committed: number;
  #closed = false;

  constructor(memory: Memory, options: BumpOptions = {}) {
    super();
    const { start = 0, end = memory.maxByteLength } = options;
    checkByteLength("bump allocator", "end", end, 0, memory.maxByteLength);
    checkByteLength("bump allocator", "start", start, 0, end);
    checkWritableHome("bump allocator", memory);
    this.memory = memory;
    this.#start = Math.min(Math.max(start, 1), Math.max(end, 1));
    this.#limit = Math.max(end, 1);
    this.#top = this.#start;
    this.#committed = Math.min(memory.byteLength, this.#limit);
    this.lease = memory.openLease(this.subject);
    memory.addDependent(this);
  }

  /** Bytes from the start of the region to the end of the last block, padding included. */
  get usedByteLength(): number {
    return this.#top - this.#start;
  }

  /** Bytes that are left, reserved ones included. */
  get freeByteLength(): number {
    return this.#limit - this.#top;
  }

  /** Takes a few ns; a commit step of the memory now and then. */
  rawAlloc(byteSize: number, align: number): Ptr {
    const top = this.#top;
    const ptr = alignUp(top, align);
    const end = ptr + byteSize;
    if (end > this.#committed && !this.#commit(end)) return NIL;
    this.#top = end;
    return ptr as Ptr;
  }

  /** Takes back the last block; every other stays until `reset`. */
  rawFree(ptr: Ptr, byteSize: number, _align: number): void {
    if (ptr + byteSize === this.#top && ptr >= this.#start) this.#top = ptr;
  }

  /** The last block grows as far as there is room, and shrinks; every other only shrinks, and its end stays unused. */
  rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, _align: number): boolean {
    if (ptr + oldByteSize !== this.#top) return newByteSize <= oldByteSize;
    const end = ptr + newByteSize;
    if (end > this.#committed && !this.#commit(end)) return false;
    this.#top = end;
    return true;
  }

  /** One after the other: takes no longer than one block. */
  override rawAllocMany(count: number, byteSize: number, align: number, ptrs: Ptr[]): boolean {
    return rawAllocRow(this, count, byteSize, align, ptrs);
  }

  override rawOwns(ptr: Ptr): boolean {
    return ptr >= this.#start && ptr < this.#top;
  }

  /** Gives up all blocks at once. Every view made here then throws `stale-view`. The memory stays committed. O(1). */
  reset(): void {
    if (this.#closed) this.#throwClosed();
    this.#top = this.#start;
    this.lease.end("was reset");
  }

  /** Ends the allocator and the views made here, not the memory. */
  close(): void {
    if (this.#closed) return;
    this.#shut();
    this.memory.removeDependent(this);
    this.memory.closeLease(this.lease, "was closed");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  memoryMoved(): void {}

  memoryClosed(): void {
    this.#shut();
  }

  /** What contradicts the invariants; empty when all is sound. */
  checkInvariants(): string[] {
    const found: string[] = [];
    const { memory } = this;
    if (!(this.#start >= 1 && this.#start <= this.#limit)) found.push(`start=${this.#start} is not in 1 … limit=${this.#limit}`);
    if (!(this.#top >= this.#start && this.#top <= this.#limit))
      found.push(`top=${this.#top} is not in ${this.#start} … ${this.#limit}`);
    if (this.#limit > Math.max(memory.maxByteLength, 1))
      found.push(`limit=${this.#limit} is past maxByteLength=${memory.maxByteLength}`);
    if (this.#committed > Math.max(memory.byteLength, 1))
      found.push(`committed=${this.#committed} is past byteLength=${memory.byteLength}`);
    if (!this.#closed && this.#top > this.#start && this.#top > this.#committed)
      found.push(`top=${this.#top} is past committed=${this.#committed}`);
    return found;
  }

  /** Makes the bytes below `end` usable, and generously more. False when the region or the memory has no room for them. */
  #commit(end: number): boolean {
    if (this.#closed) this.#throwClosed();
    if (!(end <= this.#limit && commitUpTo(this.memory, end, this.#limit, this.usedByteLength))) return false;
    this.#committed = Math.min(this.memory.byteLength, this.#limit);
    return true;
  }

  /** After this every path that would hand out bytes goes through #commit, and that throws. */
  #shut(): void {
    this.#closed = true;
    this.#committed = -1;
  }

  #throwClosed(): never {
    throwEnded(this.memory, this.subject, "Keep it open for as long as it is needed, or make another over the same memory.");
  }
}

/** A bump allocator over a region of `memory`: the fastest there is, and the last block alone can be given back. */
export function bump(memory: Memory, options: BumpOptions = {}): Bump {
  checkCall("bump(memory)", [A_MEMORY, memory], [OPTIONS, options]);
  return new Bump(memory, options);
}
