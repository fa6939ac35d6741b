import { hashWord, KeyKind } from "./hash-key.ts";
import type { HashSlots } from "./hash-slots.ts";

// Constants, where properties would be loaded at every use.
const { SIGNED, UNSIGNED } = KeyKind;

/** Keys whose slots are fetched at once. */
export const GROUP = 128;
/** Slots that are touched in one round of a loop. */
const ROUND = 8;

/** Of the keys of a group. */
const hashes = new Int32Array(GROUP);
const homes = new Int32Array(GROUP);
/** Where they lie, or a negative number. */
const places = new Int32Array(GROUP);
/** What has been touched goes here, so that it must be read. */
const touched = new Int32Array(1);

/** `out[i]` becomes the value of `keys[i]`, or `missing`. */
export function findMany<Key, Value>(
  slots: HashSlots<Key, Value, never>,
  keys: ArrayLike<number | bigint>,
  out: { [index: number]: Value },
  missing: Value,
): void {
  for (let start = 0; start < keys.length; start += GROUP) {
    const count = locateGroup(slots, keys, start);
    for (let index = 0; index < count; index++) {
      const at = places[index];
      out[start + index] = at >= 0 ? slots.valueAt(at) : missing;
    }
  }
}

/** The values of `keys`. Apart from `findMany`, since a loop that fills arrays of two kinds is slow for both. */
export function valuesOf<Key, Value>(slots: HashSlots<Key, Value, never>, keys: ArrayLike<number | bigint>): (Value | undefined)[] {
  const values = new Array<Value | undefined>(keys.length);
  for (let start = 0; start < keys.length; start += GROUP) {
    const count = locateGroup(slots, keys, start);
    for (let index = 0; index < count; index++) {
      const at = places[index];
      values[start + index] = at >= 0 ? slots.valueAt(at) : undefined;
    }
  }
  return values;
}

/** Fills `places` for the keys from `start` on; returns for how many. */
function locateGroup<Key, Value>(slots: HashSlots<Key, Value, never>, keys: ArrayLike<number | bigint>, start: number): number {
  const count = Math.min(GROUP, keys.length - start);
  fetchGroup(slots, keys, start, count);
  if (slots.keyKind <= SIGNED) locateWords(slots, keys, start, count);
  else for (let index = 0; index < count; index++) places[index] = slots.find(keys[start + index]);
  return count;
}

/**
 * Brings the slots where `count` keys from `start` on have their homes into the caches.
 *
 * The processor runs ahead over some hundred instructions, so the fewer there are between two loads the more slots are on their way from memory
 * at once. So a loop of its own does nothing but load, and several times a round: V8 looks anew at a typed array in each.
 */
export function fetchGroup<Key, Value>(
  slots: HashSlots<Key, Value, never>,
  keys: ArrayLike<number | bigint>,
  start: number,
  count: number,
): void {
  if (slots.keyKind <= SIGNED) hashGroup(slots, keys, start, count);
  else for (let index = 0; index < count; index++) note(slots, index, slots.hashOf(keys[start + index]));
  touched[0] = touch(slots.words, count);
}

function hashGroup<Key, Value>(
  slots: HashSlots<Key, Value, never>,
  keys: ArrayLike<number | bigint>,
  start: number,
  count: number,
): void {
  const { cells, cellMask, multiplier, shift, slotWords } = slots;
  for (let index = 0; index < count; index++) {
    const key = keys[start + index];
    const hash = hashWord(typeof key === "number" ? key | 0 : 0, multiplier);
    hashes[index] = hash;
    homes[index] = ((cells[hash & cellMask] | 0) + Math.imul(~hash >>> shift, slotWords)) | 0;
  }
}

function note<Key, Value>(slots: HashSlots<Key, Value, never>, index: number, hash: number): void {
  homes[index] = (slots.cells[hash & slots.cellMask] + Math.imul(~hash >>> slots.shift, slots.slotWords)) | 0;
}

function touch(words: Int32Array, count: number): number {
  let all = 0;
  for (let index = 0; index <= count - ROUND; index += ROUND) {
    const half = words[homes[index]] ^ words[homes[index + 1]] ^ words[homes[index + 2]] ^ words[homes[index + 3]];
    all ^= half ^ words[homes[index + 4]] ^ words[homes[index + 5]] ^ words[homes[index + 6]] ^ words[homes[index + 7]];
  }
  return all;
}

/** As findWord, from the homes on. */
function locateWords<Key, Value>(
  slots: HashSlots<Key, Value, never>,
  keys: ArrayLike<number | bigint>,
  start: number,
  count: number,
): void {
  const { words, cells, cellMask, slotWords, pageWords } = slots;
  const isUnsigned = slots.keyKind === UNSIGNED;
  for (let index = 0; index < count; index++) {
    const hash = hashes[index];
    const home = homes[index];
    let at = home;
    let found = words[at];
    if (found >>> 0 > hash >>> 0) {
      const first = cells[hash & cellMask] | 0;
      const end = (first + pageWords) | 0;
      do {
        at = (at + slotWords) | 0;
        if (at === end) at = first;
        found = words[at];
      } while (found >>> 0 > hash >>> 0 && at !== home);
    }
    const key = keys[start + index];
    if (hash === 0) {
      // Zero, which looks like an empty slot, or no word.
      at = slots.find(key);
    } else if (found !== hash || typeof key !== "number" || (isUnsigned ? key >>> 0 : key | 0) !== key) {
      // 1.5 has the word of 1, and is not there.
      at = ~at;
    }
    places[index] = at;
  }
}
