import type { Ptr } from "../core/brand.ts";
import { MemoryError } from "../core/errors.ts";
import { LockWord } from "../core/lock-word.ts";
import type { Memory } from "../core/memory.ts";
import { LockedPages } from "./locked-pages.ts";
import { PageHeap } from "./page-heap.ts";
import { FIRST, PAGE_ENTRY_BYTES, RUN } from "./page-layout.ts";
import { beginRegion, claimRegion, openRegion, publishRegion, type Region, type RegionOptions } from "./region.ts";
import {
  CLAIM,
  CLASSES,
  LOCK_WORD,
  MOST_PARTICIPANTS,
  PARTICIPANTS_WORD,
  participantWord,
  RETURNED,
  SHARED_HEAP_FORMAT,
  STATE_WORD,
  tableWord,
} from "./shared-heap-layout.ts";
import { CLASS_BYTES, CLASS_COUNT, PAGE_BYTES } from "./size-classes.ts";
import { SpanAllocator } from "./span-allocator.ts";
import { checkSpans } from "./span-check.ts";
import { repairSpans } from "./span-repair.ts";
import { CLASS_WORDS, FREED, OWNER, PAGES, SpanRings } from "./span-rings.ts";

export interface SharedHeapOptions extends RegionOptions {
  /** How many threads and processes can take part at once. Each costs 2 KiB. Default: 32. */
  readonly participants?: number;
  /** How long to wait for another participant before throwing `locked`. Default: 10 seconds. */
  readonly timeoutMs?: number;
}

/**
 * A heap for threads and processes. Each takes part through a handle of its own, with spans and stacks of free blocks of its own, so that making a
 * block, and freeing one's own, needs no atomic operation; a block of another's is pushed on that one's list by one compare-and-swap, and is back in
 * use when its owner next runs out. Pages, and with them blocks over 8 KiB, are taken under a lock.
 *
 * A participant that closes its handle gives its spare pages back; the blocks stay live, and who takes its place later inherits what is left. One
 * that dies keeps its place until `recover` is called for it.
 *
 * After mimalloc's sharded free lists (Leijen, Zorn, de Moura 2019). Its bytes: shared-heap-layout.ts. All of the region is committed when it is made,
 * because a thread cannot always grow the memory of another.
 *
 * Invariants: those of SpanAllocator for each participant, and of PageHeap. A block in a list of returned ones counts as live to its owner.
 */
export class SharedHeap extends SpanAllocator {
  /** Which participant this handle is, from 1. */
  readonly participant: number;
  readonly #locked: LockedPages;
  readonly #lock: LockWord;
  readonly #words: number;

  /** For `sharedHeap` and `attachSharedHeap`. */
  constructor(memory: Memory, region: Region, participant: number, timeoutMs: number) {
    const words = region.byteOffset / 4;
    const pages = pagesOf(memory, region);
    const lock = new LockWord(memory, (words + LOCK_WORD) * 4, SHARED_HEAP_FORMAT.subject, participant, timeoutMs);
    const locked = new LockedPages(pages, lock);
    super(memory, region, SHARED_HEAP_FORMAT.subject, pages, locked, participantWord(participant) + CLASSES, participant);
    this.participant = participant;
    this.#lock = lock;
    this.#locked = locked;
    this.#words = words;
  }

  override rawFree(ptr: Ptr, byteSize: number, align: number): void {
    const owner = this.#ownerOf(ptr);
    if (owner === this.participant || owner === 0) super.rawFree(ptr, byteSize, align);
    else this.#return(ptr, owner);
  }

