import { privateMemory } from "../../core/homes.ts";
import type { Memory } from "../../core/memory.ts";
import { KEY, KEY_BYTES, KEY_BYTES_MASK, VALUE_BYTES, VERSION } from "./records/layout.ts";
import type { RecordStore } from "./records/store.ts";

const KEY_OFFSET = KEY * 4;

/** The entries of one shard as they were at one moment. */
interface Snapshot {
  readonly memory: Memory;
  readonly byteOffsets: readonly number[];
  readonly version: number;
}

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
  #snapshot: Snapshot | undefined;
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
    const { memory, byteOffsets } = this.#held();
    const byteOffset = byteOffsets[this.#at];
    return this.#store.keys.read(memory, byteOffset + KEY_OFFSET, memory.i32[byteOffset / 4 + KEY_BYTES] & KEY_BYTES_MASK);
  }

  get value(): Value {
    if (this.#value !== undefined) return this.#value;
    const { memory, byteOffsets } = this.#held();
    const byteOffset = byteOffsets[this.#at];
    const valueAt = byteOffset + this.#store.records.valueOffset(memory.i32[byteOffset / 4 + KEY_BYTES] & KEY_BYTES_MASK);
    return this.#store.values.read(memory, valueAt, memory.i32[byteOffset / 4 + VALUE_BYTES]);
  }

  advance(): boolean {
    this.#at += 1;
    for (;;) {
      const snapshot = this.#snapshot;
      for (; snapshot !== undefined && this.#at < snapshot.byteOffsets.length; this.#at++) if (this.#isThere(snapshot)) return true;
      this.#shardNumber += 1;
      if (this.#shardNumber >= this.#store.parts.shards) {
        // So that it stays at its end, and holds nothing.
        this.#shardNumber = this.#store.parts.shards;
        this.#snapshot = undefined;
        return false;
      }
      this.#snapshot = takeSnapshot(this.#store, this.#shardNumber);
      this.#at = 0;
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

  #held(): Snapshot {
    return this.#snapshot ?? { memory: privateMemory(0), byteOffsets: [], version: 0 };
  }
}

function takeSnapshot<Key, Value>(store: RecordStore<Key, Value, never>, shardNumber: number): Snapshot {
  const shard = store.enter(shardNumber);
  try {
    const { memory, records } = store;
    const refs: number[] = [];
    let byteLength = 0;
    store.forEachRef(shard, (ref) => {
      if (records.endOf(ref) === 0) store.throwCorrupt(shard);
      refs.push(ref);
      byteLength += records.unitsOf(ref) * 8;
    });
    const copy = privateMemory(byteLength);
    const byteOffsets: number[] = [];
    let to = 0;
    for (const ref of refs) {
      if (store.parts.isChecked && !records.isRecord(ref)) store.throwCorrupt(shard);
      const units = records.unitsOf(ref);
      const { i32 } = memory;
      for (let word = 0; word < units * 2; word++) copy.i32[to / 4 + word] = i32[ref * 2 + word];
      byteOffsets.push(to);
      to += units * 8;
    }
    return { memory: copy, byteOffsets, version: versionOf(store, shardNumber) };
  } finally {
    store.leave(shardNumber);
  }
}

/** While it stays the same nothing has been set to another value or deleted in a shard. */
function versionOf(store: RecordStore<unknown, unknown, never>, shardNumber: number): number {
  return Atomics.load(store.memory.i32, store.wordOf(shardNumber) + VERSION);
}
