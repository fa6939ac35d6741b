import { endPlacement } from "../../alloc/own-memory.ts";
import type { Ptr } from "../../core/brand.ts";
import { A_FUNCTION, checkCall } from "../../core/check-call.ts";
import { checkCount } from "./hash-table-options.ts";
import { disposed, RecordReader } from "./record-reader.ts";
import type { RecordTablePlace, SetOptions, TableBlock } from "./record-table-place.ts";
import { makeRoom } from "./records/evict.ts";
import { endAfter } from "./records/expiry.ts";
import { extentBlocks } from "./records/extents.ts";
import { hasValue, isLasting } from "./records/look.ts";
import { refuseWriting, usedInside } from "./records/refusals.ts";
import { clearShard } from "./records/repair.ts";
import { reserveSlots, shrinkSlots } from "./records/resize.ts";
import type { RecordStore } from "./records/store.ts";
import { type Outcome, runTransaction, type Work } from "./run-transaction.ts";

/**
 * A map whose keys and values have any type, of any length, in memory instead of the heap.
 *
 * It is used as a Map is, but for these: entries come in no particular order; keys and values are copies; `set` throws `bad-value` for a key that the key's
 * type cannot hold, which `get`, `has` and `delete` just do not find. NaN is one key, and -0 is 0.
 *
 * While it is iterated over anything may change: an entry that is there all the time comes once, one that is deleted before it came does not come, one that
 * was set comes with its new value, one that is added may come or not.
 *
 * It grows by parts, so that no single `set` waits for the whole table; deleting leaves nothing behind.
 */
export class RecordTable<Key, Value, Input = Value> extends RecordReader<Key, Value, Input> implements Disposable {
  readonly #place: RecordTablePlace;
  readonly #epoch: number;
  /** Entries of a shard. */
  readonly #most: number;
  #use: "open" | "disposed" | "in transaction" = "open";

  /** Use `hashTable`, `sharedHashTable`, `attachSharedHashTable` or `openTable`. */
  constructor(store: RecordStore<Key, Value, Input>, place: RecordTablePlace) {
    super(store);
    this.#place = place;
    this.#epoch = place.lease.epoch;
    this.#most = Math.max(1, Math.floor((place.maxEntries ?? Number.POSITIVE_INFINITY) / store.parts.shards));
  }

  /** Where its head begins. */
  get byteOffset(): number {
    return this.#place.byteOffset;
  }

  /** Throws `bad-value`, `out-of-memory`, `disk-full`, `read-only`; nothing has changed then. */
  set(key: Key, value: Input, options?: SetOptions): this {
    this.#setOne(key, value, options);
    this.saved();
    return this;
  }

  /** `set` for the key whose bytes are `bytes[start, end)`, of a text as UTF-8. */
  setFromBytes(bytes: Uint8Array, value: Input, start = 0, end: number = bytes.length): this {
    this.checkWritable();
    if (!this.store.keys.loadBytes(bytes, start, end)) this.store.keys.refuse(bytes.subarray(start, end));
    this.#setLoaded(value, undefined);
    this.saved();
    return this;
  }

  /** Sets every entry, in turn. What comes first is there even if a later one throws. */
  setMany(entries: Iterable<readonly [Key, Input]>): this {
    try {
      for (const [key, value] of entries) this.#setOne(key, value, undefined);
    } finally {
      this.saved();
    }
    return this;
  }

  /** Whether `key` was there. Throws `out-of-memory` where a table that counts as a whole has no room for the mark; nothing has changed then. */
  delete(key: Key): boolean {
    this.checkWritable();
    return this.store.keys.load(key) && this.#deleteLoaded();
  }

  deleteFromBytes(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    this.checkWritable();
    return this.store.keys.loadBytes(bytes, start, end) && this.#deleteLoaded();
  }

  /** The value of `key`, which is `value` from now on if it had none. */
  getOrInsert(key: Key, value: Input): Value {
    return this.#change(key, (current) => (current === undefined ? value : undefined)) as Value;
  }

