import { alignUp } from "../../core/align.ts";
import { privateMemory } from "../../core/homes.ts";
import type { Memory } from "../../core/memory.ts";
import { KEY, KEY_BYTES, KEY_BYTES_MASK, VALUE_BYTES, VERSION } from "./records/layout.ts";
import type { RecordStore } from "./records/store.ts";

const KEY_OFFSET = KEY * 4;
const LEAST_COPY_BYTES = 4096;
/** Records that are on their way from memory at once. */
const GROUP = 32;
/** What a cursor has copied that holds nothing. */
const NO_RECORDS = privateMemory(0);
/** Of a cache line. */
const LINE_WORDS = 16;

/** The entries of one shard as they were at one moment. What it takes is used again for the next shard. */
interface Snapshot {
  memory: Memory;
  readonly byteOffsets: number[];
  version: number;
  /** Of what was read only to have it in the caches. */
  touched: number;
}

type AnyStore = RecordStore<unknown, unknown, never>;

/**
 * Goes through the entries of a table, shard by shard. Of each shard it takes a copy when it comes to it; while nothing changes there, keys and values
 * come from the copy. When something has changed, each key is looked up again: what was deleted does not come any more, what was set comes with its
 * new value. So every key that is there all the time comes once, whatever anybody does meanwhile; one that is added may come or not.
 */
export class RecordCursor<Key, Value, Output> implements IterableIterator<Output> {
  readonly #store: RecordStore<Key, Value, never>;
  readonly #output: (cursor: RecordCursor<Key, Value, Output>) => Output;
  readonly #current: (key: Key) => Value | undefined;
  #shardNumber = -1;
  readonly #snapshot: Snapshot = { memory: NO_RECORDS, byteOffsets: [], version: 0, touched: 0 };
  #at = 0;
  #value: Value | undefined;

  /** `current` looks a key up. */
  constructor(
    store: RecordStore<Key, Value, never>,
    current: (key: Key) => Value | undefined,
    output: (cursor: RecordCursor<Key, Value, Output>) => Output,
  ) {
    this.#store = store;
    this.#current = current;
    this.#output = output;
  }

  get key(): Key {
    const { memory, byteOffsets } = this.#snapshot;
    const byteOffset = byteOffsets[this.#at];
    return this.#store.keys.read(memory, byteOffset + KEY_OFFSET, memory.i32[byteOffset / 4 + KEY_BYTES] & KEY_BYTES_MASK);
  }

  get value(): Value {
    if (this.#value !== undefined) return this.#value;
    const { memory, byteOffsets } = this.#snapshot;
    const byteOffset = byteOffsets[this.#at];
    const valueAt = byteOffset + this.#store.records.valueOffset(memory.i32[byteOffset / 4 + KEY_BYTES] & KEY_BYTES_MASK);
    return this.#store.values.read(memory, valueAt, memory.i32[byteOffset / 4 + VALUE_BYTES]);
  }

  advance(): boolean {
    const snapshot = this.#snapshot;
    this.#at += 1;
    for (;;) {
      for (; this.#at < snapshot.byteOffsets.length; this.#at++) if (this.#isThere(snapshot)) return true;
      this.#shardNumber += 1;
      this.#at = 0;
      if (this.#shardNumber >= this.#store.parts.shards) {
        // So that it stays at its end, and holds nothing.
        this.#shardNumber = this.#store.parts.shards;
        snapshot.byteOffsets.length = 0;
        snapshot.memory = NO_RECORDS;
        return false;
      }
      takeSnapshot(this.#store, this.#shardNumber, snapshot);
    }
  }

  next(): IteratorResult<Output, undefined> {
    return this.advance() ? { done: false, value: this.#output(this) } : { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }

  #isThere({ version }: Snapshot): boolean {
    this.#value = undefined;
    const { values, memory } = this.#store;
    if (values.prefix === 0 && versionOf(this.#store, this.#shardNumber) === version && !memory.closed) return true;
    this.#value = this.#current(this.key);
    return this.#value !== undefined;
  }
}

/** Copies the entries of a shard. */
function takeSnapshot(store: AnyStore, shardNumber: number, snapshot: Snapshot): void {
  const { byteOffsets } = snapshot;
  byteOffsets.length = 0;
  const shard = store.enter(shardNumber);
  try {
    const refs: number[] = [];
    store.forEachRef(shard, (ref) => refs.push(ref));
    let at = 0;
    for (let start = 0; start < refs.length; start += GROUP) {
      const end = Math.min(start + GROUP, refs.length);
      snapshot.touched = touch(store, refs, start, end);
      for (let index = start; index < end; index++) {
        byteOffsets.push(at);
        at = copyRecord(store, shard, refs[index], snapshot, at);
      }
    }
    snapshot.version = versionOf(store, shardNumber);
  } catch (error) {
    byteOffsets.length = 0;
    throw error;
  } finally {
    store.leave(shardNumber);
  }
}

/** Copies the record at `ref` to a snapshot, at `byteOffset`. Returns the offset behind it. */
function copyRecord(store: AnyStore, shard: number, ref: number, snapshot: Snapshot, byteOffset: number): number {
  const { memory, records, parts } = store;
  if (parts.isChecked ? !records.isRecord(ref) : records.endOf(ref) === 0) store.throwCorrupt(shard);
  const end = byteOffset + records.unitsOf(ref) * 8;
  if (end > snapshot.memory.byteLength) widen(snapshot, byteOffset, end);
  const from = memory.i32;
  const to = snapshot.memory.i32;
  for (let at = byteOffset / 4, word = ref * 2; at < end / 4; at++, word++) to[at] = from[word];
  return end;
}

function widen(snapshot: Snapshot, usedBytes: number, byteLength: number): void {
  const wider = privateMemory(alignUp(Math.max(LEAST_COPY_BYTES, byteLength, snapshot.memory.byteLength * 2), 8));
  wider.u8.set(snapshot.memory.bytes(0, usedBytes));
  snapshot.memory = wider;
}

/** Looks at some records, so that all of them are on their way before the first is copied: they lie in no order. */
function touch({ bounds, memory: { i32 } }: AnyStore, refs: readonly number[], start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at++) {
    const record = refs[at] * 2;
    if (bounds.reaches(record + LINE_WORDS + 1)) sum = (sum + i32[record] + i32[record + LINE_WORDS]) | 0;
  }
  return sum;
}

/** While it stays the same nothing has been set to another value or deleted in a shard. */
function versionOf(store: AnyStore, shardNumber: number): number {
  return Atomics.load(store.memory.i32, store.wordOf(shardNumber) + VERSION);
}
