/*
 * Values of another type under the handles of a pool. A block for each block of the pool in which something was set:
 *
 *   byte 0           8 · n         first                  first + stride · n
 *   +-----------------+-------------+------------------------+
 *   | n handles, f64  | padding     | n values               |
 *   +-----------------+-------------+------------------------+
 *
 * Invariants:
 * 1. A slot has a value exactly while its handle here is that of the record that is live there in the pool: when the record is gone or another has
 *    come, the value is gone too, with nobody doing anything.
 * 2. A handle that is 0 is of a slot whose value was removed or never set.
 */

import type { Allocator } from "../../alloc/allocator.ts";
import { endPlacement, type Placement, placed } from "../../alloc/own-memory.ts";
import { alignUp } from "../../core/align.ts";
import type { Ptr } from "../../core/brand.ts";
import { checkCall, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Handle } from "../../core/handle.ts";
import type { Lease } from "../../core/lease.ts";
import { Place } from "../../layout/place.ts";
import { A_SIZED_TYPE } from "../../layout/struct-fields.ts";
import type { InputOf, Type, ViewOf } from "../../layout/type.ts";
import type { Pool } from "./pool.ts";
import { A_POOL, type Poolable } from "./pool-options.ts";
import { SLOTS } from "./pool-slots.ts";

export interface SecondaryMapOptions extends Placement {}

/** Values of `type` for records of `pool`. See {@link SecondaryMap}. */
export function secondaryMap<T extends Poolable, U extends Type<unknown, never>>(
  pool: Pool<T>,
  type: U,
  options: SecondaryMapOptions = {},
): SecondaryMap<T, U> {
  checkCall("secondaryMap(particles, Poison)", [A_POOL, pool], [A_SIZED_TYPE, type], [OPTIONS, options]);
  return new SecondaryMap(pool, type, options);
}

/**
 * Further data for some records of a pool, under their handles: what only few records have, or what another part of a program adds. A value goes
 * with its record.
 */
export class SecondaryMap<T extends Poolable, U extends Type<unknown, never>> implements Disposable {
  readonly pool: Pool<T>;
  readonly type: U;
  readonly #allocator: Allocator;
  readonly #lease: Lease;
  readonly #epoch: number;
  readonly #blockLength: number;
  readonly #first: number;
  readonly #blockByteLength: number;
  readonly #align: number;
  /** By block of the pool; holes where nothing was set. */
  readonly #ptrs: Ptr[] = [];
  readonly #place: Place;
  #lives = true;

  /** Use `secondaryMap`. */
  constructor(pool: Pool<T>, type: U, options: SecondaryMapOptions) {
    this.pool = pool;
    this.type = type;
    this.#place = new Place(undefined, type.name);
    this.#allocator = placed(`secondary map of ${type.name}`, options);
    this.#lease = this.#allocator.lease;
    this.#epoch = this.#lease.epoch;
    this.#blockLength = pool[SLOTS].plan.blockLength;
    this.#align = Math.max(8, type.align);
    this.#first = alignUp(this.#blockLength * 8, type.align);
    this.#blockByteLength = this.#first + this.#blockLength * type.byteSize;
  }

  /** Stores the value of a record. Throws `stale-handle`, `foreign-handle`, `bad-value`, `out-of-memory`; nothing has changed then. */
  set(handle: Handle<T>, value: InputOf<U>): void {
    this.#check();
    const checked = this.type.rawCheck(value, this.#place);
    this.pool.get(handle);
    const block = this.#blockOf(handle);
    const slot = this.#slotOf(handle);
    const ptr = this.#ptrs[block] ?? this.#addBlock(block);
    this.type.rawStore(this.#allocator.memory, ptr + this.#first + slot * this.type.byteSize, checked);
    this.#allocator.memory.f64[ptr / 8 + slot] = handle;
  }

  /** A view of the value of a record; undefined where that has none. Throws `stale-handle`, `foreign-handle` where there is no such record. */
  get(handle: Handle<T>): ViewOf<U> | undefined {
    this.#check();
    this.pool.get(handle);
    return this.tryGet(handle);
  }

  /** Like `get`, but undefined too where the record is gone. */
  tryGet(handle: Handle<T>): ViewOf<U> | undefined {
    if (!this.has(handle)) return undefined;
    const ptr = this.#ptrs[this.#blockOf(handle)] + this.#first + this.#slotOf(handle) * this.type.byteSize;
    return this.type.view(this.#lease, ptr) as ViewOf<U>;
  }

  /** Whether a record is there and has a value. */
  has(handle: Handle<T>): boolean {
    this.#check();
    if (!this.pool.has(handle)) return false;
    const ptr = this.#ptrs[this.#blockOf(handle)];
    return ptr !== undefined && this.#allocator.memory.f64[ptr / 8 + this.#slotOf(handle)] === handle;
  }

  /** Removes the value of a record, not the record. False when there was none. */
  delete(handle: Handle<T>): boolean {
    if (!this.has(handle)) return false;
    this.#allocator.memory.f64[this.#ptrs[this.#blockOf(handle)] / 8 + this.#slotOf(handle)] = 0;
    return true;
  }

  /** The handles of the records that have values, in the order of their slots. */
  *handles(): Generator<Handle<T>, void, undefined> {
    for (const handle of this.pool.handles()) if (this.has(handle)) yield handle;
  }

  /** What contradicts the invariants; empty when sound. */
  checkInvariants(): string[] {
    this.#check();
    const { f64 } = this.#allocator.memory;
    const found: string[] = [];
    const { indexMask } = this.pool[SLOTS].bits;
    this.#ptrs.forEach((ptr, block) => {
      for (let slot = 0; slot < this.#blockLength; slot++) {
        const handle = f64[ptr / 8 + slot];
        const index = block * this.#blockLength + slot;
        if (handle !== 0 && (handle & indexMask) !== index) found.push(`slot ${index} has the value of handle ${handle}`);
      }
    });
    return found;
  }

  /** Gives everything back; the pool stays. Twice is harmless. */
  close(): void {
    if (!this.#lives) return;
    this.#lives = false;
    const blocks = this.#ptrs.filter((ptr) => ptr !== undefined).sort((a, b) => b - a);
    if (this.#lease.epoch === this.#epoch) {
      for (const ptr of blocks) this.#allocator.free(ptr, this.#blockByteLength, this.#align);
    }
    this.#ptrs.length = 0;
    endPlacement(this.#allocator);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #blockOf(handle: Handle<T>): number {
    return Math.floor((handle & this.pool[SLOTS].bits.indexMask) / this.#blockLength);
  }

  /** In its block. */
  #slotOf(handle: Handle<T>): number {
    return (handle & this.pool[SLOTS].bits.indexMask) % this.#blockLength;
  }

  #addBlock(block: number): Ptr {
    const ptr = this.#allocator.alloc(this.#blockByteLength, this.#align);
    this.#allocator.memory.u8.fill(0, ptr, ptr + this.#blockByteLength);
    this.#ptrs[block] = ptr;
    return ptr;
  }

  #check(): void {
    if (this.#lease.epoch !== this.#epoch) this.#lease.throwStale(this.#epoch);
    if (this.#lives) return;
    throw new MemoryError("closed", {
      subject: `secondary map of ${this.type.name}`,
      event: "was used after it was disposed of",
      cure: "Keep it for as long as it is used.",
    });
  }
}
