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
  readonly #isShared: boolean;

  /** `isShared`: whether others may be reading. */
  constructor(keys: KeyBytes<Key>, records: RecordBytes, room: ShardRoom, bounds: Bounds, isShared: boolean) {
    this.memory = bounds.memory;
    this.#keys = keys;
    this.#records = records;
    this.#room = room;
    this.#bounds = bounds;
    this.#isShared = isShared;
  }

  /** The slot of the key that `keys` holds, `NOT_FOUND` or `TORN`. `copies`: its record is in the scratch memory of the records then, and was whole. */
  find(shard: number, hash: number, copies = false): number {
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
        if (copies ? this.#copies(ref >>> 0) : this.matches(ref >>> 0)) {
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

  /** The slot that names this record; `NOT_FOUND`. The shard is held. */
  slotOf(shard: number, hash: number, ref: number): number {
    const { i32 } = this.memory;
    const index = (i32[shard + INDEX] >>> 0) * 2;
    if (index === 0) return NOT_FOUND;
    const mask = i32[index + CAPACITY] - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = index + SLOTS + at * 2;
      if (i32[slot + 1] === 0) return NOT_FOUND;
      if (i32[slot + 1] >>> 0 === ref) return slot;
    }
  }

  /** Whether the record at `ref` has the key that `keys` holds. */
  matches(ref: number): boolean {
    const at = ref * 2;
    return this.#bounds.reaches(at + KEY + ((this.#keys.byteLength + 3) >> 2)) && this.#hasKey(this.memory.i32, at);
  }

  /** Room for so many more entries. False when there is none. */
  ensureRoom(shard: number, more = 1): boolean {
    const { i32 } = this.memory;
    const index = (i32[shard + INDEX] >>> 0) * 2;
    const capacity = index === 0 ? 0 : i32[index + CAPACITY];
    const count = i32[shard + COUNT] + more;
    return count <= capacity * FULL_AT || this.resize(shard, ShardIndex.capacityFor(count));
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
    const slot = emptySlot(i32, (i32[shard + INDEX] >>> 0) * 2, hash);
    i32[slot] = hash;
    this.#publish(slot + 1, ref);
    i32[shard + COUNT] += 1;
  }

  /** Names another record of the same key. */
  replace(shard: number, slot: number, ref: number): void {
    this.#publish(slot + 1, ref);
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
      this.#publish(first + gap * 2 + 1, i32[first + next * 2 + 1]);
      this.bump(shard);
      gap = next;
    }
    this.#publish(first + gap * 2 + 1, 0);
    i32[shard + COUNT] -= 1;
    this.bump(shard);
  }

  /** See invariant 5 of layout.ts. */
  bump(shard: number): void {
    if (this.#isShared) this.#publish(shard + VERSION, this.memory.i32[shard + VERSION] + 1);
  }

  /**
   * The entries in an index of their own with `capacity` slots, published by one store. False when there is no room, with `isWithin` in what the shard has:
   * then nothing has changed.
   */
  resize(shard: number, capacity: number, isWithin = false): boolean {
    const old = (this.memory.i32[shard + INDEX] >>> 0) * 2;
    const ref = this.#empty(shard, capacity, isWithin);
    if (ref === 0) return false;
    const { i32 } = this.memory;
    const slots = old === 0 ? 0 : i32[old + CAPACITY];
    for (let slot = old + SLOTS; slot < old + SLOTS + slots * 2; slot += 2) {
      if (i32[slot + 1] !== 0) place(i32, ref * 2, i32[slot], i32[slot + 1]);
    }
    this.#publish(shard + INDEX, ref);
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
    this.#publish(shard + INDEX, ref);
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

  #empty(shard: number, capacity: number, isWithin = false): number {
    const units = indexUnits(capacity);
    const ref = isWithin ? this.#room.allocWithin(shard, units) : this.#room.alloc(shard, units);
    if (ref === 0) return 0;
    const { i32 } = this.memory;
    i32.fill(0, ref * 2, ref * 2 + SLOTS + capacity * 2);
    i32[ref * 2 + CAPACITY] = capacity;
    return ref;
  }

  /** What was stored before is seen by who sees this. */
  #publish(word: number, value: number): void {
    if (this.#isShared) Atomics.store(this.memory.i32, word, value | 0);
    else this.memory.i32[word] = value;
  }

  /** Copies the record first, in one go over the cache lines that it has, and looks at its key there. */
  #copies(ref: number): boolean {
    if (!this.#records.copy(ref)) return false;
    const { i32 } = this.#records.scratch;
    return (i32[KEY_BYTES] & KEY_BYTES_MASK) === this.#keys.byteLength && this.#hasKey(i32, 0);
  }

  /** Whether the record at a word has the key. The last word is looked at first: that may lie in another cache line than the head, and both come at once then. */
  #hasKey(i32: Int32Array, at: number): boolean {
    const { words, byteLength } = this.#keys;
    for (let word = ((byteLength + 3) >> 2) - 1; word >= 0; word--) {
      if (i32[at + KEY + word] !== words[word]) return false;
    }
    return (i32[at + KEY_BYTES] & KEY_BYTES_MASK) === byteLength;
  }
}

export function indexUnits(capacity: number): number {
  return (SLOTS + capacity * 2) / 2;
}

/** The first empty slot from a hash's home on. */
function emptySlot(i32: Int32Array, index: number, hash: number): number {
  const mask = i32[index + CAPACITY] - 1;
  let at = hash & mask;
  while (i32[index + SLOTS + at * 2 + 1] !== 0) at = (at + 1) & mask;
  return index + SLOTS + at * 2;
}

/** Puts an entry into an index that nothing leads to yet. */
function place(i32: Int32Array, index: number, hash: number, ref: number): void {
  const slot = emptySlot(i32, index, hash);
  i32[slot] = hash;
  i32[slot + 1] = ref;
}
