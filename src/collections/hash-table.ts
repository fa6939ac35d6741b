import type { Allocator } from "../alloc/allocator.ts";
import { endPlacement } from "../alloc/own-memory.ts";
import { NIL } from "../core/brand.ts";
import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";
import { oddMultiplier } from "./hash.ts";
import { fitsKey } from "./hash-key.ts";
import { HashReader } from "./hash-reader.ts";
import { HashSlots, NOWHERE } from "./hash-slots.ts";
import { allocateSlots, freeSlots } from "./hash-table-block.ts";
import { capacityFor, readHeader, slotLayout } from "./hash-table-layout.ts";
import { checkCount, type HashTableTypes } from "./hash-table-options.ts";

// A constant of this module's own is one to V8 too; an imported binding is loaded at every use.
const NONE = NOWHERE;

/**
 * A map from numbers to values of one type, in memory instead of the heap: no object per entry, nothing for the collector to trace.
 * With keys and values of 32 bits it takes 8 bytes a slot, 11 to 21 an entry.
 *
 * ```ts
 * using rows = hashTable({ key: u32, value: u32, allocator });
 * rows.set(2643743, 17);
 * rows.get(2643743);          // 17
 * rows.find(1, -1);           // -1: no such key
 * ```
 *
 * It is used as a Map is, but for these: entries come in no particular order; values are copies (a struct is read as a plain object,
 * `set` it again to change it); keys are those that their type can hold exactly, and `set` throws `bad-value` for others, while
 * `get`, `has` and `delete` just do not find them. NaN is one key, and -0 is 0.
 *
 * `set`, `get`, `has`, `delete`: O(1), without garbage. Growth doubles the block, at three quarters full: it allocates the new block,
 * moves the entries and frees the old one, and when there is no room it throws `out-of-memory` and the table is as it was.
 *
 * During iteration the current entry may be deleted and values may be set; anything that inserts, or deletes another entry, makes
 * the iterator's next step throw `stale-view`.
 *
 * One thread writes. A table that is no longer written can be read by any number of threads and processes, through `attach`.
 */
