import { NIL } from "../core/brand.ts";
import { MemoryError } from "../core/errors.ts";
import { HANDLE_BITS, type Handle, NO_HANDLE } from "../core/handle.ts";
import type { Lease, Tenant } from "../core/lease.ts";
import type { Dependent, Memory } from "../core/memory.ts";
import { Place } from "../layout/place.ts";
import type { InputOf, ValueOf, ViewOf } from "../layout/type.ts";
import { NARROW_BYTES, positionOf, ptrOf } from "../layout/view-parts.ts";
import { checkCount, type Poolable, type PoolOptions, type PoolPlan, planPool } from "./pool-options.ts";
import { PoolSlots, SLOTS, DETACHED as STATE_DETACHED, HEAD as STATE_HEAD, SIZE as STATE_SIZE } from "./pool-slots.ts";
import { poolClass } from "./pool-source.ts";
import { throwNotLive } from "./pool-stories.ts";

let pools = 0;

/** The tag of the next pool: 1 … 31 and again. */
export function nextTag(): number {
  pools += 1;
  return 1 + ((pools - 1) % (HANDLE_BITS.wide.tags - 1));
}

/** A pool whose handles have that tag. */
export function makePool<T extends Poolable>(
  type: T,
  options: PoolOptions,
  tag: number,
  subject = `pool of ${type.name}`,
): Pool<T> {
  const plan = planPool(subject, type, options);
  const PoolOfType: typeof Pool<T> = poolClass(Pool, type, { ...plan, wide: false });
  return new PoolOfType(type, plan, tag);
}

/** A pool without records, and with its first block. See {@link Pool}. Throws `invalid-argument`, `out-of-memory`. */
export function pool<T extends Poolable>(type: T, options: PoolOptions = {}): Pool<T> {
  return makePool(type, options, nextTag());
}

/**
 * Records of one type that come and go, each under a handle.
 *
 * ```ts
 * using particles = pool(Particle, { capacity: 100_000 });
 * const hero = particles.add({ hp: 100 });             // a handle: a number, safe to keep for ever
 * particles.get(hero).hp -= 10;
 * particles.remove(hero);
 * particles.tryGet(hero);                              // undefined; get() throws stale-handle and says why
 * ```
 *
 * Blocks of records are taken as they are needed, and never move, so a place stays good for native code too. A handle whose record is gone is
 * refused for ever: a slot counts its uses, and retires when it cannot count further.
 *
 * Views show a place. They end (`stale-view`) with the pool, with `clear` and when `trim` gives something back. One that is kept over the
 * `remove` of its record shows what comes there next: keep handles, and ask for the view when it is needed. One thread uses a pool.
 */
export class Pool<T extends Poolable> implements Dependent, Tenant, Disposable {
  readonly type: T;
  readonly memory: Memory;
  readonly subject: string;
  /** For implementers of what builds on a pool. */
  readonly [SLOTS]: PoolSlots;
  #wide = false;
  #lives = true;
  readonly #owned: Memory | undefined;
  readonly #place: Place;
  readonly #upstream: Lease;

  /** Use `pool`. */
  constructor(type: T, { subject, allocator, owned, blockLength, capacity, form }: PoolPlan, tag: number) {
    this.subject = subject;
    this.type = type;
    this.#place = new Place(undefined, type.name);
    this.memory = allocator.memory;
    this.#owned = owned;
    this.#upstream = allocator.lease;
    const plan = { subject: this.subject, form, tag: form === "wide" ? tag : 0, blockLength, capacity };
    const lease = this.memory.openLease(this.subject);
    this[SLOTS] = new PoolSlots({ ...plan, byteSize: type.byteSize, align: type.align }, allocator, lease);
    if (!this.#grow()) {
      this.memory.closeLease(lease, "was closed");
      this[SLOTS].throwFull();
    }
    this.memory.addDependent(this);
    this.#upstream.addTenant(this);
  }

  /** Records. */
  get size(): number {
    return this[SLOTS].state[STATE_SIZE];
  }

