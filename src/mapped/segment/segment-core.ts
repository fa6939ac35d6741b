import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import type { Participant } from "../../core/participant.ts";
import { RobustLock } from "../../core/robust-lock.ts";
import { Seats } from "../../core/seats.ts";
import { checkSegment } from "./check-segment.ts";
import { throwCorrupt } from "./corrupt.ts";
import { DELETING, Directory, MAKING } from "./directory.ts";
import { type Extent, Extents } from "./extents.ts";
import { freeOrphans } from "./orphans.ts";
import type { Readers } from "./readers.ts";
import type { SegmentHeader } from "./segment-format.ts";
import { BACKED, FREE, HOLE, LOCK_BYTE_OFFSET, NEXT_ID, PAGE_BYTES, SEATS_BYTES } from "./segment-layout.ts";
import { SegmentLog } from "./segment-log.ts";

/** The blocks on the disk behind the bytes of a segment. */
export interface Blocks {
  /** Gives a range of the file its blocks. Throws `disk-full`. */
  readonly give: (from: number, to: number) => void;
  /** Takes those of a range back, where nobody stores anything. */
  readonly takeBack: (from: number, to: number) => void;
}

export interface SegmentCoreParts {
  readonly memory: Memory;
  readonly header: SegmentHeader;
  readonly readers: Readers;
  readonly participant: Participant;
  readonly blocks: Blocks;
  readonly timeoutMs: number | undefined;
}

/** Blocks are had in steps that double what is there: 64 KiB to 64 MiB. */
const LEAST_STEP_PAGES = 16;
const MOST_STEP_PAGES = 16_384;

/**
 * One participant's hand in a segment: its seat, the lock, and what the lock protects.
 *
 * Invariant: between two calls of `exclusive` the log has nothing pending, and the lock is not held from here.
 */
export class SegmentCore {
  readonly memory: Memory;
  readonly subject: string;
  readonly log: SegmentLog;
  readonly extents: Extents;
  readonly directory: Directory;
  readonly seats: Seats;
  readonly readers: Readers;
  readonly reserve: number;
  readonly #lock: RobustLock;
  readonly #blocks: Blocks;
  #isInside = false;

  constructor({ memory, header, readers, participant, blocks, timeoutMs }: SegmentCoreParts) {
    const { reserve, seats } = header;
    this.#blocks = blocks;
    this.memory = memory;
    this.readers = readers;
    this.subject = `segment in ${memory.subject}`;
    this.reserve = reserve;
    this.log = new SegmentLog(memory);
    this.directory = new Directory(this.log);
    this.extents = new Extents(
      this.log,
      (pages) => this.#reach(pages),
      (page, pages) => this.#blocks.give(page * PAGE_BYTES, (page + pages) * PAGE_BYTES),
    );
    this.seats = new Seats(memory, { byteOffset: SEATS_BYTES, seats }, this.subject, participant);
    this.#lock = new RobustLock(this.seats, LOCK_BYTE_OFFSET, this.subject, timeoutMs);
  }

