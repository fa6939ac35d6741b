import { hashKey } from "./check.ts";
import { savedEpoch } from "./flush.ts";
import { CHECK, KEY, KEY_BYTES, KEY_BYTES_MASK, RECORD_EPOCH, SHARD_WORDS, TOMBSTONE } from "./layout.ts";
import type { RecordStore } from "./store.ts";

type AnyStore = RecordStore<unknown, unknown, never>;

/** All whole records of one key. */
interface KeyRecords {
  readonly hash: number;
  readonly refs: number[];
}

/** The hash of the key of a record that is whole. */
export function hashOfRecord({ memory, parts }: AnyStore, ref: number): number {
  const { i32 } = memory;
  return hashKey(i32.subarray(ref * 2 + KEY), i32[ref * 2 + KEY_BYTES] & KEY_BYTES_MASK, parts.seed);
}

/** The newest epoch among the records of a shard, 0 without any. */
export function newestEpoch(store: AnyStore, shard: number): number {
  let newest = 0;
  for (const ref of recordsIn(store, shard)) newest = Math.max(newest, store.memory.i32[ref * 2 + RECORD_EPOCH]);
  return newest;
}

/** Every place in a shard's extents where a record is whole, in the order of places, whether anything names it or not. */
export function* recordsIn(store: AnyStore, shard: number): Generator<number> {
  const { records, memory } = store;
  const shardNumber = (shard - store.wordOf(0)) / SHARD_WORDS;
  for (const { ref: first, units } of store.room.extents(shard)) {
    const end = first + units;
    for (let ref = first; ref + 3 <= end; ) {
      const isOurs =
        memory.i32[ref * 2 + CHECK] !== 0 && records.endOf(ref) !== 0 && records.endOf(ref) <= end * 2 && records.isRecord(ref);
      if (isOurs && store.shardOf(hashOfRecord(store, ref)) === shardNumber) {
        yield ref;
        ref += records.unitsOf(ref);
      } else {
        ref += 1;
      }
    }
  }
}

/** The same, by keys. */
export function recordsByKey(store: AnyStore, shard: number): KeyRecords[] {
  const all: KeyRecords[] = [];
  const byHash = new Map<number, KeyRecords[]>();
  for (const ref of recordsIn(store, shard)) {
    const hash = hashOfRecord(store, ref);
    const sameHash = byHash.get(hash) ?? [];
    const same = sameHash.find(({ refs }) => haveSameKey(store, ref, refs[0]));
    if (same !== undefined) {
      same.refs.push(ref);
      continue;
    }
    const first = { hash, refs: [ref] };
    sameHash.push(first);
    byHash.set(hash, sameHash);
    all.push(first);
  }
  return all;
}

/** Of the records of one key that which counts after a power failure, by the `savedEpoch`; 0: none. Of two of one epoch one that is not a tombstone. */
export function newestThatCounts(store: AnyStore, refs: readonly number[], saved: number | undefined): number {
  return newestOf(store, saved === undefined ? refs : refs.filter((ref) => epochOf(store, ref) - saved <= 0));
}

/**
 * What must stay whole in a shard beside the records that are live, in a table that counts as a whole: of each key what the last flush has saved, if that is not the live
 * one, and the tombstone that comes after it.
 */
export function keptRecords(store: AnyStore, shard: number, live: ReadonlySet<number>): number[] {
  const saved = savedEpoch(store);
  if (saved === undefined) return [];
  const kept: number[] = [];
  for (const { refs } of recordsByKey(store, shard)) {
    const liveRef = refs.find((ref) => live.has(ref)) ?? 0;
    const newestSaved = newestThatCounts(store, refs, saved);
    // A record that was moved is there twice.
    const isLive = liveRef !== 0 && newestSaved !== 0 && epochOf(store, liveRef) === epochOf(store, newestSaved);
    if (newestSaved === 0 || isLive) continue;
    kept.push(newestSaved);
    const tombstone = newestOf(
      store,
      refs.filter((ref) => isTombstone(store, ref) && epochOf(store, ref) - saved > 0),
    );
    // One that is later than the live record was never to count: who wrote it died before it was needed.
    if (tombstone !== 0 && (liveRef === 0 || epochOf(store, tombstone) <= epochOf(store, liveRef))) kept.push(tombstone);
  }
  return kept;
}

function newestOf(store: AnyStore, refs: readonly number[]): number {
  return refs.reduce((newest, ref) => (newest === 0 || isNewer(store, ref, newest) ? ref : newest), 0);
}

function epochOf({ memory: { i32 } }: AnyStore, ref: number): number {
  return i32[ref * 2 + RECORD_EPOCH];
}

function isTombstone({ memory: { i32 } }: AnyStore, ref: number): boolean {
  return (i32[ref * 2 + KEY_BYTES] & TOMBSTONE) !== 0;
}

function haveSameKey({ memory: { i32 } }: AnyStore, a: number, b: number): boolean {
  const keyBytes = i32[a * 2 + KEY_BYTES] & KEY_BYTES_MASK;
  if ((i32[b * 2 + KEY_BYTES] & KEY_BYTES_MASK) !== keyBytes) return false;
  for (let word = 0; word * 4 < keyBytes; word++) if (i32[a * 2 + KEY + word] !== i32[b * 2 + KEY + word]) return false;
  return true;
}

function isNewer({ memory: { i32 } }: AnyStore, a: number, b: number): boolean {
  const difference = (i32[a * 2 + RECORD_EPOCH] - i32[b * 2 + RECORD_EPOCH]) | 0;
  if (difference !== 0) return difference > 0;
  return (i32[b * 2 + KEY_BYTES] & TOMBSTONE) !== 0;
}
