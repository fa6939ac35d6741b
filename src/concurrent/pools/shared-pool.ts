import { throwEnded } from "../../core/ended.ts";
import { MemoryError } from "../../core/errors.ts";
import { HANDLE_BITS, type Handle, NO_HANDLE } from "../../core/handle.ts";
import type { Lease } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";
import type { SeatToken } from "../../core/seat-token.ts";
import { Place } from "../../layout/place.ts";
import type { InputOf, Type, ValueOf, ViewOf } from "../../layout/type.ts";
import type { Recovered } from "../recovered.ts";
import type { PoolBlock } from "./shared-blocks.ts";
import { generationIn, isLive, ORPHAN, ownerIn } from "./shared-pool-layout.ts";
import { throwNotShared } from "./shared-pool-mistakes.ts";
import type { SharedSlots } from "./shared-slots.ts";

/** A record that stays as it is while it is held: see `SharedPool.guard`. */
export interface Guard<View> extends Disposable {
  readonly view: View;
  /** Lets the slot be used again, if the record was removed meanwhile. Twice is harmless. */
  release(): void;
}

const { indexMask, generation: ONE, generations, tag: ONE_TAG } = HANDLE_BITS.wide;

/**
 * A pool of one type that any number of threads and processes use at once, without locks: records are added and removed by anybody, each under a
 * handle that all of them understand. It has the capacity that it was made with, or grows by blocks of an allocator; what is there never moves. Each
 * participant has an object of its own, on a seat in the pool.
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
  readonly subject: string;
  readonly #slots: SharedSlots;
  readonly #lease: Lease;
  readonly #place: Place;
  readonly #tag: number;
  #lives = true;

  /** Use `sharedPool` or `attachSharedPool`. */
  constructor(type: T, slots: SharedSlots, tag: number) {
    this.type = type;
    this.memory = slots.memory;
    this.subject = `shared pool of ${type.name}`;
    this.#slots = slots;
    this.#lease = slots.memory.openLease(this.subject);
    this.#place = new Place(undefined, type.name);
    this.#tag = tag * ONE_TAG;
  }

  /** Where it begins in its memory: what attaching takes. */
  get byteOffset(): number {
    return this.#slots.byteOffset;
  }

  /** Records that there is room for now. */
  get capacity(): number {
    if (!this.#lives) this.#throwClosed();
    return this.#slots.blocks.capacity;
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
    const ptr = this.#slots.blocks.recordOf(slot);
    if (init === undefined) memory.u8.fill(0, ptr, ptr + type.byteSize);
    else type.rawStore(memory, ptr, checked);
    return this.#handle(slot, this.#slots.publish(slot));
  }

  /** Whether a handle names a record at this moment. */
  has(handle: Handle<T>): boolean {
    if (!this.#lives) this.#throwClosed();
    const slot = slotOf(handle);
    const generation = generationOf(handle);
    const { blocks } = this.#slots;
    if (this.#tag + generation * ONE + slot !== handle || generation % 2 === 0 || !blocks.isThere(slot)) return false;
    return generationIn(this.#wordOf(slot)) === generation;
  }

  /** A view of a record. Others can remove it at any moment: then it shows what comes there next. Throws `stale-handle`, `foreign-handle`, `closed`. */
  get(handle: Handle<T>): ViewOf<T> {
    return this.tryGet(handle) ?? this.#throwNotLive(handle);
  }

  tryGet(handle: Handle<T>): ViewOf<T> | undefined {
    return this.has(handle) ? this.#view(slotOf(handle)) : undefined;
  }

  /** A copy of a record, whole: taken while it could not go. Throws like `get`. */
  read(handle: Handle<T>): ValueOf<T> {
    const guard = this.guard(handle);
    try {
      return this.type.read(this.memory, this.#slots.blocks.recordOf(slotOf(handle))) as ValueOf<T>;
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
    const slot = slotOf(handle);
    const slots = this.#slots;
    let guard = slots.guard(slot, generationOf(handle));
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
    return this.has(handle) && this.#slots.end(slotOf(handle), generationOf(handle));
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
    for (const slot of this.#slots.blocks.used()) {
      const word = this.#wordOf(slot);
      if (isLive(word)) yield this.#handle(slot, generationIn(word));
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
    return { ...recovered, orphans: recovered.orphans.map((slot) => this.#handle(slot, generationIn(this.#wordOf(slot)))) };
  }

  /** The handles of records whose owners have died, and which nobody has adopted, whoever recovered them, and whenever. */
  *orphans(): Generator<Handle<T>, void, undefined> {
    if (!this.#lives) this.#throwClosed();
    for (const slot of this.#slots.blocks.used()) {
      const word = this.#wordOf(slot);
      if (isLive(word) && ownerIn(word) === ORPHAN) yield this.#handle(slot, generationIn(word));
    }
  }

  /** Makes a record of the dead this participant's. Of any number that try at once, one gets true; false for what is no orphan. */
  adopt(handle: Handle<T>): boolean {
    return this.has(handle) && this.#slots.adopt(slotOf(handle), generationOf(handle));
  }

  /** Blocks that it has taken of allocators since it was made. For those who free them when nobody uses the pool any more. */
  blocks(): PoolBlock[] {
    if (!this.#lives) this.#throwClosed();
    return this.#slots.blocks.blocks();
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

  #handle(slot: number, generation: number): Handle<T> {
    return (this.#tag + generation * ONE + slot) as Handle<T>;
  }

  #view(slot: number): ViewOf<T> {
    return this.type.view(this.#lease, this.#slots.blocks.recordOf(slot)) as ViewOf<T>;
  }

  #throwNotLive(handle: unknown): never {
    const wordOf = (slot: number) => (this.#slots.blocks.isThere(slot) ? this.#wordOf(slot) : undefined);
    throwNotShared(this.subject, this.#tag / ONE_TAG, handle, wordOf);
  }

  #wordOf(slot: number): number {
    return Atomics.load(this.memory.i32, this.#slots.blocks.wordOf(slot));
  }

  #throwClosed(): never {
    throwEnded(this.memory, this.subject, "Keep it open for as long as it is used, or attach again.");
  }
}

function slotOf(handle: Handle): number {
  return handle & indexMask;
}

function generationOf(handle: Handle): number {
  return Math.floor(handle / ONE) % generations;
}