  /**
   * Runs `work` while nobody else changes the segment; inside of it, just runs it. What a dead holder of the lock has begun is ended first. What `work` has
   * set and not committed is forgotten. Throws `locked`, `corrupt`, and what `work` throws.
   */
  exclusive<Result>(work: () => Result): Result {
    if (this.#isInside) return work();
    const acquired = this.#lock.acquire();
    this.#isInside = true;
    let isRepaired = false;
    try {
      if (acquired === "inherited" || this.log.isSealed) this.repair();
      isRepaired = true;
      return work();
    } finally {
      this.log.discard();
      this.#isInside = false;
      if (isRepaired) this.#lock.release();
      else this.#lock.abandon();
    }
  }

  /**
   * Ends what a dead holder of the lock has begun: a sealed change is carried out, a structure that was being made or deleted is gone. Needs the lock, or
   * that nobody else is there.
   */
  repair(): void {
    this.log.redo();
    const found = checkSegment(this);
    if (found.length > 0) throwCorrupt(this.subject, found);
    for (const { index, state } of [...this.directory.all()]) {
      if (state === MAKING || state === DELETING) this.eraseStructure(index);
    }
  }

  /** Frees all that a structure has, and its name. Each step is a change of its own; whoever finds it half done goes on. Needs the lock. */
  eraseStructure(index: number): void {
    const record = this.directory.at(index);
    if (record.state !== DELETING) {
      this.directory.write({ ...record, state: DELETING });
      this.log.commit();
    }
    for (;;) {
      const extent = this.#firstOf(index + 1);
      if (extent === undefined) break;
      this.extents.release(extent);
      this.log.commit();
    }
    this.directory.erase(index);
    this.log.commit();
  }

  /** Ends what was held from a seat whose holder is dead or leaves: who uses what, and pages that were taken and not linked. */
  settle(seat: number): void {
    this.exclusive(() => {
      for (const { index } of this.directory.all()) this.strikeOut(index, seat);
      freeOrphans(this, seat);
    });
  }

  /** Who sits there does not use the structure any more. Needs the lock. */
  strikeOut(index: number, seat: number): void {
    const { word, bit } = this.directory.openerBit(index, seat);
    Atomics.and(this.memory.i32, word, ~bit);
  }

  /**
   * Gives back the blocks of pages that nobody uses, behind the last one and between others, after `save` has put on the disk that they are gone. Returns how many
   * bytes. Needs the lock.
   */
  trim(save: () => void): number {
    const { extents, log } = this;
    const before = this.#backedPages();
    log.set(BACKED, extents.top);
    extents.openHoles();
    if (this.#backedPages() === before) {
      log.discard();
      return 0;
    }
    log.commit();
    save();
    // What is free now: saving may have taken of it.
    for (const { owner, seat, page, pages } of extents.all()) {
      if (owner === FREE && seat === HOLE) this.#blocks.takeBack(page * PAGE_BYTES, (page + pages) * PAGE_BYTES);
    }
    this.#blocks.takeBack((log.get(BACKED) >>> 0) * PAGE_BYTES, this.reserve);
    return (before - this.#backedPages()) * PAGE_BYTES;
  }

  /** A number for a new structure. */
  takeId(): number {
    const id = this.log.get(NEXT_ID) >>> 0;
    this.log.set(NEXT_ID, id + 1);
    return id;
  }

  throwFull(pages: number): never {
    throw new MemoryError("out-of-memory", {
      subject: this.subject,
      event: "has no room left",
      numbers: { wanted: pages * PAGE_BYTES, used: this.extents.top * PAGE_BYTES, reserve: this.reserve },
      cure: "Delete what is no longer needed, or make a new segment with more `reserve` and copy into it.",
    });
  }

  #backedPages(): number {
    let pages = this.log.get(BACKED) >>> 0;
    for (const extent of this.extents.all()) if (extent.owner === FREE && extent.seat === HOLE) pages -= extent.pages;
    return pages;
  }

  #firstOf(owner: number): Extent | undefined {
    for (const extent of this.extents.all()) if (extent.owner === owner) return extent;
    return undefined;
  }

  #reach(pages: number): boolean {
    const most = Math.floor(this.reserve / PAGE_BYTES);
    const backed = this.log.get(BACKED) >>> 0;
    if (pages > most) return false;
    if (pages <= backed) return true;
    const generous = Math.min(most, pages + Math.min(Math.max(pages, LEAST_STEP_PAGES), MOST_STEP_PAGES));
    this.log.set(BACKED, this.#back(backed, generous, pages));
    return true;
  }

  /** Gives pages their blocks: up to `wanted` if the disk has room for them, or just what is needed. Returns up to where. */
  #back(from: number, wanted: number, needed: number): number {
    try {
      this.#blocks.give(from * PAGE_BYTES, wanted * PAGE_BYTES);
      return wanted;
    } catch (error) {
      if (!(error instanceof MemoryError && error.code === "disk-full") || needed === wanted) throw error;
      this.#blocks.give(from * PAGE_BYTES, needed * PAGE_BYTES);
      return needed;
    }
  }
}
