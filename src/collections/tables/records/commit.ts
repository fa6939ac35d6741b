/*
 * How several entries change at one moment, in whatever shards they are, although whoever changes them may die between any two stores.
 *
 *   log          0        4        8        12        16
 *                +--------+--------+--------+---------+------+---------+---------+------+-----
 *                | 0      | seat   | id     | count   | hash | old ref | new ref | hash |  …        a block of the shard, which its word LOG names
 *                +--------+--------+--------+---------+------+---------+---------+------+-----
 *
 *   old ref      the record that a slot names; 0: the key is not there
 *   new ref      the record that it is to name; a tombstone, or 0: the key is deleted
 *
 *   The first word of each seat that is the table's: the id of the last commit of its holders, so the id of the next is one more.
 *
 * Invariants:
 * 1. All shards are held in which anything was read or is changed, from the first look until the commit has ended. So transactions are as if one came after the
 *    other, and after or before each other operation.
 * 2. A log counts if its id is the one in the word of its seat. That becomes so by one store, after all logs of the commit and all records are whole and each shard
 *    names its own: before it nothing has changed, after it everything has.
 * 3. A shard names its log until all of its slots are changed. Until then none of the refs in the log is free. So a log can be carried out again, from the
 *    beginning and by anybody: what is done already shows in the slots.
 * 4. Who inherits a shard that names a log carries it out if it counts, and else drops it: see repair.ts. Each shard for itself, so nobody must hold several.
 * 5. The seat of one who died is nobody else's while a shard names a log of it: see `endAffairs` in shared-hash-table.ts.
 */

import type { Change, Changes } from "./changes.ts";
import { keepToLimit } from "./evict.ts";
import { KEY_BYTES, LOG, TOMBSTONE } from "./layout.ts";
import type { RecordStore } from "./store.ts";

type AnyStore = RecordStore<unknown, unknown, never>;

const LOG_SEAT = 1;
const LOG_ID = 2;
const LOG_COUNT = 3;
const LOG_CHANGES = 4;
const WORDS_A_CHANGE = 3;

/** The changes of one shard. */
interface Part {
  readonly shard: number;
  readonly changes: Change[];
  /** Of `changes`, by their places; 0 where none is needed. */
  readonly tombstones: number[];
  log: number;
}

/**
 * Makes the changes of a transaction, all or none. False when there is none. The shards are held. `most`: entries of a shard. Throws `out-of-memory` or `disk-full`;
 * nothing has changed then.
 */
export function commitChanges(store: AnyStore, changes: Changes, most: number): boolean {
  const { list } = changes;
  if (list.length === 0) return false;
  const parts = partsOf(store, list);
  // All shards are held: a flush that begins a later epoch waits for all of this, or for none.
  const { epoch } = store.journal;
  // One slot changes by one store. And where there are no locks nobody else comes to end it.
  const needsLog = list.length > 1 && store.parts.locks !== undefined;
  prepare(store, parts, epoch, needsLog);
  changes.forget();
  for (const part of parts) sealRecords(store, part, epoch);
  if (needsLog) seal(store, parts);
  for (const part of parts) carryOut(store, part, epoch);
  for (const { shard } of parts) keepToLimit(store, shard, most);
  return true;
}

/** Ends the commit that a dead holder of a shard was in the middle of. The shard is held, and no slot of it is wrong. */
export function endCommit(store: AnyStore, shard: number): void {
  const { memory, index, records } = store;
  const { i32 } = memory;
  const log = i32[shard + LOG] >>> 0;
  if (log === 0) return;
  for (const { hash, oldRef, newRef } of changesIn(store, log)) {
    if (newRef !== 0 && !records.isRecord(newRef)) continue;
    const isDeleted = newRef === 0 || (i32[newRef * 2 + KEY_BYTES] & TOMBSTONE) !== 0;
    const isDone = oldRef === 0 && index.slotOf(shard, hash, newRef) >= 0;
    if (!isDone) change(store, shard, hash, oldRef, isDeleted ? 0 : newRef);
  }
  Atomics.store(i32, shard + LOG, 0);
}

/** Takes all room that is needed, or none: nothing after this can fail. */
function prepare(store: AnyStore, parts: readonly Part[], epoch: number, needsLog: boolean): void {
  const { room, records, index, journal } = store;
  try {
    for (const part of parts) {
      const { shard, changes, tombstones } = part;
      const added = changes.filter(({ oldRef }) => oldRef === 0).length;
      if (added > 0 && !index.ensureRoom(shard, added)) store.throwFull(0);
      for (const { oldRef, newRef } of changes) {
        const needsTombstone = newRef === 0 && journal.mayBeSaved(oldRef, epoch);
        const tombstone = needsTombstone ? store.tombstone(shard, oldRef, epoch) : 0;
        if (needsTombstone && tombstone === 0) store.throwFull(0);
        tombstones.push(tombstone);
      }
      if (needsLog) part.log = room.alloc(shard, logUnits(changes.length)) || store.throwFull(0);
    }
  } catch (error) {
    for (const { shard, changes, tombstones, log } of parts) {
      for (const tombstone of tombstones) if (tombstone !== 0) room.free(shard, tombstone, records.unitsOf(tombstone));
      if (log !== 0) room.free(shard, log, logUnits(changes.length));
    }
    throw error;
  }
}

