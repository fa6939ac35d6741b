import { MemoryError } from "../../../core/errors.ts";
import { COUNT, KEY_BYTES, KEY_BYTES_MASK } from "./layout.ts";
import type { RecordStore } from "./store.ts";

/** Candidates that an entry is chosen from to make room for another. */
const SAMPLE = 5;

/** Deletes entries of a shard, which is held, until it has less than `most`. Throws `out-of-memory` as `store.remove` does. */
export function makeRoom(store: RecordStore<unknown, unknown, never>, shard: number, most: number): void {
  while (store.memory.i32[shard + COUNT] >= most) {
    const [first, end] = store.index.slots(shard);
    if (first === end) return;
    store.remove(shard, victimOf(store, first, (end - first) / 2));
  }
}

/** Deletes entries of a shard, which is held, until it has no more than `most`. Where a mark has no room they stay: whoever sets the next one sees to it. */
export function keepToLimit(store: RecordStore<unknown, unknown, never>, shard: number, most: number): void {
  try {
    makeRoom(store, shard, most + 1);
  } catch (error) {
    if (!(error instanceof MemoryError && error.code === "out-of-memory")) throw error;
  }
}

/** The slot of an entry that has ended, or of that of a few from a random place on which ends first. There is one. */
function victimOf({ memory, values, records }: RecordStore<unknown, unknown, never>, first: number, capacity: number): number {
  const { i32, f64 } = memory;
  const from = Math.floor(Math.random() * capacity);
  let victim = first;
  let soonest = Number.POSITIVE_INFINITY;
  for (let turn = 0, seen = 0; turn < capacity && seen < SAMPLE; turn++) {
    const slot = first + ((from + turn) % capacity) * 2;
    const ref = i32[slot + 1] >>> 0;
    if (ref === 0) continue;
    seen += 1;
    if (values.prefix === 0) return slot;
    const expiresAt = f64[ref + records.valueOffset(i32[ref * 2 + KEY_BYTES] & KEY_BYTES_MASK) / 8] || Number.MAX_VALUE;
    if (expiresAt < soonest) [victim, soonest] = [slot, expiresAt];
  }
  return victim;
}
