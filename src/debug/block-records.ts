import type { Memory } from "../core/memory.ts";
import type { BlockLease } from "./block-lease.ts";
import type { LeaseBooks } from "./lease-books.ts";
import { FREED, isPainted, isPaintedAround, paintedEnd } from "./paint.ts";
import type { Place } from "./place.ts";
import { NONE, type RecordList } from "./record-list.ts";

/** What has become of a block. */
export const LIVE = 1;
/** Given back by the program, kept from reuse, painted. */
export const QUARANTINED = 2;
/** Given back to the allocator: its address may be another block's by now. */
export const RETIRED = 3;

/** What ended a block. */
export const BY_FREE = 1;
export const BY_REALLOC = 2;
export const BY_LEASE = 3;

const FIRST_CAPACITY = 64;

/** Doubles of a record, 64 bytes: one line of a processor's cache. */
const STRIDE = 8;
const BASE = 0;
const PTR = 1;
const BYTE_SIZE = 2;
const ALIGN = 3;
/** Which allocation of the tracker it was, from 1. */
const SERIAL = 4;
const NEXT = 5;
const PREV = 6;
/** What has become of it, in 2 bits; what ended it, in 2; the number of its books. */
const STATUS = 7;

/**
 * What is known of each block, by record number. Numbers in one typed array of its own, so that nothing here lies in the memory that is watched and
 * the collector has little to follow.
 *
 * Invariants:
 * 1. Every record below `count` is in one list, where NEXT and PREV say, but for live ones whose books do not list them.
 * 2. Records of live blocks do not share a `ptr`; older ones may have the same.
 * 3. A record's number is used again only after it was retired, the longest retired first.
 */
export class BlockRecords {
  count = 0;
  #fields = new Float64Array(FIRST_CAPACITY * STRIDE);
  readonly allocated: (Place | undefined)[] = [];
  readonly ended: (Place | undefined)[] = [];
  /** Of live blocks that views look at. */
  readonly leases = new Map<number, BlockLease>();
  /** By number. There are as many as the watched allocator has leases: one, or one for each depth of scopes. */
  readonly #books: LeaseBooks[] = [];
  /** Of blocks that ended with their lease: what happened to it. */
  readonly #leaseEvents: (string | undefined)[] = [];

  /**
   * Whether the painted bytes of a block are as they were painted. Here, and in one piece, because V8 inlines only so much and every free asks this
   * twice.
   */
  isSound(record: number, memory: Memory, redzone: number): boolean {
    const fields = this.#fields;
    const at = record * STRIDE;
    const ptr = fields[at + PTR];
    const byteSize = fields[at + BYTE_SIZE];
    const to = ptr + byteSize;
    const end = ptr + roundedUp(byteSize) + redzone;
    if (!isPaintedAround(memory, record, fields[at + BASE], ptr, to, end)) return false;
    return (fields[at + STATUS] & 3) === LIVE || isPainted(memory, ptr, paintedEnd(ptr, byteSize), FREED);
  }

  /** A record for a live block, not yet in a list: a new one, or `recycled`, which is in none. */
  open(recycled: number, base: number, ptr: number, byteSize: number, align: number, serial: number, books: LeaseBooks): number {
    const record = recycled === NONE ? this.#add() : recycled;
    const fields = this.#fields;
    const at = record * STRIDE;
    fields[at + BASE] = base;
    fields[at + PTR] = ptr;
    fields[at + BYTE_SIZE] = byteSize;
    fields[at + ALIGN] = align;
    fields[at + SERIAL] = serial;
    fields[at + STATUS] = LIVE + books.index * 16;
    return record;
  }

  base(record: number): number {
    return this.#fields[record * STRIDE + BASE];
  }

  ptr(record: number): number {
    return this.#fields[record * STRIDE + PTR];
  }

  byteSize(record: number): number {
    return this.#fields[record * STRIDE + BYTE_SIZE];
  }

  align(record: number): number {
    return this.#fields[record * STRIDE + ALIGN];
  }

  serial(record: number): number {
    return this.#fields[record * STRIDE + SERIAL];
  }

  /** LIVE, QUARANTINED or RETIRED. */
  state(record: number): number {
    return this.#fields[record * STRIDE + STATUS] & 3;
  }

