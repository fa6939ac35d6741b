import type { BlockLease } from "./block-lease.ts";
import type { LeaseBooks } from "./lease-books.ts";
import type { Place } from "./place.ts";
import { NONE, RecordList } from "./record-list.ts";

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

/**
 * What is known of each block, by record number: columns in arrays of their own, so that nothing here lies in the memory that is watched and
 * the collector has nothing to follow.
 *
 * Invariants:
 * 1. Every record below `count` is in one list; `next` and `prev` of it say where.
 * 2. Records of live blocks do not share a `ptr`; older ones may have the same.
 * 3. A record's number is used again only after it was retired, the longest retired first.
 */
export class BlockRecords {
  count = 0;
  #capacity = FIRST_CAPACITY;
  base = new Float64Array(FIRST_CAPACITY);
  ptr = new Float64Array(FIRST_CAPACITY);
  byteSize = new Float64Array(FIRST_CAPACITY);
  align = new Float64Array(FIRST_CAPACITY);
  /** Which allocation of the tracker it was, from 1. */
  serial = new Float64Array(FIRST_CAPACITY);
  state = new Uint8Array(FIRST_CAPACITY);
  endedBy = new Uint8Array(FIRST_CAPACITY);
  next = new Int32Array(FIRST_CAPACITY);
  prev = new Int32Array(FIRST_CAPACITY);
  readonly allocated: (Place | undefined)[] = [];
  readonly ended: (Place | undefined)[] = [];
  /** What ended it, as the rest of a sentence, where it was not the program giving it back. */
  readonly event: string[] = [];
  readonly leases: (BlockLease | undefined)[] = [];
  readonly books: LeaseBooks[] = [];
  readonly retired = new RecordList();
  retiredCount = 0;

  /** A record to write: a new one as long as no more than `retain` are retired, otherwise the one retired first. */
  take(retain: number): number {
    if (this.retiredCount > retain) {
      const oldest = this.retired.head;
      this.unlink(this.retired, oldest);
      this.retiredCount -= 1;
      return oldest;
    }
    if (this.count === this.#capacity) this.#grow();
    this.allocated.push(undefined);
    this.ended.push(undefined);
    this.leases.push(undefined);
    this.event.push("");
    return this.count++;
  }

  append(list: RecordList, record: number): void {
    const { tail } = list;
    this.prev[record] = tail;
    this.next[record] = NONE;
    if (tail === NONE) list.head = record;
    else this.next[tail] = record;
    list.tail = record;
  }

  unlink(list: RecordList, record: number): void {
    const prev = this.prev[record];
    const next = this.next[record];
    if (prev === NONE) list.head = next;
    else this.next[prev] = next;
    if (next === NONE) list.tail = prev;
    else this.prev[next] = prev;
  }

  /** Oldest first. The list must not change meanwhile. */
  *iterate(list: RecordList): IterableIterator<number> {
    for (let record = list.head; record !== NONE; record = this.next[record]) yield record;
  }

  /** Of all with this `ptr`, the live one, or else the youngest. NONE when there is none. O(records). */
  search(ptr: number): number {
    let found = NONE;
    for (let record = 0; record < this.count; record++) {
      if (this.ptr[record] !== ptr) continue;
      if (this.state[record] === LIVE) return record;
      if (found === NONE || this.serial[record] > this.serial[found]) found = record;
    }
    return found;
  }

  /** The live or quarantined block whose bytes or redzones `byteOffset` lies in. O(records). */
  searchAround(byteOffset: number, redzone: number): number {
    for (let record = 0; record < this.count; record++) {
      if (this.state[record] === RETIRED || this.base[record] > byteOffset) continue;
      if (byteOffset < this.ptr[record] + this.byteSize[record] + redzone) return record;
    }
    return NONE;
  }

  #grow(): void {
    this.#capacity *= 2;
    this.base = longer(this.base, new Float64Array(this.#capacity));
    this.ptr = longer(this.ptr, new Float64Array(this.#capacity));
    this.byteSize = longer(this.byteSize, new Float64Array(this.#capacity));
    this.align = longer(this.align, new Float64Array(this.#capacity));
    this.serial = longer(this.serial, new Float64Array(this.#capacity));
    this.state = longer(this.state, new Uint8Array(this.#capacity));
    this.endedBy = longer(this.endedBy, new Uint8Array(this.#capacity));
    this.next = longer(this.next, new Int32Array(this.#capacity));
    this.prev = longer(this.prev, new Int32Array(this.#capacity));
  }
}

function longer<Column extends { set(from: ArrayLike<number>): void } & ArrayLike<number>>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
