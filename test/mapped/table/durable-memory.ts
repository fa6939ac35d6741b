import { compactRecords } from "../../../src/collections/tables/records/compact.ts";
import { flushRecords } from "../../../src/collections/tables/records/flush.ts";
import { Kind } from "../../../src/collections/tables/records/layout.ts";
import {
  createRecords,
  openRecords,
  SharedHashTable,
  type SharedTableOptions,
} from "../../../src/collections/tables/shared-hash-table.ts";
import type { Memory } from "../../../src/core/memory.ts";
import { sealRecords, type TableRecovery, takeOver, unsealShard } from "../../../src/mapped/table/durable-records.ts";

/** A table as `openTable` makes it, over a memory whose owner decides what a flush is. */
export interface DurableTable<Key, Value> {
  readonly table: SharedHashTable<Key, Value>;
  readonly recovery: TableRecovery;
  /** Shards that were found damaged. */
  readonly damaged: number[];
  flush(): void;
  compact(): number;
  close(): void;
}

const BOOT_WORD = 7;

/** Opens the table in `memory`, as the only one; makes it with `isNew`. `sync`: all that was stored is durable when it returns. */
export function durableTable<Key, Value>(
  memory: Memory,
  options: SharedTableOptions<Key, Value>,
  {
    isNew = false,
    boot = BOOT_WORD,
    sync = () => {},
  }: { readonly isNew?: boolean; readonly boot?: number; readonly sync?: () => void },
): DurableTable<Key, Value> {
  if (isNew) createRecords(memory, options, Kind.PERSISTENT);
  const opened = openRecords(memory, options, { sync });
  const { store, place, seats } = opened;
  const recovery = takeOver(opened, boot, isNew);
  const damaged: number[] = [];
  store.unseal = (shard) => {
    if (unsealShard(store, shard)) damaged.push(shard);
  };
  const table = new SharedHashTable(store, place, seats);
  table.sit();
  const flush = (): void => flushRecords(store);
  return {
    table,
    recovery,
    damaged,
    flush,
    compact() {
      flush();
      table.shrink();
      return compactRecords(store);
    },
    close() {
      sealRecords(store);
      table[Symbol.dispose]();
    },
  };
}
