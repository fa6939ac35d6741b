import type { Ptr } from "../core/brand.ts";
import { MemoryError } from "../core/errors.ts";
import { LOCK_BYTES, LockWord } from "../core/lock-word.ts";
import { AllocatorWrapper, type CheckableAllocator } from "./wrapper.ts";

export interface SynchronizedOptions {
  /** Who this handle is, as errors elsewhere tell it: 1 … 2^31 − 1. Default: a random number. */
  readonly holder?: number;
  /** How long to wait for the lock. Default: 10 seconds. */
  readonly timeoutMs?: number;
}

/**
 * One operation at a time, by any number of threads and processes: each with a handle of its own to the same allocator (`attachSlab`, `attachTlsf`)
 * and the same lock in shared memory.
 */
export class SynchronizedAllocator extends AllocatorWrapper {
  readonly subject: string;
  readonly #lock: LockWord;

  constructor(inner: CheckableAllocator, lock: Ptr, options: SynchronizedOptions = {}) {
    super(inner);
    this.subject = inner.subject;
    const { holder = 1 + Math.floor(Math.random() * 0x7fff_fffe), timeoutMs = 10_000 } = options;
    inner.memory.checkRange(lock, LOCK_BYTES);
    const isHolder = Number.isInteger(holder) && holder >= 1 && holder <= 0x7fff_ffff;
    if (lock % 4 !== 0 || !isHolder || !(timeoutMs >= 0)) {
      throw new MemoryError("invalid-argument", {
        subject: "synchronized",
        event: "needs a lock at a multiple of 4, a holder from 1 to 2147483647 and a time",
        numbers: { lock, holder: String(holder), timeoutMs: String(timeoutMs) },
        cure: "Take 8 zero bytes for the lock: `allocator.allocZeroed(8)`, once, by whoever makes the allocator.",
      });
    }
    this.#lock = new LockWord(inner.memory, lock, this.subject, holder, timeoutMs);
  }

  /** Who this handle is. */
  get holder(): number {
    return this.#lock.holder;
  }

  /** Who is inside an operation now, 0: nobody. */
  get heldBy(): number {
    return this.#lock.heldBy;
  }

  /** Opens the lock that a dead holder left. False when it is not held by `holder` any more. */
  breakLock(holder: number): boolean {
    return this.#lock.breakLock(holder);
  }

  override rawAlloc(byteSize: number, align: number): Ptr {
    this.#lock.acquire();
    try {
      return this.inner.rawAlloc(byteSize, align);
    } finally {
      this.#lock.release();
    }
  }

  override rawFree(ptr: Ptr, byteSize: number, align: number): void {
    this.#lock.acquire();
    try {
      this.inner.rawFree(ptr, byteSize, align);
    } finally {
      this.#lock.release();
    }
  }

  override rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, align: number): boolean {
    this.#lock.acquire();
    try {
      return this.inner.rawResize(ptr, oldByteSize, newByteSize, align);
    } finally {
      this.#lock.release();
    }
  }

  override rawAllocMany(count: number, byteSize: number, align: number, ptrs: Ptr[]): boolean {
    this.#lock.acquire();
    try {
      return this.inner.rawAllocMany(count, byteSize, align, ptrs);
    } finally {
      this.#lock.release();
    }
  }

  override rawFreeMany(ptrs: readonly Ptr[], byteSize: number, align: number): void {
    this.#lock.acquire();
    try {
      this.inner.rawFreeMany(ptrs, byteSize, align);
    } finally {
      this.#lock.release();
    }
  }

  override rawCheckLive(ptr: Ptr, byteSize: number, align: number): void {
    this.#lock.acquire();
    try {
      this.inner.rawCheckLive(ptr, byteSize, align);
    } finally {
      this.#lock.release();
    }
  }

  override checkInvariants(): string[] {
    this.#lock.acquire();
    try {
      return super.checkInvariants();
    } finally {
      this.#lock.release();
    }
  }
}

/** `allocator`, one operation at a time. `lock` are 8 bytes in its memory, at a multiple of 4, zero at first, and the same for all handles. */
export function synchronized(allocator: CheckableAllocator, lock: Ptr, options?: SynchronizedOptions): SynchronizedAllocator {
  return new SynchronizedAllocator(allocator, lock, options);
}
