import type { Ptr } from "../../core/brand.ts";
import { A_MEMORY, checkCall, OPTIONS } from "../../core/check-call.ts";
import { checkCount } from "../../core/check-count.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import type { Participant } from "../../core/participant.ts";
import { RobustLock } from "../../core/robust-lock.ts";
import { Seats } from "../../core/seats.ts";
import { MOST_SEATS } from "../../core/seats-place.ts";
import { beginRegion, claimRegion, openRegion, publishRegion, type Region, type RegionOptions } from "../region.ts";
import { LockedPages } from "./locked-pages.ts";
import { PageHeap } from "./page-heap.ts";
import { FIRST, OWNER, PAGE_ENTRY_BYTES, RUN } from "./page-layout.ts";
import { leadsTo, pushReturned, takeReturned } from "./returned-blocks.ts";
import { repairSeat } from "./seat-repair.ts";
import {
  CLASSES,
  COLLECTING,
  LOCK_WORD,
  participantWord,
  RETURNED,
  SEATS_WORD,
  SHARED_HEAP_FORMAT,
  STATE_WORD,
  seatsPlace,
  tableWord,
} from "./shared-heap-layout.ts";
import { CLASS_BYTES, CLASS_COUNT, GRAINS_IN_PAGE, PAGE_BYTES, pageOfBlock } from "./size-classes.ts";
import { SpanAllocator } from "./span-allocator.ts";
import { checkSpans } from "./span-check.ts";
import { CLASS_WORDS, FREED, PAGES } from "./span-rings.ts";

export interface SharedHeapOptions extends RegionOptions, Participant {
  /** How many threads and processes can take part at once. Each costs 2 KiB. Default: 32. */
  readonly seats?: number;
  /** How long to wait for another participant before throwing `locked`. Default: 10 seconds; 0 … Infinity. */
  readonly timeoutMs?: number;
}

/** How a thread or process takes part in a shared heap that is there. */
export type AttachSharedHeapOptions = Pick<SharedHeapOptions, "timeoutMs" | keyof Participant>;

/**
 * A heap for threads and processes. Each takes part through a handle of its own, with spans and stacks of free blocks of its own, so that making a
 * block, and freeing one's own, needs no atomic operation; a block of another's is pushed on that one's list by one compare-and-swap, and is back in
 * use when its owner next runs out. Pages, and with them blocks over 8 KiB, are taken under a lock.
 *
 * A participant that closes its handle gives its spare pages back; the blocks stay live, and who takes its place later inherits what is left. One
 * may die at any step. The lock passes to the next by itself, with the pages found anew. Its place is free again when it was recovered: with `isAlive`
 * that happens by itself when places or pages run out, without it by `recover`. Its blocks stay live; what it was about to make, take or give back at
 * that moment stays taken, some dozens of blocks at most.
 *
 * After mimalloc's sharded free lists (Leijen, Zorn, de Moura 2019). Its bytes: shared-heap-layout.ts. All of the region is committed when it is made,
 * because a thread cannot always grow the memory of another.
 *
 * Invariants: those of SpanAllocator for each participant, and of PageHeap. A block in a list of returned ones counts as live to its owner.
 */
export class SharedHeap extends SpanAllocator {
  /** Which participant this handle is, from 1. */
  readonly participant: number;
  readonly #seats: Seats;
  readonly #locked: LockedPages;
  readonly #words: number;
  readonly #options: AttachSharedHeapOptions;

  /** For `sharedHeap` and `attachSharedHeap`. Somebody sits in `seats`. */
  constructor(memory: Memory, region: Region, seats: Seats, options: AttachSharedHeapOptions) {
    const pages = pagesOf(memory, region);
    const locked = new LockedPages(pages, lockOf(seats, region, options));
    super(memory, region, SHARED_HEAP_FORMAT.subject, pages, locked, participantWord(seats.seat) + CLASSES, seats.seat);
    this.participant = seats.seat;
    this.#seats = seats;
    this.#locked = locked;
    this.#words = region.byteOffset / 4;
    this.#options = options;
  }

  override rawFree(ptr: Ptr, byteSize: number, align: number): void {
    const owner = this.#ownerOf(ptr);
    if (owner === this.participant || owner === 0) super.rawFree(ptr, byteSize, align);
    else this.#return(ptr, owner);
  }

  /** Blocks may be another's, or on their way back: `free` looks closely. */
  override rawTryFree(): boolean {
    return false;
  }

