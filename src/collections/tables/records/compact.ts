import { alignUp } from "../../../core/align.ts";
import { whileAlone } from "./alone.ts";
import { HAS_OLDER, KEY, KEY_BYTES, KEY_BYTES_MASK, RECORD_EPOCH, SHARD_WORDS, TOP, VALUE_BYTES } from "./layout.ts";
import { repairShard, stretchOf, usedStretches } from "./repair.ts";
import type { RecordStore } from "./store.ts";

type AnyStore = RecordStore<unknown, unknown, never>;

/** So much more room than what is used is kept, since blocks do not fit together wholly. */
const SLACK = 1.1;
/** Of what the region's top counts. */
const TOP_BYTES = 64;

/**
 * Moves all that is in use to the first extents of each shard, and gives up what then lies behind everything in a region of the table's own. Returns by how many
 * bytes that is shorter. All must have been flushed just before.
 *
 * Others go on meanwhile: readers do not wait, writers while their shard is worked at, and at the end for a moment all. Moving an entry is to set it to the value
 * that it has, so whoever dies leaves it where it was or where it was to be.
 */
export function compactRecords(store: AnyStore): number {
  store.forEachShard((shard) => moveDown(store, shard));
  return store.parts.isRegion ? whileAlone(store, () => cutRegion(store)) : 0;
}

function moveDown(store: AnyStore, shard: number): void {
  const used = usedStretches(store, shard).reduce((sum, { units }) => sum + units, 0);
  let room = 0;
  for (const { ref, units } of store.room.extents(shard).sort((a, b) => a.ref - b.ref)) {
    // What is long may not fit into extents that have room enough: then they are one more.
    if (room >= used * SLACK && moveBefore(store, shard, ref)) return;
    room += units;
  }
  repairShard(store, shard);
}

/** Moves what lies at `border` or behind it to free room before it. False when not all of it fits. */
function moveBefore(store: AnyStore, shard: number, border: number): boolean {
  const { index, memory } = store;
  repairShard(store, shard, border);
  const [before, behind] = index.slots(shard);
  if (before / 2 >= border) {
    if (!index.resize(shard, (behind - before) / 2, true)) return false;
    // Not to be taken again.
    repairShard(store, shard, border);
  }
  const [first, end] = index.slots(shard);
  for (let slot = first; slot < end; slot += 2) {
    if (memory.u32[slot + 1] >= border && !moveRecord(store, shard, slot)) return false;
  }
  // What was moved is durable before its old place is none any more.
  repairShard(store, shard, border);
  return true;
}

/**
 * Writes the record in a slot once more, and names it there. False when there is no room. It keeps its epoch: it takes the place of what the last flush has saved,
 * which must not be free as soon as it is replaced.
 */
function moveRecord(store: AnyStore, shard: number, slot: number): boolean {
  const { records, index, room, memory } = store;
  const { i32, u32 } = memory;
  const from = u32[slot + 1];
  const lengths = i32[from * 2 + KEY_BYTES];
  const byteLength = lengths & KEY_BYTES_MASK;
  const valueBytes = i32[from * 2 + VALUE_BYTES];
  const to = room.allocWithin(shard, records.unitsOf(from));
  if (to === 0) return false;
  records.begin(to, { words: i32, at: from * 2 + KEY, byteLength }, valueBytes, lengths & HAS_OLDER, i32[from * 2 + RECORD_EPOCH]);
  const valueAt = records.valueOffset(byteLength) / 4;
  i32.copyWithin(to * 2 + valueAt, from * 2 + valueAt, from * 2 + valueAt + alignUp(valueBytes, 4) / 4);
  records.seal(to);
  index.replace(shard, slot, to);
  return true;
}

/** Where the region of a table ends that has one: nothing is behind it. */
export function regionEnd({ memory, parts }: AnyStore): number {
  return parts.byteOffset + memory.u32[parts.byteOffset / 4 + TOP] * TOP_BYTES;
}

function cutRegion(store: AnyStore): number {
  const { memory, parts, room } = store;
  const head = parts.byteOffset / 4;
  let end = (parts.shardsByteOffset + parts.shards * SHARD_WORDS * 4) / 8;
  for (let number = 0; number < parts.shards; number++) end = Math.max(end, usedEnd(store, store.wordOf(number)));
  for (let number = 0; number < parts.shards; number++) {
    const shard = store.wordOf(number);
    room.forget(shard);
    room.drop(shard, end);
    repairShard(store, shard);
  }
  const top = Math.ceil((end * 8 - parts.byteOffset) / TOP_BYTES);
  const before = memory.u32[head + TOP];
  if (top >= before) return 0;
  // Old records must be gone before anything else can be placed there.
  memory.u32.fill(0, head + (top * TOP_BYTES) / 4, head + (before * TOP_BYTES) / 4);
  parts.sync?.();
  Atomics.store(memory.i32, head + TOP, top);
  parts.sync?.();
  return (before - top) * TOP_BYTES;
}

/** The end of the last extent of a shard that holds anything. */
function usedEnd(store: AnyStore, shard: number): number {
  const kept = [...store.journal.kept(shard)].map((ref) => stretchOf(store, ref));
  const used = [...usedStretches(store, shard), ...kept];
  let end = 0;
  for (const { ref, units } of store.room.extents(shard)) {
    if (ref + units > end && used.some((stretch) => stretch.ref >= ref && stretch.ref < ref + units)) end = ref + units;
  }
  return end;
}
