/*
 * Records without gaps, under handles that stay.
 *
 *   pool       handle → row       four bytes a record (pool-slots.ts)
 *   columns    row → fields       one array a field (columns-layout.ts)
 *   backs      row → handle       eight bytes a row, in a block that grows as the columns do
 *
 * Invariants:
 * 1. The pool has as many records as the columns have rows, and there is room for as many backs.
 * 2. pool[backs[row]] = row for every row, so handles and rows lead to each other.
 */

import type { Allocator } from "../../alloc/allocator.ts";
import { endPlacement, OwnBump, type Placement, placed } from "../../alloc/own-memory.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import { checkCall, OPTIONS } from "../../core/check-call.ts";
import type { Handle } from "../../core/handle.ts";
import { INSPECT, shown } from "../../core/inspect.ts";
import { u32 } from "../../layout/scalars.ts";
import type { StructInput, StructType, StructValue } from "../../layout/struct.ts";
import { A_STRUCT, type Fields } from "../../layout/struct-fields.ts";
import type { ValueOf } from "../../layout/type.ts";
import { type Columns, columns } from "../columns/columns.ts";
import type { ColumnOf, ColumnRow } from "../columns/columns-options.ts";
import { makePool, nextTag, type Pool } from "./pool.ts";

export interface SlotMapOptions extends Placement {
  /** How many rows there is room for before it grows. Default 64. */
  readonly capacity?: number;
}

const DEFAULT_CAPACITY = 64;
const BACK_BYTES = 8;

/** A slot map without records. See {@link SlotMap}. Throws `invalid-argument`, `out-of-memory`. */
export function slotMap<const F extends Fields>(type: StructType<F>, options: SlotMapOptions = {}): SlotMap<F> {
  checkCall("slotMap(Enemy)", [A_STRUCT, type], [OPTIONS, options]);
  return new SlotMap(type, placed(`slot map of ${type.name}`, options), options.capacity ?? DEFAULT_CAPACITY);
}

/**
 * Records of one struct, each field in an array of its own without gaps, and each record under a handle that stays when others go: for loops over
 * all of them that are as quick as over plain arrays, where a pool has gaps and its records lie apart.
 *
 * ```ts
 * using enemies = slotMap(Enemy);
 * const boss = enemies.add({ hp: 5000 });
 * const hp = enemies.column("hp");                     // a typed array of `size` elements
 * for (let row = 0; row < hp.length; row++) if (hp[row] <= 0) enemies.remove(enemies.handleAt(row--));
 * ```
 *
 * Removing moves the last row to the place of the one removed. Row numbers, and rows as `get` and `rows` give them, are good until then; handles
 * are good for as long as their record is there. Growth moves the columns: see {@link Columns}.
 */
export class SlotMap<const F extends Fields> implements Disposable {
  readonly type: StructType<F>;
  readonly columns: Columns<F>;
  readonly #rows: Pool<typeof u32>;
  readonly #allocator: Allocator;
  #backs: Ptr;
  #backCapacity: number;