export class HashTable<Key extends number | bigint, Value, Input = Value>
  extends HashReader<Key, Value, Input>
  implements Disposable
{
  /** None where the block is another's. */
  readonly #allocator: Allocator | undefined;
  /** The capacity at which the multiplier was last exchanged. */
  #reseededAt = 0;

  /** For `hashTable` and `HashTable.attach`. */
  constructor(slots: HashSlots<Key, Value, Input>, allocator?: Allocator) {
    super(slots);
    this.#allocator = allocator;
  }

  /**
   * Opens, for reading, the finished table whose block lies at `byteOffset`: a copy of another table's `byteLength` bytes from its
   * `byteOffset`, byte for byte. O(1): the header is checked, the entries are not (see `checkInvariants`).
   *
   * Throws `corrupt`, `layout-mismatch`, `unsupported-format`, `out-of-bounds`. Damaged entries give wrong answers, never an endless
   * loop and never bytes from outside the block.
   */
  static attach<Key extends number | bigint, Value, Input = Value>(
    memory: Memory,
    byteOffset: number,
    types: HashTableTypes<Key, Value, Input>,
  ): HashTable<Key, Value, Input> {
    const layout = slotLayout(types.key, types.value);
    const capacity = readHeader(memory, byteOffset, layout);
    const { lease } = memory;
    return new HashTable(new HashSlots({ lease, epoch: lease.epoch, byteOffset, ptr: NIL, capacity }, layout));
  }

  /** Throws `bad-value` for a key or a value that does not fit its type, `out-of-memory`, `read-only`; nothing has changed then. */
  set(key: Key, value: Input): this {
    this.#checkWritable();
    const at = this.locate(key);
    if (at >= 0) this.slots.writeValue(at, value);
    else this.#insert(at, key, value);
    return this;
  }

  /** The value of `key`, which is `value` from now on if it had none. Throws as `set` does. */
  getOrInsert(key: Key, value: Input): Value {
    this.#checkWritable();
    const at = this.locate(key);
    const place = at >= 0 ? at : this.#insert(at, key, value);
    return this.slots.valueAt(place);
  }

  /** Whether `key` was there. */
  delete(key: Key): boolean {
    this.#checkWritable();
    const at = this.locate(key);
    if (at < 0) return false;
    this.slots.remove(at);
    this.#changed(at);
    return true;
  }

  /** Deletes all entries and keeps the room. O(capacity). */
  clear(): void {
    this.#checkWritable();
    this.settled().clear();
    this.#changed(NONE);
  }

  /** Grows so that `count` entries in all fit without more growth. Throws `out-of-memory`; nothing has changed then. */
  reserve(count: number): void {
    this.#checkWritable();
    checkCount("count", count);
    const slots = this.settled();
    const capacity = capacityFor(count);
    if (capacity > slots.capacity) this.#relocate(capacity, slots.multiplier);
  }

  /** Gives the block back. An attached table only ends. */
  [Symbol.dispose](): void {
    if (this.disposed) return;
    this.disposed = true;
    const slots = this.slots;
    const alive = slots.lease.epoch === slots.epoch;
    slots.epoch = NONE;
    slots.moved = true;
    if (this.memory.closed) return;
    this.memory.removeDependent(this);
    if (alive && this.#allocator !== undefined) freeSlots(this.#allocator, slots);
    endPlacement(this.#allocator);
  }

  #checkWritable(): void {
    if (this.#allocator !== undefined) return;
    throw new MemoryError("read-only", {
      subject: "hash table",
      event: `that was attached to ${this.memory.subject} cannot be changed`,
      cure: "Change the table that it was copied from, or copy its entries into a new one.",
    });
  }

  /** Puts a new key into the slot that `locate` has named; returns where the entry is in the end. */
  #insert(found: number, key: Key, value: Input): number {
    let slots = this.slots;
    let vacant = ~found;
    if (found === NONE || (slots.narrow && !fitsKey(key, slots.layout.key.byteSize, slots.keyKind))) this.#refuseKey(key);
    if (slots.count >= slots.full) {
      this.#relocate(slots.capacity * 2, slots.multiplier);
      slots = this.slots;
      vacant = ~slots.find(key);
    }
    slots.writeValue(vacant, value);
    slots.claim(vacant, key);
    this.#changed(NONE);
    return slots.far && this.#reseed() ? this.slots.find(key) : vacant;
  }

  /** A new block with another multiplier: for keys that were chosen against this one. Once a capacity, so it stays linear whatever comes. */
  #reseed(): boolean {
    const { capacity, multiplier } = this.slots;
    if (this.#reseededAt === capacity) return false;
    this.#reseededAt = capacity;
    try {
      this.#relocate(capacity, oddMultiplier(multiplier));
      return true;
    } catch (error) {
      // Without room for it the table is slow, not wrong.
      if (error instanceof MemoryError && error.code === "out-of-memory") return false;
      throw error;
    }
  }

  #relocate(capacity: number, multiplier: number): void {
    const allocator = this.#allocator;
    if (allocator === undefined) return;
    const target = allocateSlots(allocator, this.slots.layout, capacity, multiplier);
    // Read only now: allocating may have moved the memory, and so replaced them.
    const slots = this.slots;
    slots.copyInto(target);
    slots.moved = true;
    this.slots = target;
    this.#changed(NONE);
    freeSlots(allocator, slots);
  }

  #changed(removedAt: number): void {
    this.changes.count += 1;
    this.changes.removedAt = removedAt;
  }

  #refuseKey(key: Key): never {
    throw new MemoryError("bad-value", {
      subject: "hash table",
      event: `cannot have this key: it is no ${this.slots.layout.key.name}`,
      numbers: { key: String(key), type: typeof key },
      cure: "Use a key type that holds all keys exactly.",
    });
  }
}
