import { NIL } from "../../core/brand.ts";
import { checkCall } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import { fetchGroup, GROUP } from "./hash-find-many.ts";
import { NOWHERE } from "./hash-key.ts";
import { HashSlots } from "./hash-slots.ts";
import { readHeader, slotLayout } from "./hash-table-layout.ts";
import { AN_ARRAY, checkCount, type HashTableTypes, MANY } from "./hash-table-options.ts";
import { HashWriter } from "./hash-writer.ts";

/**
 * A map from numbers to values of one type, in memory instead of the heap: no object per entry, nothing for the collector to trace.
 * With keys and values of 32 bits it takes 11 to 13 bytes an entry, at every size beyond 10 000.
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
 * `set`, `get`, `has`, `delete`: O(1), without garbage. It grows by pages of 64 KiB, so that no `set` waits for more than the entries of one
 * of them; when there is no room for another it throws `out-of-memory` and the table is as it was.
 *
 * During iteration the current entry may be deleted and values may be set; anything that inserts, or deletes another entry, makes
 * the iterator's next step throw `stale-view`.
 *
 * One thread writes. A table that is no longer written can be read by any number of threads and processes, through `attach`.
 */
export class HashTable<Key extends number | bigint, Value, Input = Value, View = unknown>
  extends HashWriter<Key, Value, Input>
  implements Disposable
{
  /**
   * Opens, for reading, the finished table whose header lies at `byteOffset`: where it was made, or, of a table that was made with `oneBlock`, a copy
   * of its `byteLength` bytes from its `byteOffset`, byte for byte, anywhere. The header and the directory are checked, the entries are not (see
   * `checkInvariants`).
   *
   * Throws `corrupt`, `layout-mismatch`, `unsupported-format`, `out-of-bounds`. Damaged entries give wrong answers, never an endless
   * loop and never bytes from outside the block.
   */
  static attach<Key extends number | bigint, Value, Input = Value, View = unknown>(
    memory: Memory,
    byteOffset: number,
    types: HashTableTypes<Key, Value, Input, View>,
  ): HashTable<Key, Value, Input, View> {
    const layout = slotLayout(types.key, types.value);
    readHeader(memory, byteOffset, layout);
    const { lease } = memory;
    return new HashTable(new HashSlots({ lease, epoch: lease.epoch, byteOffset, ptr: NIL }, layout));
  }

  /** Throws `bad-value` for a key or a value that does not fit its type, `out-of-memory`, `read-only`; nothing has changed then. */
  set(key: Key, value: Input): this {
    this.checkWritable();
    const at = this.locate(key);
    if (at >= 0) this.slots.writeValue(at, value);
    else this.insert(at, key, value);
    return this;
  }

  /** The value of `key`, which is `value` from now on if it had none. Throws as `set` does. */
  getOrInsert(key: Key, value: Input): Value {
    this.checkWritable();
    const at = this.locate(key);
    const place = at >= 0 ? at : this.insert(at, key, value);
    return this.slots.valueAt(place);
  }

  /** The value of `key`, which is `make(key)` from now on if it had none. Throws as `set` does. */
  getOrInsertWith(key: Key, make: (key: Key) => Input): Value {
    this.checkWritable();
    const at = this.locate(key);
    return at >= 0 ? this.slots.valueAt(at) : this.getOrInsert(key, make(key));
  }

  /**
   * Makes the value of `key` what `change` returns for the present one, which is undefined without an entry. When `change` returns undefined nothing
   * changes. Returns the value that is there then. Throws as `set` does.
   */
  update(key: Key, change: (value: Value | undefined) => Input | undefined): Value | undefined {
    this.checkWritable();
    const wanted = change(this.get(key));
    if (wanted !== undefined) this.set(key, wanted);
    return this.get(key);
  }

  /** Adds to a number, which is 0 without an entry, and returns the sum. Throws `bad-value` where the sum does not fit. */
  add(this: HashTable<Key, number, number>, key: Key, amount: number): number {
    this.checkWritable();
    const at = this.locate(key);
    if (at < 0) return this.getOrInsert(key, amount);
    this.slots.writeValue(at, this.slots.valueAt(at) + amount);
    return this.slots.valueAt(at);
  }

  /**
   * Sets every entry, in turn. What comes first is there even if a later one throws. From an array of keys and one of their values, such as columns, it is
   * quicker than as many calls of `set` when the table is larger than the caches: the slots of a group of keys are fetched at once. Quickest after `reserve`.
   */
  setMany(entries: Iterable<readonly [Key, Input]>): this;
  setMany(keys: ArrayLike<Key>, values: ArrayLike<Input>): this;
  setMany(...given: [Iterable<readonly [Key, Input]>] | [ArrayLike<Key>, ArrayLike<Input>]): this {
    if (given.length === 2) {
      this.#setColumns(...given);
      return this;
    }
    checkCall("table.setMany(entries)", [MANY, given[0]]);
    for (const [key, value] of given[0]) this.set(key, value);
    return this;
  }

  #setColumns(keys: ArrayLike<Key>, values: ArrayLike<Input>): void {
    checkCall("table.setMany(keys, values)", [AN_ARRAY, keys], [AN_ARRAY, values]);
    this.checkWritable();
    if (keys.length !== values.length) {
      throw new MemoryError("invalid-argument", {
        subject: "hash table",
        event: "cannot be set from unequal numbers of keys and values",
        numbers: { keys: keys.length, values: values.length },
        cure: "Pass a value for each key.",
      });
    }
    for (let start = 0; start < keys.length; start += GROUP) {
      const end = Math.min(start + GROUP, keys.length);
      fetchGroup(this.settled(), keys, start, end - start);
      for (let index = start; index < end; index++) this.set(keys[index], values[index]);
    }
  }

  /**
   * The value of `key` where it lies, without a copy, or undefined: of a struct an object whose fields read and write the entry, of others `{ value }`.
   * Until an entry comes or goes: then it throws `stale-view`.
   */
  view(key: Key): View | undefined {
    const at = this.locate(key);
    if (at < 0) return undefined;
    this.views ??= this.memory.openLease("hash table", { readOnly: !this.isWritable });
    return this.slots.layout.value.view(this.views, this.slots.valueByteOffset(at)) as View;
  }

  /** Whether `key` was there. */
  delete(key: Key): boolean {
    this.checkWritable();
    const at = this.locate(key);
    if (at < 0) return false;
    this.removeAt(at);
    return true;
  }

  /** Deletes all entries and keeps the room. O(capacity). */
  clear(): void {
    this.checkWritable();
    this.removeAll();
  }

  /** Grows so that `count` entries in all fit without more growth. Throws `out-of-memory`; no entry has changed then. */
  reserve(count: number): void {
    this.checkWritable();
    checkCount("count", count);
    this.makeRoomFor(count);
  }

  /** Makes it as small as its entries allow. Throws `out-of-memory`, since it is made anew beside itself; nothing has changed then. */
  shrink(): void {
    this.checkWritable();
    this.giveRoomBack();
  }

  /** Gives the blocks back. An attached table only ends. Twice is harmless. */
  close(): void {
    if (this.disposed) return;
    this.disposed = true;
    const slots = this.slots;
    const alive = slots.lease.epoch === slots.epoch;
    slots.lease.removeTenant(this);
    if (this.memory.closed) return;
    this.memory.removeDependent(this);
    if (this.views !== undefined) this.memory.closeLease(this.views, "was disposed of");
    if (alive) this.free(slots);
    slots.epoch = NOWHERE;
    this.letGo();
    this.endMemory();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
