import { NIL, type Ptr } from "../../core/brand.ts";
import { checkCall, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import { HANDLE_BITS, type Handle, NO_HANDLE } from "../../core/handle.ts";
import { A_SIZED_TYPE } from "../../layout/struct-fields.ts";
import type { InputOf, ValueOf, ViewOf } from "../../layout/type.ts";
import { movesUnseen, positionOf, ptrOf } from "../../layout/view-parts.ts";
import { PoolLife } from "./pool-life.ts";
import { throwNotLive } from "./pool-mistakes.ts";
import { type Poolable, type PoolOptions, planPool } from "./pool-options.ts";
import { SLOTS } from "./pool-slots.ts";
import { poolClass } from "./pool-source.ts";

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
  const PoolOfType: typeof Pool<T> = poolClass(Pool, type, { ...plan, wide: false, moves: movesUnseen(plan.allocator.memory) });
  return new PoolOfType(type, plan, tag);
}

/** A pool without records, and with its first block. See {@link Pool}. Throws `invalid-argument`, `out-of-memory`. */
export function pool<T extends Poolable>(type: T, options: PoolOptions = {}): Pool<T> {
  checkCall("pool(Particle, { capacity: 10_000 })", [A_SIZED_TYPE, type], [OPTIONS, options]);
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
export class Pool<T extends Poolable> extends PoolLife<T> {
  protected get base(): typeof Pool {
    return Pool;
  }

  /** Adds a record, of zeros without `init`. Throws `out-of-memory` (full), `bad-value`; nothing has changed then. */
  add(init?: InputOf<T>): Handle<T> {
    if (init !== undefined) return this.addFrom(init);
    const slots = this[SLOTS];
    this.makeRoom();
    const handle = slots.take();
    const ptr = slots.ptrOf(handle);
    slots.memory.u8.fill(0, ptr, ptr + this.type.byteSize);
    return handle as Handle<T>;
  }

  /** For generated code: `add` with a value. The slot is taken first, so that what the value's getters do cannot get between. */
  addFrom(init: InputOf<T>): Handle<T> {
    const slots = this[SLOTS];
    this.makeRoom();
    const handle = slots.take() as Handle<T>;
    try {
      this.type.rawWrite(slots.memory, slots.ptrOf(handle), init);
    } catch (error) {
      this.tryRemove(handle);
      throw error;
    }
    return handle;
  }

  /** Like `add`, but returns `NO_HANDLE` when the pool is full. */
  tryAdd(init?: InputOf<T>): Handle<T> {
    return this.tryMakeRoom() ? this.add(init) : (NO_HANDLE as Handle<T>);
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
    const ptr = slots.ptrOf(handle);
    const View = this.type.leasedClass(this.wide, slots.moves);
    return new View(slots.lease, positionOf(ptr, this.wide)) as ViewOf<T>;
  }

  /**
   * Where a record is, in bytes from the start of the memory, for as long as it is there: for native code, and for views that hold nothing but a
   * place, which are the quickest there are.
   *
   * ```ts
   * const at = Particle.in(particles.memory);            // once
   * at.at(particles.ptrOf(hero)).hp -= 10;
   * ```
   *
   * Nothing ends such a view but the end of the memory. Throws like `get`.
   */
  ptrOf(handle: Handle<T>): Ptr {
    const slots = this[SLOTS];
    if (!this.has(handle)) throwNotLive(slots, handle);
    return slots.ptrOf(handle) as Ptr;
  }

  /** Whether a handle names a record. Any number may be asked about. */
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

  /** Removes every record that `goes` says so of, in the order of the slots, and returns how many. It may itself add and remove. */
  removeWhere(goes: (view: ViewOf<T>, handle: Handle<T>) => boolean): number {
    let removed = 0;
    for (let handle = this.firstHandle(); handle !== NO_HANDLE; handle = this.handleAfter(handle)) {
      if (goes(this.uncheckedGet(handle), handle) && this.tryRemove(handle)) removed += 1;
    }
    return removed;
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
    const ptr = slots.ptrOf(handle);
    const value = this.type.read(slots.memory, ptr);
    slots.detach(handle);
    slots.memory.u8.fill(0, ptr, ptr + this.type.byteSize);
    return value as ValueOf<T>;
  }

  /** Puts a value under a handle that was detached. Throws `invalid-argument` for one that is not, `bad-value`; nothing has changed then. */
  reattach(handle: Handle<T>, value: InputOf<T>): void {
    const slots = this[SLOTS];
    const checked = this.type.rawCheck(value, this.place);
    if (!this.isDetached(handle)) {
      if (!this.has(handle)) throwNotLive(slots, handle);
      throw new MemoryError("invalid-argument", {
        subject: this.subject,
        event: "cannot reattach a value to a handle that has one",
        numbers: { handle },
        cure: "Detach it first, or assign to the fields of `get(handle)`.",
      });
    }
    this.type.rawStore(slots.memory, slots.ptrOf(handle), checked);
    slots.reattach(handle);
  }

  isDetached(handle: Handle<T>): boolean {
    return !this.missed(handle) && this[SLOTS].isDetached(handle);
  }

  /** The handle of the record that a view of this pool shows. Linear in the blocks. Throws `invalid-argument`, `stale-handle`. */
  handleOf(view: ViewOf<T>): Handle<T> {
    const ptr = ptrOf(view);
    const slots = this[SLOTS];
    const { ptrs, recordByteOffset, slotWords, plan, words, bits } = slots;
    const block = ptrs.findIndex((start) => start !== NIL && ptr >= start && ptr < start + slots.blockByteLength);
    const slot = (ptr - ptrs[block] - recordByteOffset) / (slotWords * bits.byteSize);
    const index = block * plan.blockLength + slot;
    const word = block < 0 || !Number.isInteger(slot) ? 0 : words[slots.wordOf(index)];
    if (word !== 0 && (word & bits.indexMask) === index && slots.has(word)) return word as Handle<T>;
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

  #liveFrom(index: number): Handle<T> {
    this.settle();
    const slots = this[SLOTS];
    const found = slots.nextLive(index);
    return (found < 0 ? NO_HANDLE : slots.words[slots.wordOf(found)]) as Handle<T>;
  }
}
