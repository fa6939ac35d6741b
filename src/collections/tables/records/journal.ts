/*
 * How a table in a file has everything up to its last flush after a power failure, although nobody knows which stores since then have reached the disk.
 *
 * There is no log. The records are the truth, the index and the lists of free blocks can be built again from them: a record says itself whether it is whole,
 * and of which epoch it is. `flush` begins a new epoch e + 1, sees that every operation of epoch e has ended, has everything written, and then says that
 * epoch e is durable. After a power failure the record of the newest epoch that is whole is what a key has; of two of one epoch, either was the key's since
 * the last flush. In a table that has had transactions only what is saved counts: see flush.ts.
 *
 * Invariants:
 * 1. When a key gets another record, the one before is kept, retired, if it is of an older epoch, until the epoch that retired it is durable. One of the same
 *    epoch is not needed: it is free at once. So at most one record for each key is kept, whatever happens between two flushes; and none where nobody flushes.
 * 2. A key that is deleted leaves a tombstone, a record without a value, if an older record of it may still be whole on the disk. A tombstone is kept until
 *    the records that it outlives are free, and the epoch in which they became so is durable.
 * 3. A record that is freed is marked as none in the memory at once; on the disk it is so from the next flush on.
 * 4. Whatever is on a list of this shard is of an epoch that is not durable yet, or was not when somebody last worked in the shard.
 */
import type { Memory } from "../../../core/memory.ts";
import {
  DURABLE,
  EPOCH,
  HAS_OLDER,
  KEY_BYTES,
  LINK,
  RECORD_EPOCH,
  RETIRED,
  RETIRED_EPOCH,
  SPENT,
  SPENT_EPOCH,
  TOMBSTONE,
} from "./layout.ts";
import type { RecordBytes } from "./record-bytes.ts";
import type { ShardRoom } from "./room.ts";

export class ShardJournal {
  readonly #memory: Memory;
  readonly #head: number;
  readonly #room: ShardRoom;
  readonly #records: RecordBytes;

  /** `head` is the word where the table's header begins. */
  constructor(memory: Memory, head: number, room: ShardRoom, records: RecordBytes) {
    this.#memory = memory;
    this.#head = head;
    this.#room = room;
    this.#records = records;
  }

  /** The epoch of what is written now. The shard is held, so it cannot become durable meanwhile; who began a later one and has held the shard is seen. */
  get epoch(): number {
    return this.#memory.i32[this.#head + EPOCH];
  }

  get durable(): number {
    return Atomics.load(this.#memory.i32, this.#head + DURABLE);
  }

  /** The flags of a record that comes after that at `old`, 0: none, in an epoch. */
  flagsBehind(old: number, epoch: number): number {
    return old !== 0 && this.mayBeSaved(old, epoch) ? HAS_OLDER : 0;
  }

  /** Whether the disk may have the record at `ref`, or an older one of its key, from before this epoch. */
  mayBeSaved(ref: number, epoch: number): boolean {
    const { i32 } = this.#memory;
    return i32[ref * 2 + RECORD_EPOCH] !== epoch || (i32[ref * 2 + KEY_BYTES] & HAS_OLDER) !== 0;
  }

  /** Frees a record that nothing names any more, now or when it is not needed. */
  release(shard: number, ref: number, epoch: number): void {
    if (this.#memory.i32[ref * 2 + RECORD_EPOCH] === epoch) this.#room.free(shard, ref, this.#records.unitsOf(ref));
    else this.keep(shard, ref, epoch);
  }

  /** Keeps a record or tombstone for as long as it is needed after an epoch. */
  keep(shard: number, ref: number, epoch: number): void {
    this.#enlist(shard, RETIRED, RETIRED_EPOCH, ref, epoch);
  }

  /** Frees what has been kept for long enough; with `isAllDurable` all records, since the caller has just seen to that. */
  drain(shard: number, isAllDurable = false): void {
    const { i32 } = this.#memory;
    if ((i32[shard + RETIRED] | i32[shard + RETIRED + 1] | i32[shard + SPENT] | i32[shard + SPENT + 1]) === 0) return;
    const { epoch, durable } = this;
    const durableRecords = isAllDurable ? epoch : durable;
    for (let parity = 0; parity < 2; parity++) {
      for (let ref = this.#takeList(shard, SPENT + parity, SPENT_EPOCH + parity, durable); ref !== 0; ) {
        const next = i32[ref * 2 + LINK] >>> 0;
        this.#room.free(shard, ref, this.#records.unitsOf(ref));
        ref = next;
      }
    }
    for (let parity = 0; parity < 2; parity++) {
      for (let ref = this.#takeList(shard, RETIRED + parity, RETIRED_EPOCH + parity, durableRecords); ref !== 0; ) {
        const next = i32[ref * 2 + LINK] >>> 0;
        if ((i32[ref * 2 + KEY_BYTES] & TOMBSTONE) !== 0) this.#enlist(shard, SPENT, SPENT_EPOCH, ref, epoch);
        else this.#room.free(shard, ref, this.#records.unitsOf(ref));
        ref = next;
      }
    }
  }

  /** Refs on the lists. */
  *kept(shard: number): Generator<number> {
    const { i32 } = this.#memory;
    for (let list = RETIRED; list < RETIRED_EPOCH; list++) {
      for (let ref = i32[shard + list] >>> 0; ref !== 0; ref = i32[ref * 2 + LINK] >>> 0) yield ref;
    }
  }

  /** Forgets the lists. */
  forget(shard: number): void {
    this.#memory.i32.fill(0, shard + RETIRED, shard + SPENT_EPOCH + 2);
  }

  #enlist(shard: number, lists: number, epochs: number, ref: number, epoch: number): void {
    const { i32 } = this.#memory;
    const parity = epoch & 1;
    i32[ref * 2 + LINK] = i32[shard + lists + parity];
    i32[shard + lists + parity] = ref;
    i32[shard + epochs + parity] = epoch;
  }

  /** The whole list, if its last epoch is durable; else 0. */
  #takeList(shard: number, list: number, epoch: number, durable: number): number {
    const { i32 } = this.#memory;
    if (i32[shard + list] === 0 || ((durable - i32[shard + epoch]) | 0) < 0) return 0;
    const first = i32[shard + list] >>> 0;
    i32[shard + list] = 0;
    return first;
  }
}
