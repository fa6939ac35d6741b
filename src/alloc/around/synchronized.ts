import { AN_ALLOCATOR } from "../../core/block-source.ts";
import type { Ptr } from "../../core/brand.ts";
import { checkCall, OPTIONS } from "../../core/check-call.ts";
import { checkCount } from "../../core/check-count.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Participant } from "../../core/participant.ts";
import { RobustLock } from "../../core/robust-lock.ts";
import { Seats } from "../../core/seats.ts";
import { MOST_SEATS, seatsByteLength } from "../../core/seats-place.ts";
import { AllocatorWrapper, type CheckableAllocator } from "./wrapper.ts";

/** An allocator that can be made sound again after whoever changed it died half-way, as `slab` and `tlsf` can. */
export type RepairableAllocator = CheckableAllocator & { repair?(): void };

export interface SynchronizedOptions extends Participant {
  /** How many handles there can be at once, the same for all of them: 1 … 1021. Each costs 64 bytes. Default: 32. */
  readonly seats?: number;
  /** How long to wait for the lock. Default: 10 seconds; 0 … Infinity. */
  readonly timeoutMs?: number;
}

const DEFAULT_SEATS = 32;
const PLACE_ALIGN = 64;
/** "OH" above the number of seats, in one word: who comes first claims the place by one compare-and-swap. */
const MARK = 0x484f_0000;

/**
 * One operation at a time, by any number of threads and processes: each with a handle of its own to the same allocator (`attachSlab`, `attachTlsf`)
 * and the same place for the lock in shared memory:
 *
 *      0   mark i32     0x484f0000 + seats; 0: nobody was here yet
 *      4   lock i32     see RobustLock
 *      8   zeros
 *     64   seats        64 bytes each and a spare one: see Seats
 *
 * A handle that dies inside an operation leaves the lock to whoever waits, if `isAlive` says that it is dead, and that one repairs the allocator, or
 * throws `corrupt` where it cannot be repaired and is not sound.
 */
export class SynchronizedAllocator extends AllocatorWrapper implements Disposable {
  readonly subject: string;
  readonly #inner: RepairableAllocator;
  readonly #seats: Seats;
  readonly #lock: RobustLock;

  /** Use `synchronized`. */
  constructor(inner: RepairableAllocator, place: Ptr, options: SynchronizedOptions = {}) {
    super(inner);
    this.#inner = inner;
    this.subject = inner.subject;
    const { seats = DEFAULT_SEATS, timeoutMs } = options;
    checkPlace(place, seats);
    inner.memory.checkRange(place, synchronizedByteLength(options));
    this.#seats = new Seats(inner.memory, { byteOffset: place + PLACE_ALIGN, seats }, "synchronized", options);
    this.#lock = new RobustLock(this.#seats, place + 4, this.subject, timeoutMs);
    this.#claim(place, seats);
    // A seat holds nothing but the lock, and that passes on by itself.
    this.#seats.sit(() => {});
  }

  /** Which participant this handle is, from 1; 0 once it is closed. */
  get participant(): number {
    return this.#seats.seat;
  }

  /** Which participant is inside an operation now, 0: none. */
  get heldBy(): number {
    return this.#lock.heldBy;
  }

  /** Gives up the place of a participant that the caller knows to be dead; what it had begun is repaired by who next wants the lock. */
  recover(participant: number): boolean {
    return this.#seats.buryAndRecover(participant, () => {});
  }

  /** Gives up this handle's place. The allocator below stays open. Closing twice is harmless. */
  close(): void {
    if (!this.memory.closed) this.#seats.leave();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  override rawAlloc(byteSize: number, align: number): Ptr {
    this.#enter();
    try {
      return this.inner.rawAlloc(byteSize, align);
    } finally {
      this.#lock.release();
    }
  }

  override rawFree(ptr: Ptr, byteSize: number, align: number): void {
    this.#enter();
    try {
      this.inner.rawFree(ptr, byteSize, align);
    } finally {
      this.#lock.release();
    }
  }

