import type { Allocator } from "../../alloc/allocator.ts";
import type { Ptr } from "../../core/brand.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Dependent } from "../../core/memory.ts";
import { BLOCK_ALIGN, HEADER_WORDS } from "../block-header.ts";
import { copyEntry, moveEntries, placesOfCell } from "./hash-cells.ts";
import { NO_PAGE, PageRoom, twice } from "./hash-page-room.ts";
import { HashSlots } from "./hash-slots.ts";
import { checkSlotCount } from "./hash-table-block.ts";
import {
  CELLS,
  DIRECTORY,
  expectedIn,
  fullAt,
  HAS_ZERO,
  headByteLength,
  pageByteLength,
  pagedByteLength,
  type SlotLayout,
  writePagedHeader,
} from "./hash-table-layout.ts";

/** The directory doubles before a page has fewer cells than this, so that moving one away is a small step. */
const CELLS_A_PAGE = 4;
/** So many at least where room is reserved: then every cell finds a page with room for it. */
const CELLS_RESERVED = 8;
/** From so many cells a page on, a cell that fills a page is no chance. */
const MOST_CELLS_A_PAGE = 128;
/** Words of a memory that can be counted in 31 bits. */
const MOST_WORDS = 2 ** 31 - 1;

/**
 * The pages of a table, for the one that writes: how many entries each has, and growth.
 *
 * When a page is full, one of its cells moves to the page that has most room, or to a new one. So the table is always about as full, each entry
 * is moved about once in its life, and an insertion waits for the entries of one page to be looked at, never for more.
 */
export class HashPages<Key, Value, Input> implements Dependent {
  /** Replaced when the directory is. */
  slots: HashSlots<Key, Value, Input>;
  readonly #allocator: Allocator;
  readonly #firsts: number[] = [];
  /** The number of each cell's page. */
  #pageOf: Int32Array<ArrayBuffer>;
  readonly #full: number;
  readonly #room: PageRoom;
  /** Where the entries of a cell lie that is moved. */
  readonly #places: Int32Array;