  /** Use `slotMap`. */
  constructor(type: StructType<F>, allocator: Allocator, capacity: number) {
    this.type = type;
    this.#allocator = allocator;
    this.#backCapacity = Math.max(capacity, 1);
    const made: Disposable[] = [];
    try {
      this.columns = columns(type, { allocator, capacity });
      made.push(this.columns);
      // A pool is quicker with a memory to itself.
      this.#rows = makePool(u32, allocator instanceof OwnBump ? {} : { allocator }, nextTag(), `slot map of ${type.name}`);
      made.push(this.#rows);
      this.#backs = allocator.alloc(this.#backCapacity * BACK_BYTES);
    } catch (error) {
      for (const each of made.reverse()) each[Symbol.dispose]();
      endPlacement(allocator);
      throw error;
    }
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Adds a record behind the last row. Throws `bad-value`, `out-of-memory`; nothing has changed then. */
  add(record: StructInput<F>): Handle<StructType<F>> {
    const { size } = this;
    if (size === this.#backCapacity) this.#growBacks();
    const handle = this.#rows.add(size);
    try {
      this.columns.append(record);
    } catch (error) {
      this.#rows.remove(handle);
      throw error;
    }
    this.#allocator.memory.f64[this.#backs / BACK_BYTES + size] = handle;
    return named(handle);
  }

  /** The row of a record: an object whose fields are in the columns. Throws `stale-handle`, `foreign-handle`, `closed`. */
  get(handle: Handle<StructType<F>>): ColumnRow<F> {
    return this.columns.rows.at(this.rowOf(handle));
  }

  /** Like `get`, but undefined where the record is gone or the handle is another's. */
  tryGet(handle: Handle<StructType<F>>): ColumnRow<F> | undefined {
    return this.has(handle) ? this.get(handle) : undefined;
  }

  /** A copy of a record. Throws like `get`. */
  read(handle: Handle<StructType<F>>): StructValue<F> {
    return this.columns.get(this.rowOf(handle));
  }

  /** Stores a whole record. Throws like `get`, and `bad-value`; nothing has changed then. */
  set(handle: Handle<StructType<F>>, record: StructInput<F>): void {
    this.columns.set(this.rowOf(handle), record);
  }

  /** Whether the record is there. False for handles of others. */
  has(handle: Handle<StructType<F>>): boolean {
    return this.#rows.has(named(handle));
  }

  /** Removes a record; the last row takes its place. Throws `stale-handle`, `foreign-handle`; nothing has changed then. */
  remove(handle: Handle<StructType<F>>): void {
    const row = this.rowOf(handle);
    const last = this.size - 1;
    const backs = this.#backs / BACK_BYTES;
    const { f64 } = this.#allocator.memory;
    this.columns.swapRemove(row);
    this.#rows.remove(named(handle));
    if (row === last) return;
    f64[backs + row] = f64[backs + last];
    this.#rows.get(named(f64[backs + row])).value = row;
  }

  /** Like `remove`, but returns false where there is no such record. */
  tryRemove(handle: Handle<StructType<F>>): boolean {
    if (!this.has(handle)) return false;
    this.remove(handle);
    return true;
  }

  /** The number of a record's row, good until something is removed. Throws like `get`. */
  rowOf(handle: Handle<StructType<F>>): number {
    return this.#rows.get(named(handle)).value;
  }

  /** The handle of the record in a row. Throws `out-of-bounds`. */
  handleAt(row: number): Handle<StructType<F>> {
    // The columns know which numbers are rows, and throw for others.
    if (!(Number.isInteger(row) && row >= 0 && row < this.size)) this.columns.rows.at(row);
    return named(this.#allocator.memory.f64[this.#backs / BACK_BYTES + row]);
  }

  /** The elements of one field, one a row: see `Columns.column`. */
  column<Name extends keyof F & string>(name: Name): ColumnOf<ValueOf<F[Name]>> {
    return this.columns.column(name);
  }

  /** Removes all records and keeps the room. Every handle from before is stale. */
  clear(): void {
    this.#rows.clear();
    this.columns.clear();
  }

  /** Handles and rows, from the last to the first, so that the record one is at can be removed. */
  *[Symbol.iterator](): Generator<[Handle<StructType<F>>, ColumnRow<F>], void, undefined> {
    for (let row = this.size - 1; row >= 0; row--) {
      if (row < this.size) yield [this.handleAt(row), this.columns.rows.at(row)];
    }
  }

  /** What contradicts the invariants; empty when sound. */
  checkInvariants(): string[] {
    const found = [...this.columns.checkInvariants(), ...this.#rows.checkInvariants()];
    if (this.columns.size !== this.size) found.push(`${this.columns.size} rows, but ${this.size} handles`);
    if (this.#backCapacity < this.size) found.push(`room for ${this.#backCapacity} handles of ${this.size}`);
    for (let row = 0; row < this.size; row++) {
      const handle = this.handleAt(row);
      if (!this.has(handle)) found.push(`row ${row} has a handle that leads nowhere: ${handle}`);
      else if (this.rowOf(handle) !== row) found.push(`the handle of row ${row} leads to row ${this.rowOf(handle)}`);
    }
    return found;
  }

  /** For `console.log`. */
  [INSPECT](): string {
    return shown(`slot map of ${this.type.name}`, this);
  }

  /** Gives everything back. Twice is harmless. */
  close(): void {
    if (this.#backs === NIL) return;
    if (!this.#allocator.memory.closed) this.#allocator.free(this.#backs, this.#backCapacity * BACK_BYTES);
    this.#backs = NIL;
    this.#rows.close();
    this.columns.close();
    endPlacement(this.#allocator);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #growBacks(): void {
    const capacity = this.#backCapacity * 2;
    this.#backs = this.#allocator.realloc(this.#backs, this.#backCapacity * BACK_BYTES, capacity * BACK_BYTES);
    this.#backCapacity = capacity;
  }
}

/** One number names the record here and its row number in the pool. */
function named<T>(handle: number): Handle<T> {
  return handle as Handle<T>;
}
