import { hashWord, KeyKind } from "./hash-key.ts";
import type { HashSlots } from "./hash-slots.ts";

/** What a finder falls back to: the table. */
interface Findable<Key, Value> {
  find(key: Key, missing: Value): Value;
}

/**
 * `table.find` as a closure over the slots as they are.
 *
 * Everything captured here is a constant to V8 wherever a call site has seen one finder only: base address, length, multiplier and shift
 * become part of the machine code. More lookups are then under way at once, which counts most where each of them waits for memory.
 */
export function hashFinder<Key extends number | bigint, Value>(
  table: Findable<Key, Value>,
  slots: HashSlots<Key, Value, never>,
  missing: Value,
): (key: Key) => Value {
  const { words, cells, cellMask, multiplier, shift, slotWords, pageWords, keyKind } = slots;
  if (keyKind > KeyKind.SIGNED) return (key) => table.find(key, missing);
  const unsigned = keyKind === KeyKind.UNSIGNED;
  return (key) => {
    if (typeof key !== "number" || slots.moved) return table.find(key, missing);
    const word = key | 0;
    if (unsigned ? key >>> 0 !== key : word !== key) return missing;
    if (word === 0) return table.find(key, missing);
    const hash = hashWord(word, multiplier);
    const first = cells[hash & cellMask] | 0;
    const end = (first + pageWords) | 0;
    const home = (first + Math.imul(~hash >>> shift, slotWords)) | 0;
    let at = home;
    do {
      const found = words[at];
      if (found === hash) return slots.valueAt(at);
      if (found >>> 0 < hash >>> 0) return missing;
      at = (at + slotWords) | 0;
      if (at === end) at = first;
    } while (at !== home);
    return missing;
  };
}
