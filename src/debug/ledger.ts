import type { Allocator } from "../alloc/allocator.ts";
import { NIL, type Ptr } from "../core/brand.ts";
import { throwEnded } from "../core/ended.ts";
import type { Lease } from "../core/lease.ts";
import type { Dependent, Memory } from "../core/memory.ts";
import { BlockLease, type BlockStory, storyOfEnded } from "./block-lease.ts";
import { BlockRecords } from "./block-records.ts";
import { type Channel, diagnosticsChannel } from "./channels.ts";
import { Endings } from "./endings.ts";
import { Examiner, NO_MISTAKES } from "./examiner.ts";
import type { LeaseBooks } from "./lease-books.ts";
import { Meters } from "./meters.ts";
import { type Mistake, MistakeError } from "./mistake.ts";
import { FRESH, paint, paintAround, REDZONE } from "./paint.ts";
import { Place } from "./place.ts";
import { QuickTurn } from "./quick-turn.ts";
import { BY_FREE, BY_LEASE, BY_REALLOC, LIVE, roundedUp } from "./record-layout.ts";
import { NONE } from "./record-list.ts";
import type { Settings } from "./settings.ts";
import { Sink } from "./sink.ts";

/** What fits into a record, whatever the memory: 256 TiB. */
const MOST_TRACKED_BYTES = 2 ** 48;

/**
 * The books of a tracker. In the watched memory a block looks like this:
 *
 *     base                     ptr                  ptr + byteSize          end
 *      | record number | de de de | the program's bytes | de de de de de de de |
 *      |<- the redzone, or align if that is more        |<- to a multiple of 8, and the redzone
 *
 * The record number lets `find` know a block without a search; it is believed only if that record names the same `ptr`.
 *
 * Invariants:
 * 1. The bytes of a live block's redzones are as painted, those of a quarantined block also between them, unless the program has written there.
 * 2. A block is in the books of the lease that it was allocated under, and lives no longer.
 * 3. The meters count the live blocks in the program's bytes. No mistake makes them wrong: a block ends once.
 */
export class Ledger implements Dependent {
  readonly inner: Allocator;
  readonly memory: Memory;
  readonly settings: Settings;
  readonly sink: Sink;
  readonly records: BlockRecords;
  readonly meters = new Meters();
  readonly examiner: Examiner;
  readonly endings: Endings;
  /** Told of each block that it hands out. */
  taken: ((ptr: number) => void) | undefined;
  closed = false;
  #serial = 0;
  readonly #redzone: number;
  readonly #stackDepth: number;
  readonly #paintsFresh: boolean;
  #current: LeaseBooks;
  /** The way of ordinary blocks, while there may be any. */
  #quick: QuickTurn | undefined;
  readonly #allocations: Channel | undefined;
  readonly #frees: Channel | undefined;

  constructor(inner: Allocator, settings: Settings) {
    this.inner = inner;
    this.memory = inner.memory;
    this.settings = settings;
    this.sink = new Sink(settings.onMistake);
    this.#redzone = settings.redzoneByteLength;
    this.#stackDepth = settings.stackDepth;
    this.#paintsFresh = settings.paintFresh;
    this.records = new BlockRecords(settings.redzoneByteLength, settings.paintedByteLength);
    this.examiner = new Examiner(this.records, this.memory, inner.subject, settings);
    this.endings = new Endings(inner, settings, this.records, this.examiner, this.meters, this.sink);
    this.#current = this.endings.booksOf(inner.lease);
    this.#allocations = settings.events ? diagnosticsChannel("offheap:alloc") : undefined;
    this.#frees = settings.events ? diagnosticsChannel("offheap:free") : undefined;
    const { stackDepth, everyNth, events, paintFresh } = settings;
    if (stackDepth === 0 && everyNth === 1 && !events && !paintFresh) {
      this.#quick = new QuickTurn(inner, settings, this.records, this.endings, this.meters, this.#current);
    }
    this.memory.addDependent(this);
  }

  /** Bytes that wait in quarantine, redzones included. */
  get quarantinedBytes(): number {
    let sum = 0;
    for (const books of this.endings.allBooks()) sum += books.quarantinedBytes;
    return sum;
  }

  /** A new block, or NIL when the allocator has no room even after all of the quarantine was given back. */
  take(byteSize: number, align: number): Ptr {
    if (this.closed) this.#throwClosed();
    const ptr = this.#quick === undefined ? NIL : this.#quick.take(byteSize, align, this.#serial + 1);
    if (ptr === NIL) return this.#takeSlowly(byteSize, align);
    this.#serial += 1;
    return ptr;
  }

