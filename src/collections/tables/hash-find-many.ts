import { hashWord, KeyKind } from "./hash-key.ts";
import type { HashSlots } from "./hash-slots.ts";

// A constant, where a property would be loaded at every use.
const { SIGNED } = KeyKind;

/** Keys that are located at once, and are in the caches when their values are read. */
const GROUP = 64;
const places = new Int32Array(GROUP);

/**
 * `out[i]` becomes the value of `keys[i]`, or `missing`.
 *
 * The processor runs ahead over some hundred instructions, so the shorter the way to a slot is the more slots are fetched from memory at once. So
 * locating the keys has a loop of its own.
 */
export function findMany<Key, Value>(
  slots: HashSlots<Key, Value, never>,
  keys: ArrayLike<number | bigint>,
  out: { [index: number]: Value },
  missing: Value,
): void {
  const isWord = slots.keyKind <= SIGNED;
  for (let start = 0; start < keys.length; start += GROUP) {
    const stop = Math.min(start + GROUP, keys.length);
    if (isWord) locateWords(slots, keys, start, stop);
    for (let index = start; index < stop; index++) {
      const key = keys[index];
      // Of keys with bits that are no word's, such as 1.5, the word of some may have been found. Zero looks like an empty slot.
      const at = isWord && key !== 0 ? places[index - start] : slots.find(key);
      out[index] = at >= 0 && (!isWord || key === 0 || slots.keyAt(at) === key) ? slots.valueAt(at) : missing;
    }
  }
}

/** Fills `places` with where the words of some keys lie; of those that are not there it is negative. As findWord, without what does not concern most. */
function locateWords<Key, Value>(
  slots: HashSlots<Key, Value, never>,
  keys: ArrayLike<number | bigint>,
  start: number,
  stop: number,
): void {
  const { words, cells, cellMask, multiplier, shift, slotWords, pageWords } = slots;
  for (let index = start; index < stop; index++) {
    const key = keys[index];
    const word = typeof key === "number" ? key | 0 : 0;
    const hash = hashWord(word, multiplier);
    const first = cells[hash & cellMask] | 0;
    const end = (first + pageWords) | 0;
    const home = (first + Math.imul(~hash >>> shift, slotWords)) | 0;
    let at = home;
    let found = words[at];
    while (found >>> 0 > hash >>> 0) {
      at = (at + slotWords) | 0;
      if (at === end) at = first;
      if (at === home) break;
      found = words[at];
    }
    places[index - start] = found === hash ? at : ~at;
  }
}
