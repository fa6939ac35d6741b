import { endPlacement, throwPlacedEnded } from "../../alloc/own-memory.ts";
import { NIL } from "../../core/brand.ts";
import { checkCount } from "../../core/check-count.ts";
import type { Handle } from "../../core/handle.ts";
import { INSPECT, shown } from "../../core/inspect.ts";
import type { Lease, Tenant } from "../../core/lease.ts";
import type { Dependent, Memory } from "../../core/memory.ts";
import { Place } from "../../layout/place.ts";
import { movesUnseen, NARROW_BYTES, settled } from "../../layout/view-parts.ts";
import { checkSlots } from "./pool-check.ts";
import { throwFull } from "./pool-mistakes.ts";
import type { Poolable, PoolPlan } from "./pool-options.ts";
import { PoolSlots, SLOTS } from "./pool-slots.ts";
import { poolClass } from "./pool-source.ts";
import { endAllSlots, trimSlots } from "./pool-sweep.ts";

/** What a pool is apart from its records: blocks that come and go, and its end. */
export abstract class PoolLife<T extends Poolable> implements Dependent, Tenant, Disposable {
  readonly type: T;
  readonly memory: Memory;
  readonly subject: string;
  /** For implementers of what builds on a pool. */
  readonly [SLOTS]: PoolSlots;
  protected wide = false;
  #lives = true;
  protected readonly place: Place;
  readonly #upstream: Lease;

  /** Use `pool`. */
  constructor(type: T, plan: PoolPlan, tag: number) {
    this.subject = plan.subject;
    this.type = type;
    this.place = new Place(undefined, type.name);
    this.memory = plan.allocator.memory;
    this.#upstream = plan.allocator.lease;
    const lease = this.memory.openLease(this.subject);
    const { byteSize, align } = type;
    this[SLOTS] = new PoolSlots({ ...plan, tag: plan.form === "wide" ? tag : 0, byteSize, align }, lease);
    if (!this.#grow()) {
      this.memory.closeLease(lease, "was closed");
      throwFull(this[SLOTS]);
    }
    this.memory.addDependent(this);
    this.#upstream.addTenant(this);
  }

  /** Records. */
  get size(): number {
    return this[SLOTS].state.size;
  }

  /** Handles whose values were taken out with `detach`. */
  get detachedSize(): number {
    return this[SLOTS].state.detached;
  }

  /** How many records the blocks that are there have room for. */
  get slotCount(): number {
    return this[SLOTS].slotCount;
  }

  /** Bytes of the blocks. */
  get byteLength(): number {
    return this[SLOTS].blockCount * this[SLOTS].blockByteLength;
  }

  /** Removes all records, detached ones too, and keeps the blocks. Every handle and every view from before is stale. Linear in the slots. */
  clear(): void {
    this.settle();
    endAllSlots(this[SLOTS]);
    this[SLOTS].lease.end("was cleared");
  }

  /** Makes room for `count` records in all, so that adding takes no blocks until then. Throws `out-of-memory`; what was made stays. */
  preheat(count: number): void {
    const slots = this[SLOTS];
    checkCount(this.subject, "count", count, 0, slots.plan.capacity);
    this.settle();
    while (slots.slotCount < count) if (!this.#grow()) throwFull(slots);
  }

  /**
   * Gives back blocks without records, all but one, and returns how many bytes; a pool that has its memory to itself keeps them for the next. When there are
   * some, every view is stale. Linear in the slots.
   */
  trim(): number {
    this.settle();
    const given = trimSlots(this[SLOTS]);
    if (given > 0) this[SLOTS].lease.end("gave back empty blocks");
    return given;
  }

  /** What contradicts the invariants in pool-slots.ts; empty when sound. Linear in the slots. */
  checkInvariants(): string[] {
    this.settle();
    return checkSlots(this[SLOTS]);
  }

  /** Gives all blocks back. Every use after it throws `closed`; closing twice is harmless. */
  close(): void {
    if (!this.#lives) return;
    const slots = this[SLOTS];
    const { ptrs, allocator, lease } = slots;
    const blocks = ptrs.filter((ptr) => ptr !== NIL).sort((a, b) => b - a);
    this.#upstream.removeTenant(this);
    this.memory.removeDependent(this);
    this.memory.closeLease(lease, "was closed");
    this.#end();
    for (const ptr of blocks) slots.giveBack(ptr);
    endPlacement(allocator);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The class of all pools, of which those that generated code is for are subclasses. */
  protected abstract readonly base: { readonly prototype: object };

  /** For Memory: growth has moved the bytes. */
  memoryMoved(): void {
    this[SLOTS].words = this[SLOTS].takeWords();
  }

  memoryClosed(): void {
    this.#end();
  }

  /** For Lease: the blocks are gone with the allocator's. */
  leaseEnded(event: string): void {
    this.memory.removeDependent(this);
    this.memory.closeLease(this[SLOTS].lease, `lost its blocks, because the ${this[SLOTS].allocator.subject} ${event}`);
    this.#end();
  }

  /** For generated code: nothing was found. Throws `closed`; true when it was only that a WebAssembly memory has moved, and it is there. */
  missed(handle: Handle<T>): boolean {
    if (!this.#lives) this.#throwEnded();
    if (!movesUnseen(this.memory)) return false;
    settled(this.memory);
    return this[SLOTS].has(handle);
  }

  /** For generated code: makes sure that there is a free slot. Throws `out-of-memory`, `closed`. */
  makeRoom(): void {
    if (!this.tryMakeRoom()) throwFull(this[SLOTS]);
  }

  protected tryMakeRoom(): boolean {
    this.settle();
    const slots = this[SLOTS];
    return slots.state.head !== slots.none || this.#grow();
  }

  #grow(): boolean {
    const grown = this[SLOTS].grow();
    this.settleWidth();
    return grown;
  }

  /** For what places blocks: from the first one on that ends beyond 4 GiB, views are of the class for that. */
  settleWidth(): void {
    if (this.wide || this[SLOTS].reach <= NARROW_BYTES) return;
    this.wide = true;
    const { moves, plan } = this[SLOTS];
    Object.setPrototypeOf(this, poolClass(this.base, this.type, { ...plan, wide: true, moves }).prototype);
  }

  /** For `console.log`. */
  [INSPECT](): string {
    return shown(this.subject, this);
  }

  /** Throws when it has ended, and looks whether a WebAssembly memory has moved. */
  protected settle(): void {
    if (!this.#lives) this.#throwEnded();
    settled(this.memory);
  }

  #end(): void {
    this.#lives = false;
    this[SLOTS].forget();
  }

  #throwEnded(): never {
    const event = "was used after it was closed, or after the allocator of its blocks was reset";
    throwPlacedEnded(this[SLOTS].allocator, this.subject, event, "Keep it open for as long as it is used.");
  }
}
