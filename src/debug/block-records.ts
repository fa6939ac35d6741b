import type { Memory } from "../core/memory.ts";
import type { BlockLease } from "./block-lease.ts";
import type { LeaseBooks } from "./lease-books.ts";
import { isPaintedAround, isPaintedFreed } from "./paint.ts";
import type { Place } from "./place.ts";
import {
  ALIGN_SHIFT,
  BOOKS_SHIFT,
  BY_LEASE,
  BY_REALLOC,
  BYTE_SIZE,
  ENDED_SHIFT,
  HIGHS,
  LIVE,
  NEXT,
  PREV,
  PTR,
  RETIRED,
  roundedUp,
  SERIAL,
  SERIAL_HIGH,
  STATE_BITS,
  STATUS,
  STRIDE,
} from "./record-layout.ts";
import { NONE, type RecordList } from "./record-list.ts";

const FIRST_CAPACITY = 64;
const TWO_32 = 2 ** 32;

/**
 * What is known of each block, by record number. Numbers in one typed array of its own, so that nothing here lies in the memory that is watched and
 * the collector has little to follow.
 *
 * Invariants:
 * 1. Every record below `count` is in one list, where NEXT and, in lists of live ones, PREV say, but for live ones whose books do not list them.
 * 2. Records of live blocks do not share a `ptr`; older ones may have the same.
 * 3. A record's number is used again only after it was retired, the longest retired first.
 */
export class BlockRecords {
  count = 0;
  /** See record-layout.ts. Another array when it has grown. */
  words = new Int32Array(FIRST_CAPACITY * STRIDE);
  readonly allocated: (Place | undefined)[] = [];
  readonly ended: (Place | undefined)[] = [];
  /** Of live blocks that views look at. */
  readonly leases = new Map<number, BlockLease>();
  readonly #redzone: number;
  readonly #painted: number;
  /** By number. There are as many as the watched allocator has leases: one, or one for each depth of scopes. */
  readonly #books: LeaseBooks[] = [];
  /** Of blocks that ended with their lease: what happened to it. */
  readonly #leaseEvents: (string | undefined)[] = [];

  constructor(redzone: number, painted: number) {
    this.#redzone = redzone;
    this.#painted = painted;
  }

