import { checkByteLength, MOST_INT32 } from "../../core/align.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import { A_MEMORY, checkCall, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import { magicOf } from "../../core/magic.ts";
import type { Memory } from "../../core/memory.ts";
import { throwNotLive } from "../block-checks.ts";
import {
  beginRegion,
  claimRegion,
  fingerprintOf,
  HEADER_BYTES,
  openRegion,
  publishRegion,
  type Region,
  type RegionFormat,
  type RegionOptions,
  UNIT_BYTES,
} from "../region.ts";
import { commitUpTo, ResidentAllocator } from "../resident.ts";
import { LEAST_UNITS, MOST_UNITS, REGION_HEAD_UNITS, type TlsfBlock, unitsOf } from "./tlsf-blocks.ts";
import { HEAP_WORDS, TlsfHeap } from "./tlsf-heap.ts";
import { QUICK_WORDS, TlsfQuick } from "./tlsf-quick.ts";

const STATE_WORD = HEADER_BYTES / 4;
/** Where the main region begins, and how long it is at first. */
const MAIN_UNITS = Math.ceil((STATE_WORD + HEAP_WORDS + QUICK_WORDS) / 2);
const LEAST_REGION_UNITS = REGION_HEAD_UNITS + LEAST_UNITS + 1;
const HEAD_BYTES = (MAIN_UNITS + LEAST_REGION_UNITS) * UNIT_BYTES;
/** Where the header of the first block begins. */
const FIRST_BYTES = (MAIN_UNITS + REGION_HEAD_UNITS) * UNIT_BYTES;
const STEP_UNITS = (64 * 1024) / UNIT_BYTES;

const FORMAT: RegionFormat = {
  subject: "TLSF heap",
  magic: magicOf("OHtl"),
  version: 1,
  fingerprint: fingerprintOf(HEAP_WORDS, QUICK_WORDS, MAIN_UNITS, LEAST_UNITS),
  align: UNIT_BYTES,
  leastByteLength: HEAD_BYTES,
  mostByteLength: 2 ** 31 * UNIT_BYTES,
};

/**
 * Blocks of any size and alignment; every operation takes a bounded time, whatever came before. A block takes 8 bytes and rounding to 8 more
 * than its size; freed neighbours are merged at once, and a block grows in place when what lies behind it is free.
 *
 *        0   header           see region.ts
 *       32   state            see TlsfHeap: 5.7 KiB
 *     5808   main region      grows up to the region's end; others can be added
 *
 * One thread at a time: for several, `sharedHeap`, or `synchronized(tlsf)`. Up to 16 GiB. Invariants: those of TlsfHeap.
 */
export class Tlsf extends ResidentAllocator {
  readonly #heap: TlsfHeap;
  readonly #quick: TlsfQuick;
  /** Where the end of the main region stands. */
  readonly #endWord: number;
  /** Sizes up to here take the fast path: 0 once closed. */
  #mostBytes = MOST_INT32 - UNIT_BYTES;

  /** For `tlsf` and `attachTlsf`. */
  constructor(memory: Memory, region: Region) {
    super(memory, region, FORMAT.subject);
    this.#endWord = region.byteOffset / 4 + MAIN_UNITS * 2 + 1;
    this.#heap = new TlsfHeap(memory, region.byteOffset / 4, STATE_WORD);
    this.#quick = new TlsfQuick(memory, region.byteOffset / 4, STATE_WORD + HEAP_WORDS);
  }