  #takeSlowly(byteSize: number, align: number): Ptr {
    const redzone = this.#redzone;
    const front = Math.max(align, redzone);
    const total = front + roundedUp(byteSize) + redzone;
    if (total > MOST_TRACKED_BYTES) return NIL;
    const innerAlign = Math.max(align, 8);
    let base = this.inner.rawAlloc(total, innerAlign);
    while (base === NIL && this.endings.giveBackOldest()) base = this.inner.rawAlloc(total, innerAlign);
    if (base === NIL) return NIL;
    const { lease } = this.inner;
    if (this.#current.lease !== lease || !this.#current.open) this.#current = this.endings.booksOf(lease);
    const { records, memory } = this;
    const ptr = base + front;
    const record = records.open(this.endings.recycle(), ptr, byteSize, align, ++this.#serial, this.#current);
    if (this.#stackDepth > 0) this.#keepStack(record);
    if (this.#current.listed) records.append(this.#current.live, record);
    paintAround(memory, record, base, ptr, byteSize, base + total);
    if (this.#paintsFresh) paint(memory, ptr, ptr + Math.min(byteSize, this.settings.paintedByteLength), FRESH);
    this.meters.add(1, byteSize);
    this.taken?.(ptr);
    if (this.#allocations?.hasSubscribers) this.#allocations.publish(this.#told(record));
    return ptr as Ptr;
  }

  /** Takes a block back. What is not as it should be is told; then the block is freed as what it really is, once. */
  give(ptr: Ptr, byteSize: number, align: number): void {
    if (this.#quick?.give(ptr, byteSize, align)) {
      if (!this.#quick.shorten()) this.sink.settle(this.endings.shorten(this.#quick.books));
      return;
    }
    const record = this.#expectLive(ptr, byteSize, align, "freed");
    if (record === NONE) return;
    const wrong = this.#wrongClaim(record, byteSize, align, "freed");
    if (this.#frees?.hasSubscribers) this.#frees.publish(this.#told(record));
    const found = this.endings.end(record, BY_FREE, "was freed");
    if (wrong.length > 0 || found.length > 0) this.sink.settle([...wrong, ...found]);
  }

  /** Resizes in place, if the allocator can. */
  resize(ptr: number, oldByteSize: number, newByteSize: number, align: number): boolean {
    const record = this.#expectLive(ptr, oldByteSize, align, "resized");
    if (record === NONE) return false;
    const { records, memory } = this;
    const wrong = this.#wrongClaim(record, oldByteSize, align, "resized");
    const found = this.examiner.damage(record);
    const base = records.base(record);
    const byteSize = records.byteSize(record);
    const end = ptr + roundedUp(newByteSize) + this.#redzone;
    const fits = end <= MOST_TRACKED_BYTES;
    const done = fits && this.inner.rawResize(base as Ptr, records.end(record) - base, end - base, this.#innerAlign(record));
    if (done) {
      records.setByteSize(record, newByteSize);
      if (this.#paintsFresh && newByteSize > byteSize) paint(memory, ptr + byteSize, ptr + newByteSize, FRESH);
      paint(memory, ptr + newByteSize, end, REDZONE);
      if (newByteSize > byteSize) this.meters.add(0, newByteSize - byteSize);
      else this.meters.subtract(0, byteSize - newByteSize);
    }
    if (wrong.length > 0 || found.length > 0) this.sink.settle([...wrong, ...found]);
    return done;
  }

  /** Moves a block, always, so that who kept the old address is found out. NIL when there is no room; then nothing has changed. */
  move(ptr: number, oldByteSize: number, newByteSize: number, align: number): Ptr {
    const record = this.#expectLive(ptr, oldByteSize, align, "reallocated");
    // What is no block any more has no bytes to keep; the program goes on with a new one.
    if (record === NONE) return this.take(newByteSize, align);
    const byteSize = this.records.byteSize(record);
    const wrong = this.#wrongClaim(record, oldByteSize, align, "reallocated");
    const moved = this.take(newByteSize, this.records.align(record));
    if (moved !== NIL) this.memory.u8.copyWithin(moved, ptr, ptr + Math.min(byteSize, newByteSize));
    const found = moved === NIL ? NO_MISTAKES : this.endings.end(record, BY_REALLOC, "was moved by realloc");
    if (wrong.length > 0 || found.length > 0) this.sink.settle([...wrong, ...found]);
    return moved;
  }

  /** A lease that ends with the live block at `ptr`. */
  openLease(ptr: Ptr, align: number): Lease {
    const lease = new BlockLease(this.memory, this.#tellStale);
    this.records.leases.set(this.find(ptr, align), lease);
    return lease;
  }

  /** The record of the live block at `ptr`, or else of the youngest that was there and is remembered. */
  find(ptr: number, align: number): number {
    const header = ptr - Math.max(align, this.#redzone);
    const { records } = this;
    if (header >= 0 && header < this.memory.byteLength && header % 4 === 0) {
      const record = this.memory.i32[header / 4];
      if (record >= 0 && record < records.count && records.ptr(record) === ptr && records.state(record) === LIVE) return record;
    }
    return records.search(ptr);
  }

  /** Looks at the redzones of all live blocks and at all bytes of quarantined ones. Tells what it finds, each once. */
  check(): readonly Mistake[] {
    if (this.closed || this.memory.closed) return NO_MISTAKES;
    const found: Mistake[] = [];
    for (const record of this.present()) found.push(...this.examiner.damage(record));
    for (const mistake of found) this.sink.tell(mistake);
    return found;
  }

  *live(): IterableIterator<number> {
    for (const books of this.endings.allBooks()) yield* this.records.liveOf(books);
  }

  /** Every block that has bytes in the memory: live and quarantined ones. */
  *present(): IterableIterator<number> {
    yield* this.live();
    for (const books of this.endings.allBooks()) yield* this.records.iterate(books.quarantine);
  }

  /** Checks, tells leaks, gives the quarantine back and ends; leaked blocks stay allocated. Returns all that was told. */
  close(): readonly Mistake[] {
    if (this.closed) return NO_MISTAKES;
    const found = [...this.check()];
    if (this.settings.leaks) found.push(...this.tellLeaks());
    while (!this.memory.closed && this.endings.giveBackOldest());
    this.closed = true;
    this.#quick = undefined;
    for (const record of this.live()) this.endings.endLease(record, BY_LEASE, "was left behind by its tracker, which was closed");
    this.endings.close();
    this.memory.removeDependent(this);
    return found;
  }

  tellLeaks(): readonly Mistake[] {
    const leaks = this.examiner.leaks(this.live());
    for (const leak of leaks) this.sink.tell(leak);
    return leaks;
  }

  memoryMoved(): void {
    for (const lease of this.records.leases.values()) lease.memoryMoved();
  }

  memoryClosed(): void {
    this.#quick = undefined;
    for (const lease of this.records.leases.values()) lease.memoryClosed();
    this.records.leases.clear();
  }

  /** The record of a live block, or NONE after telling what is wrong with the pointer. */
  #expectLive(ptr: number, byteSize: number, align: number, verb: string): number {
    if (this.closed || this.memory.closed) this.#throwClosed();
    const record = this.find(ptr, align);
    if (record !== NONE && this.records.state(record) === LIVE) return record;
    this.sink.settle([this.examiner.badUse(record, ptr, byteSize, align, verb)]);
    return NONE;
  }

  #wrongClaim(record: number, byteSize: number, align: number, verb: string): readonly Mistake[] {
    const { records } = this;
    if (records.byteSize(record) === byteSize && records.align(record) === align) return NO_MISTAKES;
    return [this.examiner.wrongClaim(record, byteSize, align, verb)];
  }

  /** Tells, and throws whatever is wanted: who uses a stale view cannot go on. */
  readonly #tellStale = (story: BlockStory, again: boolean): never => {
    const mistake = this.examiner.staleView(story);
    if (!again) this.sink.tell(mistake);
    throw new MistakeError([mistake]);
  };

  /** Whether `view` is of a block that has ended: then that it is destroyed again is told. */
  tellDestroyedTwice(view: object): boolean {
    const story = storyOfEnded(view);
    if (story === undefined) return false;
    this.sink.settle([this.examiner.destroyedTwice(story)]);
    return true;
  }

  #innerAlign(record: number): number {
    return Math.max(this.records.align(record), 8);
  }

  #keepStack(record: number): void {
    this.records.allocated[record] = new Place(this.#stackDepth, this.settings.backstop);
    this.records.ended[record] = undefined;
  }

  #told(record: number): { subject: string; ptr: number; byteSize: number; align: number } {
    const { records } = this;
    return {
      subject: this.inner.subject,
      ptr: records.ptr(record),
      byteSize: records.byteSize(record),
      align: records.align(record),
    };
  }

  #throwClosed(): never {
    throwEnded(this.memory, `tracked ${this.inner.subject}`, "Keep the tracker open for as long as its blocks are used.");
  }
}
