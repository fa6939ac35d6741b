import { ShardIndex } from "./shard-index.ts";
import type { RecordStore } from "./store.ts";

type AnyStore = RecordStore<unknown, unknown, never>;

/** How much fuller than the average a shard is expected to be. */
const UNEVEN = 1.1;

/** Makes the index of each shard large enough for its part of `count` entries. */
export function reserveSlots(store: AnyStore, count: number): void {
  const capacity = ShardIndex.capacityFor(Math.ceil((count / store.parts.shards) * UNEVEN));
  store.forEachShard((shard) => {
    const [first, end] = store.index.slots(shard);
    if (count > 0 && (end - first) / 2 < capacity && !store.index.resize(shard, capacity)) store.throwFull(0);
  });
}

/** Makes the index of each shard as small as it can be. */
export function shrinkSlots(store: AnyStore): void {
  store.forEachShard((shard) => {
    const [first, end] = store.index.slots(shard);
    let count = 0;
    store.forEachRef(shard, () => {
      count += 1;
    });
    const capacity = ShardIndex.capacityFor(count);
    if (first !== 0 && capacity < (end - first) / 2) store.index.resize(shard, capacity);
  });
}
