/*
 * Look-ups of many keys at once. Each is one of `RecordStore.read` or `find`, cut into parts, and each part is done for a group of keys before the next: the
 * processor runs ahead over some hundred instructions only, so that in short loops all that a part waits for is on its way at the same time.
 *
 * What is located is a guess until `located` has looked at it: then the version of the shard must still be what it was before (invariant 5 of layout.ts). When it
 * is not, or what was found is no record of the key, the key is to be looked up once more, alone.
 */
import { CAPACITY, INDEX, KEY, KEY_BYTES, KEY_BYTES_MASK, SLOTS, VERSION } from "./layout.ts";
import type { RecordStore } from "./store.ts";

/** Keys that are located at once, and are in the caches when they are used. */
export const GROUP = 32;
/** Instead of a ref: the key is to be looked up alone. */
export const AGAIN = -1;

/** Words of a key that are kept. For a longer one there is more to do than to wait. */
const MOST_WORDS = 16;
/** Instead of a length: the table can have no such key. */
const IMPOSSIBLE = -1;
const ALONE = -2;

type AnyStore<Key> = RecordStore<Key, unknown, never>;

// One group at a time: nothing in between calls code of the user.
const lengths = new Int32Array(GROUP);
const hashes = new Int32Array(GROUP);
const words = new Int32Array(GROUP * MOST_WORDS);
const shards = new Int32Array(GROUP);
const versions = new Int32Array(GROUP);
/** Where the slots of the key's index begin, in units of 8 bytes, as refs are. */
const firsts = new Uint32Array(GROUP);
const masks = new Int32Array(GROUP);
const refs = new Uint32Array(GROUP);
/** Sums of what was read only to have it in the caches: what is of no use at all is not read. */
const touched = new Int32Array(1);

/** Locates up to `GROUP` of the keys, from `start` on. They are no objects. */
export function locate<Key>(store: AnyStore<Key>, keys: readonly Key[], start: number): void {
  const count = Math.min(GROUP, keys.length - start);
  touched[0] = touchKeys(keys, start, count);
  for (let at = 0; at < count; at++) keep(store, at, store.keys.load(keys[start + at]));
  follow(store, count);
}

/** The same for keys of which each is in `bytes` behind the one before: it ends at `ends[index]`, and the one at index 0 begins at `from`. */
export function locateBytes<Key>(
  store: AnyStore<Key>,
  bytes: Uint8Array,
  ends: ArrayLike<number>,
  start: number,
  from: number,
): void {
  const count = Math.min(GROUP, ends.length - start);
  for (let at = 0, begin = start === 0 ? from : ends[start - 1]; at < count; at++) {
    const end = ends[start + at];
    keep(store, at, store.keys.loadBytes(bytes, begin, end));
    begin = end;
  }
  follow(store, count);
}

/**
 * The ref of the key with that number in the group, 0 when it is not there, or `AGAIN`. In a table that is checked the record is in the scratch memory, and was
 * whole.
 */
export function located<Key>(store: AnyStore<Key>, at: number): number {
  const length = lengths[at];
  if (length < 0) return length === IMPOSSIBLE ? 0 : AGAIN;
  const ref = refs[at];
  const { records, memory, parts } = store;
  if (!parts.isChecked) return ref === 0 || hasKey(memory.i32, ref * 2, at, length) ? ref : AGAIN;
  if (ref !== 0 && !(records.copy(ref) && hasKey(records.scratch.i32, 0, at, length))) return AGAIN;
  return Atomics.load(memory.i32, store.wordOf(shards[at]) + VERSION) === versions[at] ? ref : AGAIN;
}

/** The last character of each string. */
function touchKeys(keys: readonly unknown[], start: number, count: number): number {
  let sum = 0;
  for (let at = start; at < start + count; at++) {
    const key = keys[at];
    if (typeof key === "string") sum = (sum + key.charCodeAt(key.length - 1)) | 0;
  }
  return sum;
}

function keep<Key>({ keys }: AnyStore<Key>, at: number, isPossible: boolean): void {
  const { byteLength } = keys;
  if (!isPossible || byteLength > MOST_WORDS * 4) {
    lengths[at] = isPossible ? ALONE : IMPOSSIBLE;
    return;
  }
  lengths[at] = byteLength;
  hashes[at] = keys.hash;
  const from = keys.words;
  const to = at * MOST_WORDS;
  for (let word = 0; word * 4 < byteLength; word++) words[to + word] = from[word];
}

function follow<Key>(store: AnyStore<Key>, count: number): void {
  findIndexes(store, count);
  const { i32 } = store.memory;
  touched[0] += touchSlots(i32, count);
  findRefs(i32, count);
  touched[0] += touchRecords(store, count);
}

function findIndexes<Key>(store: AnyStore<Key>, count: number): void {
  const { memory, bounds } = store;
  for (let at = 0; at < count; at++) {
    if (lengths[at] < 0) continue;
    const shardNumber = store.shardOf(hashes[at]);
    store.lookOnce(shardNumber);
    const shard = store.wordOf(shardNumber);
    shards[at] = shardNumber;
    versions[at] = Atomics.load(memory.i32, shard + VERSION);
    const index = memory.u32[shard + INDEX];
    const first = index * 2 + SLOTS;
    firsts[at] = first / 2;
    masks[at] = -1;
    if (index === 0) continue;
    const capacity = bounds.reaches(first) ? memory.i32[index * 2 + CAPACITY] : 0;
    const isPossible = capacity > 0 && (capacity & (capacity - 1)) === 0 && bounds.reaches(first + capacity * 2);
    if (isPossible) masks[at] = capacity - 1;
    else lengths[at] = ALONE;
  }
}

function touchSlots(i32: Int32Array, count: number): number {
  let sum = 0;
  for (let at = 0; at < count; at++) {
    if (lengths[at] >= 0 && masks[at] >= 0) sum = (sum + i32[(firsts[at] + (hashes[at] & masks[at])) * 2]) | 0;
  }
  return sum;
}

function findRefs(i32: Int32Array, count: number): void {
  for (let at = 0; at < count; at++) {
    if (lengths[at] >= 0) refs[at] = masks[at] < 0 ? 0 : firstRef(i32, firsts[at], masks[at], hashes[at]);
  }
}

/** The ref in the first slot with that hash; 0 where there is none. */
function firstRef(i32: Int32Array, first: number, mask: number, hash: number): number {
  let slot = hash & mask;
  for (let left = mask; left >= 0; left--) {
    const word = (first + slot) * 2;
    const ref = i32[word + 1];
    if (ref === 0 || i32[word] === hash) return ref >>> 0;
    slot = (slot + 1) & mask;
  }
  return 0;
}

/** The head and the end of the key of each record: what lies between comes with them. */
function touchRecords<Key>({ memory: { i32 }, bounds }: AnyStore<Key>, count: number): number {
  let sum = 0;
  for (let at = 0; at < count; at++) {
    const record = refs[at] * 2;
    const keyEnd = record + KEY + (lengths[at] >> 2);
    if (lengths[at] < 0 || record === 0) continue;
    if (bounds.reaches(keyEnd + 1)) sum = (sum + i32[record] + i32[keyEnd]) | 0;
    else lengths[at] = ALONE;
  }
  return sum;
}

function hasKey(i32: Int32Array, record: number, at: number, length: number): boolean {
  const kept = at * MOST_WORDS;
  for (let word = 0; word * 4 < length; word++) if (i32[record + KEY + word] !== words[kept + word]) return false;
  return (i32[record + KEY_BYTES] & KEY_BYTES_MASK) === length;
}
