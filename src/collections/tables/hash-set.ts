import { checkCall, OPTIONS } from "../../core/check-call.ts";
import { INSPECT, shown } from "../../core/inspect.ts";
import { A_TYPE } from "../../layout/struct-fields.ts";
import type { Type } from "../../layout/type.ts";
import type { HashTableOptions } from "./hash-table-options.ts";
import { hashTable } from "./make-hash-table.ts";
import { present } from "./present.ts";
import type { RecordTableOptions } from "./record-table-options.ts";

/** What a set needs of its table: a `HashTable`, a `RecordTable`, a shared one, or one in a file, whose values are `present`. */
export interface SetTable<Key> {
  readonly size: number;
  has(key: Key): boolean;
  set(key: Key, value: true): unknown;
  delete(key: Key): boolean;
  clear(): void;
  keys(): IterableIterator<Key>;
  reserve(count: number): void;
  shrink(): void;
  sample(): [Key, true] | undefined;
  checkInvariants(): string[];
  close(): void;
}

/** Options of a set: those of a table without its values. */
export type HashSetOptions<Key> = { readonly key: Type<Key> } & Omit<RecordTableOptions<unknown, true>, "key" | "value"> &
  Pick<HashTableOptions<number, true>, "oneBlock">;

/**
 * An empty set of numbers, strings, bytes, structs: whatever a table can have as keys.
 *
 * ```ts
 * using seen = hashSet({ key: text });
 * seen.add("a").has("a");                                                              // true
 * const blocked = new HashSet(openTable("blocked.tbl", { key: text, value: present }));  // of all processes
 * ```
 *
 * Throws `invalid-argument`, `out-of-memory`.
 */
export function hashSet<Key>(options: HashSetOptions<Key>): HashSet<Key> {
  checkCall("hashSet({ key: u32 })", [OPTIONS, options], [A_TYPE, options?.key]);
  return new HashSet<Key>(hashTable<Key, true>({ ...options, value: present }));
}

/**
 * A set as a table without values: 4 bytes a slot for keys of 32 bits. It is used as a Set is, and differs as its table does from a Map: no order, keys are copies of
 * one type. Since it has `size`, `has` and `keys` it can be what a Set is united with, where the engine has that.
 */
export class HashSet<Key> implements Iterable<Key>, Disposable {
  readonly table: SetTable<Key>;

  /** Over a table whose values are `present`, wherever that is: then it is as shared, and as safe, as the table. */
  constructor(table: SetTable<Key>) {
    this.table = table;
  }

  get size(): number {
    return this.table.size;
  }

  /** Throws what `set` of its table throws. */
  add(key: Key): this {
    this.table.set(key, true);
    return this;
  }

  /** Adds all of them, in turn. */
  addMany(keys: Iterable<Key>): this {
    for (const key of keys) this.table.set(key, true);
    return this;
  }

  has(key: Key): boolean {
    return this.table.has(key);
  }

  /** Whether it was there. */
  delete(key: Key): boolean {
    return this.table.delete(key);
  }

  clear(): void {
    this.table.clear();
  }

  forEach(callback: (key: Key, again: Key, set: this) => void, thisArgument?: unknown): void {
    if (typeof callback !== "function") throw new TypeError(`${String(callback)} is not a function`);
    for (const key of this.table.keys()) callback.call(thisArgument, key, key, this);
  }

  keys(): IterableIterator<Key> {
    return this.table.keys();
  }

  values(): IterableIterator<Key> {
    return this.table.keys();
  }

  *entries(): IterableIterator<[Key, Key]> {
    for (const key of this.table.keys()) yield [key, key];
  }

  [Symbol.iterator](): IterableIterator<Key> {
    return this.table.keys();
  }

  /** A key at random, or undefined. */
  sample(): Key | undefined {
    return this.table.sample()?.[0];
  }

  reserve(count: number): void {
    this.table.reserve(count);
  }

  shrink(): void {
    this.table.shrink();
  }

  checkInvariants(): string[] {
    return this.table.checkInvariants();
  }

  /** Ends the table below. */
  close(): void {
    this.table.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** For `console.log`. */
  [INSPECT](): string {
    return shown("hash set", this);
  }
}
