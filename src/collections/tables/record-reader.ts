import { MemoryError } from "../../core/errors.ts";
import { INSPECT, shown } from "../../core/inspect.ts";
import type { Memory } from "../../core/memory.ts";
import { RecordCursor } from "./record-cursor.ts";
import { hasEnded } from "./records/expiry.ts";
import { KEY, KEY_BYTES, KEY_BYTES_MASK } from "./records/layout.ts";
import { AGAIN, GROUP, locate, locateBytes, located } from "./records/locate-many.ts";
import { isLasting, type Look, lookAt, valueAt } from "./records/look.ts";
import type { RecordStore } from "./records/store.ts";
import { checkRecords, type RecordTableStats, recordStats } from "./records/verify.ts";

/** The half of a table of records that reads. See {@link RecordTable}. */
export abstract class RecordReader<Key, Value, Input = Value> implements Iterable<[Key, Value]> {
  readonly memory: Memory;
  protected readonly store: RecordStore<Key, Value, Input>;
  /** Whether one thread alone uses it, and nothing of it outlives the memory: then entries are read where they lie. */
  readonly #isPlain: boolean;

  constructor(store: RecordStore<Key, Value, Input>) {
    this.store = store;
    this.memory = store.memory;
    this.#isPlain = !store.parts.isChecked;
  }

  /** Throws `closed` or `stale-view` when the table has ended. */
  protected abstract checkOpen(): void;

  /** Entries. Those that have ended and that nobody has met since count. O(shards). */
  get size(): number {
    this.checkOpen();
    return this.store.count;
  }

  /** For `console.log`. */
  [INSPECT](): string {
    return shown(`hash table of ${this.store.keys.type.name} to ${this.store.values.type.name}`, this);
  }

  /** A copy of the value of `key`, or undefined. Throws `corrupt` where the entry is damaged. */
  get(key: Key): Value | undefined {
    this.checkOpen();
    return this.store.keys.load(key) ? this.#loaded() : undefined;
  }

  has(key: Key): boolean {
    this.checkOpen();
    return this.store.keys.load(key) && this.#isThere();
  }

  /** `get` for the key whose bytes are `bytes[start, end)`, of a text as UTF-8: no string is made. */
  getFromBytes(bytes: Uint8Array, start = 0, end: number = bytes.length): Value | undefined {
    this.checkOpen();
    return this.store.keys.loadBytes(bytes, start, end) ? this.#loaded() : undefined;
  }

  hasFromBytes(bytes: Uint8Array, start = 0, end: number = bytes.length): boolean {
    this.checkOpen();
    return this.store.keys.loadBytes(bytes, start, end) && this.#isThere();
  }

