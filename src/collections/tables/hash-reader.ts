import { checkCall } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import { INSPECT, shown } from "../../core/inspect.ts";
import type { Tenant } from "../../core/lease.ts";
import type { Dependent, Memory } from "../../core/memory.ts";
import { NO_VIEWS } from "../../core/views.ts";
import { type Changes, HashCursor } from "./hash-cursor.ts";
import { findMany, valuesOf } from "./hash-find-many.ts";
import { hashFinder } from "./hash-finder.ts";
import { NOWHERE } from "./hash-key.ts";
import type { HashSlots } from "./hash-slots.ts";
import { checkSlots, type HashTableStats, slotStats } from "./hash-table-check.ts";
import { AN_ARRAY, MANY } from "./hash-table-options.ts";

const NO_CELLS = Int32Array.of(0);

/** The half of a hash table that reads. See {@link HashTable}. */
export abstract class HashReader<Key extends number | bigint, Value, Input = Value> implements Dependent, Tenant {
  /** Replaced when the entries move to another block, or the memory to other typed arrays. */
  protected slots: HashSlots<Key, Value, Input>;
  protected readonly changes: Changes = { count: 0, removedAt: NOWHERE };
  protected disposed = false;

  constructor(slots: HashSlots<Key, Value, Input>) {
    this.slots = slots;
    slots.memory.addDependent(this);
    slots.lease.addTenant(this);
  }

  get memory(): Memory {
    return this.slots.memory;
  }

  /** Where its header begins. Growth moves it. */
  get byteOffset(): number {
    return this.settled().byteOffset;
  }

  /** The length of all its blocks; of a finished table of one block the length of that. */
  abstract get byteLength(): number;

  /** Entries. */
  get size(): number {
    return this.settled().count;
  }

  /** For `console.log`. */
  [INSPECT](): string {
    return shown(`hash table of ${this.slots.layout.key.name} to ${this.slots.layout.value.name}`, this);
  }

  /** The value of `key`, or undefined. */
  get(key: Key): Value | undefined {
    const slots = this.slots;
    const at = slots.find(key);
    if (at >= 0) return slots.valueAt(at);
    return slots.words.length === 0 ? this.#findSettled(key, undefined) : undefined;
  }

  /** The value of `key`, or `missing`: for numbers without a case of undefined. */
  find(key: Key, missing: Value): Value {
    const slots = this.slots;
    const at = slots.find(key);
    if (at >= 0) return slots.valueAt(at);
    return slots.words.length === 0 ? this.#findSettled(key, missing) : missing;
  }

  has(key: Key): boolean {
    return this.locate(key) >= 0;
  }

  /**
   * `find` for the hottest loops: a function made for the table as it is now, in which V8 makes constants of everything that a method
   * must load. Half to two thirds of the time of `find` where one call site uses one finder. It stays right when the table grows, but is no quicker
   * than `find` from then on: make it when the table is complete.
   */
  finder(missing: Value): (key: Key) => Value {
    return hashFinder(this, this.settled(), missing);
  }

  /**
   * `out[i]` becomes the value of `keys[i]`, or `missing`. Quicker than as many calls of `find` when the table is larger than the caches,
   * because the slots of a group of keys are fetched at once. A `finder` is quicker up to about a million entries, and slower beyond.
   */
  findMany(keys: ArrayLike<Key>, out: { readonly length: number; [index: number]: Value }, missing: Value): void {
    checkCall("table.findMany(keys, out, -1)", [AN_ARRAY, keys], [AN_ARRAY, out]);
    if (out.length < keys.length) {
      throw new MemoryError("invalid-argument", {
        subject: "hash table",
        event: "has no room for the values of all keys",
        numbers: { keys: keys.length, out: out.length },
        cure: "Pass an `out` that is at least as long as `keys`.",
      });
    }
    findMany(this.settled(), keys, out, missing);
  }

