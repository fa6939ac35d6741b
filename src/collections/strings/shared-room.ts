import { type Allocator, checkGrowsUnder } from "../../alloc/allocator.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import type { Lease } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";
import {
  BYTE_LENGTH,
  CHUNKS,
  HASH,
  ID,
  MOST_OWNED,
  MOST_REF,
  OWNED,
  RECORD_HEAD_WORDS,
  UNIT_BYTES,
} from "./shared-interner-layout.ts";

const ALIGN = 8;
const CHUNK_HEAD_BYTES = 8;
const LEAST_CHUNK_BYTES = 256;
const MOST_CHUNK_BYTES = 64 * 1024;
/** A string that would fill more than this part of a chunk gets one of its own. */
const OWN_CHUNK_PART = 4;

/**
 * Where one of those who share an interner puts its new records: in chunks that only it fills, so that nobody is in its way.
 *
 * A chunk is on the list of chunks before a record of it can be found. Who ends or dies leaves the rest of its chunk unused: less than what it has
 * written, since chunks begin small and double, and never more than 64 KiB.
 */
export class SharedRoom {
  readonly memory: Memory;
  readonly #allocator: Allocator;
  readonly #lease: Lease;
  readonly #subject: string;
  /** The first i32 word of the head. */
  readonly #head: number;
  #chunkBytes = LEAST_CHUNK_BYTES;
  /** Free units of the own chunk: [next, end). */
  #next = 0;
  #end = 0;

  constructor(allocator: Allocator, headWord: number, subject: string) {
    this.memory = allocator.memory;
    this.#allocator = allocator;
    this.#lease = allocator.lease;
    this.#head = headWord;
    this.#subject = subject;
  }

  /** Room for a record of so many bytes, as a ref; 0 when there is none. It stays free until it is `taken`. */
  reserve(byteLength: number): number {
    const units = unitsOfRecord(byteLength);
    if (this.#end - this.#next >= units) return this.#next;
    const own = units * UNIT_BYTES;
    if (own * OWN_CHUNK_PART > this.#chunkBytes) return this.#takeChunk(own);
    const ref = this.#takeChunk(this.#chunkBytes - CHUNK_HEAD_BYTES);
    if (ref === 0) return this.#takeChunk(own);
    this.#next = ref;
    this.#end = ref + this.#chunkBytes / UNIT_BYTES - CHUNK_HEAD_BYTES / UNIT_BYTES;
    this.#chunkBytes = Math.min(this.#chunkBytes * 2, MOST_CHUNK_BYTES);
    return ref;
  }

  /** Writes the head of the record at `ref`, which has its bytes: nobody can find it yet. */
  write(ref: number, hash: number, byteLength: number): void {
    const { i32 } = this.memory;
    const record = ref * 2;
    i32[record + HASH] = hash;
    i32[record + ID] = 0;
    i32[record + BYTE_LENGTH] = byteLength;
    const end = record + unitsOfRecord(byteLength) * 2;
    const words = record + RECORD_HEAD_WORDS + (byteLength >>> 2);
    // Words are compared whole, so what lies behind the bytes must be zero.
    if (words < end) i32[words] = (byteLength & 3) === 0 ? 0 : i32[words] & ((1 << ((byteLength & 3) * 8)) - 1);
    if (words + 1 < end) i32[words + 1] = 0;
  }

  /** The record at `ref` is one now. */
  taken(ref: number, byteLength: number): void {
    if (ref === this.#next) this.#next += unitsOfRecord(byteLength);
  }

  /** A block of the allocator as a ref; 0 when there is no room for it, or it is not allowed. */
  takeBlock(byteLength: number): number {
    checkGrowsUnder(this.#lease, this.#allocator, this.#subject);
    const units = byteLength / UNIT_BYTES;
    const { u32 } = this.memory;
    // Others may look at the same moment: together they may go beyond the limit by what each of them takes.
    if (Atomics.load(u32, this.#head + OWNED) + units > Atomics.load(u32, this.#head + MOST_OWNED)) return 0;
    const ptr = this.#allocator.rawAlloc(byteLength, ALIGN);
    if (ptr === NIL) return 0;
    if ((ptr + byteLength) / UNIT_BYTES > MOST_REF) {
      this.#allocator.rawFree(ptr, byteLength, ALIGN);
      return 0;
    }
    Atomics.add(this.memory.u32, this.#head + OWNED, units);
    return ptr / UNIT_BYTES;
  }

  giveBack(ref: number, byteLength: number): void {
    this.#allocator.rawFree((ref * UNIT_BYTES) as Ptr, byteLength, ALIGN);
    Atomics.sub(this.memory.u32, this.#head + OWNED, byteLength / UNIT_BYTES);
  }

  #takeChunk(byteLength: number): number {
    const ref = this.takeBlock(CHUNK_HEAD_BYTES + byteLength);
    if (ref === 0) return 0;
    const { i32 } = this.memory;
    i32[ref * 2 + 1] = (CHUNK_HEAD_BYTES + byteLength) / UNIT_BYTES;
    for (let older = Atomics.load(i32, this.#head + CHUNKS); ; ) {
      i32[ref * 2] = older;
      const found = Atomics.compareExchange(i32, this.#head + CHUNKS, older, ref);
      if (found === older) return ref + CHUNK_HEAD_BYTES / UNIT_BYTES;
      older = found;
    }
  }
}

/** The units of a record with so many bytes. */
export function unitsOfRecord(byteLength: number): number {
  return (RECORD_HEAD_WORDS * 4) / UNIT_BYTES + Math.ceil(byteLength / UNIT_BYTES);
}
