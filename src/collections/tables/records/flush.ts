/*
 * Flushing a table in a file, and what counts after a power failure. See journal.ts for epochs.
 *
 * In a table that never had a transaction each record counts for itself: the newest whole one of its key. From the first transaction of several keys on, a part of one
 * must not count. So only records up to the epoch SAVED do then, and nothing since: the table is as it was at the last flush, as a whole.
 *
 *   header, 8 bytes at 56, one store:  saved epoch u32, its check u32; zeros: none
 *
 * Invariants:
 * 1. SAVED is an epoch of which everything is on the disk, with all before it: it is raised after the disk was waited for. No transaction is cut in two by an epoch: its
 *    records are dated while it holds all of its shards, and who flushes has held each shard since the epoch ended.
 * 2. DURABLE, by which records become free that were replaced, follows when SAVED is on the disk. So whatever the disk has as SAVED, the records that count then are whole.
 * 3. SAVED begins while all shards are held and everything is flushed: before it, records may have been given up in favour of later ones.
 */
import { fmix32, GOLDEN } from "../../hash.ts";
import { whileAlone } from "./alone.ts";
import { DURABLE, EPOCH, HEAD_BYTES, SAVED } from "./layout.ts";
import type { RecordStore } from "./store.ts";

type AnyStore = RecordStore<unknown, unknown, never>;

/** Sees to it that all that was written before, by whomever, is on the disk. */
export function flushRecords(store: AnyStore): void {
  const epoch = beginFlush(store);
  store.parts.sync?.();
  if (!endFlush(store, epoch)) return;
  store.parts.sync?.(store.parts.byteOffset, HEAD_BYTES);
  confirmFlush(store, epoch);
}

/** Begins a new epoch, and waits until all operations of the one before have ended. Returns that one. */
export function beginFlush(store: AnyStore): number {
  const epoch = Atomics.add(store.memory.i32, headOf(store) + EPOCH, 1);
  store.forEachShard(() => {});
  return epoch;
}

/** Says that everything up to an epoch is on the disk. True when the disk must have that too, before `confirmFlush`. */
export function endFlush(store: AnyStore, epoch: number): boolean {
  // Whoever begins with SAVED holds all shards.
  store.enter(0);
  try {
    if (isSaving(store)) raiseSaved(store, epoch);
    else confirmFlush(store, epoch);
    return isSaving(store);
  } finally {
    store.leave(0);
  }
}

/** What was replaced up to an epoch is not needed any more. */
export function confirmFlush({ memory: { i32 }, parts }: AnyStore, epoch: number): void {
  const word = parts.byteOffset / 4 + DURABLE;
  for (let seen = Atomics.load(i32, word); ((epoch - seen) | 0) > 0; ) {
    const found = Atomics.compareExchange(i32, word, seen, epoch);
    if (found === seen) return;
    seen = found;
  }
}

/** Whether the table has had transactions of several keys, so that it counts as a whole. */
export function isSaving(store: AnyStore): boolean {
  const { i32 } = store.memory;
  const word = headOf(store) + SAVED;
  return (i32[word] | i32[word + 1]) !== 0;
}

/** The last epoch that counts after a power failure; undefined: each record for itself, also where the word is damaged. */
export function savedEpoch(store: AnyStore): number | undefined {
  const { i32 } = store.memory;
  const word = headOf(store) + SAVED;
  return isSaving(store) && i32[word + 1] === checkOf(i32[word], store.parts.seed) ? i32[word] : undefined;
}

/** From now on the table counts as a whole. Nothing must be held. */
export function beginSaving(store: AnyStore): void {
  whileAlone(store, () => {
    if (isSaving(store)) return;
    const epoch = Atomics.add(store.memory.i32, headOf(store) + EPOCH, 1);
    store.parts.sync?.();
    raiseSaved(store, epoch);
    store.parts.sync?.();
    confirmFlush(store, epoch);
  });
}

/** By who holds the first shard, or is alone. */
export function raiseSaved(store: AnyStore, epoch: number): void {
  const saved = savedEpoch(store);
  if (saved !== undefined && ((epoch - saved) | 0) <= 0) return;
  Atomics.store(store.memory.i64, (headOf(store) + SAVED) / 2, checkedEpoch(epoch, store.parts.seed));
}

/** As it is stored. */
export function checkedEpoch(epoch: number, seed: number): bigint {
  return BigInt.asIntN(64, (BigInt(checkOf(epoch, seed)) << 32n) | BigInt(epoch >>> 0));
}

/** Never 0. */
function checkOf(epoch: number, seed: number): number {
  return fmix32(Math.imul(epoch, GOLDEN) ^ seed) || 1;
}

function headOf({ parts }: AnyStore): number {
  return parts.byteOffset / 4;
}