  override rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, align: number): boolean {
    this.#enter();
    try {
      return this.inner.rawResize(ptr, oldByteSize, newByteSize, align);
    } finally {
      this.#lock.release();
    }
  }

  override rawAllocMany(count: number, byteSize: number, align: number, ptrs: Ptr[]): boolean {
    this.#enter();
    try {
      return this.inner.rawAllocMany(count, byteSize, align, ptrs);
    } finally {
      this.#lock.release();
    }
  }

  override rawFreeMany(ptrs: readonly Ptr[], byteSize: number, align: number): void {
    this.#enter();
    try {
      this.inner.rawFreeMany(ptrs, byteSize, align);
    } finally {
      this.#lock.release();
    }
  }

  override rawCheckLive(ptr: Ptr, byteSize: number, align: number): void {
    this.#enter();
    try {
      this.inner.rawCheckLive(ptr, byteSize, align);
    } finally {
      this.#lock.release();
    }
  }

  override checkInvariants(): string[] {
    this.#enter();
    try {
      return super.checkInvariants();
    } finally {
      this.#lock.release();
    }
  }

  #enter(): void {
    if (this.#lock.acquire() === "inherited") this.#mend();
  }

  /** The last holder died inside an operation. */
  #mend(): void {
    try {
      this.#inner.repair?.();
      const found = this.#inner.checkInvariants?.() ?? [];
      if (found.length > 0) this.#throwBroken(found);
    } catch (error) {
      this.#lock.abandon();
      throw error;
    }
  }

  #throwBroken(found: readonly string[]): never {
    throw new MemoryError("corrupt", {
      subject: this.subject,
      event: `was left half changed by a participant that died: ${found[0]}`,
      numbers: { problems: found.length },
      cure: "Make the allocator anew; of those that can be synchronized `slab` and `tlsf` repair themselves.",
    });
  }

  #claim(place: Ptr, seats: number): void {
    const mark = MARK | seats;
    const found = Atomics.compareExchange(this.memory.i32, place / 4, 0, mark);
    if (found === 0 || found === mark) return;
    const isOurs = (found & 0xffff_0000) === MARK;
    throw new MemoryError(isOurs ? "layout-mismatch" : "corrupt", {
      subject: "synchronized",
      event: isOurs ? "was set up for another number of seats" : "finds other bytes in the place of its lock",
      numbers: { place, seats, found: isOurs ? found & 0xffff : found },
      cure: isOurs
        ? "Pass the same number in every thread and process."
        : "Pass bytes that were zero at first: `allocator.allocZeroed(synchronizedByteLength(), 64)`, once.",
    });
  }
}

/** Bytes that the lock of `synchronized` takes with its seats. */
export function synchronizedByteLength(options: Pick<SynchronizedOptions, "seats"> = {}): number {
  checkCall("synchronizedByteLength({ seats: 8 })", [OPTIONS, options]);
  const { seats = DEFAULT_SEATS } = options;
  return PLACE_ALIGN + seatsByteLength({ seats });
}

/**
 * `allocator`, one operation at a time. `place` is that of the lock in its memory, the same for all handles: `synchronizedByteLength()` bytes at a multiple
 * of 64, zero at first. Throws `out-of-memory` when all places are taken.
 */
export function synchronized(allocator: RepairableAllocator, place: Ptr, options?: SynchronizedOptions): SynchronizedAllocator {
  checkCall("synchronized(heap, place)", [AN_ALLOCATOR, allocator]);
  return new SynchronizedAllocator(allocator, place, options);
}

function checkPlace(place: Ptr, seats: number): void {
  checkCount("synchronized", "seats", seats, 1, MOST_SEATS);
  if (place % PLACE_ALIGN === 0) return;
  throw new MemoryError("invalid-argument", {
    subject: "synchronized",
    event: "needs a place at a multiple of 64",
    numbers: { place },
    cure: "Take zero bytes for it: `allocator.allocZeroed(synchronizedByteLength(), 64)`, once, by whoever makes the allocator.",
  });
}
