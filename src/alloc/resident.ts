import type { Ptr } from "../core/brand.ts";
import { throwEnded } from "../core/ended.ts";
import type { Lease } from "../core/lease.ts";
import type { Dependent, Memory } from "../core/memory.ts";
import { Allocator } from "./allocator.ts";
import type { Region } from "./region.ts";

/**
 * An allocator whose state lies in its memory: this object is a handle and remembers only where. Any number of handles may look at the same
 * state, one after the other; at the same time only where the kind says so.
 *
 * Invariant: while the handle is open, `base` is where the region begins; afterwards every path that would hand out bytes throws.
 */
export abstract class ResidentAllocator extends Allocator implements Dependent, Disposable {
  readonly memory: Memory;
  readonly lease: Lease;
  readonly subject: string;
  /** Where its region begins: what `attach` takes. */
  readonly byteOffset: number;
  /** How far its region may ever reach. */
  readonly byteLength: number;
  #closed = false;

  protected constructor(memory: Memory, region: Region, subject: string) {
    super();
    this.memory = memory;
    this.subject = subject;
    this.byteOffset = region.byteOffset;
    this.byteLength = region.byteLength;
    this.lease = memory.openLease(subject);
    memory.addDependent(this);
  }

  get closed(): boolean {
    return this.#closed;
  }

  override rawOwns(ptr: Ptr): boolean {
    return ptr >= this.byteOffset && ptr < this.byteOffset + this.byteLength;
  }

  /** What contradicts the invariants; empty when all is sound. */
  abstract checkInvariants(): string[];

  /** Ends this handle and the views made through it. The blocks stay where they are, for other handles and for `attach`. */
  close(): void {
    if (this.#closed) return;
    this.shut();
    this.memory.removeDependent(this);
    this.memory.closeLease(this.lease, "was closed");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  memoryMoved(): void {}

  memoryClosed(): void {
    this.shut();
  }

  /** Makes the fast paths refuse, so that they need not ask whether the handle is open. */
  protected shut(): void {
    this.#closed = true;
  }

  protected checkOpen(): void {
    if (this.#closed) throwEnded(this.memory, this.subject, "Keep it open for as long as it is needed, or attach to it again.");
  }
}

const LEAST_STEP_BYTES = 64 * 1024;
const MOST_STEP_BYTES = 64 * 1024 ** 2;

/**
 * Makes the bytes up to `end` usable, and where it can a good part more, up to `limit`: a step may be a system call that takes disk blocks. False
 * when the memory has no room for them.
 */
export function commitUpTo(memory: Memory, end: number, limit: number, inUse: number): boolean {
  const there = memory.byteLength;
  if (end <= there) return true;
  const step = Math.min(Math.max(inUse, LEAST_STEP_BYTES), MOST_STEP_BYTES);
  const generous = Math.min(limit, Math.max(end, Math.ceil((there + step) / LEAST_STEP_BYTES) * LEAST_STEP_BYTES));
  if (generous > end) {
    try {
      if (memory.tryGrow(generous)) return true;
    } catch {
      // It was only meant to be generous: a refusal by the system decides nothing yet.
    }
  }
  return memory.tryGrow(end);
}