  /** Takes in the blocks of this participant that others freed. Happens by itself when it runs out of free ones. Returns how many. */
  collect(): number {
    this.checkOpen();
    const { i32 } = this.memory;
    const own = this.#words + participantWord(this.participant);
    if (i32[own + COLLECTING] === 0) takeReturned(i32, own);
    let collected = 0;
    for (let block = i32[own + COLLECTING]; block !== 0; collected++) {
      const next = i32[this.#words + block * 2];
      // Before the block is free: one that is lost on the way stays taken, but none is ever free twice.
      i32[own + COLLECTING] = next;
      const ptr = (this.byteOffset + block * 8) as Ptr;
      const first = i32[this.pages.table + pageOfBlock(block) * 8 + FIRST];
      super.rawFree(ptr, CLASS_BYTES[(i32[this.pages.table + first * 8 + RUN] & 0xff) - 1], 8);
      block = next;
    }
    return collected;
  }

  override trim(): number {
    const before = this.usedByteLength;
    this.recoverDead();
    this.collect();
    super.trim();
    this.#tidyAbsent();
    return before - this.usedByteLength;
  }

  /** Gives up the places of all participants that are known to be dead, which needs `isAlive`. Returns how many. */
  recoverDead(): number {
    this.checkOpen();
    let recovered = 0;
    for (const seat of this.#seats.deadSeats()) if (this.#seats.recover(seat, this.#repair)) recovered += 1;
    return recovered;
  }

  /**
   * Gives up the place of a participant that died, as its thread or process was killed, and makes what it was in the middle of sound again. Its blocks
   * stay live. The caller knows that it is dead. False when nobody has that place.
   */
  recover(participant: number): boolean {
    this.checkOpen();
    return this.#seats.buryAndRecover(participant, this.#repair);
  }

  /** Ends this handle: gives its spare pages back and leaves its place to another. Its blocks stay where they are, live. */
  override close(): void {
    if (!this.closed && !this.memory.closed) {
      this.trim();
      this.#seats.leave();
    }
    super.close();
  }

  /** What contradicts the invariants. Meaningful while no other participant is doing anything. */
  checkInvariants(): string[] {
    if (this.closed) return [];
    const found = [...this.#seats.checkInvariants(), ...this.#locked.while(() => this.pages.checkInvariants())];
    if (found.length > 0) return found;
    for (let participant = 1; participant <= this.#seats.count; participant++) {
      const told = checkSpans(this.pages, this.#words + participantWord(participant) + CLASSES, participant);
      found.push(...told.map((what) => `participant ${participant}: ${what}`));
    }
    return found;
  }

  protected reclaim(): boolean {
    // A plain look: what is pushed a moment later is found the next time.
    return this.memory.i32[this.#words + participantWord(this.participant) + RETURNED] !== 0 && this.collect() > 0;
  }

  protected override isElsewhere(block: number): boolean {
    const { i32 } = this.memory;
    const owner = i32[this.pages.table + i32[this.pages.table + pageOfBlock(block) * 8 + FIRST] * 8 + OWNER];
    if (owner < 1 || owner > this.#seats.count) return false;
    const own = this.#words + participantWord(owner);
    const most = this.pages.limit * GRAINS_IN_PAGE;
    if (leadsTo(i32, this.#words, own + RETURNED, block, most) || leadsTo(i32, this.#words, own + COLLECTING, block, most))
      return true;
    return owner !== this.participant && this.isStacked(block, this.#words + participantWord(owner) + CLASSES);
  }

  /** Whose span `ptr` lies in, 0: no span. */
  #ownerOf(ptr: Ptr): number {
    const { i32 } = this.memory;
    const { table } = this.pages;
    const first = i32[table + Math.floor((ptr - this.byteOffset) / PAGE_BYTES) * 8 + FIRST];
    return i32[table + first * 8 + OWNER];
  }

  /** Pushes a block on the list of those that its owner has got back. */
  #return(ptr: Ptr, owner: number): void {
    this.checkOpen();
    const { i32 } = this.memory;
    const block = (ptr - this.byteOffset) / 8;
    i32[ptr / 4 + 1] = FREED;
    pushReturned(i32, this.#words + participantWord(owner), block, ptr / 4);
  }

  readonly #repair = (participant: number): void => repairSeat(this.memory, this.byteOffset, this.pages, this.#locked, participant);

  /** Takes the places of absent participants for a moment, and gives back the pages that they hold and do not need. */
  #tidyAbsent(): void {
    for (let participant = 1; participant <= this.#seats.count; participant++) {
      if (this.#seats.tokenOf(participant) !== 0 || !this.#hasPages(participant)) continue;
      const region = { byteOffset: this.byteOffset, byteLength: this.byteLength };
      const seats = seatsOf(this.memory, region, this.#options);
      if (!seats.sitAt(participant)) continue;
      const inherited = new SharedHeap(this.memory, region, seats, this.#options);
      try {
        inherited.collect();
        inherited.#trimOwn();
      } finally {
        inherited.#leave();
      }
    }
  }

  #hasPages(participant: number): boolean {
    const classes = this.#words + participantWord(participant) + CLASSES;
    for (let of = 0; of < CLASS_COUNT; of++) if (this.memory.i32[classes + of * CLASS_WORDS + PAGES] > 0) return true;
    return false;
  }

  #trimOwn(): void {
    super.trim();
  }

  /** `close` without what it gives back. */
  #leave(): void {
    this.#seats.leave();
    super.close();
  }
}

/** A heap for threads and processes over a region of `memory`, and its first participant. Default length: what is committed of the memory. */
export function sharedHeap(memory: Memory, options: SharedHeapOptions = {}): SharedHeap {
  checkCall("sharedHeap(memory)", [A_MEMORY, memory], [OPTIONS, options]);
  const { byteOffset = 0, seats = 32 } = options;
  const { byteLength = Math.max(memory.byteLength - byteOffset, SHARED_HEAP_FORMAT.leastByteLength) } = options;
  const claimed = claimRegion(memory, SHARED_HEAP_FORMAT, { byteOffset, byteLength }, 0);
  const limit = Math.floor(claimed.byteLength / PAGE_BYTES);
  const first = firstPageOf(seats, limit, byteLength);
  const region = claimRegion(memory, SHARED_HEAP_FORMAT, { byteOffset, byteLength }, claimed.byteLength);
  beginRegion(memory, region, SHARED_HEAP_FORMAT);
  const words = byteOffset / 4;
  const { i32 } = memory;
  i32.fill(0, words + LOCK_WORD, words + tableWord(seats) + limit * (PAGE_ENTRY_BYTES / 4));
  i32[words + SEATS_WORD] = seats;
  pagesOf(memory, region).format(first, limit);
  const taken = seatsOf(memory, region, options);
  taken.sitAt(1);
  publishRegion(memory, region);
  return new SharedHeap(memory, region, taken, options);
}

/** Takes part in the shared heap that lies at `byteOffset`. Throws `out-of-memory` when it has no place for one more participant. */
export function attachSharedHeap(memory: Memory, byteOffset = 0, options: AttachSharedHeapOptions = {}): SharedHeap {
  checkCall("attachSharedHeap(memory)", [A_MEMORY, memory]);
  const region = openRegion(memory, SHARED_HEAP_FORMAT, byteOffset);
  const seats = seatsOf(memory, region, options);
  seats.sit((seat) => {
    const pages = pagesOf(memory, region);
    repairSeat(memory, byteOffset, pages, new LockedPages(pages, lockOf(seats, region, options)), seat);
  });
  return new SharedHeap(memory, region, seats, options);
}

/** The first page behind the tables. Throws `invalid-argument`. */
function firstPageOf(seats: number, limit: number, byteLength: number): number {
  checkCount(SHARED_HEAP_FORMAT.subject, "seats", seats, 1, MOST_SEATS);
  const first = Math.ceil((tableWord(seats) * 4 + limit * PAGE_ENTRY_BYTES) / PAGE_BYTES);
  if (first < limit) return first;
  throw new MemoryError("invalid-argument", {
    subject: SHARED_HEAP_FORMAT.subject,
    event: "has no room for blocks beside its tables",
    numbers: { byteLength, tableByteLength: first * PAGE_BYTES, seats },
    cure: "Give it a longer region, or fewer seats.",
  });
}

function pagesOf(memory: Memory, { byteOffset }: Region): PageHeap {
  return new PageHeap(memory, byteOffset, STATE_WORD, tableWord(memory.i32[byteOffset / 4 + SEATS_WORD]));
}

function seatsOf(memory: Memory, { byteOffset }: Region, participant: Participant): Seats {
  const place = seatsPlace(byteOffset, memory.i32[byteOffset / 4 + SEATS_WORD]);
  return new Seats(memory, place, SHARED_HEAP_FORMAT.subject, participant);
}

function lockOf(seats: Seats, { byteOffset }: Region, { timeoutMs }: AttachSharedHeapOptions): RobustLock {
  return new RobustLock(seats, byteOffset + LOCK_WORD * 4, SHARED_HEAP_FORMAT.subject, timeoutMs);
}
