import { hashWord, KeyKind } from "./hash-key.ts";
import type { HashSlots } from "./hash-slots.ts";

// Constants, where properties would be loaded at every use.
const { UNSIGNED, SIGNED } = KeyKind;

/** Keys whose slots are fetched at once. */
const GROUP = 32;

/**
 * `out[i]` becomes the value of `keys[i]`, or `missing`. First touches the home slots of a group of keys, then looks for them: so many
 * fetches from memory are under way at once.
 */
export function findMany<Key, Value>(
  slots: HashSlots<Key, Value, never>,
  keys: ArrayLike<number | bigint>,
  out: { [index: number]: Value },
  missing: Value,
): void {
  const { words, cells, cellMask, multiplier, shift, slotWords, pageWords, keyKind } = slots;
  const { length } = keys;
  let touched = 0;
  for (let start = 0; start < length; start += GROUP) {
    const stop = Math.min(start + GROUP, length);
    for (let index = start; index < stop; index++) {
      const key = keys[index];
      if (typeof key !== "number") continue;
      const hashed = hashWord(key | 0, multiplier);
      touched ^= words[(cells[hashed & cellMask] | 0) + (hashed >>> shift) * slotWords];
    }
    for (let index = start; index < stop; index++) {
      const key = keys[index];
      const word = typeof key === "number" ? key | 0 : 0;
      if (word === 0 || keyKind > SIGNED || (keyKind === UNSIGNED ? word >>> 0 : word) !== key) {
        const at = slots.find(key);
        out[index] = at < 0 ? missing : slots.valueAt(at);
        continue;
      }
      // As findWord, but with what has been loaded before the loop.
      const hashed = hashWord(word, multiplier);
      const first = cells[hashed & cellMask] | 0;
      const home = first + (hashed >>> shift) * slotWords;
      const end = first + pageWords;
      let at = home;
      do {
        const found = words[at];
        if (found === word || found === 0) break;
        at += slotWords;
        if (at === end) at = first;
      } while (at !== home);
      out[index] = words[at] === word ? slots.valueAt(at) : missing;
    }
  }
  slots.touched = touched;
}
