import { MemoryError } from "../../../core/errors.ts";
import { privateMemory } from "../../../core/homes.ts";
import type { Memory } from "../../../core/memory.ts";
import type { Acquired, RobustLock } from "../../../core/robust-lock.ts";
import { oddMultiplier } from "../../hash.ts";
import { Bounds } from "./bounds.ts";
import { isSaving } from "./flush.ts";
import { ShardJournal } from "./journal.ts";
import type { KeyBytes } from "./keys.ts";
import { COUNT, KEY, KEY_BYTES, KEY_BYTES_MASK, SEAL, SHARD_WORDS, TOMBSTONE, VALUE_BYTES, VERSION } from "./layout.ts";
import { RecordBytes } from "./record-bytes.ts";
import { refuseDamage, refuseRoom } from "./refusals.ts";
import { ShardRoom } from "./room.ts";
import { ShardIndex, TORN } from "./shard-index.ts";
import type { StoreParts } from "./store-parts.ts";
import type { ValueBytes } from "./values.ts";

/** So often a reader looks again while writers change what it looks at, before it waits for its turn. */
const MOST_LOOKS = 100;

/**
 * The operations of a table on one key at a time, whose bytes are in `keys`. See layout.ts for the bytes, their invariants and who may write them.
 *
 * Between `enter` and `leave` the caller holds a shard. `find` outside of it gives a place to look at only, which the version of the shard confirms.
 */
export class RecordStore<Key, Value, Input> {
  readonly memory: Memory;
  readonly parts: StoreParts<Key, Value, Input>;
  readonly keys: KeyBytes<Key>;
  readonly values: ValueBytes<Value, Input>;
  readonly records: RecordBytes;
  readonly index: ShardIndex<Key>;
  readonly room: ShardRoom;
  readonly journal: ShardJournal;
  readonly bounds: Bounds;
  /** Makes a shard sound again whose holder died. Set by who knows how: see repair.ts. */
  repair: (shard: number) => void = () => {};
  /** Looks at a sealed shard before its first use. */
  unseal: (shard: number) => void = () => {};
  readonly #shardsWord: number;
  readonly #shift: number;
  /** Shards whose seals this participant has looked at. */
  readonly #looked: Uint8Array | undefined;

  constructor(parts: StoreParts<Key, Value, Input>) {
    const { memory, seed, keys, values } = parts;
    this.parts = parts;
    this.memory = memory;
    this.keys = keys;
    this.values = values;
    this.bounds = new Bounds(memory, parts.reach);
    const valueBytes = values.isVariable ? 0 : values.prefix + values.type.byteSize;
    this.records = new RecordBytes(this.bounds, seed, { keyBytes: keys.fixed, valueBytes, valueAlign: values.align });
    // A region is cleared when the table is recovered.
    const settle = parts.isRegion ? undefined : parts.sync;
    this.room = new ShardRoom(memory, parts.source, oddMultiplier(seed), settle);
    this.index = new ShardIndex(keys, this.records, this.room, this.bounds, parts.isChecked);
    this.journal = new ShardJournal(memory, parts.byteOffset / 4, this.room, this.records);
    this.#shardsWord = parts.shardsByteOffset / 4;
    this.#shift = Math.clz32(parts.shards - 1) - 1;
    this.#looked = parts.sync === undefined ? undefined : privateMemory(parts.shards).u8;
  }

  /** The number of the shard of a hash. */
  shardOf(hash: number): number {
    return (hash >>> 1) >>> this.#shift;
  }

  wordOf(shardNumber: number): number {
    return this.#shardsWord + shardNumber * SHARD_WORDS;
  }

  /** Holds a shard. What its last holder left half done is repaired. */
  enter(shardNumber: number): number {
    const lock = this.parts.locks?.[shardNumber];
    return this.#entered(shardNumber, lock, lock === undefined ? "clean" : lock.acquire());
  }

  /** `enter`, or undefined where another holds the shard. */
  tryEnter(shardNumber: number): number | undefined {
    const lock = this.parts.locks?.[shardNumber];
    const acquired = lock === undefined ? "clean" : lock.tryAcquire();
    return acquired === undefined ? undefined : this.#entered(shardNumber, lock, acquired);
  }