  /** An empty table of pages. Throws `out-of-memory`, and then nothing stays allocated. */
  constructor(allocator: Allocator, layout: SlotLayout<Key, Value, Input>, multiplier: number, pages: number) {
    checkSlotCount(layout, pages * layout.pageSlots);
    this.#allocator = allocator;
    this.#full = fullAt(layout.pageSlots);
    this.#room = new PageRoom(this.#full);
    this.#places = new Int32Array(this.#full + 1);
    const cells = 2 ** Math.ceil(Math.log2(pages * CELLS_RESERVED));
    this.#pageOf = Int32Array.from({ length: cells }, (_, cell) => cell % pages);
    const taken: [Ptr, number][] = [];
    const take = (byteLength: number): Ptr => {
      const ptr = allocator.allocZeroed(byteLength, BLOCK_ALIGN);
      taken.push([ptr, byteLength]);
      return ptr;
    };
    try {
      const head = take(headByteLength(layout));
      const directory = take(cells * 4);
      for (let page = 0; page < pages; page++) this.#enter(take(pageByteLength(layout)), layout);
      const { memory, lease } = allocator;
      writePagedHeader(memory, head, layout, multiplier);
      const words = memory.i32;
      words[head / 4 + CELLS] = cells;
      words[head / 4 + DIRECTORY] = directory / BLOCK_ALIGN;
      this.#pageOf.forEach((page, cell) => {
        words[directory / 4 + cell] = this.#firsts[page];
      });
      this.slots = new HashSlots({ lease, epoch: lease.epoch, byteOffset: head, ptr: head }, layout);
    } catch (error) {
      for (const [ptr, byteLength] of taken.reverse()) allocator.free(ptr, byteLength, BLOCK_ALIGN);
      throw error;
    }
  }

  /**
   * The entries of `from` in pages of their own, with that multiplier. `pages`: so many to begin with. Undefined when the keys do not spread.
   * Throws `out-of-memory`. In both cases nothing has changed.
   */
  static of<Key, Value, Input>(
    allocator: Allocator,
    from: () => HashSlots<Key, Value, Input>,
    multiplier: number,
    pages: number,
  ): HashPages<Key, Value, Input> | undefined {
    const { layout } = from();
    const made = new HashPages(allocator, layout, multiplier, pages);
    const { memory } = allocator;
    let isFilled = false;
    memory.addDependent(made);
    try {
      isFilled = made.#fill(from);
    } finally {
      memory.removeDependent(made);
      if (!isFilled) made.free();
    }
    return isFilled ? made : undefined;
  }

  /** The entries of a block that is as long as a page, in a page of their own. Throws `out-of-memory`; nothing has changed then. */
  static ofBlock<Key, Value, Input>(allocator: Allocator, from: () => HashSlots<Key, Value, Input>): HashPages<Key, Value, Input> {
    const { layout, multiplier } = from();
    const made = new HashPages(allocator, layout, multiplier, 1);
    // Read only now: allocating may have moved the memory.
    const block = from();
    made.slots.words.set(block.words.subarray(HEADER_WORDS, HEADER_WORDS + block.pageWords), made.#firsts[0]);
    made.#room.counts[0] = block.count - block.words[block.head + HAS_ZERO];
    block.copyHead(made.slots);
    return made;
  }

  get pageCount(): number {
    return this.#room.pageCount;
  }

  /** Entries that find room before a page is added. */
  get capacity(): number {
    return Math.max(this.slots.count, this.pageCount * expectedIn(this.#full));
  }

  get byteLength(): number {
    const { layout, cells } = this.slots;
    return pagedByteLength(layout, cells.length, this.pageCount);
  }

  /** Blocks, the head first. */
  blocks(): { readonly ptr: Ptr; readonly byteSize: number }[] {
    const { layout, cells, memory, ptr } = this.slots;
    const directory = ((memory.i32[ptr / 4 + DIRECTORY] >>> 0) * BLOCK_ALIGN) as Ptr;
    return [
      { ptr, byteSize: headByteLength(layout) },
      { ptr: directory, byteSize: cells.length * 4 },
      ...this.#firsts.map((first) => ({ ptr: (first * 4) as Ptr, byteSize: pageByteLength(layout) })),
    ];
  }

  /** Gives all blocks back. */
  free(): void {
    for (const { ptr, byteSize } of this.blocks().reverse()) this.#allocator.free(ptr, byteSize, BLOCK_ALIGN);
  }

  /** For Memory: growth has moved the bytes. */
  memoryMoved(): void {
    this.slots.moved = true;
    this.slots = this.slots.rebound();
  }

  memoryClosed(): void {}

  hasRoom(cell: number): boolean {
    return this.#room.counts[this.#pageOf[cell]] < this.#full;
  }

  added(cell: number): void {
    this.#room.counts[this.#pageOf[cell]] += 1;
  }

  removed(cell: number): void {
    this.#room.counts[this.#pageOf[cell]] -= 1;
  }

  cleared(): void {
    this.#room.counts.fill(0);
  }

  /** Adds pages until there are so many. Throws `out-of-memory`; what has been added stays. */
  reserve(pages: number): void {
    checkSlotCount(this.slots.layout, pages * this.slots.pageSlots);
    while (this.pageCount < pages) this.#addPage();
    while (this.slots.cells.length < pages * CELLS_RESERVED) this.#doubleCells();
  }

  /**
   * Makes room for one more entry of that hash. False when too many keys share it: then another multiplier is needed. Throws `out-of-memory`;
   * every entry can be found then as before.
   */
  makeRoom(hash: number): boolean {
    for (;;) {
      const { length } = this.slots.cells;
      const cell = hash & (length - 1);
      if (this.hasRoom(cell)) return true;
      if (length < this.pageCount * CELLS_A_PAGE) {
        this.#doubleCells();
        continue;
      }
      const page = this.#pageOf[cell];
      const found = placesOfCell(this.slots, this.#firsts[page], cell, this.#places);
      if (found > this.#full / 2) {
        if (length >= this.pageCount * MOST_CELLS_A_PAGE) return false;
        this.#doubleCells();
        continue;
      }
      // Adding a page may give the memory new views, and so the table new slots.
      const target = this.#pageFor(page, found);
      this.#move(cell, page, target, found);
    }
  }

  #move(cell: number, from: number, to: number, found: number): void {
    const { slots } = this;
    const [first, target] = [this.#firsts[from], this.#firsts[to]];
    moveEntries(slots, this.#places, found, first, target);
    this.#room.counts[from] -= found;
    this.#room.counts[to] += found;
    this.#pageOf[cell] = to;
    slots.cells[cell] = target;
  }

  /** A page with room for so many more entries, a new one unless one has plenty. */
  #pageFor(page: number, entries: number): number {
    const found = this.#room.pageFor(page, entries);
    if (found !== NO_PAGE) return found;
    try {
      return this.#room.fill(this.#addPage());
    } catch (error) {
      const last = this.#room.lastPageFor(page, entries);
      if (error instanceof MemoryError && error.code === "out-of-memory" && last !== NO_PAGE) return last;
      throw error;
    }
  }

  #addPage(): number {
    const { layout } = this.slots;
    const byteLength = pageByteLength(layout);
    const ptr = this.#allocator.allocZeroed(byteLength, BLOCK_ALIGN);
    try {
      return this.#enter(ptr, layout);
    } catch (error) {
      this.#allocator.free(ptr, byteLength, BLOCK_ALIGN);
      throw error;
    }
  }

  #enter(ptr: Ptr, layout: SlotLayout<Key, Value, Input>): number {
    const byteLength = pageByteLength(layout);
    if ((ptr + byteLength) / 4 > MOST_WORDS) {
      throw new MemoryError("out-of-memory", {
        subject: "hash table",
        event: "cannot have slots so far from the beginning of the memory",
        numbers: { byteOffset: ptr, most: MOST_WORDS * 4 },
        cure: "Split the keys among several tables.",
      });
    }
    this.#firsts.push(ptr / 4);
    return this.#room.add();
  }

  /** Two cells of each, in the same page. */
  #doubleCells(): void {
    const { length } = this.slots.cells;
    const ptr = this.#allocator.alloc(length * 8, BLOCK_ALIGN);
    // Read only now: allocating may have moved the memory.
    const { slots } = this;
    const { i32 } = slots.memory;
    i32.set(slots.cells, ptr / 4);
    i32.set(slots.cells, ptr / 4 + length);
    const old = ((i32[slots.head + DIRECTORY] >>> 0) * BLOCK_ALIGN) as Ptr;
    i32[slots.head + CELLS] = length * 2;
    i32[slots.head + DIRECTORY] = ptr / BLOCK_ALIGN;
    this.#pageOf = twice(this.#pageOf);
    slots.moved = true;
    this.slots = slots.rebound();
    this.#allocator.free(old, length * 4, BLOCK_ALIGN);
  }

  #fill(from: () => HashSlots<Key, Value, Input>): boolean {
    for (const first of from().pages()) {
      const { slotWords, pageWords } = from();
      for (let at = first; at < first + pageWords; at += slotWords) {
        if (from().isEmpty(at)) continue;
        const hash = from().hashAt(at, this.slots.multiplier);
        let cell = hash & this.slots.cellMask;
        if (!this.hasRoom(cell)) {
          if (!this.makeRoom(hash)) return false;
          cell = hash & this.slots.cellMask;
        }
        copyEntry(from(), at, this.slots, this.#firsts[this.#pageOf[cell]], hash);
        this.added(cell);
      }
    }
    from().copyHead(this.slots);
    return true;
  }
}
