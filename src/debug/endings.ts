import type { Allocator } from "../alloc/allocator.ts";
import type { Ptr } from "../core/brand.ts";
import type { Lease } from "../core/lease.ts";
import type { Memory } from "../core/memory.ts";
import type { BlockStory } from "./block-lease.ts";
import type { BlockRecords } from "./block-records.ts";
import { type Examiner, NO_MISTAKES } from "./examiner.ts";
import { LeaseBooks } from "./lease-books.ts";
import type { Meters } from "./meters.ts";
import { type Mistake, MistakeError } from "./mistake.ts";
import { paintFreed } from "./paint.ts";
import { Place } from "./place.ts";
import { BY_LEASE, QUARANTINED, RETIRED } from "./record-layout.ts";
import { NONE, RecordList } from "./record-list.ts";
import type { Settings } from "./settings.ts";
import type { Sink } from "./sink.ts";

/** Blocks that went back to the allocator are remembered up to this many, for the story of a late double free. */
export const RETAINED_RECORDS = 1024;

/**
 * How blocks end: given back by the program they wait in quarantine, painted, and are looked at once more when they leave it; with their lease they
 * end at once.
 *
 * Invariant: what waits under one lease has no more than `quarantineByteLength` bytes together.
 */
export class Endings {
  /** Told of each `ptr` that is neither live nor quarantined any longer. */
  forgotten: ((ptr: number) => void) | undefined;
  /** What went back to the allocator, the longest ago first. */
  readonly retired = new RecordList();
  readonly #inner: Allocator;
  readonly #memory: Memory;
  readonly #records: BlockRecords;
  readonly #examiner: Examiner;
  readonly #meters: Meters;
  readonly #sink: Sink;
  readonly #quarantineByteLength: number;
  readonly #painted: number;
  readonly #stackDepth: number;
  readonly #backstop: boolean;
  readonly #books = new Map<Lease, LeaseBooks>();
  readonly #firstLease: Lease;
  /** Told where nothing may be thrown; thrown at the next check or close. */
  #postponed: Mistake[] = [];

  constructor(inner: Allocator, settings: Settings, records: BlockRecords, examiner: Examiner, meters: Meters, sink: Sink) {
    this.#inner = inner;
    this.#memory = inner.memory;
    this.#records = records;
    this.#examiner = examiner;
    this.#meters = meters;
    this.#sink = sink;
    this.#quarantineByteLength = settings.quarantineByteLength;
    this.#painted = settings.paintedByteLength;
    this.#stackDepth = settings.stackDepth;
    this.#backstop = settings.backstop;
    this.#firstLease = inner.lease;
  }

