import { type Allocator, checkGrowsUnder } from "../../alloc/allocator.ts";
import { endPlacement } from "../../alloc/own-memory.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import { throwEnded } from "../../core/ended.ts";
import { privateMemory } from "../../core/homes.ts";
import type { Lease } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";
import { scratchWords } from "../scratch.ts";
import { LONG, wordsOfRecord } from "./string-record.ts";
import { StringRefs, TABLE_WORDS } from "./string-refs.ts";
import { MOST_TOUCHED } from "./strings.ts";

const touchedRefs = scratchWords(MOST_TOUCHED);
const LEAST_CHUNK_BYTES = 256;
const MOST_CHUNK_BYTES = 1024 ** 2;
/** A string that would fill more than this part of a new chunk gets a block of its own, so that no chunk's rest is given up for it. */
const OWN_BLOCK_PART = 4;
/** Lengths are compared as signed 32-bit integers. */
const MOST_STRING_BYTES = 0x7fff_ffff;
/** Refs are unsigned 32-bit counts of 4-byte words. */
const MOST_REF = 0xffff_ffff;

/**
 * Strings that never move, and where the string of each id is.
 *
 *     record, at ref * 4        0           1
 *                               | length u8 | bytes …, zeros up to a multiple of 4 |              up to 254 bytes
 *
 *                               0              4                8
 *                               | 255, 0, 0, 0 | byteLength u32 | bytes …, zeros |                longer ones
 *
 * A ref is the record's offset in units of 4 bytes, so 16 GiB are in reach of 32 bits. A short record's first word holds the length and three bytes: most strings
 * are told apart by one comparison. Records lie in chunks that are filled one after the other, and never move; StringRefs says where that of each id is. All offsets count from the start of the memory, which may lie at any address.
 *
 * Invariants:
 * 1. Ids are 1 … count without gaps, and each has the ref of a record.
 * 2. Records do not overlap, are 4-byte aligned, and lie in the blocks that the heap owns.
 * 3. The padding of a record is zero, and its bytes are written once.
 */
export class StringHeap {
  readonly memory: Memory;
  readonly lease: Lease;
  /** As its user knows what it serves, for errors. */
  readonly subject: string;
  /** The most bytes to take from the allocator. */
  maxByteLength: number;
  count = 0;
  /** The bytes of all strings, without heads and padding. */
  textByteLength = 0;
  /** The bytes of all blocks taken from the allocator. */
  ownedByteLength = 0;
  readonly #allocator: Allocator;
  /** The lease's epoch that the blocks belong to; 0, which no lease has, after `free`. */
  #epoch: number;
  readonly #blockPtrs: Ptr[] = [];
  readonly #blockByteLengths: number[] = [];
  readonly #refs: StringRefs;
  /** The free words of the chunk that is being filled: [next, end). */
  #next = 0;
  #end = 0;

  constructor(allocator: Allocator, subject: string, maxByteLength: number) {
    this.subject = subject;
    this.maxByteLength = maxByteLength;
    this.memory = allocator.memory;
    this.lease = allocator.lease;
    this.#epoch = allocator.lease.epoch;
    this.#allocator = allocator;
    this.#refs = new StringRefs(this);
  }

