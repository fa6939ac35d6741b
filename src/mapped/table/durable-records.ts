import { sealOf } from "../../collections/tables/records/check.ts";
import { soundExtents } from "../../collections/tables/records/extents.ts";
import { flushRecords, isSaving, raiseSaved } from "../../collections/tables/records/flush.ts";
import { BOOT, DURABLE, EPOCH, HEAD_SEAL, LOCK, SEAL, STATE, TOP } from "../../collections/tables/records/layout.ts";
import { rebuildShard, repairShard, sealOfShard } from "../../collections/tables/records/repair.ts";
import { hashOfRecord, newestEpoch } from "../../collections/tables/records/search.ts";
import type { RecordStore } from "../../collections/tables/records/store.ts";
import type { OpenRecords } from "../../collections/tables/shared-hash-table.ts";
import { MemoryError } from "../../core/errors.ts";
import { seatsByteLength } from "../../core/seats.ts";

type AnyStore = RecordStore<unknown, unknown, never>;

/** Header word STATE. */
export const State = { OPEN: 0, CLEAN: 1 } as const;

/** What was found when a table was opened that nobody else had open. */
export interface TableRecovery {
  /**
   * `clean`: it was closed in good order. `process`: whoever had it open has died. `power`: the machine went down, the file was copied while it was open, or
   * damage was found; then the index was built from the records.
   */
  readonly after: "new" | "clean" | "process" | "power";
  /** Shards that were rebuilt. */
  readonly rebuiltShards: number;
  /** Entries found in them. */
  readonly foundEntries: number;
}

/**
 * Takes over a table that nobody else has open, whatever locks and seats say: makes it sound, and marks it as open on the disk before anything changes in
 * it. `boot`: see boot-word.ts.
 */
export function takeOver<Key, Value, Input>(opened: OpenRecords<Key, Value, Input>, boot: number, isNew: boolean): TableRecovery {
  const { store, head, place } = opened;
  const { i32 } = store.memory;
  const words = place.byteOffset / 4;
  const recovery = isNew
    ? { after: "new" as const, rebuiltShards: 0, foundEntries: 0 }
    : recover(store, i32[words + BOOT] === boot);
  const seatsWord = words + head.seatsByteOffset / 4;
  i32.fill(0, seatsWord, seatsWord + seatsByteLength({ seats: head.seats }) / 4);
  for (let number = 0; number < head.shards; number++) i32[store.wordOf(number) + LOCK] = 0;
  i32[words + STATE] = State.OPEN;
  i32[words + BOOT] = boot;
  store.parts.sync?.();
  return recovery;
}

/** `isSameRun`: the stores of whoever had it open are all there. */
function recover(store: AnyStore, isSameRun: boolean): TableRecovery {
  const { i32 } = store.memory;
  const head = store.parts.byteOffset / 4;
  const isClean = i32[head + STATE] === State.CLEAN && i32[head + HEAD_SEAL] === headSeal(store);
  if (isClean) return { after: "clean", rebuiltShards: 0, foundEntries: 0 };
  return isSameRun && i32[head + STATE] === State.OPEN ? repairAll(store) : rebuildAll(store);
}

/** Seals everything, when the last one leaves. */
export function sealRecords(store: AnyStore): void {
  const { i32 } = store.memory;
  const head = store.parts.byteOffset / 4;
  flushRecords(store);
  store.forEachShard((shard) => {
    i32[shard + SEAL] = 0;
    i32[shard + SEAL] = sealOfShard(store, shard);
  });
  i32[head + STATE] = State.CLEAN;
  i32[head + HEAD_SEAL] = headSeal(store);
  store.parts.sync?.();
}

/**
 * Looks whether a shard is as it was when the table was closed, before its first use; if not, builds it from its records. The shard is held. True when it
 * was damaged.
 */
export function unsealShard(store: AnyStore, shard: number): boolean {
  const { i32 } = store.memory;
  const isSound = sealOfShard(store, shard) === i32[shard + SEAL];
  if (!isSound) {
    soundExtents(store, shard);
    rebuildShard(store, shard);
  }
  i32[shard + SEAL] = 0;
  return !isSound;
}

/** Whether a shard is as it was when the table was closed, or has been opened since. Changes nothing. */
export function isUnchanged(store: AnyStore, shard: number): boolean {
  const { i32 } = store.memory;
  const seal = Atomics.load(i32, shard + SEAL);
  return seal === 0 || sealOfShard(store, shard) === seal || Atomics.load(i32, shard + SEAL) !== seal;
}

/** Throws `corrupt` unless the first entries lie where this version looks for them: a hash that changed would hide all. */
export function checkHashes(store: AnyStore): void {
  let left = 10;
  for (let number = 0; number < store.parts.shards && left > 0; number++) {
    // Held: an entry that somebody is moving has another's hash for a moment.
    const shard = store.enter(number);
    try {
      store.forEachRef(shard, (ref, hash) => {
        if (left-- > 0 && store.records.isRecord(ref)) checkHash(store, ref, hash);
      });
    } finally {
      store.leave(number);
    }
  }
}

function checkHash(store: AnyStore, ref: number, hash: number): void {
  const expected = hashOfRecord(store, ref);
  if (hash === expected) return;
  throw new MemoryError("corrupt", {
    subject: store.memory.subject,
    event: "has entries under other hashes than their keys have",
    numbers: { ref, hash, expected },
    cure: "It was written by a version with another hash: read it with that one.",
  });
}

function headSeal({ memory, parts }: AnyStore): number {
  const head = parts.byteOffset / 4;
  return sealOf(memory.i32, head + TOP, head + HEAD_SEAL, parts.seed);
}

/** What the dead have left: only shards that somebody held can be half changed. */
function repairAll(store: AnyStore): TableRecovery {
  for (let number = 0; number < store.parts.shards; number++) {
    const shard = store.wordOf(number);
    if (store.memory.i32[shard] !== 0) repairShard(store, shard);
  }
  return { after: "process", rebuiltShards: 0, foundEntries: 0 };
}

function rebuildAll(store: AnyStore): TableRecovery {
  const { memory, parts } = store;
  const head = parts.byteOffset / 4;
  let [newest, foundEntries] = [Math.max(memory.i32[head + EPOCH], memory.i32[head + DURABLE]), 0];
  for (let number = 0; number < parts.shards; number++) {
    soundExtents(store, store.wordOf(number));
    newest = Math.max(newest, newestEpoch(store, store.wordOf(number)));
  }
  memory.i32[head + EPOCH] = newest + 1;
  // Where extents were that nobody knows of any more their records must not come back when others are placed there.
  if (parts.isRegion) memory.u32.fill(0, head + memory.u32[head + TOP] * 16, Math.floor(memory.byteLength / 4));
  for (let number = 0; number < parts.shards; number++) foundEntries += rebuildShard(store, store.wordOf(number));
  parts.sync?.();
  // What does not count any more is gone there.
  if (isSaving(store)) {
    raiseSaved(store, newest);
    parts.sync?.();
  }
  memory.i32[head + DURABLE] = newest;
  return { after: "power", rebuiltShards: parts.shards, foundEntries };
}