function sealRecords({ records, journal }: AnyStore, { changes, tombstones }: Part, epoch: number): void {
  for (const { oldRef, newRef } of changes) {
    if (newRef === 0) continue;
    records.date(newRef, journal.flagsBehind(oldRef, epoch), epoch);
    records.seal(newRef);
  }
  for (const tombstone of tombstones) if (tombstone !== 0) records.seal(tombstone);
}

/** Writes the logs, and makes them count. */
function seal(store: AnyStore, parts: readonly Part[]): void {
  const { i32 } = store.memory;
  const { seats } = store.parts;
  if (seats === undefined) return;
  const word = seats.wordOf(seats.seat);
  const id = (i32[word] + 1) | 0;
  for (const { shard, changes, tombstones, log } of parts) {
    const at = log * 2;
    i32[at] = 0;
    i32[at + LOG_SEAT] = seats.seat;
    i32[at + LOG_ID] = id;
    i32[at + LOG_COUNT] = changes.length;
    changes.forEach(({ hash, oldRef, newRef }, place) => {
      const to = at + LOG_CHANGES + place * WORDS_A_CHANGE;
      i32[to] = hash;
      i32[to + 1] = oldRef;
      i32[to + 2] = newRef || tombstones[place];
    });
    Atomics.store(i32, shard + LOG, log | 0);
  }
  Atomics.store(i32, word, id);
}

/** Changes the slots of a shard, and frees then what they have named. */
function carryOut(store: AnyStore, { shard, changes, tombstones, log }: Part, epoch: number): void {
  const { memory, journal, room } = store;
  for (const { hash, oldRef, newRef } of changes) change(store, shard, hash, oldRef, newRef);
  if (log !== 0) Atomics.store(memory.i32, shard + LOG, 0);
  changes.forEach(({ oldRef }, place) => {
    if (oldRef !== 0) journal.release(shard, oldRef, epoch);
    if (tombstones[place] !== 0) journal.keep(shard, tombstones[place], epoch);
  });
  if (log !== 0) room.free(shard, log, logUnits(changes.length));
}

/** Makes the slot that names `oldRef` name `newRef`, 0: none. There is none where `oldRef` is 0, and where that is done already. */
function change({ index }: AnyStore, shard: number, hash: number, oldRef: number, newRef: number): void {
  if (oldRef === 0) {
    if (newRef !== 0) index.insert(shard, hash, newRef);
    return;
  }
  const slot = index.slotOf(shard, hash, oldRef);
  if (slot < 0) return;
  if (newRef !== 0) index.replace(shard, slot, newRef);
  else index.remove(shard, slot);
}

/** What is in a log that counts. */
function* changesIn({ memory: { i32 }, bounds, parts: { seats } }: AnyStore, log: number): Generator<Omit<Change, "shardNumber">> {
  const at = log * 2;
  if (seats === undefined || !bounds.reaches(at + LOG_CHANGES)) return;
  const seat = i32[at + LOG_SEAT];
  const count = i32[at + LOG_COUNT];
  if (seat < 1 || seat > seats.count || count < 1 || !bounds.reaches(at + LOG_CHANGES + count * WORDS_A_CHANGE)) return;
  if (Atomics.load(i32, seats.wordOf(seat)) !== i32[at + LOG_ID]) return;
  for (let place = 0; place < count; place++) {
    const from = at + LOG_CHANGES + place * WORDS_A_CHANGE;
    yield { hash: i32[from], oldRef: i32[from + 1] >>> 0, newRef: i32[from + 2] >>> 0 };
  }
}

function partsOf(store: AnyStore, list: readonly Change[]): Part[] {
  const parts = new Map<number, Part>();
  for (const change of list) {
    const shard = store.wordOf(change.shardNumber);
    const part = parts.get(shard);
    if (part !== undefined) part.changes.push(change);
    else parts.set(shard, { shard, changes: [change], tombstones: [], log: 0 });
  }
  return [...parts.values()];
}

function logUnits(count: number): number {
  return Math.ceil((LOG_CHANGES + count * WORDS_A_CHANGE) / 2);
}
