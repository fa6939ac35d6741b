import type { Memory } from "../../../core/memory.ts";
import type { Bounds } from "./bounds.ts";
import type { KeyBytes } from "./keys.ts";
import { CAPACITY, COUNT, INDEX, KEY, KEY_BYTES, KEY_BYTES_MASK, LEAST_SLOTS, SLOTS, VERSION } from "./layout.ts";
import type { RecordBytes } from "./record-bytes.ts";
import type { ShardRoom } from "./room.ts";

export const NOT_FOUND = -1;
/** The index or a record is not what it must be: torn, as another uses its place for something else by now, or damaged. */
export const TORN = -2;

const FULL_AT = 0.75;

/**
 * The slots of one shard: open addressing with linear probing. `shard` is the word where its words begin, `slot` that of a slot.
 *
 * Readers call `find` and `has` beside a writer; for them the words may be anything, and everything is checked that could lead out of the memory or round
 * and round. Writers hold the shard.
 */
export class ShardIndex<Key> {
  readonly memory: Memory;
  /** The record that `find` found. A reader takes it from here: by now another may be in its slot. */
  foundRef = 0;
  readonly #keys: KeyBytes<Key>;
  readonly #records: RecordBytes;
  readonly #room: ShardRoom;
  readonly #bounds: Bounds;

  constructor(keys: KeyBytes<Key>, records: RecordBytes, room: ShardRoom, bounds: Bounds) {
    this.memory = bounds.memory;
    this.#keys = keys;
    this.#records = records;
    this.#room = room;
    this.#bounds = bounds;
  }

