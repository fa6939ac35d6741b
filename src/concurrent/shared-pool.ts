import { MemoryError } from "../core/errors.ts";
import { HANDLE_BITS, type Handle, NO_HANDLE } from "../core/handle.ts";
import type { Lease } from "../core/lease.ts";
import type { Memory } from "../core/memory.ts";
import type { Participant } from "../core/participant.ts";
import type { SeatToken } from "../core/seat-token.ts";
import { Place } from "../layout/place.ts";
import type { InputOf, Type, ValueOf, ViewOf } from "../layout/type.ts";
import type { Recovered } from "./recovered.ts";
import {
  checkHome,
  checkShape,
  formatSharedPool,
  ORPHAN,
  OWNER_MASK,
  planSharedPool,
  readSharedPool,
  type SharedPoolPlan,
} from "./shared-pool-layout.ts";
import { throwNotShared } from "./shared-pool-stories.ts";
import { SharedSlots } from "./shared-slots.ts";

export interface SharedPoolOptions extends Participant {
  /** The most records, for which there is room from the start. */
  readonly capacity: number;
  /** The most threads and processes that take part at once. Default 32, at most 253. */
  readonly seats?: number;
  /** Where in the memory it begins, a multiple of 64. Default 0. */
  readonly byteOffset?: number;
}

export interface AttachSharedPoolOptions extends Participant {
  readonly byteOffset?: number;
}

/** A record that stays as it is while it is held: see `SharedPool.guard`. */
export interface Guard<View> extends Disposable {
  readonly view: View;
  /** Lets the slot be used again, if the record was removed meanwhile. Twice is harmless. */
  release(): void;
}

const DEFAULT_SEATS = 32;
const { indexMask, generation: ONE, generations, tag: ONE_TAG, tags } = HANDLE_BITS.wide;

/** How many bytes a shared pool takes. Throws `invalid-argument`. */
export function sharedPoolByteLength(type: Type<unknown, never>, shape: Pick<SharedPoolOptions, "capacity" | "seats">): number {
  const { capacity, seats = DEFAULT_SEATS } = shape;
  checkShape({ capacity, seats });
  return planSharedPool(type, { capacity, seats }).byteLength;
}

/** A new pool in a memory that others can see. They open it with `attachSharedPool`. Throws `invalid-argument`, `out-of-bounds`, `read-only`. */
export function sharedPool<T extends Type<unknown, never>>(memory: Memory, type: T, options: SharedPoolOptions): SharedPool<T> {
  const { capacity, seats = DEFAULT_SEATS, byteOffset = 0 } = options;
  checkShape({ capacity, seats });
  checkHome(memory, byteOffset, type);
  const plan = planSharedPool(type, { capacity, seats });
  const tag = 1 + Math.floor(Math.random() * (tags - 1));
  formatSharedPool(memory, byteOffset, type, plan, tag);
  return new SharedPool(type, new SharedSlots(memory, byteOffset, plan, options), plan, tag);
}

/** The pool that another thread or process has made there. Throws `corrupt`, `layout-mismatch`, `unsupported-format`, `out-of-bounds`, `out-of-memory` (no seat left). */
export function attachSharedPool<T extends Type<unknown, never>>(
  memory: Memory,
  type: T,
  options: AttachSharedPoolOptions = {},
): SharedPool<T> {
  const { byteOffset = 0 } = options;
  checkHome(memory, byteOffset, type);
  const { plan, tag } = readSharedPool(memory, byteOffset, type);
  return new SharedPool(type, new SharedSlots(memory, byteOffset, plan, options), plan, tag);
}

/**
 * A pool of one type that any number of threads and processes use at once, without locks: records are added and removed by anybody, each under a
 * handle that all of them understand. It has a fixed capacity. Each participant has an object of its own, on a seat in the pool.
 *
 * ```ts
 * const jobs = sharedPool(memory, Job, { capacity: 10_000 });       // here
 * const jobs = attachSharedPool(attach(ticket), Job);               // in a worker
 * ```
 *
 * Who removes a record ends it for all at once. Who reads one that others may remove holds a guard for that time, and its bytes stay as they are;
 * the record itself is theirs to share out: fields are plain memory, and two that write one at once need a rule for that.
 *
 * Nothing is handed out twice, whatever moment a participant dies at. What it held, `recover` brings back; with `isAlive` that happens by itself when
 * slots or seats run out. `add` and `remove` take one atomic write each; some 64 of them share a way to the list of free slots.
 */
