import { alignUp } from "../core/align.ts";
import { NIL, type Ptr } from "../core/brand.ts";
import { A_MEMORY, checkCall, OPTIONS } from "../core/check-call.ts";
import { magicOf } from "../core/magic.ts";
import type { Memory } from "../core/memory.ts";
import { rawAllocRow } from "./alloc-row.ts";
import {
  beginRegion,
  claimRegion,
  fingerprintOf,
  HEADER_BYTES,
  openRegion,
  publishRegion,
  RESETS_WORD,
  type Region,
  type RegionFormat,
  type RegionOptions,
  UNIT_BYTES,
} from "./region.ts";
import { ResidentAllocator } from "./resident.ts";

const TOP = HEADER_BYTES / 4;
const FIRST_UNIT = HEADER_BYTES / UNIT_BYTES + 4;

const FORMAT: RegionFormat = {
  subject: "shared bump allocator",
  magic: magicOf("OHbp"),
  version: 1,
  fingerprint: fingerprintOf(FIRST_UNIT),
  align: UNIT_BYTES,
  leastByteLength: FIRST_UNIT * UNIT_BYTES,
  mostByteLength: (2 ** 31 - 1) * UNIT_BYTES,
};

/**
 * Blocks one after the other, for any number of threads and processes at once, without a lock: each has its own handle (`attachSharedBump`), and a
 * block is one compare-and-swap on the top.
 *
 *      0   header       see region.ts; its count of resets tells other handles that their views are stale
 *     32   top i32      where the next block may begin, in units of 8 bytes from the header. Changed by compare-and-swap only
 *     36   reserved, so that what follows is not on the top's cache line
 *     64   blocks
 *
 * All of the region is committed when it is made, because a thread cannot always grow the memory of another. Up to 16 GiB.
 *
 * Invariants:
 * 1. 8 <= top <= the region's units. Every live block lies below it; none overlap.
 * 2. The block that ends at top is the only one that can be freed or resized, and only by who has it.
 */
export class SharedBump extends ResidentAllocator {
  readonly #words: number;
  #resets: number;

  /** For `sharedBump` and `attachSharedBump`. */
  constructor(memory: Memory, region: Region) {
    super(memory, region, FORMAT.subject);
    this.#words = region.byteOffset / 4;
    this.#resets = memory.i32[this.#words + RESETS_WORD];
  }

  /** About 40 ns, of which the two atomic operations take most. */
  rawAlloc(byteSize: number, align: number): Ptr {
    this.checkOpen();
    const { i32 } = this.memory;
    if (i32[this.#words + RESETS_WORD] !== this.#resets) this.#noticeReset();
    for (let top = Atomics.load(i32, this.#words + TOP); ; ) {
      const ptr = alignUp(this.byteOffset + top * UNIT_BYTES, Math.max(align, UNIT_BYTES));
      const byteLength = ptr - this.byteOffset + byteSize;
      if (byteLength > this.byteLength) return NIL;
      const found = Atomics.compareExchange(i32, this.#words + TOP, top, Math.ceil(byteLength / UNIT_BYTES));
      if (found === top) return ptr as Ptr;
      top = found;
    }
  }

  /** Takes back the last block, if no other was made since; every other stays until `reset`. */
  rawFree(ptr: Ptr, byteSize: number, _align: number): void {
    this.#moveTop(ptr + byteSize, ptr);
  }

  /** The last block grows and shrinks; every other only shrinks, and its end stays unused. */
  rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, _align: number): boolean {
    if (this.#unitsTo(ptr + oldByteSize) === this.#unitsTo(ptr + newByteSize)) return true;
    if (ptr + newByteSize > this.byteOffset + this.byteLength) return false;
    return this.#moveTop(ptr + oldByteSize, ptr + newByteSize) || newByteSize <= oldByteSize;
  }

  override rawAllocMany(count: number, byteSize: number, align: number, ptrs: Ptr[]): boolean {
    // Each in units of its own, as blocks that are made one by one: a block may grow to the end of its last unit.
    return rawAllocRow(this, count, alignUp(byteSize, UNIT_BYTES), Math.max(align, UNIT_BYTES), ptrs);
  }

  override rawOwns(ptr: Ptr): boolean {
    const offset = ptr - this.byteOffset;
    return offset >= FIRST_UNIT * UNIT_BYTES && offset < this.usedByteLength + FIRST_UNIT * UNIT_BYTES;
  }

  /** Bytes of all blocks, padding included. */
  get usedByteLength(): number {
    return (Atomics.load(this.memory.i32, this.#words + TOP) - FIRST_UNIT) * UNIT_BYTES;
  }

  /** Bytes that are left. */
  get freeByteLength(): number {
    return this.byteLength - FIRST_UNIT * UNIT_BYTES - this.usedByteLength;
  }

  /**
   * Frees everything at once and makes every view of this handle stale; those of another handle when it next allocates. Nobody may be using a block,
   * or making one: that is the caller's to arrange.
   */
  reset(): void {
    this.checkOpen();
    const { i32 } = this.memory;
    Atomics.store(i32, this.#words + TOP, FIRST_UNIT);
    this.#resets = Atomics.add(i32, this.#words + RESETS_WORD, 1) + 1;
    this.lease.end("was reset");
  }

  checkInvariants(): string[] {
    if (this.closed) return [];
    const top = Atomics.load(this.memory.i32, this.#words + TOP);
    return top >= FIRST_UNIT && top * UNIT_BYTES <= this.byteLength
      ? []
      : [`top=${top} is not in ${FIRST_UNIT} … ${this.byteLength / UNIT_BYTES}`];
  }

  #unitsTo(byteOffset: number): number {
    return Math.ceil((byteOffset - this.byteOffset) / UNIT_BYTES);
  }

  /** Only the owner of the block that ends there calls this, so nothing can have changed below it in between. */
  #moveTop(from: number, to: number): boolean {
    this.checkOpen();
    const top = this.#unitsTo(from);
    return Atomics.compareExchange(this.memory.i32, this.#words + TOP, top, this.#unitsTo(to)) === top;
  }

  #noticeReset(): void {
    this.#resets = this.memory.i32[this.#words + RESETS_WORD];
    this.lease.end("was reset by another thread");
  }
}

/** A bump allocator for threads and processes, over a region of `memory`. Default length: what is committed of it. */
export function sharedBump(memory: Memory, options: RegionOptions = {}): SharedBump {
  checkCall("sharedBump(memory)", [A_MEMORY, memory], [OPTIONS, options]);
  const { byteOffset = 0, byteLength = Math.max(memory.byteLength - byteOffset, FORMAT.leastByteLength) } = options;
  const claimed = claimRegion(memory, FORMAT, { byteOffset, byteLength }, 0);
  const region = claimRegion(memory, FORMAT, { byteOffset, byteLength }, claimed.byteLength);
  beginRegion(memory, region, FORMAT);
  memory.i32[region.byteOffset / 4 + TOP] = FIRST_UNIT;
  const made = new SharedBump(memory, region);
  publishRegion(memory, region);
  return made;
}

/** The shared bump allocator that lies at `byteOffset`, for another thread or process. */
export function attachSharedBump(memory: Memory, byteOffset = 0): SharedBump {
  checkCall("attachSharedBump(memory)", [A_MEMORY, memory]);
  return new SharedBump(memory, openRegion(memory, FORMAT, byteOffset));
}