  /** Handles whose values were taken out with `detach`. */
  get detachedSize(): number {
    return this[SLOTS].state[STATE_DETACHED];
  }

  /** How many records the blocks that are there have room for. */
  get slotCount(): number {
    return this[SLOTS].slotCount;
  }

  /** Bytes of the blocks. */
  get byteLength(): number {
    return this[SLOTS].blockCount * this[SLOTS].blockByteLength;
  }

  /** Adds a record, of zeros without `init`. Throws `out-of-memory` (full), `bad-value`; nothing has changed then. */
  add(init?: InputOf<T>): Handle<T> {
    const slots = this[SLOTS];
    // Checked before a slot is taken: what the caller's getters do then cannot get between.
    const checked = init === undefined ? undefined : this.type.rawCheck(init, this.#place);
    this.#makeRoom();
    const handle = slots.take();
    const ptr = slots.ptrOf(handle & slots.bits.indexMask);
    if (init === undefined) slots.memory.u8.fill(0, ptr, ptr + this.type.byteSize);
    else this.type.rawStore(slots.memory, ptr, checked);
    return handle as Handle<T>;
  }

  /** Like `add`, but returns `NO_HANDLE` when the pool is full. */
  tryAdd(init?: InputOf<T>): Handle<T> {
    return this.#tryMakeRoom() ? this.add(init) : (NO_HANDLE as Handle<T>);
  }

  /**
   * Adds a record that is to know its own handle: `fill` gets the handle and a view of zeros. When it throws, the record is gone again and the
   * handle stale.
   */
  addWith(fill: (handle: Handle<T>, view: ViewOf<T>) => void): Handle<T> {
    const handle = this.add();
    try {
      fill(handle, this.uncheckedGet(handle));
    } catch (error) {
      if (this.has(handle)) this.remove(handle);
      throw error;
    }
    return handle;
  }

  /** A view of a record. Throws `stale-handle`, `foreign-handle`, `closed`. */
  get(handle: Handle<T>): ViewOf<T> {
    return this.tryGet(handle) ?? throwNotLive(this[SLOTS], handle);
  }

  /** Like `get`, but undefined where there is no such record, whatever the reason. */
  tryGet(handle: Handle<T>): ViewOf<T> | undefined {
    return this.has(handle) ? this.uncheckedGet(handle) : undefined;
  }

  /** A view of the place that a handle leads to, without looking whether it is still that of the handle. For handles that were just checked. */
  uncheckedGet(handle: Handle<T>): ViewOf<T> {
    const slots = this[SLOTS];
    const ptr = slots.ptrOf(handle & slots.bits.indexMask);
    const View = this.type.leasedClass(this.#wide);
    return new View(slots.lease, positionOf(ptr, this.#wide)) as ViewOf<T>;
  }

  /** Whether a handle names a record. Anything may be asked about. */
  has(handle: Handle<T>): boolean {
    return this[SLOTS].has(handle) || this.missed(handle);
  }

  /** Removes a record. Throws `stale-handle`, `foreign-handle`; then nothing has changed. */
  remove(handle: Handle<T>): void {
    if (!this.tryRemove(handle)) throwNotLive(this[SLOTS], handle);
  }

  /** Like `remove`, but returns false where there is no such record. Detached handles are given up by it too. */
  tryRemove(handle: Handle<T>): boolean {
    const slots = this[SLOTS];
    if (this.has(handle)) slots.end(handle);
    else if (slots.isDetached(handle)) slots.endDetached(handle);
    else return false;
    return true;
  }

  /** Views of several records at once, of which no two are the same: `const [a, b] = pool.getMany([h1, h2])`. Throws like `get`, and `duplicate-key`. */
  getMany<const Handles extends readonly Handle<T>[]>(handles: Handles): { -readonly [K in keyof Handles]: ViewOf<T> } {
    const seen = new Set<number>();
    for (const handle of handles) {
      if (seen.has(handle)) {
        throw new MemoryError("duplicate-key", {
          subject: this.subject,
          event: "was asked for one record twice, to be changed as if it were two",
          numbers: { place: seen.size },
          cure: "Pass each handle once.",
        });
      }
      seen.add(handle);
    }
    return handles.map((handle) => this.get(handle)) as { -readonly [K in keyof Handles]: ViewOf<T> };
  }

  /** Takes the value out and keeps the handle reserved: until `reattach` it names nothing, and nobody else gets it. Throws like `get`. */
  detach(handle: Handle<T>): ValueOf<T> {
    const slots = this[SLOTS];
    if (!this.has(handle)) throwNotLive(slots, handle);
    const ptr = slots.ptrOf(handle & slots.bits.indexMask);
    const value = this.type.read(slots.memory, ptr);
    slots.detach(handle);
    slots.memory.u8.fill(0, ptr, ptr + this.type.byteSize);
    return value as ValueOf<T>;
  }

  /** Puts a value under a handle that was detached. Throws `invalid-argument` for one that is not, `bad-value`; nothing has changed then. */
  reattach(handle: Handle<T>, value: InputOf<T>): void {
    const slots = this[SLOTS];
    const checked = this.type.rawCheck(value, this.#place);
    if (!this.isDetached(handle)) {
      if (!this.has(handle)) throwNotLive(slots, handle);
      throw new MemoryError("invalid-argument", {
        subject: this.subject,
        event: "cannot reattach a value to a handle that has one",
        numbers: { handle },
        cure: "Detach it first, or assign to the fields of `get(handle)`.",
      });
    }
    this.type.rawStore(slots.memory, slots.ptrOf(handle & slots.bits.indexMask), checked);
    slots.reattach(handle);
  }

  isDetached(handle: Handle<T>): boolean {
    return !this.missed(handle) && this[SLOTS].isDetached(handle);
  }

  /** Removes all records, detached ones too, and keeps the blocks. Every handle and every view from before is stale. Linear in the slots. */
  clear(): void {
    this.#settle();
    this[SLOTS].endAll();
    this[SLOTS].lease.end("was cleared");
  }

  /** Makes room for `count` records in all, so that adding takes no blocks until then. Throws `out-of-memory`; what was made stays. */
  preheat(count: number): void {
    const slots = this[SLOTS];
    checkCount(this.subject, "count", count, 0, slots.plan.capacity);
    this.#settle();
    while (slots.slotCount < count) if (!this.#grow()) slots.throwFull();
  }

  /** Gives back blocks without records, all but one, and returns how many bytes. When there are some, every view is stale. Linear in the slots. */
  trim(): number {
    this.#settle();
    const given = this[SLOTS].trim();
    if (given > 0) this[SLOTS].lease.end("gave back empty blocks");
    return given;
  }

  /** The handle of the record that a view of this pool shows. Linear in the blocks. Throws `invalid-argument`, `stale-handle`. */
  handleOf(view: ViewOf<T>): Handle<T> {
    const ptr = ptrOf(view);
    const { ptrs, firstByteOffset, plan, words, bits, ...slots } = this[SLOTS];
    const block = ptrs.findIndex((start) => start !== NIL && ptr >= start && ptr < start + slots.blockByteLength);
    const slot = (ptr - ptrs[block] - firstByteOffset) / plan.byteSize;
    const index = block * plan.blockLength + slot;
    const word = block < 0 || !Number.isInteger(slot) ? 0 : words[this[SLOTS].wordOf(index)];
    if (word !== 0 && (word & bits.indexMask) === index && this[SLOTS].has(word)) return word as Handle<T>;
    throw new MemoryError("invalid-argument", {
      subject: this.subject,
      event: "has no record where that view looks",
      numbers: { ptr },
      cure: "Pass a view of a record that is in this pool.",
    });
  }

  /** The handle of the first record in the order of the slots, or `NO_HANDLE`. With `handleAfter` the quickest way through a pool. */
  firstHandle(): Handle<T> {
    return this.#liveFrom(0);
  }

  /** The handle of the next record in the order of the slots, whether or not this one is still there; or `NO_HANDLE`. */
  handleAfter(handle: Handle<T>): Handle<T> {
    return this.#liveFrom((handle & this[SLOTS].bits.indexMask) + 1);
  }

  /** All records in the order of their slots. Records may be removed and added meanwhile: one that is added behind is met, one before is not. */
  *entries(): Generator<[Handle<T>, ViewOf<T>], void, undefined> {
    for (const handle of this.handles()) yield [handle, this.uncheckedGet(handle)];
  }

  *handles(): Generator<Handle<T>, void, undefined> {
    for (let handle = this.firstHandle(); handle !== NO_HANDLE; handle = this.handleAfter(handle)) yield handle;
  }

  *values(): Generator<ViewOf<T>, void, undefined> {
    for (const handle of this.handles()) yield this.uncheckedGet(handle);
  }

  [Symbol.iterator](): Generator<[Handle<T>, ViewOf<T>], void, undefined> {
    return this.entries();
  }

  /** What contradicts the invariants in pool-slots.ts; empty when sound. Linear in the slots. */
  checkInvariants(): string[] {
    this.#settle();
    return this[SLOTS].checkInvariants();
  }

  /** Gives all blocks back. Every use after it throws `closed`; closing twice is harmless. */
  close(): void {
    if (!this.#lives) return;
    const { ptrs, blockByteLength, blockAlign, allocator, lease } = this[SLOTS];
    const blocks = ptrs.filter((ptr) => ptr !== NIL).sort((a, b) => b - a);
    this.#upstream.removeTenant(this);
    this.memory.removeDependent(this);
    this.memory.closeLease(lease, "was closed");
    this.#end();
    for (const ptr of blocks) allocator.rawFree(ptr, blockByteLength, blockAlign);
    this.#owned?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

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
    if (this.memory.home !== "wasm") return false;
    this.memory.byteLength;
    return this[SLOTS].has(handle);
  }

  /** For generated code: makes sure that there is a free slot. Throws `out-of-memory`, `closed`. */
  makeRoom(): void {
    this.#makeRoom();
  }

  #makeRoom(): void {
    if (!this.#tryMakeRoom()) this[SLOTS].throwFull();
  }

  #tryMakeRoom(): boolean {
    this.#settle();
    const slots = this[SLOTS];
    return slots.state[STATE_HEAD] !== slots.none || this.#grow();
  }

  #grow(): boolean {
    const slots = this[SLOTS];
    const grown = slots.grow();
    if (grown && !this.#wide && slots.ptrs.some((ptr) => ptr + slots.blockByteLength > NARROW_BYTES)) this.#widen();
    return grown;
  }

  /** From the first block on that ends beyond 4 GiB, views are of the class for that. */
  #widen(): void {
    this.#wide = true;
    const { blockLength, form } = this[SLOTS].plan;
    Object.setPrototypeOf(this, poolClass(Pool, this.type, { blockLength, form, wide: true }).prototype);
  }

  /** Throws when it has ended, and looks whether a WebAssembly memory has moved. */
  #settle(): void {
    if (!this.#lives) this.#throwEnded();
    if (this.memory.home === "wasm") this.memory.byteLength;
  }

  #liveFrom(index: number): Handle<T> {
    this.#settle();
    const slots = this[SLOTS];
    const found = slots.nextLive(index);
    return (found < 0 ? NO_HANDLE : slots.words[slots.wordOf(found)]) as Handle<T>;
  }

  #end(): void {
    this.#lives = false;
    this[SLOTS].forget();
  }

  #throwEnded(): never {
    if (this.memory.closed && this.#owned === undefined) this.memory.throwClosed();
    throw new MemoryError("closed", {
      subject: this.subject,
      event: "was used after it was closed, or after the allocator of its blocks was reset",
      cure: "Keep it open for as long as it is used.",
    });
  }
}
