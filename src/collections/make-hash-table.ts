import { placed } from "../alloc/own-memory.ts";
import type { BlobType } from "../layout/blob.ts";
import type { TextType } from "../layout/text.ts";
import { checkSeed, oddMultiplier, randomSeed } from "./hash.ts";
import { isKeyOfSlots } from "./hash-key.ts";
import { HashTable } from "./hash-table.ts";
import { allocateSlots } from "./hash-table-block.ts";
import { capacityFor, slotLayout } from "./hash-table-layout.ts";
import { checkCount, type HashTableOptions } from "./hash-table-options.ts";
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
  const { key, value, capacity = 0, seed = randomSeed() } = options;
  const allocator = placed("hash table", options);
  checkSeed("hash table", seed);
  checkCount("capacity", capacity);
  return new HashTable(allocateSlots(allocator, slotLayout(key, value), capacityFor(capacity), oddMultiplier(seed)), allocator);
}