  rawAlloc(byteSize: number, align: number): Ptr {
    if (byteSize > this.#mostBytes || align > UNIT_BYTES) return this.#allocOther(byteSize, align);
    const units = unitsOf(byteSize);
    const block = this.#quick.take(units) || this.#takeRow(units);
    if (block === 0) return this.#allocByGrowing(units, byteSize, align);
    return (this.byteOffset + block * UNIT_BYTES + UNIT_BYTES) as Ptr;
  }

  rawFree(ptr: Ptr, byteSize: number, _align: number): void {
    if (byteSize > this.#mostBytes) this.checkOpen();
    const block = (ptr - this.byteOffset) / UNIT_BYTES - 1;
    if (!this.#quick.give(block, unitsOf(byteSize))) this.#heap.give(block);
  }

  /** What `rawCheckLive` finds by the header alone, for a block of the main region, and `rawFree`. */
  override rawTryFree(ptr: Ptr, byteSize: number, align: number): boolean {
    const offset = ptr - this.byteOffset;
    if ((offset | 0) !== offset || (byteSize | 0) !== byteSize || align !== UNIT_BYTES) return false;
    if (offset <= FIRST_BYTES || (offset & 7) !== 0 || byteSize <= 0 || byteSize > this.#mostBytes) return false;
    const block = (offset >>> 3) - 1;
    const units = unitsOf(byteSize);
    if (block >= this.memory.i32[this.#endWord] || !this.#heap.isLive(block, units) || this.#quick.mayKeep(block)) return false;
    if (!this.#quick.give(block, units)) this.#heap.give(block);
    return true;
  }

  /** Grows into what is free behind the block, and at the end of the main region into new memory. */
  rawResize(ptr: Ptr, _oldByteSize: number, newByteSize: number, _align: number): boolean {
    this.checkOpen();
    if (newByteSize > MOST_UNITS * UNIT_BYTES - UNIT_BYTES) return false;
    const block = (ptr - this.byteOffset) / UNIT_BYTES - 1;
    const units = unitsOf(newByteSize);
    if (this.#heap.resize(block, units)) return true;
    if (this.#quick.mayKeep(this.#heap.endOf(block)) && this.settle() > 0 && this.#heap.resize(block, units)) return true;
    return this.#isLast(block) && this.#grow(units) && this.#heap.resize(block, units);
  }

  override rawUsableByteLength(ptr: Ptr): number {
    return (this.memory.i32[(ptr - UNIT_BYTES) / 4] >>> 1) * UNIT_BYTES - UNIT_BYTES;
  }

  /** Finds foreign, interior and freed blocks, and wrong sizes. */
  override rawCheckLive(ptr: Ptr, byteSize: number, align: number): void {
    this.checkOpen();
    const block = (ptr - this.byteOffset) / UNIT_BYTES - 1;
    const inHeap = Number.isInteger(block) && byteSize < MOST_UNITS * UNIT_BYTES && this.rawOwns(ptr);
    if (inHeap && this.#heap.isLive(block, unitsOf(byteSize)) && !this.#quick.keeps(block)) return;
    throwNotLive(this.subject, "was given a block that is not live there in that size", { ptr, byteSize, align });
  }

  override rawOwns(ptr: Ptr): boolean {
    const unit = (ptr - this.byteOffset) / UNIT_BYTES;
    if (unit > MAIN_UNITS && unit < this.memory.i32[this.#endWord]) return true;
    for (const { region, end } of this.#heap.regions()) if (unit > region && unit < end) return true;
    return false;
  }

  /** Bytes of all regions, headers and free blocks included. */
  get allocatedByteLength(): number {
    let units = 0;
    for (const { region, end } of this.#heap.regions()) units += end - region;
    return units * UNIT_BYTES;
  }

  /** Merges the small blocks that are kept for the next who wants one of their length. Happens by itself when room runs short. Returns how many. */
  settle(): number {
    this.checkOpen();
    const { kept } = this.#quick;
    let left = kept;
    for (let block = this.#quick.pop(0); left > 0; block = this.#quick.pop(0), left--) this.#heap.give(block);
    return kept;
  }

  /** Bytes that are free now, without the small blocks that are kept. */
  get freeByteLength(): number {
    return this.#heap.freeUnits * UNIT_BYTES;
  }

  /**
   * Gives the heap more room: bytes of the same memory, behind the heap's own region, that are nobody else's. Both ends are rounded inwards to
   * multiples of 8. Throws `out-of-bounds`, or `invalid-argument` where they overlap a region that it has.
   */
  addRegion(byteOffset: number, byteLength: number): void {
    this.checkOpen();
    this.memory.checkRange(byteOffset, byteLength);
    const region = Math.ceil((byteOffset - this.byteOffset) / UNIT_BYTES);
    const end = Math.floor((byteOffset + byteLength - this.byteOffset) / UNIT_BYTES);
    const overlaps = [...this.#heap.regions()].some((other) => region < other.end && end > other.region);
    const isOutside = byteOffset >= this.byteOffset + this.byteLength && end <= MOST_INT32;
    if (!overlaps && isOutside && end - region >= LEAST_REGION_UNITS && end - region <= MOST_UNITS) {
      this.#heap.addRegion(region, end);
      return;
    }
    throw new MemoryError("invalid-argument", {
      subject: this.subject,
      event: "cannot take these bytes as a region",
      numbers: { byteOffset, byteLength, heapEnd: this.byteOffset + this.byteLength, least: LEAST_REGION_UNITS * UNIT_BYTES },
      cure: "Pass bytes behind the heap, at most 16 GiB from its beginning, that are not a region of it yet.",
    });
  }

  /** Takes a region back that was added at `byteOffset`. False while a block in it is live, or where none was added. */
  removeRegion(byteOffset: number): boolean {
    this.checkOpen();
    checkByteLength(this.subject, "byteOffset", byteOffset);
    const region = Math.ceil((byteOffset - this.byteOffset) / UNIT_BYTES);
    this.settle();
    return region > MAIN_UNITS && this.#heap.removeRegion(region);
  }

  /** Every block, live and free, region by region. Allocates an object a block. */
  *blocks(): IterableIterator<TlsfBlock> {
    this.checkOpen();
    this.settle();
    for (const { block, units, isFree } of this.#heap.blocks()) {
      const ptr = (this.byteOffset + (block + 1) * UNIT_BYTES) as Ptr;
      yield { ptr, byteLength: (units - 1) * UNIT_BYTES, isFree };
    }
  }

  /** Frees everything at once, lets go of regions that were added, and makes every view stale. */
  reset(): void {
    this.checkOpen();
    // First: who watches the blocks looks at their bytes once more.
    this.lease.end("was reset");
    const main = [...this.#heap.regions()].find(({ region }) => region === MAIN_UNITS);
    this.#heap.clear();
    this.#quick.clear();
    if (main !== undefined) this.#heap.addRegion(main.region, main.end);
  }

  /**
   * Makes the heap sound again whose writer died half-way through an operation, as `synchronized` does by itself. Live blocks stay; what was on its way
   * at that moment stays taken. O(blocks).
   */
  repair(): void {
    this.checkOpen();
    const live = new Map<number, number>();
    this.#heap.rebuild(live);
    this.#quick.rebuild(live);
  }

  /** For `tlsf`: writes the state of an empty heap. */
  format(): void {
    this.#heap.clear();
    this.#quick.clear();
    this.#heap.addRegion(MAIN_UNITS, MAIN_UNITS + LEAST_REGION_UNITS);
  }

  checkInvariants(): string[] {
    if (this.closed) return [];
    const live = new Map<number, number>();
    return [...this.#heap.checkInvariants(live), ...this.#quick.checkInvariants(live)];
  }

  protected override shut(): void {
    super.shut();
    this.#mostBytes = 0;
  }

  #allocOther(byteSize: number, align: number): Ptr {
    this.checkOpen();
    if (byteSize + align > MOST_UNITS * UNIT_BYTES) return NIL;
    return this.#allocAligned(unitsOf(byteSize), Math.max(align, UNIT_BYTES));
  }

  #allocAligned(units: number, align: number): Ptr {
    const alignUnits = align / UNIT_BYTES;
    const shift = (this.byteOffset / UNIT_BYTES) % alignUnits;
    let block = this.#heap.takeAligned(units, alignUnits, shift);
    if (block === 0 && this.settle() > 0) block = this.#heap.takeAligned(units, alignUnits, shift);
    if (block === 0 && this.#grow(units + alignUnits + 1)) block = this.#heap.takeAligned(units, alignUnits, shift);
    return block === 0 ? NIL : ((this.byteOffset + (block + 1) * UNIT_BYTES) as Ptr);
  }

  /** A block of the heap; small ones with some more of their length, which are kept. */
  #takeRow(units: number): number {
    const row = this.#quick.rowOf(units, this.memory.i32[this.#endWord]);
    const first = row > 1 ? this.#heap.take(units * row) : 0;
    if (first === 0) return this.#heap.take(units);
    this.#heap.divide(first, units, row);
    for (let at = row - 1; at > 0; at--) this.#quick.give(first + at * units, units);
    return first;
  }

  #allocByGrowing(units: number, byteSize: number, align: number): Ptr {
    this.checkOpen();
    if (this.#grow(units)) return this.rawAlloc(byteSize, align);
    return this.settle() > 0 ? this.rawAlloc(byteSize, align) : NIL;
  }

  /** Whether nothing lies behind a block but the end of the main region, which may grow. */
  #isLast(block: number): boolean {
    return this.#heap.endOf(block) + this.#heap.freeAtEnd(MAIN_UNITS) === this.memory.i32[this.#endWord] - 1;
  }

  /** Extends the main region so that a block of `units` is found. False when the region or the memory ends. */
  #grow(units: number): boolean {
    const end = this.memory.i32[this.#endWord];
    const limit = Math.min(Math.floor(this.byteLength / UNIT_BYTES), MOST_INT32);
    // Blocks are looked for in the list above their length, which may ask for a 32nd more than there must be.
    const wanted = units + (units >>> 5) + LEAST_UNITS - this.#heap.freeAtEnd(MAIN_UNITS);
    if (wanted <= 0 || end + wanted > limit) return false;
    const generous = Math.min(Math.ceil((end + wanted) / STEP_UNITS) * STEP_UNITS, limit);
    return this.#extendTo(generous) || this.#extendTo(end + wanted);
  }

  #extendTo(end: number): boolean {
    const most = this.byteOffset + this.byteLength;
    if (!commitUpTo(this.memory, this.byteOffset + end * UNIT_BYTES, most, this.allocatedByteLength)) return false;
    this.#heap.extendRegion(MAIN_UNITS, end);
    return true;
  }
}

/** A TLSF heap over a region of `memory`, which it grows as it needs. */
export function tlsf(memory: Memory, options: RegionOptions = {}): Tlsf {
  checkCall("tlsf(memory)", [A_MEMORY, memory], [OPTIONS, options]);
  const region = claimRegion(memory, FORMAT, options, HEAD_BYTES);
  beginRegion(memory, region, FORMAT);
  const made = new Tlsf(memory, region);
  made.format();
  publishRegion(memory, region);
  return made;
}

/** The TLSF heap that lies at `byteOffset`: made by another handle, another thread at another time, or a process before this one. */
export function attachTlsf(memory: Memory, byteOffset = 0): Tlsf {
  checkCall("attachTlsf(memory)", [A_MEMORY, memory]);
  return new Tlsf(memory, openRegion(memory, FORMAT, byteOffset));
}
