import type { Ptr } from "../../core/brand.ts";
import { INSPECT } from "../../core/inspect.ts";
import type { Lease } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";
import { Allocator } from "../allocator.ts";

/** An allocator that may be able to check itself. */
export type CheckableAllocator = Allocator & { checkInvariants?(): string[] };

/** An allocator around an allocator: passes everything on. What it is for, its subclass says. */
export abstract class AllocatorWrapper extends Allocator {
  readonly memory: Memory;
  readonly inner: CheckableAllocator;

  constructor(inner: CheckableAllocator) {
    super();
    this.inner = inner;
    this.memory = inner.memory;
  }

  get lease(): Lease {
    return this.inner.lease;
  }

  rawAlloc(byteSize: number, align: number): Ptr {
    return this.inner.rawAlloc(byteSize, align);
  }

  rawFree(ptr: Ptr, byteSize: number, align: number): void {
    this.inner.rawFree(ptr, byteSize, align);
  }

  rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, align: number): boolean {
    return this.inner.rawResize(ptr, oldByteSize, newByteSize, align);
  }

  override rawUsableByteLength(ptr: Ptr, byteSize: number, align: number): number {
    return this.inner.rawUsableByteLength(ptr, byteSize, align);
  }

  override rawOwns(ptr: Ptr): boolean {
    return this.inner.rawOwns(ptr);
  }

  override rawCheckLive(ptr: Ptr, byteSize: number, align: number): void {
    this.inner.rawCheckLive(ptr, byteSize, align);
  }

  override rawLeaseOf(ptr: Ptr, align: number): Lease {
    return this.inner.rawLeaseOf(ptr, align);
  }

  override [INSPECT](): string {
    return `<${this.constructor.name} around ${this.inner[INSPECT]()}>`;
  }

  /** What contradicts the invariants, here or below; empty when all is sound. */
  checkInvariants(): string[] {
    return this.inner.checkInvariants?.() ?? [];
  }
}