  /** The value of `key`, which is `make(key)` from now on if it had none. `make` must not use the table. */
  getOrInsertWith(key: Key, make: (key: Key) => Input): Value {
    return this.#change(key, (current) => (current === undefined ? make(key) : undefined)) as Value;
  }

  /**
   * Makes the value of `key` what `change` returns for the present one, which is undefined without an entry; nobody else changes it in between.
   * When `change` returns undefined nothing changes. Returns the value that is there then. `change` must not use the table.
   */
  update(key: Key, change: (value: Value | undefined) => Input | undefined): Value | undefined {
    return this.#change(key, change);
  }

  /** Adds to a number, which is 0 without an entry, and returns the sum; nobody else changes it in between. Throws `bad-value` where the sum does not fit. */
  add(this: RecordTable<Key, number, number>, key: Key, amount: number): number {
    return this.update(key, (value = 0) => value + amount) ?? 0;
  }

  /** Sets `key` to `value`, undefined: deletes it, if its value is `expected`, byte for byte, undefined: if it has none. Whether it was. */
  compareAndSet(key: Key, expected: Input | undefined, value: Input | undefined): boolean {
    this.checkWritable();
    const { store } = this;
    if (!store.keys.load(key)) store.keys.refuse(key);
    const [checked, wanted] = [value, expected].map((each) => (each === undefined ? undefined : store.values.check(each)));
    const valueBytes = checked === undefined ? 0 : store.values.byteLength(checked);
    const { hash } = store.keys;
    const shardNumber = store.shardOf(hash);
    const shard = store.enter(shardNumber);
    try {
      const slot = store.find(shard, hash);
      const ref = slot < 0 ? 0 : this.memory.i32[slot + 1] >>> 0;
      const isThere = ref !== 0 && isLasting(store, ref);
      if (wanted === undefined ? isThere : !(isThere && hasValue(store, ref, wanted))) return false;
      if (checked !== undefined) this.#put(shard, hash, slot, checked, valueBytes, 0);
      else if (isThere) store.remove(shard, slot);
    } finally {
      store.leave(shardNumber);
    }
    this.saved();
    return true;
  }