  /** Takes in the blocks of this participant that others freed. Happens by itself when it runs out of free ones. Returns how many. */
  collect(): number {
    this.checkOpen();
    const { i32 } = this.memory;
    const word = this.#words + participantWord(this.participant) + RETURNED;
    let collected = 0;
    for (let block = Atomics.exchange(i32, word, 0); block !== 0; collected++) {
      const next = i32[this.#words + block * 2];
      const ptr = (this.byteOffset + block * 8) as Ptr;
      const first = i32[this.pages.table + pageOf(block) * 8 + FIRST];
      super.rawFree(ptr, CLASS_BYTES[(i32[this.pages.table + first * 8 + RUN] & 0xff) - 1], 8);
      block = next;
    }
    return collected;
  }

  override trim(): number {
    const before = this.usedByteLength;
    this.collect();
    super.trim();
    this.#tidyAbsent();
    return before - this.usedByteLength;
  }

  /**
   * Gives up the place of a participant that died, as its thread or process was killed: opens the lock if that one held it, and makes what it was in the
   * middle of sound again. Its blocks stay live. The caller knows that it is dead. False when nobody has that place.
   */
  recover(participant: number): boolean {
    this.checkOpen();
    const { i32 } = this.memory;
    const word = this.#words + participantWord(participant);
    const isOther =
      Number.isInteger(participant) && participant >= 1 && participant <= this.#participants && participant !== this.participant;
    if (!isOther || Atomics.load(i32, word + CLAIM) === 0) return false;
    const diedInside = this.#lock.takeOver(participant);
    if (!diedInside) this.#lock.acquire();
    try {
      if (diedInside) this.pages.rebuild();
      repairSpans(this.pages, this.#ringsOf(participant), word + CLASSES, participant);
    } finally {
      this.#lock.release();
    }
    Atomics.store(i32, word + CLAIM, 0);
    return true;
  }

  /** Ends this handle: gives its spare pages back and leaves its place to another. Its blocks stay where they are, live. */
  override close(): void {
    if (!this.closed && !this.memory.closed) {
      this.trim();
      Atomics.store(this.memory.i32, this.#words + participantWord(this.participant) + CLAIM, 0);
    }
    super.close();
  }

  /** What contradicts the invariants. Meaningful while no other participant is doing anything. */
  checkInvariants(): string[] {
    if (this.closed) return [];
    const found = this.#locked.while(() => this.pages.checkInvariants());
    if (found.length > 0) return found;
    for (let participant = 1; participant <= this.#participants; participant++) {
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
    const owner = i32[this.pages.table + i32[this.pages.table + pageOf(block) * 8 + FIRST] * 8 + OWNER];
    if (owner < 1 || owner > this.#participants) return false;
    let left = this.pages.limit * (PAGE_BYTES / 8);
    for (
      let at = i32[this.#words + participantWord(owner) + RETURNED];
      at !== 0 && left > 0;
      at = i32[this.#words + at * 2], left--
    ) {
      if (at === block) return true;
    }
    return owner !== this.participant && this.isStacked(block, this.#words + participantWord(owner) + CLASSES);
  }

  get #participants(): number {
    return this.memory.i32[this.#words + PARTICIPANTS_WORD];
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
    const word = this.#words + participantWord(owner) + RETURNED;
    i32[ptr / 4 + 1] = FREED;
    for (let head = Atomics.load(i32, word); ; ) {
      i32[ptr / 4] = head;
      const found = Atomics.compareExchange(i32, word, head, block);
      if (found === head) return;
      head = found;
    }
  }

  #ringsOf(participant: number): SpanRings {
    return new SpanRings(this.pages, this.pages, this.#words + participantWord(participant) + CLASSES, participant);
  }

  /** Takes the places of absent participants for a moment, and gives back the pages that they hold and do not need. */
  #tidyAbsent(): void {
    for (let participant = 1; participant <= this.#participants; participant++) {
      const claim = this.#words + participantWord(participant) + CLAIM;
      if (this.memory.i32[claim] !== 0 || !this.#hasPages(participant)) continue;
      if (Atomics.compareExchange(this.memory.i32, claim, 0, 1) !== 0) continue;
      const inherited = new SharedHeap(
        this.memory,
        { byteOffset: this.byteOffset, byteLength: this.byteLength },
        participant,
        10_000,
      );
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
    Atomics.store(this.memory.i32, this.#words + participantWord(this.participant) + CLAIM, 0);
    super.close();
  }
}

/** A heap for threads and processes over a region of `memory`, and its first participant. Default length: what is committed of the memory. */
export function sharedHeap(memory: Memory, options: SharedHeapOptions = {}): SharedHeap {
  const { byteOffset = 0, participants = 32, timeoutMs = 10_000 } = options;
  const { byteLength = Math.max(memory.byteLength - byteOffset, SHARED_HEAP_FORMAT.leastByteLength) } = options;
  const claimed = claimRegion(memory, SHARED_HEAP_FORMAT, { byteOffset, byteLength }, 0);
  const limit = Math.floor(claimed.byteLength / PAGE_BYTES);
  if (!(Number.isInteger(participants) && participants >= 1 && participants <= MOST_PARTICIPANTS)) {
    throw new MemoryError("invalid-argument", {
      subject: SHARED_HEAP_FORMAT.subject,
      event: "needs a whole number of participants",
      numbers: { participants: String(participants), least: 1, most: MOST_PARTICIPANTS },
      cure: "Pass how many threads and processes will have a handle at the same time.",
    });
  }
  const first = Math.ceil((tableWord(participants) * 4 + limit * PAGE_ENTRY_BYTES) / PAGE_BYTES);
  if (first >= limit) {
    throw new MemoryError("invalid-argument", {
      subject: SHARED_HEAP_FORMAT.subject,
      event: "has no room for blocks beside its tables",
      numbers: { byteLength, tableByteLength: first * PAGE_BYTES, participants },
      cure: "Give it a longer region, or fewer participants.",
    });
  }
  const region = claimRegion(memory, SHARED_HEAP_FORMAT, { byteOffset, byteLength }, claimed.byteLength);
  beginRegion(memory, region, SHARED_HEAP_FORMAT);
  const words = byteOffset / 4;
  const { i32 } = memory;
  i32.fill(0, words + LOCK_WORD, words + tableWord(participants) + limit * (PAGE_ENTRY_BYTES / 4));
  i32[words + PARTICIPANTS_WORD] = participants;
  pagesOf(memory, region).format(first, limit);
  i32[words + participantWord(1) + CLAIM] = 1;
  publishRegion(memory, region);
  return new SharedHeap(memory, region, 1, timeoutMs);
}

/** Takes part in the shared heap that lies at `byteOffset`. Throws `out-of-memory` when it has no place for one more participant. */
export function attachSharedHeap(memory: Memory, byteOffset = 0, options: Pick<SharedHeapOptions, "timeoutMs"> = {}): SharedHeap {
  const region = openRegion(memory, SHARED_HEAP_FORMAT, byteOffset);
  const words = byteOffset / 4;
  const participants = memory.i32[words + PARTICIPANTS_WORD];
  for (let participant = 1; participant <= participants; participant++) {
    const claim = words + participantWord(participant) + CLAIM;
    if (Atomics.compareExchange(memory.i32, claim, 0, 1) !== 0) continue;
    return new SharedHeap(memory, region, participant, options.timeoutMs ?? 10_000);
  }
  throw new MemoryError("out-of-memory", {
    subject: SHARED_HEAP_FORMAT.subject,
    event: "has no place for one more participant",
    numbers: { participants },
    cure: "Close handles that are done, recover those of the dead, or make the heap with more participants.",
  });
}

function pagesOf(memory: Memory, { byteOffset }: Region): PageHeap {
  return new PageHeap(memory, byteOffset, STATE_WORD, tableWord(memory.i32[byteOffset / 4 + PARTICIPANTS_WORD]));
}

function pageOf(block: number): number {
  return Math.floor(block / (PAGE_BYTES / 8));
}
