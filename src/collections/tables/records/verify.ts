import { COUNT, KEY_BYTES, KEY_BYTES_MASK, SHARD_WORDS, VALUE_BYTES } from "./layout.ts";
import { hashOfRecord } from "./search.ts";
import { indexUnits } from "./shard-index.ts";
import { roundedUnits } from "./size-class.ts";
import type { RecordStore } from "./store.ts";

/** How full a table is, and how far its keys lie from home. */
export interface RecordTableStats {
  readonly size: number;
  readonly shardCount: number;
  /** Slots, of which three quarters can be used. */
  readonly slotCount: number;
  readonly load: number;
  /** Slots that a lookup of a key that is there looks at, on average over the keys; 1 is the least. */
  readonly averageProbeLength: number;
  readonly longestProbeLength: number;
  /** Of the head and all extents. */
  readonly byteLength: number;
  /** Of records, with what their blocks are longer. */
  readonly recordByteLength: number;
  /** Of blocks that are free. */
  readonly freeByteLength: number;
}

type AnyStore = RecordStore<unknown, unknown, never>;

const MOST_TOLD = 20;

export function recordStats(store: AnyStore): RecordTableStats {
  const { shards, shardsByteOffset, byteOffset } = store.parts;
  let [size, slotCount, probes, longest, units, recordUnits, freeUnits] = [0, 0, 0, 0, 0, 0, 0];
  store.forEachShard((shard) => {
    const [first, end] = store.index.slots(shard);
    const mask = (end - first) / 2 - 1;
    const { i32 } = store.memory;
    slotCount += mask + 1;
    for (let slot = first; slot < end; slot += 2) {
      if (i32[slot + 1] === 0) continue;
      const length = (((slot - first) / 2 - i32[slot]) & mask) + 1;
      size += 1;
      probes += length;
      longest = Math.max(longest, length);
      recordUnits += roundedUnits(store.records.unitsOf(i32[slot + 1] >>> 0));
    }
    for (const extent of store.room.extents(shard)) units += extent.units;
    freeUnits += store.room.freeUnits(shard);
  });
  return {
    size,
    shardCount: shards,
    slotCount,
    load: slotCount === 0 ? 0 : size / slotCount,
    averageProbeLength: size === 0 ? 0 : probes / size,
    longestProbeLength: longest,
    byteLength: shardsByteOffset - byteOffset + shards * SHARD_WORDS * 4 + units * 8,
    recordByteLength: recordUnits * 8,
    freeByteLength: freeUnits * 8,
  };
}

/** What is wrong with a table: entries that are damaged, keys that cannot be found, room that is used twice. Each shard is held for its time. */
export function checkRecords(store: AnyStore): string[] {
  const wrong: string[] = [];
  store.forEachShard((shard, number) => {
    if (wrong.length < MOST_TOLD) for (const told of checkShard(store, number, shard)) wrong.push(`shard ${number}: ${told}`);
  });
  return wrong.slice(0, MOST_TOLD);
}

function checkShard(store: AnyStore, number: number, shard: number): string[] {
  const { memory, records, values } = store;
  const { i32 } = memory;
  const wrong: string[] = [];
  const used: (readonly [ref: number, units: number, what: string])[] = [];
  const [first, end] = store.index.slots(shard);
  const mask = (end - first) / 2 - 1;
  if (first !== 0) used.push([first / 2 - 2, roundedUnits(indexUnits(mask + 1)), "the index"]);
  let count = 0;
  for (let slot = first; slot < end; slot += 2) {
    const ref = i32[slot + 1] >>> 0;
    if (ref === 0) continue;
    count += 1;
    if (!records.isRecord(ref)) {
      wrong.push(`slot ${(slot - first) / 2} names no record`);
      continue;
    }
    used.push([ref, roundedUnits(records.unitsOf(ref)), `the record at ref ${ref}`]);
    const hash = hashOfRecord(store, ref);
    if (hash !== i32[slot] || store.shardOf(hash) !== number) wrong.push(`the record at ref ${ref} is under another hash`);
    for (let at = hash & mask; at !== (slot - first) / 2; at = (at + 1) & mask) {
      if (i32[first + at * 2 + 1] === 0) {
        wrong.push(`the record at ref ${ref} cannot be found: an empty slot lies before it`);
        break;
      }
      const other = i32[first + at * 2 + 1] >>> 0;
      if (i32[first + at * 2] === hash && records.isRecord(other) && sameKey(i32, ref, other))
        wrong.push(`ref ${ref} is a key twice`);
    }
    const valueAt = ref * 8 + records.valueOffset(i32[ref * 2 + KEY_BYTES] & KEY_BYTES_MASK);
    if (!values.isSound(memory, valueAt, i32[ref * 2 + VALUE_BYTES])) wrong.push(`the value at ref ${ref} is no UTF-8`);
  }
  if (i32[shard + COUNT] !== count) wrong.push(`count=${i32[shard + COUNT]}, but ${count} entries are there`);
  wrong.push(...checkRoom(store, shard, used));
  return wrong;
}

function checkRoom(store: AnyStore, shard: number, used: (readonly [ref: number, units: number, what: string])[]): string[] {
  const wrong: string[] = [];
  try {
    for (const [ref, units] of store.room.freeBlocks(shard)) used.push([ref, units, `the free block at ref ${ref}`]);
  } catch (error) {
    wrong.push(String(error));
  }
  for (const ref of store.journal.kept(shard))
    used.push([ref, roundedUnits(store.records.unitsOf(ref)), `the kept record at ref ${ref}`]);
  const extents = store.room.extents(shard);
  used.sort((a, b) => a[0] - b[0]);
  let behind = 0;
  for (const [ref, units, what] of used) {
    if (ref < behind) wrong.push(`${what} overlaps what is before it`);
    if (!extents.some((extent) => ref >= extent.ref && ref + units <= extent.ref + extent.units))
      wrong.push(`${what} lies in no extent`);
    behind = Math.max(behind, ref + units);
  }
  return wrong;
}

function sameKey(i32: Int32Array, a: number, b: number): boolean {
  const keyBytes = i32[a * 2 + KEY_BYTES] & KEY_BYTES_MASK;
  if ((i32[b * 2 + KEY_BYTES] & KEY_BYTES_MASK) !== keyBytes) return false;
  for (let word = 5; (word - 5) * 4 < keyBytes; word++) if (i32[a * 2 + word] !== i32[b * 2 + word]) return false;
  return true;
}
