import { alignUp } from "../../core/align.ts";
import { RecordTable } from "./record-table.ts";
import {
  BACKED,
  EXTENT_COUNT,
  EXTENT_PARTS,
  EXTENT_WORDS,
  FIRST_PAGE,
  FREE,
  HOLE,
  SEAT_UNIT,
  SEGMENT_ITSELF,
  TOP,
} from "./segment-layout.ts";
import type { SegmentLog } from "./segment-log.ts";

/** A run of pages. */
export interface Extent {
  readonly index: number;
  readonly page: number;
  readonly pages: number;
  /** 0: free. */
  readonly owner: number;
  /** Of who took it and may not have linked it yet; 0: nobody. Of a free one: HOLE when it may have no blocks of the disk. */
  readonly seat: number;
}

/** A change makes at most so many records more: what is cut off before and behind what is taken. */
const MOST_NEW_RECORDS = 2;

/**
 * The pages of a segment, as runs that are used or free. All methods need the lock, and take their stores into the change that the caller commits.
 *
 * Looks through the whole table each time, some nanoseconds an extent: it is for blocks of pages, of which a segment has some hundreds. Many small blocks
 * belong into a heap or an arena that takes one of these.
 */
export class Extents {
  readonly table: RecordTable;
  readonly #log: SegmentLog;
  readonly #reach: (pages: number) => boolean;
  readonly #fill: (page: number, pages: number) => void;

  /**
   * `reach` makes sure that so many pages of the segment can be used, or returns false where it may not grow so far; `fill` gives pages of a hole their blocks, or
   * throws `disk-full`.
   */
  constructor(log: SegmentLog, reach: (pages: number) => boolean, fill: (page: number, pages: number) => void) {
    this.#log = log;
    this.table = new RecordTable(log, EXTENT_WORDS, EXTENT_WORDS - 1, EXTENT_COUNT, EXTENT_PARTS);
    this.#reach = reach;
    this.#fill = fill;
  }

  /** Pages that are covered by extents, those of the header included. */
  get top(): number {
    return this.#log.get(TOP) >>> 0;
  }

  at(index: number): Extent {
    const word = this.table.wordOf(index);
    const tag = this.#log.get(word + 2) >>> 0;
    return {
      index,
      page: this.#log.get(word) >>> 0,
      pages: this.#log.get(word + 1) >>> 0,
      owner: tag % SEAT_UNIT,
      seat: Math.floor(tag / SEAT_UNIT),
    };
  }

  *all(): Generator<Extent, void, undefined> {
    for (let index = 0; index < this.table.count; index++) yield this.at(index);
  }