  /** The books of a lease that is open; it will tell when it ends. */
  booksOf(lease: Lease): LeaseBooks {
    let books = this.#books.get(lease);
    if (books === undefined) {
      books = new LeaseBooks(lease, this.#books.size, lease !== this.#firstLease, this.#leaseEnded);
      this.#books.set(lease, books);
      this.#records.addBooks(books);
    }
    books.watch();
    return books;
  }

  /** The record that was retired first, for another block, once enough are remembered; before that NONE. */
  recycle(): number {
    return this.retired.length < RETAINED_RECORDS ? NONE : this.#records.shift(this.retired);
  }

  allBooks(): IterableIterator<LeaseBooks> {
    return this.#books.values();
  }

  /** Ends a live block and puts it into quarantine, which may push out others. Returns what damage it finds. */
  end(record: number, endedBy: number, event: string): readonly Mistake[] {
    const records = this.#records;
    const books = records.books(record);
    const found = this.#examiner.damage(record);
    const total = records.end(record) - records.base(record);
    this.#conclude(record, endedBy, event);
    if (total > this.#quarantineByteLength) {
      this.#giveBack(record, total);
      return found;
    }
    records.setState(record, QUARANTINED);
    records.append(books.quarantine, record);
    books.quarantinedBytes += total;
    const more = this.shorten(books);
    return more.length === 0 ? found : [...found, ...more];
  }

  /** Lets those go that have waited longest, until no more wait than may. Returns what damage it finds. */
  shorten(books: LeaseBooks): readonly Mistake[] {
    let found = NO_MISTAKES;
    while (books.quarantinedBytes > this.#quarantineByteLength) {
      const more = this.#release(books);
      if (more.length > 0) found = [...found, ...more];
    }
    return found;
  }

  /** Makes views of a block throw, and tell `event`. */
  endLease(record: number, endedBy: number, event: string): void {
    const { allocated, ended, leases } = this.#records;
    const lease = leases.get(record);
    if (lease === undefined) return;
    leases.delete(record);
    const story: BlockStory = {
      ptr: this.#records.ptr(record),
      byteSize: this.#records.byteSize(record),
      serial: this.#records.serial(record),
      endedBy,
      event,
      allocated: allocated[record],
      ended: ended[record],
    };
    if (this.#memory.closed) lease.memoryClosed();
    else lease.endWith(story);
  }

  /** Gives the block that has waited longest under one of the leases back to the allocator. False when none waits. */
  giveBackOldest(): boolean {
    for (const books of this.#books.values()) {
      if (books.quarantine.head === NONE) continue;
      this.#postpone(this.#release(books));
      return true;
    }
    return false;
  }

  /** Throws `found` and what could not be thrown when it was found, if mistakes are to be thrown. */
  throwTold(found: readonly Mistake[]): void {
    const told = [...this.#postponed, ...found];
    this.#postponed = [];
    if (this.#sink.throws && told.length > 0) throw new MistakeError(told);
  }

  /** Stops listening to leases. */
  close(): void {
    for (const books of this.#books.values()) books.close();
  }

  /** Takes a live block out of its books and paints it. */
  #conclude(record: number, endedBy: number, event: string): void {
    const records = this.#records;
    const memory = this.#memory;
    const byteSize = records.byteSize(record);
    const books = records.books(record);
    if (books.listed) records.unlink(books.live, record);
    records.setEnded(record, endedBy, event);
    if (this.#stackDepth > 0) records.ended[record] = new Place(this.#stackDepth, this.#backstop);
    if (!memory.closed) paintFreed(memory, records.ptr(record), byteSize, this.#painted);
    this.#meters.subtract(1, byteSize);
    if (records.leases.size > 0) this.endLease(record, endedBy, event);
  }

  /** Lets the block that has waited longest go. */
  #release(books: LeaseBooks): readonly Mistake[] {
    const records = this.#records;
    const record = records.shift(books.quarantine);
    const found = this.#examiner.damage(record);
    const total = records.end(record) - records.base(record);
    books.quarantinedBytes -= total;
    this.#giveBack(record, total);
    return found;
  }

  #giveBack(record: number, total: number): void {
    this.#retire(record);
    this.#inner.rawFree(this.#records.base(record) as Ptr, total, Math.max(this.#records.align(record), 8));
  }

  #retire(record: number): void {
    const records = this.#records;
    records.setState(record, RETIRED);
    records.append(this.retired, record);
    this.forgotten?.(records.ptr(record));
  }

  /**
   * All blocks of a lease end with it, live and quarantined; their bytes are still there, unless the memory was closed. Nothing is thrown: the
   * allocator is in the middle of its reset.
   */
  readonly #leaseEnded = (books: LeaseBooks, event: string): void => {
    const records = this.#records;
    const closed = this.#memory.closed;
    const whose = books.lease === this.#firstLease ? `the ${this.#inner.subject}` : `a scope of the ${this.#inner.subject}`;
    const live = records.liveOf(books);
    const found: Mistake[] = [];
    if (!closed) {
      for (const record of live) found.push(...this.#examiner.damage(record));
      for (const record of records.iterate(books.quarantine)) found.push(...this.#examiner.damage(record));
    }
    while (books.quarantine.head !== NONE) {
      this.#retire(records.shift(books.quarantine));
    }
    books.quarantinedBytes = 0;
    for (const record of live) {
      this.#conclude(record, BY_LEASE, `ended: ${whose} ${event}`);
      this.#retire(record);
    }
    this.#postpone(found);
  };

  #postpone(found: readonly Mistake[]): void {
    if (found === NO_MISTAKES) return;
    for (const mistake of found) this.#sink.tell(mistake);
    this.#postponed.push(...found);
  }
}
