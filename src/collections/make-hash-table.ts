import type { BlobType } from "../layout/blob.ts";
import type { TextType } from "../layout/text.ts";
import { checkSeed, oddMultiplier, randomSeed } from "./hash.ts";
import { isKeyOfSlots } from "./hash-key.ts";
import { HashTable } from "./hash-table.ts";
import { allocateSlots } from "./hash-table-block.ts";
import { capacityFor, slotLayout } from "./hash-table-layout.ts";
import { allocatorOf, checkCount, type HashTableOptions } from "./hash-table-options.ts";
import { recordTable } from "./make-record-table.ts";
import type { RecordTable } from "./record-table.ts";
import type { RecordTableOptions } from "./record-table-options.ts";
import { isVariable } from "./records/keys.ts";

/** An empty table. See {@link HashTable} for keys that are numbers, {@link RecordTable} for all others and for values of any length. Throws `out-of-memory`. */
export function hashTable<Key>(options: RecordTableOptions<Key, string> & { readonly value: TextType }): RecordTable<Key, string>;
export function hashTable<Key>(
  options: RecordTableOptions<Key, Uint8Array> & { readonly value: BlobType },
): RecordTable<Key, Uint8Array>;
export function hashTable<Key extends number | bigint, Value, Input = Value>(
  options: HashTableOptions<Key, Value, Input>,
): HashTable<Key, Value, Input>;
export function hashTable<Key, Value, Input = Value>(
  options: RecordTableOptions<Key, Value, Input>,
): RecordTable<Key, Value, Input>;
export function hashTable<Key extends number | bigint, Value, Input = Value>(
  options: HashTableOptions<Key, Value, Input>,
): HashTable<Key, Value, Input> | RecordTable<Key, Value, Input> {
  return isKeyOfSlots(options.key) && !isVariable(options.value) ? slotTable(options) : recordTable(options);
}

function slotTable<Key extends number | bigint, Value, Input>(
  options: HashTableOptions<Key, Value, Input>,
): HashTable<Key, Value, Input> {
  const { key, value, capacity = 0, seed = randomSeed(), oneBlock = false } = options;
  const allocator = allocatorOf(options);
  checkSeed("hash table", seed);
  checkCount("capacity", capacity);
  const layout = slotLayout(key, value);
  const slots = capacityFor(capacity);
  const isSmall = oneBlock || slots <= layout.pageSlots;
  const table = new HashTable(
    allocateSlots(allocator, layout, isSmall ? slots : capacityFor(0), oddMultiplier(seed)),
    allocator,
    oneBlock,
  );
  if (isSmall) return table;
  try {
    table.reserve(capacity);
    return table;
  } catch (error) {
    table[Symbol.dispose]();
    throw error;
  }
}