  /**
   * Calls `work`, and makes all of what it changes through its argument at once: nothing when it throws, when it calls `rollback`, when there is no room, or when who does
   * it dies. Returns what `work` returns. Nobody else changes what it has looked at until it ends, so `work` is to be short; it must not be async, nor use the table
   * otherwise. It may be called again, from the beginning, where another holds what it needs: what it does beside is to bear that.
   *
   * Those who only read, outside of transactions, do not wait: they see each key as before or after, but may see one of them before and the other after.
   *
   * Throws what `work` throws, `out-of-memory`, `disk-full`, `read-only`, `locked`, and `invalid-argument` for a promise; nothing has changed then.
   */
  transaction<Result>(work: Work<Key, Value, Input, Result>): Result {
    this.checkWritable();
    checkCall('transaction((t) => t.set("a", 1))', [A_FUNCTION, work]);
    this.#use = "in transaction";
    let outcome: Outcome<Result>;
    try {
      outcome = runTransaction(this.store, work, this.#most);
    } finally {
      this.#use = "open";
    }
    if (outcome.hasWritten) this.saved();
    return outcome.result;
  }

  /**
   * Deletes all entries. Each shard at a moment of its own. Throws `out-of-memory` where a table that counts as a whole has no room for the marks; some entries are
   * gone then.
   */
  clear(): void {
    this.checkWritable();
    this.store.forEachShard((shard) => clearShard(this.store, shard));
    this.saved();
  }

  /** Makes the index large enough for `count` entries. Throws `out-of-memory`. */
  reserve(count: number): void {
    this.checkWritable();
    checkCount("count", count);
    reserveSlots(this.store, count);
  }

  /** Makes the index as small as it can be. What it gives up serves new entries. */
  shrink(): void {
    this.checkWritable();
    shrinkSlots(this.store);
  }

  /** All blocks that the table reaches, the head first. */
  *blocks(): Generator<TableBlock> {
    this.checkOpen();
    const { byteOffset, headByteLength } = this.#place;
    yield { ptr: byteOffset as Ptr, byteSize: headByteLength };
    yield* extentBlocks(this.store);
  }

  /** Gives the blocks back, where the table has them from an allocator of its own. Twice is harmless. */
  close(): void {
    if (this.#use === "disposed") return;
    this.checkIdle();
    const { allocator, lease } = this.#place;
    const blocks = allocator !== undefined && !this.memory.closed && lease.epoch === this.#epoch ? [...this.blocks()] : [];
    this.#use = "disposed";
    for (const { ptr, byteSize } of blocks) allocator?.free(ptr, byteSize, 64);
    endPlacement(allocator);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  protected checkOpen(): void {
    const { lease } = this.#place;
    if (this.#use !== "open") throw this.#use === "disposed" ? disposed() : usedInside(this.memory);
    if (this.memory.closed) this.memory.throwClosed();
    if (lease.epoch !== this.#epoch) lease.throwStale(this.#epoch);
  }

  /** Throws `invalid-argument` in the middle of a transaction. */
  protected checkIdle(): void {
    if (this.#use === "in transaction") throw usedInside(this.memory);
  }

  /** After an operation that writes, when no shard is held: for tables that promise more of it. `setMany` and transactions call it once. */
  protected saved(): void {}

  protected checkWritable(): void {
    this.checkOpen();
    if (this.memory.readOnly) refuseWriting(this.memory);
  }

  #setOne(key: Key, value: Input, options: SetOptions | undefined): void {
    this.checkWritable();
    if (!this.store.keys.load(key)) this.store.keys.refuse(key);
    this.#setLoaded(value, options);
  }

  #setLoaded(value: Input, options: SetOptions | undefined): void {
    const { store } = this;
    const checked = store.values.check(value);
    const valueBytes = store.values.byteLength(checked);
    const expiresAt = endAfter(options?.ttlMs, store.values.prefix !== 0);
    const { hash } = store.keys;
    const shardNumber = store.shardOf(hash);
    const shard = store.enter(shardNumber);
    try {
      this.#put(shard, hash, store.find(shard, hash), checked, valueBytes, expiresAt);
    } finally {
      store.leave(shardNumber);
    }
  }

  #put(shard: number, hash: number, slot: number, checked: unknown, valueBytes: number, expiresAt: number): number {
    const { store } = this;
    if (slot < 0) makeRoom(store, shard, this.#most);
    return store.put(shard, hash, slot, checked, valueBytes, expiresAt);
  }

  #deleteLoaded(): boolean {
    const { store } = this;
    const shardNumber = store.shardOf(store.keys.hash);
    const shard = store.enter(shardNumber);
    try {
      const slot = store.find(shard, store.keys.hash);
      if (slot < 0) return false;
      const wasThere = isLasting(store, this.memory.i32[slot + 1] >>> 0);
      store.remove(shard, slot);
      if (!wasThere) return false;
    } finally {
      store.leave(shardNumber);
    }
    this.saved();
    return true;
  }

  #change(key: Key, change: (value: Value | undefined) => Input | undefined): Value | undefined {
    this.checkWritable();
    const { store } = this;
    if (!store.keys.load(key)) store.keys.refuse(key);
    const { hash } = store.keys;
    const shardNumber = store.shardOf(hash);
    const shard = store.enter(shardNumber);
    let current: Value | undefined;
    try {
      const slot = store.find(shard, hash);
      const ref = slot < 0 ? 0 : this.memory.i32[slot + 1] >>> 0;
      if (ref !== 0 && store.parts.isChecked && !store.records.isRecord(ref)) store.throwCorrupt(shard);
      if (ref !== 0) current = this.valueAt(ref);
      const wanted = change(current);
      if (wanted !== undefined) {
        // `change` may have used the keys of this table, against what it was told.
        store.keys.load(key);
        const checked = store.values.check(wanted);
        current = this.valueAt(this.#put(shard, hash, slot, checked, store.values.byteLength(checked), 0));
      }
    } finally {
      store.leave(shardNumber);
    }
    this.saved();
    return current;
  }
}