  /** Whether the painted bytes of a block are as they were painted. */
  isSound(record: number, memory: Memory): boolean {
    const ptr = this.ptr(record);
    const byteSize = this.byteSize(record);
    const base = ptr - Math.max(this.align(record), this.#redzone);
    const end = ptr + roundedUp(byteSize) + this.#redzone;
    return this.state(record) === LIVE
      ? isPaintedAround(memory, record, base, ptr, byteSize, end)
      : isPaintedFreed(memory, record, base, ptr, byteSize, this.#painted, end);
  }

  /** A record for a live block, not yet in a list: a new one, or `recycled`, which is in none. */
  open(recycled: number, ptr: number, byteSize: number, align: number, serial: number, books: LeaseBooks): number {
    const record = recycled === NONE ? this.add() : recycled;
    const words = this.words;
    const at = record * STRIDE;
    words[at + PTR] = ptr;
    words[at + BYTE_SIZE] = byteSize;
    words[at + HIGHS] = ptr < TWO_32 && byteSize < TWO_32 ? 0 : highsOf(ptr, byteSize);
    words[at + STATUS] = LIVE | ((31 - Math.clz32(align)) << ALIGN_SHIFT) | (books.index << BOOKS_SHIFT);
    words[at + SERIAL] = serial;
    words[at + SERIAL_HIGH] = serial / TWO_32;
    return record;
  }

  /** Where it begins, with its redzone: a multiple of 8. */
  base(record: number): number {
    return this.ptr(record) - Math.max(this.align(record), this.#redzone);
  }

  /** The byte after the redzone behind it, a multiple of 8. */
  end(record: number): number {
    return this.ptr(record) + roundedUp(this.byteSize(record)) + this.#redzone;
  }

  ptr(record: number): number {
    const words = this.words;
    const at = record * STRIDE;
    const low = words[at + PTR];
    const highs = words[at + HIGHS];
    return highs === 0 && low >= 0 ? low : (highs >>> 16) * TWO_32 + (low >>> 0);
  }

  byteSize(record: number): number {
    const words = this.words;
    const at = record * STRIDE;
    const low = words[at + BYTE_SIZE];
    const highs = words[at + HIGHS];
    return highs === 0 && low >= 0 ? low : (highs & 0xffff) * TWO_32 + (low >>> 0);
  }

  align(record: number): number {
    const power = (this.words[record * STRIDE + STATUS] >>> ALIGN_SHIFT) & 31;
    return power < 31 ? 1 << power : 2 ** 31;
  }

  serial(record: number): number {
    const at = record * STRIDE;
    return this.words[at + SERIAL_HIGH] * TWO_32 + (this.words[at + SERIAL] >>> 0);
  }

  /** LIVE, QUARANTINED or RETIRED. */
  state(record: number): number {
    return this.words[record * STRIDE + STATUS] & STATE_BITS;
  }

  /** BY_FREE, BY_REALLOC or BY_LEASE; 0 while it lives. */
  endedBy(record: number): number {
    return (this.words[record * STRIDE + STATUS] >> ENDED_SHIFT) & 3;
  }

  books(record: number): LeaseBooks {
    return this.#books[this.words[record * STRIDE + STATUS] >>> BOOKS_SHIFT];
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
    const at = record * STRIDE;
    this.words[at + HIGHS] = highsOf(this.ptr(record), byteSize);
    this.words[at + BYTE_SIZE] = byteSize;
  }

  setState(record: number, state: number): void {
    const at = record * STRIDE + STATUS;
    this.words[at] = (this.words[at] & ~STATE_BITS) | state;
  }

  /** `leaseEvent`: what happened to the lease, when it was that. */
  setEnded(record: number, endedBy: number, leaseEvent = ""): void {
    const at = record * STRIDE + STATUS;
    this.words[at] = (this.words[at] & ~(3 << ENDED_SHIFT)) | (endedBy << ENDED_SHIFT);
    if (endedBy === BY_LEASE) this.#leaseEvents[record] = leaseEvent;
  }

  append(list: RecordList, record: number): void {
    const words = this.words;
    const { tail } = list;
    list.length += 1;
    words[record * STRIDE + PREV] = tail;
    words[record * STRIDE + NEXT] = NONE;
    if (tail === NONE) list.head = record;
    else words[tail * STRIDE + NEXT] = record;
    list.tail = record;
  }

  unlink(list: RecordList, record: number): void {
    const words = this.words;
    list.length -= 1;
    const prev = words[record * STRIDE + PREV];
    const next = words[record * STRIDE + NEXT];
    if (prev === NONE) list.head = next;
    else words[prev * STRIDE + NEXT] = next;
    if (next === NONE) list.tail = prev;
    else words[next * STRIDE + PREV] = prev;
  }

  /** Takes the first one out of a list that is not empty. What PREV says there is not kept up. */
  shift(list: RecordList): number {
    const record = list.head;
    const next = this.words[record * STRIDE + NEXT];
    list.length -= 1;
    list.head = next;
    if (next === NONE) list.tail = NONE;
    return record;
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
    for (let record = list.head; record !== NONE; record = this.words[record * STRIDE + NEXT]) yield record;
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
  searchAround(byteOffset: number): number {
    for (let record = 0; record < this.count; record++) {
      if (this.state(record) === RETIRED || this.base(record) > byteOffset) continue;
      if (byteOffset < this.ptr(record) + this.byteSize(record) + this.#redzone) return record;
    }
    return NONE;
  }

  /** A number that no record had. */
  add(): number {
    if (this.count * STRIDE === this.words.length) {
      const longer = new Int32Array(this.words.length * 2);
      longer.set(this.words);
      this.words = longer;
    }
    this.allocated.push(undefined);
    this.ended.push(undefined);
    return this.count++;
  }
}

function highsOf(ptr: number, byteSize: number): number {
  return Math.floor(ptr / TWO_32) * 2 ** 16 + Math.floor(byteSize / TWO_32);
}
