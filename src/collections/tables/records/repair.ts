import { hashKey, sealOf } from "./check.ts";
import { endCommit } from "./commit.ts";
import { CHECK, COUNT, INDEX, KEY, KEY_BYTES, KEY_BYTES_MASK, LOG, RECORD_EPOCH, SEAL, SHARD_WORDS, TOMBSTONE } from "./layout.ts";
import { indexUnits } from "./shard-index.ts";
import { roundedUnits } from "./size-class.ts";
import type { RecordStore } from "./store.ts";

/** A stretch of a shard that is in use. */
export interface Stretch {
  readonly ref: number;
  readonly units: number;
}

type AnyStore = RecordStore<unknown, unknown, never>;

/** The hash of the key of a record that is whole. */
export function hashOfRecord({ memory, parts }: AnyStore, ref: number): number {
  const { i32 } = memory;
  return hashKey(i32.subarray(ref * 2 + KEY), i32[ref * 2 + KEY_BYTES] & KEY_BYTES_MASK, parts.seed);
}

/**
 * Makes a shard sound whose holder died in the middle of something. The shard is held; others may be reading.
 *
 * The index is the truth: whatever it was in the middle of, of its slots at most one is wrong, an entry that was being moved and is there twice, or the slot
 * of one that was being deleted. These are emptied. Then all room that the index does not reach is free; only that before `border` can be taken again.
 */
export function repairShard(store: AnyStore, shard: number, border: number = Number.POSITIVE_INFINITY): void {
  while (removeWrongSlot(store, shard));
  endCommit(store, shard);
  const live = liveStretches(store, shard);
  store.memory.i32[shard + COUNT] = live.length;
  store.index.bump(shard);
  forgetOthers(store, shard, live);
  freeRest(store, shard, live, border);
}

/**
 * Builds the index of a shard from its records, as after a power failure, where nobody knows which stores were saved. The shard is held, and nobody reads.
 * Returns the number of entries.
 */
export function rebuildShard(store: AnyStore, shard: number): number {
  const { memory } = store;
  const newest = newestRecords(store, shard);
  const live: Stretch[] = [];
  const hashes: number[] = [];
  for (const [hash, refs] of newest) {
    for (const ref of refs) {
      if ((memory.i32[ref * 2 + KEY_BYTES] & TOMBSTONE) !== 0) continue;
      live.push({ ref, units: roundedUnits(store.records.unitsOf(ref)) });
      hashes.push(hash);
    }
  }
  memory.i32[shard + SEAL] = 0;
  memory.i32[shard + INDEX] = 0;
  memory.i32[shard + LOG] = 0;
  forgetOthers(store, shard, live);
  freeRest(store, shard, live);
  const refs = live.map(({ ref }) => ref);
  if (!store.index.build(shard, hashes, refs)) store.throwFull(0);
  return refs.length;
}

/** Deletes all entries of a shard, which is held. */
export function clearShard(store: AnyStore, shard: number): void {
  const { i32 } = store.memory;
  if (store.parts.sync !== undefined) {
    for (let [first, end] = store.index.slots(shard), slot = first; slot < end; ) {
      if (i32[slot + 1] !== 0) store.remove(shard, slot);
      else slot += 2;
    }
    return;
  }
  i32[shard + COUNT] = 0;
  Atomics.store(i32, shard + INDEX, 0);
  store.index.bump(shard);
  freeRest(store, shard, []);
}

/** The newest epoch among the records of a shard, 0 without any. */
export function newestEpoch(store: AnyStore, shard: number): number {
  let newest = 0;
  for (const ref of recordsIn(store, shard)) newest = Math.max(newest, store.memory.i32[ref * 2 + RECORD_EPOCH]);
  return newest;
}