  leave(shardNumber: number): void {
    this.parts.locks?.[shardNumber].release();
  }

  /**
   * Copies the record of the key to `records.scratch`. True when there is one. Takes no lock; a writer makes it look again, one that died does not. Throws
   * `corrupt` when what lies there is damaged.
   */
  read(hash: number): boolean {
    const shardNumber = this.shardOf(hash);
    const shard = this.wordOf(shardNumber);
    this.lookOnce(shardNumber);
    for (let looks = 0; looks < MOST_LOOKS || this.memory.readOnly; looks++) {
      const version = Atomics.load(this.memory.i32, shard + VERSION);
      const slot = this.index.find(shard, hash, true);
      if (Atomics.load(this.memory.i32, shard + VERSION) !== version) continue;
      if (slot !== TORN) return slot >= 0;
      break;
    }
    return this.#readHeld(shardNumber, hash);
  }

  /** The slot of the key in a shard that is held. Throws `corrupt`. */
  find(shard: number, hash: number): number {
    const slot = this.index.find(shard, hash);
    return slot === TORN ? this.throwCorrupt(shard) : slot;
  }

  /** Gives the key that value: a checked one that takes `valueBytes`. `slot` is what `find` returned. Throws `out-of-memory`; nothing has changed then. */
  put(shard: number, hash: number, slot: number, checked: unknown, valueBytes: number, expiresAt: number): number {
    const { index, journal } = this;
    if (slot < 0 && !index.ensureRoom(shard)) this.throwFull(valueBytes);
    const { epoch } = journal;
    const old = slot < 0 ? 0 : this.memory.i32[slot + 1] >>> 0;
    const ref = this.write(shard, journal.flagsBehind(old, epoch), epoch, checked, valueBytes, expiresAt);
    this.records.seal(ref);
    if (old === 0) {
      index.insert(shard, hash, ref);
    } else {
      index.replace(shard, slot, ref);
      journal.release(shard, old, epoch);
    }
    return ref;
  }

  /** Writes what is a record when it is sealed, and which nothing names yet. Throws `out-of-memory`; nothing has changed then. */
  write(shard: number, flags: number, epoch: number, checked: unknown, valueBytes: number, expiresAt: number): number {
    const { keys, records, values } = this;
    const ref = this.room.alloc(shard, records.units(keys.byteLength, valueBytes));
    if (ref === 0) this.throwFull(valueBytes);
    records.begin(ref, keys, valueBytes, flags, epoch);
    const valueAt = ref * 8 + records.valueOffset(keys.byteLength);
    if (values.prefix !== 0) this.memory.f64[valueAt / 8] = expiresAt;
    values.store(this.memory, valueAt, checked);
    return ref;
  }

  /** Deletes the entry in `slot`. Throws `out-of-memory` where a table that counts as a whole has no room for the mark; nothing has changed then. */
  remove(shard: number, slot: number): void {
    const { epoch } = this.journal;
    const ref = this.memory.i32[slot + 1] >>> 0;
    const mayBeOnDisk = this.journal.mayBeSaved(ref, epoch);
    const tombstone = mayBeOnDisk ? this.tombstone(shard, ref, epoch) : 0;
    if (tombstone !== 0) this.records.seal(tombstone);
    else if (mayBeOnDisk && isSaving(this)) this.throwFull(0);
    // Writing one may have given the memory new views.
    this.index.remove(shard, slot);
    if (mayBeOnDisk && tombstone === 0) {
      // No room for a tombstone. When everything older is gone for good, the record can go without one.
      this.parts.sync?.();
      this.journal.drain(shard, true);
      this.room.free(shard, ref, this.records.unitsOf(ref));
      this.parts.sync?.();
      return;
    }
    this.journal.release(shard, ref, epoch);
    if (tombstone !== 0) this.journal.keep(shard, tombstone, epoch);
  }

  /** Entries of all shards. */
  get count(): number {
    let count = 0;
    for (let number = 0; number < this.parts.shards; number++) count += this.memory.i32[this.wordOf(number) + COUNT];
    return count;
  }

