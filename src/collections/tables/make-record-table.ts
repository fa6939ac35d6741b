import { placed } from "../../alloc/own-memory.ts";
import { checkSeed, randomSeed } from "../hash.ts";
import { checkCount } from "./hash-table-options.ts";
import { RecordTable } from "./record-table.ts";
import { type RecordTableOptions, shardsFor } from "./record-table-options.ts";
import { writeHead } from "./records/head.ts";
import { KeyBytes } from "./records/keys.ts";
import { Kind, planRecords } from "./records/layout.ts";
import { RecordStore } from "./records/store.ts";
import { ValueBytes } from "./records/values.ts";

/** An empty table. Throws `invalid-argument`, `out-of-memory`. */
export function recordTable<Key, Value, Input = Value>(
  options: RecordTableOptions<Key, Value, Input>,
): RecordTable<Key, Value, Input> {
  const { key, value, seed = randomSeed() } = options;
  const allocator = placed("hash table", options);
  checkSeed("hash table", seed);
  if (options.capacity !== undefined) checkCount("capacity", options.capacity);
  const plan = planRecords(shardsFor(options), 0);
  const values = new ValueBytes(value, options.expiring ?? false);
  const keys = new KeyBytes(key, seed | 0);
  const ptr = allocator.allocZeroed(plan.byteLength, 64);
  writeHead(allocator.memory, ptr, { key, value }, { ...plan, seed, kind: options.expiring ? Kind.TTL : 0 });
  const store = new RecordStore({
    memory: allocator.memory,
    byteOffset: ptr,
    shardsByteOffset: ptr + plan.shardsByteOffset,
    shards: plan.shards,
    seed: seed | 0,
    source: allocator,
    reach: () => false,
    keys,
    values,
    isChecked: false,
  });
  const { maxEntries } = options;
  const place = { byteOffset: ptr, headByteLength: plan.byteLength, lease: allocator.lease, allocator, maxEntries };
  const table = new RecordTable(store, place);
  if (options.capacity !== undefined) table.reserve(options.capacity);
  return table;
}
