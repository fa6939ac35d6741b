import { AN_ALLOCATOR } from "../../core/block-source.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import { checkCall } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Lease, Tenant } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";
import { Allocator } from "../allocator.ts";
import type { CheckableAllocator } from "./wrapper.ts";

/**
 * What the first refuses, the second makes. Both place blocks in one memory, each in a part of its own: a block goes back to the first if that owns the
 * place, else to the second.
 *
 * Views made here end when those of either would, because a view cannot tell which of the two made it.
 */
export class FallbackAllocator extends Allocator implements Tenant {
  readonly memory: Memory;
  readonly subject: string;
  readonly first: CheckableAllocator;
  readonly second: CheckableAllocator;
  readonly #firstLease: Lease;
  readonly #secondLease: Lease;
  readonly #lease: Lease;
  /** Under which the last block was made. */
  #lastLease: Lease;

  constructor(first: CheckableAllocator, second: CheckableAllocator) {
    super();
    this.subject = `${first.subject} with fallback`;
    if (first.memory !== second.memory) {
      throw new MemoryError("invalid-argument", {
        subject: this.subject,
        event: "needs two allocators of one memory, because a pointer says nothing else",
        numbers: { first: first.subject, second: second.subject },
        cure: "Make both over regions of the same Memory.",
      });
    }
    this.memory = first.memory;
    this.first = first;
    this.second = second;
    this.#firstLease = first.lease;
    this.#secondLease = second.lease;
    this.#lease = this.memory.openLease(this.subject);
    this.#lastLease = this.#lease;
    this.#firstLease.addTenant(this);
    if (this.#secondLease !== this.#firstLease) this.#secondLease.addTenant(this);
  }

  /** Its own; of a block that was made inside a scope of an arena below, the scope's. */
  get lease(): Lease {
    const isRegular = this.first.lease === this.#firstLease && this.second.lease === this.#secondLease;
    return isRegular ? this.#lease : this.#lastLease;
  }

  rawAlloc(byteSize: number, align: number): Ptr {
    const ptr = this.first.rawAlloc(byteSize, align);
    this.#lastLease = ptr === NIL ? this.second.lease : this.first.lease;
    return ptr === NIL ? this.second.rawAlloc(byteSize, align) : ptr;
  }

  rawFree(ptr: Ptr, byteSize: number, align: number): void {
    this.#ownerOf(ptr).rawFree(ptr, byteSize, align);
  }

  rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, align: number): boolean {
    return this.#ownerOf(ptr).rawResize(ptr, oldByteSize, newByteSize, align);
  }

  override rawUsableByteLength(ptr: Ptr, byteSize: number, align: number): number {
    return this.#ownerOf(ptr).rawUsableByteLength(ptr, byteSize, align);
  }

  override rawOwns(ptr: Ptr): boolean {
    return this.first.rawOwns(ptr) || this.second.rawOwns(ptr);
  }

  override rawCheckLive(ptr: Ptr, byteSize: number, align: number): void {
    this.#ownerOf(ptr).rawCheckLive(ptr, byteSize, align);
  }

  leaseEnded(event: string): void {
    if (this.memory.closed) return;
    this.#lease.end(`lost blocks, because an allocator below it ${event}`);
    // Leases let go of their tenants when they end, and go on for what is made next.
    this.#firstLease.addTenant(this);
    this.#secondLease.addTenant(this);
  }

  checkInvariants(): string[] {
    return [...(this.first.checkInvariants?.() ?? []), ...(this.second.checkInvariants?.() ?? [])];
  }

  #ownerOf(ptr: Ptr): Allocator {
    return this.first.rawOwns(ptr) ? this.first : this.second;
  }
}

/** `first`, and where that has no room, `second`. `first` must know what it owns: see `Allocator.rawOwns`. */
export function fallback(first: CheckableAllocator, second: CheckableAllocator): FallbackAllocator {
  checkCall("fallback(heap, arena)", [AN_ALLOCATOR, first], [AN_ALLOCATOR, second]);
  return new FallbackAllocator(first, second);
}
