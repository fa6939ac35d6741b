import type { Allocator } from "../alloc/allocator.ts";
import { NIL, type Ptr } from "../core/brand.ts";
import type { Memory } from "../core/memory.ts";
import type { BlockRecords } from "./block-records.ts";
import { type Endings, RETAINED_RECORDS } from "./endings.ts";
import type { LeaseBooks } from "./lease-books.ts";
import type { Meters } from "./meters.ts";
import { isPaintedAround, isPaintedFreed, paintAround, paintFreed } from "./paint.ts";
import {
  ALIGN_SHIFT,
  BY_FREE,
  BYTE_SIZE,
  ENDED_SHIFT,
  HIGHS,
  LIVE,
  NEXT,
  PTR,
  QUARANTINED,
  RETIRED,
  SERIAL,
  SERIAL_HIGH,
  STATUS,
  STRIDE,
} from "./record-layout.ts";
import { NONE } from "./record-list.ts";
import type { Settings } from "./settings.ts";

/** Addresses and sizes below this are 32-bit integers with all that is added to them. */
const MOST_QUICK_BYTES = 0x3fff_0000;
const MOST_QUICK_SERIAL = 0x7fff_ffff;
const MOST_QUICK_SIZE = 0x1_0000;

/** Of a STATUS. The number of the first books is 0. */
const ALIGN_BITS = 0x3f << ALIGN_SHIFT;
const ENDED = BY_FREE << ENDED_SHIFT;

/**
 * The way of blocks of which there is nothing to tell: no stack, no view, no event, no scope, and all of it sound. The same steps as Ledger and
 * Endings take, but in one piece: V8 inlines only so much, and taken apart over the classes that know the rest they cost twice as much.
 * What is out of the ordinary is found before anything has changed, and left to them.
 */
export class QuickTurn {
  readonly #inner: Allocator;
  readonly #memory: Memory;
  readonly #records: BlockRecords;
  readonly #endings: Endings;
  readonly #meters: Meters;
  readonly books: LeaseBooks;
  readonly #redzone: number;
  readonly #painted: number;
  readonly #quarantineByteLength: number;

  constructor(inner: Allocator, settings: Settings, records: BlockRecords, endings: Endings, meters: Meters, books: LeaseBooks) {
    this.#inner = inner;
    this.#memory = inner.memory;
    this.#records = records;
    this.#endings = endings;
    this.#meters = meters;
    this.books = books;
    this.#redzone = settings.redzoneByteLength;
    this.#painted = settings.paintedByteLength;
    this.#quarantineByteLength = settings.quarantineByteLength;
  }

  /** A new block, the allocation numbered `serial`; NIL where this is not its way. */
  take(byteSize: number, align: number, serial: number): Ptr {
    const redzone = this.#redzone;
    const books = this.books;
    if (byteSize > MOST_QUICK_SIZE || align > redzone || serial > MOST_QUICK_SERIAL) return NIL;
    if (!books.open || this.#inner.lease !== books.lease) return NIL;
    const total = redzone * 2 + ((byteSize + 7) & -8);
    const base = this.#inner.rawAlloc(total, Math.max(align, 8));
    if (base === NIL) return NIL;
    const ptr = (base + redzone) as Ptr;
    const records = this.#records;
    const { retired } = this.#endings;
    const record = retired.length < RETAINED_RECORDS ? records.add() : records.shift(retired);
    const { words } = records;
    const at = record * STRIDE;
    words[at + PTR] = ptr;
    words[at + BYTE_SIZE] = byteSize;
    words[at + HIGHS] = ptr > MOST_QUICK_BYTES ? Math.floor(ptr / 2 ** 32) * 2 ** 16 : 0;
    words[at + STATUS] = LIVE | ((31 - Math.clz32(align)) << ALIGN_SHIFT);
    words[at + SERIAL] = serial;
    words[at + SERIAL_HIGH] = 0;
    paintAround(this.#memory, record, base, ptr, byteSize, base + total);
    this.#meters.add(1, byteSize);
    return ptr;
  }

  /** Takes a block back. False where this is not its way: then nothing has changed. */
  give(ptr: Ptr, byteSize: number, align: number): boolean {
    const redzone = this.#redzone;
    const records = this.#records;
    if (!(ptr > redzone && ptr < MOST_QUICK_BYTES) || byteSize > MOST_QUICK_SIZE || (ptr & 7) !== 0) return false;
    const base = ptr - redzone;
    const record = this.#memory.i32[base >> 2];
    if (!(record >= 0 && record < records.count) || records.leases.size > 0) return false;
    const { words } = records;
    const at = record * STRIDE;
    const power = 31 - Math.clz32(align);
    const status = LIVE | (power << ALIGN_SHIFT);
    if (align > redzone || 1 << power !== align) return false;
    if (words[at + PTR] !== ptr || words[at + BYTE_SIZE] !== byteSize || words[at + STATUS] !== status || words[at + HIGHS] !== 0) {
      return false;
    }
    const rounded = (byteSize + 7) & -8;
    if (!isPaintedAround(this.#memory, record, base, ptr, byteSize, ptr + rounded + redzone)) return false;
    const total = rounded + redzone * 2;
    if (total > this.#quarantineByteLength) return false;
    paintFreed(this.#memory, ptr, byteSize, this.#painted);
    this.#meters.subtract(1, byteSize);
    words[at + STATUS] = (status & ALIGN_BITS) | ENDED | QUARANTINED;
    records.append(this.books.quarantine, record);
    this.books.quarantinedBytes += total;
    return true;
  }

  /** Lets those go that have waited longest, until no more wait than may. False where one of them is not sound: it is the first in quarantine now. */
  shorten(): boolean {
    const books = this.books;
    const redzone = this.#redzone;
    while (books.quarantinedBytes > this.#quarantineByteLength) {
      const records = this.#records;
      const { words } = records;
      const record = books.quarantine.head;
      const at = record * STRIDE;
      const ptr = words[at + PTR];
      const byteSize = words[at + BYTE_SIZE];
      const status = words[at + STATUS];
      const align = 1 << ((status & ALIGN_BITS) >> ALIGN_SHIFT);
      if (align > redzone || !(ptr > 0 && ptr < MOST_QUICK_BYTES) || words[at + HIGHS] !== 0 || byteSize > MOST_QUICK_SIZE)
        return false;
      const rounded = (byteSize + 7) & -8;
      const base = (ptr - redzone) as Ptr;
      if (!isPaintedFreed(this.#memory, record, base, ptr, byteSize, this.#painted, ptr + rounded + redzone)) return false;
      books.quarantine.head = words[at + NEXT];
      books.quarantine.length -= 1;
      if (books.quarantine.head === NONE) books.quarantine.tail = NONE;
      books.quarantinedBytes -= rounded + redzone * 2;
      words[at + STATUS] = (status & ~3) | RETIRED;
      records.append(this.#endings.retired, record);
      this.#inner.rawFree(base, rounded + redzone * 2, Math.max(align, 8));
    }
    return true;
  }
}