  /** BY_FREE, BY_REALLOC or BY_LEASE; 0 while it lives. */
  endedBy(record: number): number {
    return (this.#fields[record * STRIDE + STATUS] >> 2) & 3;
  }

  books(record: number): LeaseBooks {
    return this.#books[this.#fields[record * STRIDE + STATUS] >> 4];
  }

  /** Takes books in; their `index` is the number of those before. */
  addBooks(books: LeaseBooks): void {
    this.#books.push(books);
  }

  /** What ended it, as the rest of a sentence. */
  event(record: number): string {
    const endedBy = this.endedBy(record);
    if (endedBy === BY_LEASE) return this.#leaseEvents[record] ?? "ended";
    return endedBy === BY_REALLOC ? "was moved by realloc" : "was freed";
  }

  setByteSize(record: number, byteSize: number): void {
    this.#fields[record * STRIDE + BYTE_SIZE] = byteSize;
  }

  setState(record: number, state: number): void {
    const at = record * STRIDE + STATUS;
    this.#fields[at] = (this.#fields[at] & ~3) | state;
  }

  /** `leaseEvent`: what happened to the lease, when it was that. */
  setEnded(record: number, endedBy: number, leaseEvent = ""): void {
    const at = record * STRIDE + STATUS;
    this.#fields[at] = (this.#fields[at] & ~12) | (endedBy << 2);
    if (endedBy === BY_LEASE) this.#leaseEvents[record] = leaseEvent;
  }

  append(list: RecordList, record: number): void {
    const fields = this.#fields;
    const { tail } = list;
    fields[record * STRIDE + PREV] = tail;
    fields[record * STRIDE + NEXT] = NONE;
    if (tail === NONE) list.head = record;
    else fields[tail * STRIDE + NEXT] = record;
    list.tail = record;
  }

  unlink(list: RecordList, record: number): void {
    const fields = this.#fields;
    const prev = fields[record * STRIDE + PREV] | 0;
    const next = fields[record * STRIDE + NEXT] | 0;
    if (prev === NONE) list.head = next;
    else fields[prev * STRIDE + NEXT] = next;
    if (next === NONE) list.tail = prev;
    else fields[next * STRIDE + PREV] = prev;
  }

  /** The live records of one lease. They may end meanwhile. */
  liveOf(books: LeaseBooks): number[] {
    if (books.listed) return [...this.iterate(books.live)];
    const found: number[] = [];
    for (let record = 0; record < this.count; record++) {
      if (this.books(record) === books && this.state(record) === LIVE) found.push(record);
    }
    return found;
  }

  /** Oldest first. The list must not change meanwhile. */
  *iterate(list: RecordList): IterableIterator<number> {
    for (let record = list.head; record !== NONE; record = this.#fields[record * STRIDE + NEXT] | 0) yield record;
  }

  /** Of all with this `ptr`, the live one, or else the youngest. NONE when there is none. O(records). */
  search(ptr: number): number {
    let found = NONE;
    for (let record = 0; record < this.count; record++) {
      if (this.ptr(record) !== ptr) continue;
      if (this.state(record) === LIVE) return record;
      if (found === NONE || this.serial(record) > this.serial(found)) found = record;
    }
    return found;
  }

  /** The live or quarantined block whose bytes or redzones `byteOffset` lies in. O(records). */
  searchAround(byteOffset: number, redzone: number): number {
    for (let record = 0; record < this.count; record++) {
      if (this.state(record) === RETIRED || this.base(record) > byteOffset) continue;
      if (byteOffset < this.ptr(record) + this.byteSize(record) + redzone) return record;
    }
    return NONE;
  }

  #add(): number {
    if (this.count * STRIDE === this.#fields.length) {
      const longer = new Float64Array(this.#fields.length * 2);
      longer.set(this.#fields);
      this.#fields = longer;
    }
    this.allocated.push(undefined);
    this.ended.push(undefined);
    return this.count++;
  }
}

/** To a multiple of 8, where the redzone behind a block of this size has its own alignment. */
export function roundedUp(byteSize: number): number {
  return byteSize <= 0x3fff_ffff ? (byteSize + 7) & -8 : Math.ceil(byteSize / 8) * 8;
}