  /** Throws `stale-view` or `closed` when the allocator's blocks are gone. */
  checkAlive(): void {
    if (this.lease.epoch !== this.#epoch) this.#throwDead();
  }

  /** Room for the record of the next id, as a ref; 0 when there is none, and then nothing has changed. */
  reserve(byteLength: number): number {
    const id = this.count + 1;
    if (byteLength > MOST_STRING_BYTES || !this.#refs.reach(id)) return 0;
    const words = wordsOfRecord(byteLength);
    const ref = this.#findRoom(words);
    if (ref === 0 || this.#refs.takes(id, ref)) return ref;
    const inChunk = ref === this.#next;
    const table = this.#findRoom(TABLE_WORDS);
    if (table !== 0) {
      if (table === this.#next) this.#next += TABLE_WORDS;
      this.#refs.addTable(id, table);
      return inChunk ? this.#findRoom(words) : ref;
    }
    if (!inChunk) this.addRoom((ref * 4) as Ptr, words * 4);
    return 0;
  }

  /** Makes the record at `ref`, whose bytes have been written to `bytesOf`, that of the next id. */
  add(ref: number, byteLength: number): number {
    const { u8, u32 } = this.memory;
    const id = this.count + 1;
    if (byteLength < LONG) {
      u8[ref * 4] = byteLength;
    } else {
      u32[ref] = LONG;
      u32[ref + 1] = byteLength;
    }
    const end = ref + wordsOfRecord(byteLength);
    for (let at = this.bytesOf(ref, byteLength) + byteLength; at < end * 4; at++) u8[at] = 0;
    this.#refs.add(id, ref);
    this.count = id;
    this.textByteLength += byteLength;
    if (ref === this.#next) this.#next = end;
    return id;
  }

  /** The ref of an id that is known to be one of ours. */
  uncheckedRefOf(id: number): number {
    return this.#refs.of(id);
  }

  /** See `Strings.touch`: first where the records of many lie, and then the records. */
  touch(ids: ArrayLike<number>, first: number, last: number): number {
    for (let at = first; at < last; at++) {
      const id = ids[at] >>> 0;
      touchedRefs[at - first] = id >= 1 && id <= this.count ? this.#refs.of(id) : 0;
    }
    const { i32 } = this.memory;
    let touched = 0;
    for (let at = 0; at < last - first; at++) touched ^= i32[touchedRefs[at]];
    return touched;
  }

  /** How many bytes the string of a record has. */
  byteLengthOf(ref: number): number {
    const byteLength = this.memory.u8[ref * 4];
    return byteLength === LONG ? this.memory.u32[ref + 1] : byteLength;
  }

  /** Where the bytes of a record begin that has so many of them. */
  bytesOf(ref: number, byteLength: number): number {
    return ref * 4 + (byteLength >= LONG ? 8 : 1);
  }

  /** A block of the allocator, which the heap owns from now on; `NIL` when there is no room. */
  takeBlock(byteLength: number): Ptr {
    this.checkAlive();
    checkGrowsUnder(this.lease, this.#allocator, this.subject);
    if (this.ownedByteLength + byteLength > this.maxByteLength) return NIL;
    const ptr = this.#allocator.rawAlloc(byteLength, 8);
    if (ptr === NIL) return NIL;
    if ((ptr + byteLength) / 4 > MOST_REF) {
      this.#allocator.rawFree(ptr, byteLength, 8);
      return NIL;
    }
    this.#blockPtrs.push(ptr);
    this.#blockByteLengths.push(byteLength);
    this.ownedByteLength += byteLength;
    return ptr;
  }

  /** Fills a block of ours that serves nothing else any more with records, if that gives more room than there is. */
  addRoom(ptr: Ptr, byteLength: number): void {
    if (byteLength / 4 <= this.#end - this.#next) return;
    this.#next = ptr / 4;
    this.#end = (ptr + byteLength) / 4;
  }

  /**
   * Gives all blocks back, the last first, so that an allocator that can only take back its last block gets them all. Where the
   * allocator has ended already there is nothing to give.
   */
  free(): void {
    const alive = this.lease.epoch === this.#epoch;
    this.#epoch = 0;
    if (!alive) return;
    for (let at = this.#blockPtrs.length - 1; at >= 0; at--) {
      this.#allocator.rawFree(this.#blockPtrs[at], this.#blockByteLengths[at], 8);
    }
    endPlacement(this.#allocator);
  }

  checkInvariants(): string[] {
    const found: string[] = [];
    const { u8 } = this.memory;
    using scratch = privateMemory(this.count * 4);
    const refs = scratch.u32;
    let textByteLength = 0;
    for (let id = 1; id <= this.count; id++) {
      const ref = this.uncheckedRefOf(id);
      const byteLength = this.byteLengthOf(ref);
      const end = ref + wordsOfRecord(byteLength);
      for (let at = this.bytesOf(ref, byteLength) + byteLength; at < end * 4; at++) {
        if (u8[at] !== 0) found.push(`the padding of id ${id} is not zero`);
      }
      refs[id - 1] = ref;
      textByteLength += byteLength;
    }
    if (textByteLength !== this.textByteLength) found.push(`textByteLength=${this.textByteLength}, records hold ${textByteLength}`);
    return [...found, ...this.#misplaced(refs.sort())];
  }

  /** `refs` ascend, and so do the blocks: each record must begin behind the one before, in a block that it does not leave. */
  #misplaced(refs: Uint32Array): string[] {
    const found: string[] = [];
    const blocks = this.#blockPtrs.map((ptr, at) => ({ start: ptr / 4, end: (ptr + this.#blockByteLengths[at]) / 4 }));
    blocks.sort((a, b) => a.start - b.start);
    let block = 0;
    let free = 0;
    for (const ref of refs) {
      const end = ref + wordsOfRecord(this.byteLengthOf(ref));
      while (block < blocks.length && blocks[block].end <= ref) block += 1;
      if (ref < free) found.push(`the record at word ${ref} overlaps the one before`);
      if (block === blocks.length || ref < blocks[block].start || end > blocks[block].end) {
        found.push(`the record at word ${ref} lies outside of the blocks`);
      }
      free = end;
    }
    return found;
  }

  #throwDead(): never {
    if (this.#epoch !== 0) this.lease.throwStale(this.#epoch);
    throwEnded(this.memory, this.subject, "Keep it open for as long as its ids are resolved, or freeze it into a dictionary.");
  }

  /** So many free words, in the chunk that is being filled or in a block of their own; 0 when there are none. */
  #findRoom(words: number): number {
    if (this.#end - this.#next >= words) return this.#next;
    const chunkBytes = Math.min(Math.max(this.textByteLength, LEAST_CHUNK_BYTES), MOST_CHUNK_BYTES) & -8;
    if (words * 4 * OWN_BLOCK_PART > chunkBytes) return this.takeBlock(words * 4) / 4;
    const chunk = this.takeBlock(chunkBytes);
    if (chunk === NIL) return this.takeBlock(words * 4) / 4;
    this.addRoom(chunk, chunkBytes);
    return this.#next;
  }
}