/** What a shard and its index look like as a whole. */
export function sealOfShard(store: AnyStore, shard: number): number {
  const { memory, parts, index } = store;
  const own = sealOf(memory.i32, shard + COUNT, shard + SEAL, parts.seed);
  const rest = sealOf(memory.i32, shard + SEAL + 1, shard + SHARD_WORDS, own);
  const [first, end] = index.slots(shard);
  return first === 0 ? rest : sealOf(memory.i32, first - 4, end, rest);
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

function removeWrongSlot(store: AnyStore, shard: number): boolean {
  const { i32 } = store.memory;
  const seen = new Set<number>();
  const [first, end] = store.index.slots(shard);
  for (let slot = first; slot < end; slot += 2) {
    const ref = i32[slot + 1] >>> 0;
    if (ref === 0) continue;
    if (!seen.has(ref) && store.records.isRecord(ref) && hashOfRecord(store, ref) === i32[slot]) {
      seen.add(ref);
      continue;
    }
    store.index.remove(shard, laterOf(store, shard, slot, ref));
    return true;
  }
  return false;
}

/** Of the two slots of an entry that was being moved the one that is further from home; else the slot itself. */
function laterOf(store: AnyStore, shard: number, slot: number, ref: number): number {
  const { i32 } = store.memory;
  const [first, end] = store.index.slots(shard);
  const mask = (end - first) / 2 - 1;
  let later = slot;
  for (let other = first; other < end; other += 2) {
    if (i32[other + 1] >>> 0 !== ref || i32[other] !== i32[slot]) continue;
    const home = i32[other] & mask;
    if ((((other - first) / 2 - home) & mask) > (((later - first) / 2 - home) & mask)) later = other;
  }
  return later;
}

function liveStretches(store: AnyStore, shard: number): Stretch[] {
  const live: Stretch[] = [];
  store.forEachRef(shard, (ref) => live.push({ ref, units: roundedUnits(store.records.unitsOf(ref)) }));
  return live;
}

/** All that is in use of a shard, its index too. */
export function usedStretches(store: AnyStore, shard: number, live: readonly Stretch[] = liveStretches(store, shard)): Stretch[] {
  const [first, end] = store.index.slots(shard);
  return first === 0 ? [...live] : [...live, { ref: first / 2 - 2, units: roundedUnits(indexUnits((end - first) / 2)) }];
}

/** For every key of a shard its newest record, by hash. Of two of one epoch a record that is not a tombstone. */
function newestRecords(store: AnyStore, shard: number): Map<number, number[]> {
  const byHash = new Map<number, number[]>();
  for (const ref of recordsIn(store, shard)) {
    const hash = hashOfRecord(store, ref);
    const refs = byHash.get(hash) ?? [];
    byHash.set(hash, refs);
    const same = refs.findIndex((other) => haveSameKey(store, ref, other));
    if (same < 0) refs.push(ref);
    else if (isNewer(store, ref, refs[same])) refs[same] = ref;
  }
  return byHash;
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

/** Marks every record that is not live as none, tombstones last of all: see invariant 2 of journal.ts. */
function forgetOthers(store: AnyStore, shard: number, live: readonly Stretch[]): void {
  const { sync } = store.parts;
  if (sync === undefined) return;
  // What is live must be on the disk before what it took the place of goes.
  sync();
  const { i32 } = store.memory;
  const refs = new Set(live.map(({ ref }) => ref));
  let found = 0;
  for (const ref of recordsIn(store, shard)) {
    if (refs.has(ref) || (i32[ref * 2 + KEY_BYTES] & TOMBSTONE) !== 0) continue;
    i32[ref * 2 + CHECK] = 0;
    found += 1;
  }
  if (found > 0) sync();
}

/** Everything in the extents before `border` that is neither live nor the index becomes free. */
function freeRest(store: AnyStore, shard: number, live: readonly Stretch[], border: number = Number.POSITIVE_INFINITY): void {
  const { room, journal, memory } = store;
  const used = usedStretches(store, shard, live).sort((a, b) => a.ref - b.ref);
  room.forget(shard);
  journal.forget(shard);
  const give = (ref: number, units: number): void => {
    if (units <= 0) return;
    // Old bytes must never again look like records.
    if (store.parts.sync !== undefined) memory.i32.fill(0, ref * 2, (ref + units) * 2);
    room.give(shard, ref, units);
  };
  let at = 0;
  for (const { ref, units } of room.extents(shard).sort((a, b) => a.ref - b.ref)) {
    if (ref >= border) break;
    let free = ref;
    while (at < used.length && used[at].ref < ref + units) {
      give(free, used[at].ref - free);
      free = used[at].ref + used[at].units;
      at += 1;
    }
    give(free, ref + units - free);
  }
}