  /** The slot of the key that `keys` holds, `NOT_FOUND` or `TORN`. */
  find(shard: number, hash: number): number {
    const { i32 } = this.memory;
    const index = (i32[shard + INDEX] >>> 0) * 2;
    if (index === 0) return NOT_FOUND;
    if (!this.#bounds.reaches(index + SLOTS)) return TORN;
    const capacity = i32[index + CAPACITY];
    const first = index + SLOTS;
    if (capacity <= 0 || (capacity & (capacity - 1)) !== 0 || !this.#bounds.reaches(first + capacity * 2)) return TORN;
    const mask = capacity - 1;
    let at = hash & mask;
    for (let left = capacity; left > 0; left--) {
      const slot = first + at * 2;
      const ref = i32[slot + 1];
      if (ref === 0) return NOT_FOUND;
      if (i32[slot] === hash) {
        if (this.#matches(ref >>> 0)) {
          this.foundRef = ref >>> 0;
          return slot;
        }
        // Another key of the same hash is one in 2^32; what is no record at all is damage, or torn.
        if (!this.#records.isRecord(ref >>> 0)) return TORN;
      }
      at = (at + 1) & mask;
    }
    return TORN;
  }

  /** Room for one more entry. False when there is none. */
  ensureRoom(shard: number): boolean {
    const { i32 } = this.memory;
    const index = (i32[shard + INDEX] >>> 0) * 2;
    if (index === 0) return this.resize(shard, LEAST_SLOTS);
    const capacity = i32[index + CAPACITY];
    return i32[shard + COUNT] < capacity * FULL_AT || this.resize(shard, capacity * 2);
  }

  /** The least capacity for `count` entries. */
  static capacityFor(count: number): number {
    let capacity = LEAST_SLOTS;
    while (capacity * FULL_AT < count) capacity *= 2;
    return capacity;
  }

  /** Names a record whose key is not there. There is room for it. */
  insert(shard: number, hash: number, ref: number): void {
    const { i32 } = this.memory;
    place(i32, (i32[shard + INDEX] >>> 0) * 2, hash, ref);
    i32[shard + COUNT] += 1;
  }

  /** Names another record of the same key. */
  replace(shard: number, slot: number, ref: number): void {
    const { i32 } = this.memory;
    Atomics.store(i32, slot + 1, ref | 0);
    this.bump(shard);
  }

  /** Empties a slot, and closes the gap: see invariant 4 of layout.ts. */
  remove(shard: number, slot: number): void {
    const { i32 } = this.memory;
    const first = (i32[shard + INDEX] >>> 0) * 2 + SLOTS;
    const mask = i32[first - SLOTS + CAPACITY] - 1;
    let gap = (slot - first) >> 1;
    for (let next = (gap + 1) & mask; i32[first + next * 2 + 1] !== 0; next = (next + 1) & mask) {
      const hash = i32[first + next * 2];
      if (((next - hash) & mask) < ((next - gap) & mask)) continue;
      i32[first + gap * 2] = hash;
      Atomics.store(i32, first + gap * 2 + 1, i32[first + next * 2 + 1]);
      this.bump(shard);
      gap = next;
    }
    Atomics.store(i32, first + gap * 2 + 1, 0);
    i32[shard + COUNT] -= 1;
    this.bump(shard);
  }

  /** See invariant 5 of layout.ts. */
  bump(shard: number): void {
    const { i32 } = this.memory;
    Atomics.store(i32, shard + VERSION, (i32[shard + VERSION] + 1) | 0);
  }

  /** The entries in an index of their own with `capacity` slots, published by one store. False when there is no room: then nothing has changed. */
  resize(shard: number, capacity: number): boolean {
    const old = (this.memory.i32[shard + INDEX] >>> 0) * 2;
    const ref = this.#empty(shard, capacity);
    if (ref === 0) return false;
    const { i32 } = this.memory;
    const slots = old === 0 ? 0 : i32[old + CAPACITY];
    for (let slot = old + SLOTS; slot < old + SLOTS + slots * 2; slot += 2) {
      if (i32[slot + 1] !== 0) place(i32, ref * 2, i32[slot], i32[slot + 1]);
    }
    Atomics.store(i32, shard + INDEX, ref | 0);
    this.bump(shard);
    if (old !== 0) this.#room.free(shard, old / 2, indexUnits(slots));
    return true;
  }

  /** An index of exactly these entries, instead of whatever was there, which the caller accounts for. False when there is no room. */
  build(shard: number, hashes: ArrayLike<number>, refs: ArrayLike<number>): boolean {
    const ref = refs.length === 0 ? 0 : this.#empty(shard, ShardIndex.capacityFor(refs.length));
    if (refs.length > 0 && ref === 0) return false;
    const { i32 } = this.memory;
    for (let at = 0; at < refs.length; at++) place(i32, ref * 2, hashes[at], refs[at]);
    i32[shard + COUNT] = refs.length;
    Atomics.store(i32, shard + INDEX, ref | 0);
    this.bump(shard);
    return true;
  }

  /** Where the slots lie: [first word, behind the last); an empty range without an index, or where it cannot be. */
  slots(shard: number): readonly [first: number, end: number] {
    const { i32 } = this.memory;
    const index = (i32[shard + INDEX] >>> 0) * 2;
    if (index === 0 || !this.#bounds.reaches(index + SLOTS)) return [0, 0];
    const capacity = i32[index + CAPACITY];
    const isPossible = capacity > 0 && (capacity & (capacity - 1)) === 0 && this.#bounds.reaches(index + SLOTS + capacity * 2);
    return isPossible ? [index + SLOTS, index + SLOTS + capacity * 2] : [0, 0];
  }

  #empty(shard: number, capacity: number): number {
    const ref = this.#room.alloc(shard, indexUnits(capacity));
    if (ref === 0) return 0;
    const { i32 } = this.memory;
    i32.fill(0, ref * 2, ref * 2 + SLOTS + capacity * 2);
    i32[ref * 2 + CAPACITY] = capacity;
    return ref;
  }

  #matches(ref: number): boolean {
    const keys = this.#keys;
    const { words, byteLength } = keys;
    const at = ref * 2;
    if (!this.#bounds.reaches(at + KEY + ((byteLength + 3) >> 2))) return false;
    const { i32 } = this.memory;
    if ((i32[at + KEY_BYTES] & KEY_BYTES_MASK) !== byteLength) return false;
    for (let word = 0, left = byteLength; left > 0; word++, left -= 4) {
      if (i32[at + KEY + word] !== words[word]) return false;
    }
    return true;
  }
}

export function indexUnits(capacity: number): number {
  return (SLOTS + capacity * 2) / 2;
}

/** Puts an entry into the first empty slot from its home on, the ref last. */
function place(i32: Int32Array, index: number, hash: number, ref: number): void {
  const mask = i32[index + CAPACITY] - 1;
  let at = hash & mask;
  while (i32[index + SLOTS + at * 2 + 1] !== 0) at = (at + 1) & mask;
  i32[index + SLOTS + at * 2] = hash;
  Atomics.store(i32, index + SLOTS + at * 2 + 1, ref | 0);
}