  /** The extent that begins at a page. */
  find(page: number): Extent | undefined {
    for (let index = 0; index < this.table.count; index++) {
      if (this.#log.get(this.table.wordOf(index)) >>> 0 === page) return this.at(index);
    }
    return undefined;
  }

  /** Takes pages and returns the first of them, or 0 where there is no room. The smallest free extent that they fit in, else from `top`. */
  take(pages: number, alignPages: number, owner: number, seat: number): number {
    if (!this.#makeRoomInTable()) return 0;
    const best = this.#bestFit(pages, alignPages);
    if (best !== undefined) return this.#carve(best, pages, alignPages, owner, seat);
    const { top } = this;
    const page = alignUp(top, alignPages);
    if (!this.#reach(page + pages)) return 0;
    if (page > top) this.#add(top, page - top, FREE, 0);
    this.#add(page, pages, owner, seat);
    this.#log.set(TOP, page + pages);
    return page;
  }

  /** Takes pages behind all others, wherever there is room before; 0 where there is none. */
  takeTop(pages: number, owner: number, seat: number): number {
    const page = this.top;
    if (!this.#makeRoomInTable() || !this.#reach(page + pages)) return 0;
    this.#add(page, pages, owner, seat);
    this.#log.set(TOP, page + pages);
    return page;
  }

  /** Takes pages of the first free extent that they fit in, if that begins before `before`; 0 where there is none. */
  takeBefore(before: number, pages: number, owner: number, seat: number): number {
    if (!this.#makeRoomInTable()) return 0;
    const first = this.firstFit(before, pages);
    return first === undefined ? 0 : this.#carve(first, pages, 1, owner, seat);
  }

  /** The first free extent of at least so many pages that begins before `before`. */
  firstFit(before: number, pages: number): Extent | undefined {
    let first: Extent | undefined;
    for (const extent of this.all()) {
      if (extent.owner !== FREE || extent.pages < pages || extent.page >= (first?.page ?? before)) continue;
      first = extent;
    }
    return first;
  }

  /** Gives an extent back, merged with free neighbours; what would be the last free one is given up to `top`. */
  release({ page, pages }: Extent): void {
    let [first, end] = [page, page + pages];
    let hole = 0;
    for (let index = this.table.count - 1; index >= 0; index--) {
      const other = this.at(index);
      const isNeighbour = other.owner === FREE && (other.page + other.pages === page || other.page === page + pages);
      if (!isNeighbour && other.page !== page) continue;
      first = Math.min(first, other.page);
      end = Math.max(end, other.page + other.pages);
      if (isNeighbour) hole |= other.seat;
      this.#remove(index);
    }
    if (end === this.top) {
      this.#log.set(TOP, first);
      if (hole === HOLE) this.#log.set(BACKED, first);
    } else this.#add(first, end - first, FREE, hole);
  }

  /** Free extents become holes, as many as fit into one change: they may give up their blocks when it is made. */
  openHoles(): void {
    for (const { index, page, pages, owner, seat } of this.all()) {
      if (owner === FREE && seat !== HOLE && this.#log.room >= EXTENT_WORDS) this.#write(index, page, pages, FREE, HOLE);
    }
  }

  /** Makes an extent longer or shorter where it is. False when what follows is in use. */
  resize(extent: Extent, pages: number): boolean {
    const { page, owner, seat } = extent;
    const end = page + extent.pages;
    if (pages === extent.pages) return true;
    if (!this.#makeRoomInTable()) return false;
    if (pages < extent.pages) {
      this.#write(extent.index, page, pages, owner, seat);
      this.#add(page + pages, extent.pages - pages, owner, seat);
      this.release(this.at(this.table.count - 1));
      return true;
    }
    if (end === this.top) {
      if (!this.#reach(page + pages)) return false;
      this.#write(extent.index, page, pages, owner, seat);
      this.#log.set(TOP, page + pages);
      return true;
    }
    const next = this.find(end);
    if (next === undefined || next.owner !== FREE || next.pages < pages - extent.pages) return false;
    this.#fillHole(next, next.page, pages - extent.pages);
    this.#write(extent.index, page, pages, owner, seat);
    const left = next.pages - (pages - extent.pages);
    if (left === 0) this.#remove(next.index);
    else this.#write(next.index, page + pages, left, FREE, next.seat);
    return true;
  }

  /** Says whose it is from now on. */
  assign({ index, page, pages }: Extent, owner: number, seat: number): void {
    this.#write(index, page, pages, owner, seat);
  }

  /** What contradicts invariants 2 and 5 of segment-layout.ts. */
  check(): string[] {
    const found: string[] = [];
    const { table, top } = this;
    const extents: Extent[] = [];
    for (let index = 0; index < table.count; index++) {
      if (table.isSound(index)) extents.push(this.at(index));
      else found.push(`extent ${index} does not fit its check`);
    }
    if (found.length > 0) return found;
    extents.sort((a, b) => a.page - b.page);
    let end = FIRST_PAGE;
    let wasFree = false;
    for (const { page, pages, owner } of extents) {
      if (page !== end || pages === 0) found.push(`the extent at page ${page} has ${pages} pages and should begin at ${end}`);
      if (owner === FREE && wasFree) found.push(`the free extent at page ${page} has a free neighbour`);
      wasFree = owner === FREE;
      end = page + pages;
    }
    if (wasFree) found.push("the last extent is free and not given up");
    if (end !== top) found.push(`extents end at page ${end}, told is ${top}`);
    return found;
  }

  #bestFit(pages: number, alignPages: number): Extent | undefined {
    let best: Extent | undefined;
    for (let index = 0; index < this.table.count; index++) {
      const word = this.table.wordOf(index);
      const length = this.#log.get(word + 1) >>> 0;
      if (length < pages || (this.#log.get(word + 2) & 0xffff) !== FREE) continue;
      const page = this.#log.get(word) >>> 0;
      if (alignUp(page, alignPages) + pages > page + length) continue;
      if (best === undefined || length < best.pages || (length === best.pages && page < best.page)) best = this.at(index);
    }
    return best;
  }

  #carve(free: Extent, pages: number, alignPages: number, owner: number, seat: number): number {
    const page = alignUp(free.page, alignPages);
    const end = free.page + free.pages;
    this.#fillHole(free, page, pages);
    this.#write(free.index, page, pages, owner, seat);
    if (page > free.page) this.#add(free.page, page - free.page, FREE, free.seat);
    if (page + pages < end) this.#add(page + pages, end - page - pages, FREE, free.seat);
    return page;
  }

  #fillHole({ seat }: Extent, page: number, pages: number): void {
    if (seat === HOLE) this.#fill(page, pages);
  }

  #add(page: number, pages: number, owner: number, seat: number): void {
    const index = this.table.count;
    this.table.count = index + 1;
    this.#write(index, page, pages, owner, seat);
  }

  /** The last record takes the place of one that goes. */
  #remove(index: number): void {
    const last = this.table.count - 1;
    if (index !== last) {
      const { page, pages, owner, seat } = this.at(last);
      this.#write(index, page, pages, owner, seat);
    }
    this.table.count = last;
  }

  #write(index: number, page: number, pages: number, owner: number, seat: number): void {
    const word = this.table.wordOf(index);
    this.#log.set(word, page);
    this.#log.set(word + 1, pages);
    this.#log.set(word + 2, owner + SEAT_UNIT * seat);
    this.table.seal(index);
  }

  #makeRoomInTable(): boolean {
    return this.growTable(this.table, MOST_NEW_RECORDS);
  }

  /** Makes room for `count` more records of a table of the segment, which takes pages of its own when it must. False where there are none. */
  growTable(table: RecordTable, count: number): boolean {
    if (table.count + count <= table.capacity) return true;
    if (table !== this.table && !this.#makeRoomInTable()) return false;
    const part = table.nextPart;
    if (part === undefined) return false;
    const pages = 2 ** (part - 1);
    const best = this.#bestFit(pages, 1);
    const page = best === undefined ? this.top : best.page;
    if (best === undefined && !this.#reach(page + pages)) return false;
    // The part first: the record of its own pages may be the first in it.
    table.addPart(part, page);
    if (best === undefined) {
      this.#add(page, pages, SEGMENT_ITSELF, 0);
      this.#log.set(TOP, page + pages);
    } else this.#carve(best, pages, 1, SEGMENT_ITSELF, 0);
    return true;
  }
}
