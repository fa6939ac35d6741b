import { placed } from "../../alloc/own-memory.ts";
import { checkCall, OPTIONS } from "../../core/check-call.ts";
import type { BlobType } from "../../layout/blob.ts";
import { A_TYPE } from "../../layout/struct-fields.ts";
import type { TextType } from "../../layout/text.ts";
import { checkSeed, oddMultiplier, randomSeed } from "../hash.ts";
import { isKeyOfSlots } from "./hash-key.ts";
import { HashTable } from "./hash-table.ts";
import { allocateSlots } from "./hash-table-block.ts";
import { capacityFor, slotLayout } from "./hash-table-layout.ts";
import { checkCount, type HashTableOptions } from "./hash-table-options.ts";
import { recordTable } from "./make-record-table.ts";
import type { RecordTable } from "./record-table.ts";
import type { RecordTableOptions } from "./record-table-options.ts";
import { isVariable } from "./records/keys.ts";

/** An empty table. See {@link HashTable} for keys that are numbers; {@link RecordTable} for all others, for values of any length, and for entries
 * that end by themselves or are limited. Throws `out-of-memory`. */
export function hashTable<Key>(options: RecordTableOptions<Key, string> & { readonly value: TextType }): RecordTable<Key, string>;
export function hashTable<Key>(
  options: RecordTableOptions<Key, Uint8Array> & { readonly value: BlobType },
): RecordTable<Key, Uint8Array>;
export function hashTable<Key extends number | bigint, Value, Input = Value, View = unknown>(
  options: HashTableOptions<Key, Value, Input, View>,
): HashTable<Key, Value, Input, View>;
export function hashTable<Key, Value, Input = Value>(
  options: RecordTableOptions<Key, Value, Input>,
): RecordTable<Key, Value, Input>;
export function hashTable<Key extends number | bigint, Value, Input = Value, View = unknown>(
  options: HashTableOptions<Key, Value, Input, View>,
): HashTable<Key, Value, Input, View> | RecordTable<Key, Value, Input> {
  checkCall("hashTable({ key: u32, value: u32 })", [OPTIONS, options], [A_TYPE, options?.key], [A_TYPE, options?.value]);
  return isKeyOfSlots(options.key) && !isVariable(options.value) && !asksForRecords(options)
    ? slotTable(options)
    : recordTable(options);
}

/** Whether something is asked for that only a table of records can do. */
function asksForRecords({ expiring = false, maxEntries, shards }: Partial<RecordTableOptions<unknown, unknown>>): boolean {
  return expiring || maxEntries !== undefined || shards !== undefined;
}

function slotTable<Key extends number | bigint, Value, Input, View>(
  options: HashTableOptions<Key, Value, Input, View>,
): HashTable<Key, Value, Input, View> {
  const { key, value, capacity = 0, seed = randomSeed(), oneBlock = false } = options;
  const allocator = placed("hash table", options);
  checkSeed("hash table", seed);
  checkCount("capacity", capacity);
  const layout = slotLayout(key, value);
  const slots = capacityFor(capacity);
  const isSmall = oneBlock || slots <= layout.pageSlots;
  const table = new HashTable<Key, Value, Input, View>(
    allocateSlots(allocator, layout, isSmall ? slots : capacityFor(0), oddMultiplier(seed)),
    allocator,
    oneBlock,
  );
  if (isSmall) return table;
  try {
    table.reserve(capacity);
    return table;
  } catch (error) {
    table.close();
    throw error;
  }
}
