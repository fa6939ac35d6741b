import type { Ptr } from "../core/brand.ts";
import type { Lease } from "../core/lease.ts";
import type { Ledger } from "./ledger.ts";
import { Tracked } from "./tracked.ts";

const DEFAULT_ALIGN = 8;
const FILTER_SLOTS = 4096;
/** A slot that has counted so far counts no more, and is never 0 again. */
const FULL = 255;

/**
 * A tracker that watches one allocation in `everyNth` on average and hands the others through.
 *
 * Invariant: `#filter[slotOf(ptr)]` counts the watched blocks, live or quarantined, whose address falls into that slot; where it is 0,
 * `ptr` is none of them.
 */
export class SampledTracked extends Tracked {
  readonly #everyNth: number;
  /** Allocations up to and including the next that is watched. */
  #left = 1;
  #random: number;
  readonly #filter = new Uint8Array(FILTER_SLOTS);
  readonly #watched = new Set<number>();

  constructor(ledger: Ledger, closing: () => void) {
    super(ledger, closing);
    this.#everyNth = ledger.settings.everyNth;
    // Any seed but 0 keeps the generator going.
    this.#random = ledger.settings.seed ^ 0x9e37_79b9 || 1;
    this.#left = this.#distance();
    const watched = this.#watched;
    const filter = this.#filter;
    ledger.taken = (ptr) => {
      watched.add(ptr);
      const slot = slotOf(ptr);
      if (filter[slot] < FULL) filter[slot] += 1;
    };
    ledger.endings.forgotten = (ptr) => {
      const slot = slotOf(ptr);
      if (watched.delete(ptr) && filter[slot] < FULL) filter[slot] -= 1;
    };
  }

  override alloc(byteSize: number, align = DEFAULT_ALIGN): Ptr {
    if (--this.#left > 0) return this.inner.alloc(byteSize, align);
    this.#left = 1;
    return super.alloc(byteSize, align);
  }

  override tryAlloc(byteSize: number, align = DEFAULT_ALIGN): Ptr {
    if (--this.#left > 0) return this.inner.tryAlloc(byteSize, align);
    this.#left = 1;
    return super.tryAlloc(byteSize, align);
  }

  override rawAlloc(byteSize: number, align: number): Ptr {
    if (--this.#left > 0) return this.inner.rawAlloc(byteSize, align);
    const ptr = super.rawAlloc(byteSize, align);
    this.#left = this.#distance();
    return ptr;
  }

  override rawFree(ptr: Ptr, byteSize: number, align: number): void {
    if (this.#isWatched(ptr)) super.rawFree(ptr, byteSize, align);
    else this.inner.rawFree(ptr, byteSize, align);
  }

  override rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, align: number): boolean {
    if (this.#isWatched(ptr)) return super.rawResize(ptr, oldByteSize, newByteSize, align);
    return this.inner.rawResize(ptr, oldByteSize, newByteSize, align);
  }

  override free(ptr: Ptr, byteSize: number, align = DEFAULT_ALIGN): void {
    if (this.#isWatched(ptr)) super.free(ptr, byteSize, align);
    else this.inner.free(ptr, byteSize, align);
  }

  override resize(ptr: Ptr, oldByteSize: number, newByteSize: number, align = DEFAULT_ALIGN): boolean {
    if (this.#isWatched(ptr)) return super.resize(ptr, oldByteSize, newByteSize, align);
    return this.inner.resize(ptr, oldByteSize, newByteSize, align);
  }

  override tryRealloc(ptr: Ptr, oldByteSize: number, newByteSize: number, align = DEFAULT_ALIGN): Ptr {
    if (this.#isWatched(ptr)) return super.tryRealloc(ptr, oldByteSize, newByteSize, align);
    return this.inner.tryRealloc(ptr, oldByteSize, newByteSize, align);
  }

  override rawLeaseOf(ptr: Ptr, align: number): Lease {
    return this.#isWatched(ptr) ? super.rawLeaseOf(ptr, align) : this.inner.rawLeaseOf(ptr, align);
  }

  #isWatched(ptr: number): boolean {
    return this.#filter[slotOf(ptr)] !== 0 && this.#watched.has(ptr);
  }

  /** After this every allocation asks the books, and they are closed. */
  override close(): void {
    this.#left = 1;
    super.close();
  }

  /** From 1 to twice everyNth less one, all as likely, so that no rhythm of the program hides a place for ever. Marsaglia's xorshift32. */
  #distance(): number {
    let random = this.#random;
    random ^= random << 13;
    random ^= random >>> 17;
    random ^= random << 5;
    this.#random = random;
    return 1 + ((random >>> 0) % (2 * this.#everyNth - 1));
  }
}

/** Blocks are at least 8 bytes apart. */
function slotOf(ptr: number): number {
  return (ptr >>> 3) & (FILTER_SLOTS - 1);
}