  /** Looks at the seal of a shard before its first use by who only reads. */
  lookOnce(shardNumber: number): void {
    if (this.#looked !== undefined && this.#looked[shardNumber] === 0) this.#look(shardNumber);
  }

  /** Holds each shard in turn. */
  forEachShard(work: (shard: number, shardNumber: number) => void): void {
    for (let number = 0; number < this.parts.shards; number++) {
      const shard = this.enter(number);
      try {
        work(shard, number);
      } finally {
        this.leave(number);
      }
    }
  }

  /** Calls `visit` with the ref of every entry of a shard that is held. */
  forEachRef(shard: number, visit: (ref: number, hash: number) => void): void {
    const [first, end] = this.index.slots(shard);
    const { i32 } = this.memory;
    for (let slot = first; slot < end; slot += 2) if (i32[slot + 1] !== 0) visit(i32[slot + 1] >>> 0, i32[slot]);
  }

  /** Where in `scratch` the value lies, and how long it is. */
  scratchValue(): readonly [byteOffset: number, byteLength: number] {
    const { i32 } = this.records.scratch;
    return [this.records.valueOffset(i32[KEY_BYTES] & KEY_BYTES_MASK), i32[VALUE_BYTES]];
  }

  throwCorrupt(shard: number): never {
    refuseDamage(this.memory, (shard - this.#shardsWord) / SHARD_WORDS);
  }

  #look(shardNumber: number): void {
    if (this.memory.i32[this.wordOf(shardNumber) + SEAL] === 0) this.#noteLooked(shardNumber);
    else {
      this.enter(shardNumber);
      this.leave(shardNumber);
    }
  }

  #readHeld(shardNumber: number, hash: number): boolean {
    const shard = this.enter(shardNumber);
    try {
      const slot = this.index.find(shard, hash, true);
      return slot >= 0 || (slot === TORN && this.throwCorrupt(shard));
    } finally {
      this.leave(shardNumber);
    }
  }

  /** What is due when a shard has become the caller's: its lock, if it has one, was acquired so. Returns its word. */
  #entered(shardNumber: number, lock: RobustLock | undefined, acquired: Acquired): number {
    const shard = this.wordOf(shardNumber);
    if (lock !== undefined && acquired === "inherited") this.#inherit(lock, shard);
    this.#makeReady(shardNumber, shard, lock);
    return shard;
  }

  #inherit(lock: RobustLock, shard: number): void {
    try {
      this.repair(shard);
    } catch (error) {
      lock.abandon();
      throw error;
    }
  }

  /** What is due before anybody works in a shard that is held. */
  #makeReady(shardNumber: number, shard: number, lock: RobustLock | undefined): void {
    if (this.#looked !== undefined) this.#prepare(shardNumber, shard, lock);
    if (lock !== undefined) this.#cover(lock);
  }

  /** What others have added is there before anything of it is written. */
  #cover(lock: RobustLock): void {
    try {
      this.parts.source.cover?.();
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** What is due before anybody works in a shard of a table in a file. */
  #prepare(shardNumber: number, shard: number, lock: RobustLock | undefined): void {
    try {
      if (this.memory.i32[shard + SEAL] !== 0) this.unseal(shard);
      this.#noteLooked(shardNumber);
      if (!this.memory.readOnly) this.journal.drain(shard);
    } catch (error) {
      lock?.abandon();
      throw error;
    }
  }

  #noteLooked(shardNumber: number): void {
    if (this.#looked !== undefined) this.#looked[shardNumber] = 1;
  }

  /** What is, when sealed, a record that says that the key of the record at `of` is no more; 0 when there is no room. */
  tombstone(shard: number, of: number, epoch: number): number {
    const { records, memory } = this;
    const byteLength = memory.i32[of * 2 + KEY_BYTES] & KEY_BYTES_MASK;
    let ref = 0;
    try {
      ref = this.room.alloc(shard, records.units(byteLength, 0));
    } catch (error) {
      // Deleting must go on when the disk is full.
      if (!(error instanceof MemoryError && error.code === "disk-full")) throw error;
    }
    if (ref === 0) return 0;
    records.begin(ref, { words: memory.i32, at: of * 2 + KEY, byteLength }, 0, TOMBSTONE, epoch);
    return ref;
  }

  throwFull(valueBytes: number): never {
    refuseRoom(this.memory, this.keys.byteLength, valueBytes);
  }
}