export class SharedPool<T extends Type<unknown, never>> implements Disposable {
  readonly type: T;
  readonly memory: Memory;
  readonly capacity: number;
  readonly subject: string;
  readonly #slots: SharedSlots;
  readonly #lease: Lease;
  readonly #place: Place;
  readonly #tag: number;
  readonly #words: number;
  readonly #records: number;
  #lives = true;

  /** Use `sharedPool` or `attachSharedPool`. */
  constructor(type: T, slots: SharedSlots, plan: SharedPoolPlan, tag: number) {
    this.type = type;
    this.memory = slots.memory;
    this.capacity = plan.capacity;
    this.subject = `shared pool of ${type.name}`;
    this.#slots = slots;
    this.#lease = slots.memory.openLease(this.subject);
    this.#place = new Place(undefined, type.name);
    this.#tag = tag * ONE_TAG;
    this.#words = slots.words;
    this.#records = slots.byteOffset + plan.records;
  }

  /** Names this participant, and no other that ever takes part: what others pass to `recover` when it has died. */
  get token(): SeatToken {
    return this.#slots.seats.token;
  }

  /** Adds a record, of zeros without `init`. Throws `out-of-memory` (full), `bad-value`; nothing has changed then. */
  add(init?: InputOf<T>): Handle<T> {
    const handle = this.tryAdd(init);
    if (handle !== NO_HANDLE) return handle;
    throw new MemoryError("out-of-memory", {
      subject: this.subject,
      event: "has no free slot",
      numbers: { capacity: this.capacity, held: this.#slots.held },
      cure: "Remove what is no longer needed, recover what the dead held, or make it with more capacity.",
    });
  }

  /** Like `add`, but returns `NO_HANDLE` when there is no free slot. Others may hold up to some hundred free ones each. */
  tryAdd(init?: InputOf<T>): Handle<T> {
    if (!this.#lives) this.#throwClosed();
    const { type, memory } = this;
    const checked = init === undefined ? undefined : type.rawCheck(init, this.#place);
    const slot = this.#slots.take();
    if (slot < 0) return NO_HANDLE as Handle<T>;
    const ptr = this.#records + slot * type.byteSize;
    if (init === undefined) memory.u8.fill(0, ptr, ptr + type.byteSize);
    else type.rawStore(memory, ptr, checked);
    return (this.#tag + this.#slots.publish(slot) * ONE + slot) as Handle<T>;
  }

  /** Whether a handle names a record at this moment. */
  has(handle: Handle<T>): boolean {
    if (!this.#lives) this.#throwClosed();
    const slot = handle & indexMask;
    const generation = Math.floor(handle / ONE) % generations;
    if (this.#tag + generation * ONE + slot !== handle || generation % 2 === 0 || slot >= this.capacity) return false;
    return Atomics.load(this.memory.i32, this.#words + slot) >>> 8 === generation;
  }

  /** A view of a record. Others can remove it at any moment: then it shows what comes there next. Throws `stale-handle`, `foreign-handle`, `closed`. */
  get(handle: Handle<T>): ViewOf<T> {
    return this.tryGet(handle) ?? this.#throwNotLive(handle);
  }

  tryGet(handle: Handle<T>): ViewOf<T> | undefined {
    return this.has(handle) ? this.#view(handle & indexMask) : undefined;
  }

  /** A copy of a record, whole: taken while it could not go. Throws like `get`. */
  read(handle: Handle<T>): ValueOf<T> {
    const guard = this.guard(handle);
    try {
      return this.type.read(this.memory, this.#records + (handle & indexMask) * this.type.byteSize) as ValueOf<T>;
    } finally {
      guard.release();
    }
  }

  /**
   * Holds a record: until `release` its slot is not used again, though anybody may remove the record. Each participant has 26 guards. Throws like `get`, and
   * `out-of-memory` when all are in use.
   */
  guard(handle: Handle<T>): Guard<ViewOf<T>> {
    return this.tryGuard(handle) ?? this.#throwNotLive(handle);
  }

  /** Like `guard`, but undefined where there is no such record. */
  tryGuard(handle: Handle<T>): Guard<ViewOf<T>> | undefined {
    if (!this.has(handle)) return undefined;
    const slot = handle & indexMask;
    const slots = this.#slots;
    let guard = slots.guard(slot, Math.floor(handle / ONE) % generations);
    if (guard < 0) return undefined;
    const release = () => {
      if (guard >= 0 && this.#lives) slots.unguard(guard);
      guard = -1;
    };
    return { view: this.#view(slot), release, [Symbol.dispose]: release };
  }

  /** Removes a record. Throws `stale-handle`, `foreign-handle`; then nothing has changed. */
  remove(handle: Handle<T>): void {
    if (!this.tryRemove(handle)) this.#throwNotLive(handle);
  }

  /** Like `remove`, but returns false where there is no such record. Of any number that try at once, one gets true. */
  tryRemove(handle: Handle<T>): boolean {
    return this.has(handle) && this.#slots.end(handle & indexMask, Math.floor(handle / ONE) % generations);
  }

  /** How many records there are. Looks at every slot; others may change it meanwhile. */
  countRecords(): number {
    let count = 0;
    for (const _ of this.handles()) count += 1;
    return count;
  }

  /** The handles of all records, in the order of their slots. */
  *handles(): Generator<Handle<T>, void, undefined> {
    if (!this.#lives) this.#throwClosed();
    for (let slot = 0; slot < this.capacity; slot++) {
      const generation = Atomics.load(this.memory.i32, this.#words + slot) >>> 8;
      if (generation % 2 === 1) yield (this.#tag + generation * ONE + slot) as Handle<T>;
    }
  }

  /**
   * Brings back what participants held that have died, and empties their seats. Dead are those that `isAlive` says no of, and those that the tokens in
   * `dead` name, which must not be alive. Of what was theirs `orphans` tells what is there still: whether to keep it, only the program knows; see `adopt`.
   * Others go on meanwhile. Throws `participant-lost` when one that is not known to be dead hangs.
   */
  recover(dead: readonly SeatToken[] = []): Recovered<T> {
    if (!this.#lives) this.#throwClosed();
    const recovered = this.#slots.recover(dead);
    return { ...recovered, orphans: recovered.orphans.map((slot) => this.#handleOf(slot)) };
  }

  /** The handles of records whose owners have died, and which nobody has adopted, whoever recovered them, and whenever. */
  *orphans(): Generator<Handle<T>, void, undefined> {
    if (!this.#lives) this.#throwClosed();
    for (let slot = 0; slot < this.capacity; slot++) {
      const word = Atomics.load(this.memory.i32, this.#words + slot);
      if ((word >>> 8) % 2 === 1 && (word & OWNER_MASK) === ORPHAN) yield this.#handleOf(slot);
    }
  }

  /** Makes a record of the dead this participant's. Of any number that try at once, one gets true; false for what is no orphan. */
  adopt(handle: Handle<T>): boolean {
    return this.has(handle) && this.#slots.adopt(handle & indexMask, Math.floor(handle / ONE) % generations);
  }

  /** What contradicts the invariants in shared-pool-layout.ts; empty when sound. Only for moments when no other participant is at work. */
  checkInvariants(): string[] {
    if (!this.#lives) this.#throwClosed();
    return this.#slots.checkInvariants();
  }

  /** Leaves: gives back what this participant held for itself. Records stay. Twice is harmless. */
  close(): void {
    if (!this.#lives) return;
    this.#lives = false;
    if (this.memory.closed) return;
    this.#slots.leave();
    this.memory.closeLease(this.#lease, "was closed");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The handle of the record in a slot, now. */
  #handleOf(slot: number): Handle<T> {
    const generation = Atomics.load(this.memory.i32, this.#words + slot) >>> 8;
    return (this.#tag + generation * ONE + slot) as Handle<T>;
  }

  #view(slot: number): ViewOf<T> {
    return this.type.view(this.#lease, this.#records + slot * this.type.byteSize) as ViewOf<T>;
  }

  #throwNotLive(handle: unknown): never {
    const wordOf = (slot: number) => Atomics.load(this.memory.i32, this.#words + slot);
    throwNotShared({ subject: this.subject, tag: this.#tag / ONE_TAG, capacity: this.capacity }, handle, wordOf);
  }

  #throwClosed(): never {
    if (this.memory.closed) this.memory.throwClosed();
    throw new MemoryError("closed", {
      subject: this.subject,
      event: "was used after close()",
      cure: "Keep it open for as long as it is used, or attach again.",
    });
  }
}