  /** The values of many keys, undefined for those that are not there. Slower than `findMany`, which makes no array, and quicker than `get` in the largest tables only. */
  getMany(keys: Iterable<Key> | ArrayLike<Key>): (Value | undefined)[] {
    checkCall("table.getMany(keys)", [MANY, keys]);
    const asked = "length" in keys ? keys : Array.from(keys);
    return valuesOf(this.settled(), asked);
  }

  forEach(callback: (value: Value, key: Key, table: this) => void, thisArgument?: unknown): void {
    if (typeof callback !== "function") throw new TypeError(`${String(callback)} is not a function`);
    this.#cursor(() => undefined).visit((value, key) => void callback.call(thisArgument, value, key, this));
  }

  keys(): IterableIterator<Key> {
    return this.#cursor((cursor) => cursor.key);
  }

  values(): IterableIterator<Value> {
    return this.#cursor((cursor) => cursor.value);
  }

  entries(): IterableIterator<[Key, Value]> {
    return this.#cursor((cursor) => [cursor.key, cursor.value]);
  }

  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.entries();
  }

  /** An entry at random, each as likely as others about; undefined of an empty table. */
  sample(): [Key, Value] | undefined {
    const slots = this.settled();
    if (slots.count === 0) return undefined;
    const at = slots.occupiedFrom(Math.random(), Math.random());
    return [slots.keyAt(at), slots.valueAt(at)];
  }

  /** Reads every slot. O(capacity). */
  stats(): HashTableStats {
    return slotStats(this.settled(), this.byteLength);
  }

  /** What contradicts the invariants in hash-table-layout.ts; empty when sound. O(capacity). */
  checkInvariants(): string[] {
    return checkSlots(this.settled());
  }

  /** For Memory: growth has moved the bytes. */
  memoryMoved(): void {
    const slots = this.slots;
    slots.moved = true;
    this.slots = slots.rebound();
  }

  /** For Memory. */
  memoryClosed(): void {
    this.letGo();
  }

  /** For the lease: the allocator has taken its blocks back, all at once. */
  leaseEnded(): void {
    this.memory.removeDependent(this);
    this.letGo();
  }

  /** Looks at nothing any more: so no lookup need ask first whether it may, and the bytes can be collected although the table is still held. */
  protected letGo(): void {
    const slots = this.slots;
    slots.moved = true;
    slots.cells = NO_CELLS;
    slots.cellMask = 0;
    slots.words = NO_VIEWS.i32;
    slots.f32 = NO_VIEWS.f32;
    slots.f64 = NO_VIEWS.f64;
  }

  /** `slots.find`, for the slots as they are now. Where the result is a place, it is one in `this.slots`. */
  protected locate(key: Key): number {
    const slots = this.slots;
    const at = slots.find(key);
    return at < 0 && slots.words.length === 0 ? this.settled().find(key) : at;
  }

  /** The slots, if they may still be looked at, and through typed arrays that are those of the memory. */
  protected settled(): HashSlots<Key, Value, Input> {
    const slots = this.slots;
    if (slots.lease.epoch !== slots.epoch) this.#throwEnded(slots);
    // A WebAssembly module has grown its memory: asked for its length, the memory sees it and tells its dependents, of which this is one.
    if (slots.words.length === 0) this.memory.byteLength;
    return this.slots;
  }

  #findSettled<Missing>(key: Key, missing: Missing): Value | Missing {
    const slots = this.settled();
    const at = slots.find(key);
    return at >= 0 ? slots.valueAt(at) : missing;
  }

  #cursor<Output>(output: (cursor: HashCursor<Key, Value, Output>) => Output): HashCursor<Key, Value, Output> {
    return new HashCursor(() => this.settled(), this.changes, output);
  }

  #throwEnded(slots: HashSlots<Key, Value, Input>): never {
    if (this.memory.closed) this.memory.throwClosed();
    if (!this.disposed) slots.lease.throwStale(slots.epoch);
    throw new MemoryError("closed", {
      subject: "hash table",
      event: "was used after it was disposed of",
      cure: "Keep it for as long as it is used.",
    });
  }
}
