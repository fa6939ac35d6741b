import { alignUp } from "../../core/align.ts";
import { checkCall, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import { privateMemory } from "../../core/homes.ts";
import { INSPECT } from "../../core/inspect.ts";
import type { Memory } from "../../core/memory.ts";
import { blob } from "../../layout/blob.ts";
import { Place } from "../../layout/place.ts";
import { A_TYPE } from "../../layout/struct-fields.ts";
import type { Type } from "../../layout/type.ts";
import { recordTable } from "./make-record-table.ts";
import type { RecordTable } from "./record-table.ts";
import type { RecordTableOptions } from "./record-table-options.ts";
import { isVariable } from "./records/keys.ts";

/** Key and value types, and where it goes. */
export type HashMultimapOptions<Key, Value, Input = Value> = Omit<RecordTableOptions<Key, Value, Input>, "expiring" | "maxEntries">;

/**
 * An empty map from keys to any number of values each.
 *
 * ```ts
 * using routes = hashMultimap({ key: text, value: u32 });
 * routes.add("VIE", 7).add("VIE", 9).get("VIE");                                            // [7, 9]
 * const shared = new HashMultimap(sharedHashTable(memory, { key: text, value: blob }), u32);  // of all threads
 * ```
 *
 * Throws `invalid-argument`, `out-of-memory`.
 */
export function hashMultimap<Key, Value, Input = Value>(
  options: HashMultimapOptions<Key, Value, Input>,
): HashMultimap<Key, Value, Input> {
  checkCall("hashMultimap({ key: text, value: u32 })", [OPTIONS, options], [A_TYPE, options?.key], [A_TYPE, options?.value]);
  return new HashMultimap(recordTable<Key, Uint8Array>({ ...options, value: blob }), options.value);
}

/**
 * A table whose entries are all values of a key, one behind the other, in the order in which they were added. Adding copies those that the key has: it is for
 * keys with few to some hundreds of values. Each change of a key is one change of its entry: whole for everybody, and when its author dies.
 */
export class HashMultimap<Key, Value, Input = Value> implements Iterable<[Key, Value]>, Disposable {
  readonly table: RecordTable<Key, Uint8Array>;
  readonly #value: Type<Value, Input>;
  readonly #place: Place;
  /** One value, as bytes. */
  readonly #one: Memory;

  /** Over a table of blobs, wherever that is. The values of a key are of fixed size. Throws `invalid-argument` for others. */
  constructor(table: RecordTable<Key, Uint8Array>, value: Type<Value, Input>) {
    if (isVariable(value) || value.byteSize === 0) {
      throw new MemoryError("invalid-argument", {
        subject: "hash multimap",
        event: `cannot have values of type ${value.name}, which have no size of their own`,
        cure: "Use a type of fixed size: utf8(n), bytes(n), a struct, a number.",
      });
    }
    this.table = table;
    this.#value = value;
    this.#place = new Place(undefined, `hash multimap value of type ${value.name}`);
    this.#one = privateMemory(alignUp(value.byteSize, 8));
  }

  /** Keys that have values. */
  get keyCount(): number {
    return this.table.size;
  }

  /** Throws `bad-value`, and what `set` of its table throws; nothing has changed then. */
  add(key: Key, value: Input): this {
    return this.addMany(key, [value]);
  }

  /** Adds all of them at once. */
  addMany(key: Key, values: Iterable<Input>): this {
    const added = Array.from(values, (value) => this.#bytesOf(value));
    if (added.length > 0) this.table.update(key, (before) => joined(before === undefined ? added : [before, ...added]));
    return this;
  }

  /** The values of `key`, in the order in which they were added; none of a key that has none. */
  get(key: Key): Value[] {
    return this.#valuesIn(this.table.get(key));
  }

  /** How many values `key` has. */
  count(key: Key): number {
    return (this.table.view(key, (bytes) => bytes.length) ?? 0) / this.#value.byteSize;
  }

  has(key: Key): boolean {
    return this.table.has(key);
  }

  /** Whether `key` has that value, byte for byte. */
  hasValue(key: Key, value: Input): boolean {
    const bytes = this.#bytesOf(value);
    return this.table.view(key, (all) => placeOf(bytes, all) >= 0) ?? false;
  }

  /** Deletes all values of `key`. Whether it had any. */
  delete(key: Key): boolean {
    return this.table.delete(key);
  }

  /** Deletes the first of those values of `key` that are this one, byte for byte. Whether there was one. */
  deleteValue(key: Key, value: Input): boolean {
    const bytes = this.#bytesOf(value);
    for (;;) {
      const before = this.table.get(key);
      const at = before === undefined ? -1 : placeOf(bytes, before);
      if (before === undefined || at < 0) return false;
      const rest = joined([before.subarray(0, at), before.subarray(at + bytes.length)]);
      // Somebody else may have changed them meanwhile: then once more.
      if (this.table.compareAndSet(key, before, rest.length === 0 ? undefined : rest)) return true;
    }
  }

  clear(): void {
    this.table.clear();
  }

  keys(): IterableIterator<Key> {
    return this.table.keys();
  }

  /** Each key with each of its values. While it is iterated over anything may change, as of a {@link RecordTable}. */
  *entries(): IterableIterator<[Key, Value]> {
    for (const [key, bytes] of this.table) for (const value of this.#valuesIn(bytes)) yield [key, value];
  }

  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.entries();
  }

  /** What is wrong; empty when sound. */
  checkInvariants(): string[] {
    const found = this.table.checkInvariants();
    for (const [key, { length }] of this.table) {
      if (length === 0 || length % this.#value.byteSize !== 0) found.push(`the values of ${String(key)} take ${length} bytes`);
    }
    return found;
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
    return `<hash multimap to ${this.#value.name} in ${this.table[INSPECT]()}>`;
  }

  #bytesOf(value: Input): Uint8Array {
    const { byteSize } = this.#value;
    this.#one.u8.fill(0);
    this.#value.rawStore(this.#one, 0, this.#value.rawCheck(value, this.#place));
    return this.#one.u8.slice(0, byteSize);
  }

  #valuesIn(bytes: Uint8Array | undefined): Value[] {
    const { byteSize } = this.#value;
    const values: Value[] = [];
    for (let at = 0; bytes !== undefined && at < bytes.length; at += byteSize) {
      this.#one.u8.set(bytes.subarray(at, at + byteSize));
      values.push(this.#value.rawRead(this.#one, 0));
    }
    return values;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Where among values of one size one lies; -1: nowhere. */
function placeOf(value: Uint8Array, all: Uint8Array): number {
  for (let at = 0; at < all.length; at += value.length) {
    if (value.every((byte, index) => all[at + index] === byte)) return at;
  }
  return -1;
}