  /**
   * The values of many keys, undefined for those that are not there; each as of a moment of its own, as by `get`. Two to four times as quick where the table is larger
   * than the caches: what memory has of the keys comes at once, not one after the other.
   */
  getMany(keys: Iterable<Key>): (Value | undefined)[] {
    return this.#askMany(
      keys,
      (key) => this.get(key),
      (ref) => this.#locatedValue(ref),
    );
  }

  /** Whether each of many keys is there. As `getMany`, without making values. */
  hasMany(keys: Iterable<Key>): boolean[] {
    if (this.store.values.prefix !== 0) return this.getMany(keys).map((value) => value !== undefined);
    return this.#askMany(
      keys,
      (key) => this.has(key),
      (ref) => ref !== 0,
    );
  }

  /**
   * `getMany` for keys that lie in `bytes` one behind the other, of texts as UTF-8: that at index i ends before `ends[i]`, the first begins at `start`. No string is
   * made. Throws `out-of-bounds` where the ends do not ascend within the bytes.
   */
  getManyFromBytes(bytes: Uint8Array, ends: ArrayLike<number>, start = 0): (Value | undefined)[] {
    this.checkOpen();
    checkEnds(bytes, ends, start);
    return this.#inGroups(
      ends.length,
      (first) => locateBytes(this.store, bytes, ends, first, start),
      (index) => this.getFromBytes(bytes, index === 0 ? start : ends[index - 1], ends[index]),
      (ref) => this.#locatedValue(ref),
    );
  }

  /**
   * Calls `look` with the bytes of the value of `key` where they lie, without a copy, and returns what it returns; undefined without an entry. Nobody changes
   * them until then, so `look` is to be short, not to keep them, and not to use the table. Those of a text are UTF-8; a struct is read from `memory` at
   * `byteOffset`.
   */
  view<Result>(key: Key, look: Look<Result>): Result | undefined {
    this.checkOpen();
    const { store } = this;
    if (!store.keys.load(key)) return undefined;
    const { hash } = store.keys;
    // Nobody can be kept from changing what is only read here.
    if (this.memory.readOnly)
      return store.read(hash) && this.#scratchValue() !== undefined ? lookAt(store, store.records.scratch, 0, look) : undefined;
    const shardNumber = store.shardOf(hash);
    const shard = store.enter(shardNumber);
    try {
      const slot = store.find(shard, hash);
      const ref = slot < 0 ? 0 : store.index.foundRef;
      if (ref !== 0 && store.parts.isChecked && !store.records.isRecord(ref)) store.throwCorrupt(shard);
      return ref !== 0 && isLasting(store, ref) ? lookAt(store, this.memory, ref * 2, look) : undefined;
    } finally {
      store.leave(shardNumber);
    }
  }

  /** Calls `callback` for every entry. See {@link RecordTable} for what happens when entries change meanwhile. */
  forEach(callback: (value: Value, key: Key, table: this) => void, thisArgument?: unknown): void {
    if (typeof callback !== "function") throw new TypeError(`${String(callback)} is not a function`);
    const cursor = this.#cursor(() => undefined);
    while (cursor.advance()) callback.call(thisArgument, cursor.value, cursor.key, this);
  }

  keys(): IterableIterator<Key> {
    return this.#cursor((cursor) => cursor.key);
  }

  values(): IterableIterator<Value> {
    return this.#cursor((cursor) => cursor.value);
  }

  entries(): IterableIterator<[Key, Value]> {
    return this.#cursor((cursor) => [cursor.key, cursor.value]);
  }

  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.entries();
  }

  /** An entry at random, each as likely as others about; undefined of an empty table. */
  sample(): [Key, Value] | undefined {
    this.checkOpen();
    const { shards } = this.store.parts;
    const from = Math.floor(Math.random() * shards);
    for (let turn = 0; turn < shards; turn++) {
      const key = this.#sampleOf((from + turn) % shards);
      const value = key === undefined ? undefined : this.get(key);
      if (key !== undefined && value !== undefined) return [key, value];
    }
    return undefined;
  }

  /** How full it is, and how far its keys lie from home. Looks at every entry. */
  stats(): RecordTableStats {
    this.checkOpen();
    return recordStats(this.store);
  }

  /** What contradicts the invariants in records/layout.ts; empty when sound. Looks at every byte. */
  checkInvariants(): string[] {
    this.checkOpen();
    return checkRecords(this.store);
  }

  /** The value in the record that the store has copied to its scratch memory, or undefined when it has ended. */
  #scratchValue(): Value | undefined {
    const { values, records } = this.store;
    const [byteOffset, byteLength] = this.store.scratchValue();
    if (values.prefix !== 0 && hasEnded(records.scratch.f64[byteOffset / 8])) return undefined;
    return values.read(records.scratch, byteOffset, byteLength);
  }

  /** The value of the record at `ref`, read where it lies; undefined when it has ended. The shard is held. */
  protected valueAt(ref: number): Value | undefined {
    return valueAt(this.store, ref);
  }

  #loaded(): Value | undefined {
    const { store } = this;
    const { hash } = store.keys;
    if (!this.#isPlain) return store.read(hash) ? this.#scratchValue() : undefined;
    const slot = store.find(store.wordOf(store.shardOf(hash)), hash);
    return slot < 0 ? undefined : this.valueAt(store.memory.i32[slot + 1] >>> 0);
  }

  /** The answer for each key: of `answer` for where it was located, of `alone` where it was not. */
  #askMany<Answer>(keys: Iterable<Key>, alone: (key: Key) => Answer, answer: (ref: number) => Answer): Answer[] {
    this.checkOpen();
    const all = [...keys];
    if (!this.store.keys.isPlain) return all.map((key) => alone(key));
    return this.#inGroups(
      all.length,
      (first) => locate(this.store, all, first),
      (index) => alone(all[index]),
      answer,
    );
  }

  /** The same for keys that have numbers: `find` locates a group of them, from the number `first` on. */
  #inGroups<Answer>(
    count: number,
    find: (first: number) => void,
    alone: (index: number) => Answer,
    answer: (ref: number) => Answer,
  ): Answer[] {
    const answers = new Array<Answer>(count);
    for (let first = 0; first < count; first += GROUP) {
      find(first);
      for (let index = first; index < Math.min(first + GROUP, count); index++) {
        const ref = located(this.store, index - first);
        answers[index] = ref === AGAIN ? alone(index) : answer(ref);
      }
    }
    return answers;
  }

  #locatedValue(ref: number): Value | undefined {
    if (ref === 0) return undefined;
    return this.#isPlain ? this.valueAt(ref) : this.#scratchValue();
  }

  #isThere(): boolean {
    const { store } = this;
    if (store.values.prefix !== 0) return this.#loaded() !== undefined;
    const { hash } = store.keys;
    return this.#isPlain ? store.find(store.wordOf(store.shardOf(hash)), hash) >= 0 : store.read(hash);
  }

  #sampleOf(shardNumber: number): Key | undefined {
    const { store } = this;
    const shard = store.enter(shardNumber);
    try {
      const [first, end] = store.index.slots(shard);
      const { i32 } = this.memory;
      const capacity = (end - first) / 2;
      const from = Math.floor(Math.random() * capacity);
      for (let turn = 0; turn < capacity; turn++) {
        const ref = i32[first + ((from + turn) % capacity) * 2 + 1] >>> 0;
        if (ref !== 0 && store.records.copy(ref)) return this.#scratchKey();
      }
      return undefined;
    } finally {
      store.leave(shardNumber);
    }
  }

  #scratchKey(): Key {
    const { scratch } = this.store.records;
    return this.store.keys.read(scratch, KEY * 4, scratch.i32[KEY_BYTES] & KEY_BYTES_MASK);
  }

  #cursor<Output>(output: (cursor: RecordCursor<Key, Value, Output>) => Output): RecordCursor<Key, Value, Output> {
    this.checkOpen();
    return new RecordCursor(
      this.store,
      (key) => this.get(key),
      (cursor) => output(cursor),
    );
  }
}

function checkEnds(bytes: Uint8Array, ends: ArrayLike<number>, start: number): void {
  let before = start;
  let index = 0;
  while (index < ends.length && ends[index] >= before) before = ends[index++];
  if (start >= 0 && index === ends.length && before <= bytes.length) return;
  throw new MemoryError("out-of-bounds", {
    subject: "hash table",
    event: "was given keys that do not lie one behind the other",
    numbers: { start, index, end: ends[index], before, byteLength: bytes.length },
    cure: "Pass where each key ends, in ascending order, within the bytes.",
  });
}

/** The error of a table that was disposed of. */
export function disposed(): MemoryError {
  return new MemoryError("closed", {
    subject: "hash table",
    event: "was used after it was disposed of",
    cure: "Keep it for as long as it is used.",
  });
}
