import { sealOf } from "./check.ts";
import { endCommit } from "./commit.ts";
import { savedEpoch } from "./flush.ts";
import { CHECK, COUNT, INDEX, KEY_BYTES, LOG, SEAL, SHARD_WORDS, TOMBSTONE } from "./layout.ts";
import { hashOfRecord, keptRecords, newestThatCounts, recordsByKey, recordsIn } from "./search.ts";
import { indexUnits } from "./shard-index.ts";
import { roundedUnits } from "./size-class.ts";
import type { RecordStore } from "./store.ts";

/** A stretch of a shard that is in use. */
export interface Stretch {
  readonly ref: number;
  readonly units: number;
}

type AnyStore = RecordStore<unknown, unknown, never>;

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
  const kept = keptRecords(store, shard, new Set(live.map(({ ref }) => ref)));
  const used = [...live, ...kept.map((ref) => stretchOf(store, ref))];
  forgetOthers(store, shard, used);
  freeRest(store, shard, used, border);
  const { epoch } = store.journal;
  for (const ref of kept) store.journal.keep(shard, ref, epoch);
}

/**
 * Builds the index of a shard from its records, as after a power failure, where nobody knows which stores were saved. The shard is held, and nobody reads.
 * Returns the number of entries.
 */
export function rebuildShard(store: AnyStore, shard: number): number {
  const { memory } = store;
  const saved = savedEpoch(store);
  const live: Stretch[] = [];
  const hashes: number[] = [];
  for (const { hash, refs } of recordsByKey(store, shard)) {
    const ref = newestThatCounts(store, refs, saved);
    if (ref === 0 || (memory.i32[ref * 2 + KEY_BYTES] & TOMBSTONE) !== 0) continue;
    live.push(stretchOf(store, ref));
    hashes.push(hash);
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

/** What a shard and its index look like as a whole. */
export function sealOfShard(store: AnyStore, shard: number): number {
  const { memory, parts, index } = store;
  const own = sealOf(memory.i32, shard + COUNT, shard + SEAL, parts.seed);
  const rest = sealOf(memory.i32, shard + SEAL + 1, shard + SHARD_WORDS, own);
  const [first, end] = index.slots(shard);
  return first === 0 ? rest : sealOf(memory.i32, first - 4, end, rest);
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

/** What a record takes. */
export function stretchOf({ records }: AnyStore, ref: number): Stretch {
  return { ref, units: roundedUnits(records.unitsOf(ref)) };
}

function liveStretches(store: AnyStore, shard: number): Stretch[] {
  const live: Stretch[] = [];
  store.forEachRef(shard, (ref) => live.push(stretchOf(store, ref)));
  return live;
}

/** All that is in use of a shard, its index too. */
export function usedStretches(store: AnyStore, shard: number, live: readonly Stretch[] = liveStretches(store, shard)): Stretch[] {
  const [first, end] = store.index.slots(shard);
  return first === 0 ? [...live] : [...live, { ref: first / 2 - 2, units: roundedUnits(indexUnits((end - first) / 2)) }];
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
