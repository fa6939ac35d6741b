import type { HashBlock } from "./hash-block.ts";
import { lastEmpty } from "./hash-cursor.ts";
import { hashWord, hashWords } from "./hash-key.ts";

// Constants of this module's own, which V8 folds; imported bindings it loads.
const hashOne = hashWord;
const hashTwo = hashWords;

type AnyBlock = HashBlock<unknown, unknown, never>;

/**
 * Fills `places` with where the entries of a cell lie in the page that begins at `first`, in an order in which they can be taken out one by one:
 * see HashCursor. Returns how many there are.
 */
export function placesOfCell(block: AnyBlock, first: number, cell: number, places: Int32Array): number {
  const { words, slotWords, multiplier, cellMask, pageSlots } = block;
  const one = block.layout.keyWords === 1;
  const end = first + block.pageWords;
  let at = lastEmpty(block, first);
  let found = 0;
  for (let left = pageSlots; left > 0; left--) {
    at = (at === first ? end : at) - slotWords;
    const low = words[at];
    const high = one ? 0 : words[at + 1];
    if ((low | high) === 0) continue;
    const hash = one ? hashOne(low, multiplier) : hashTwo(low, high, multiplier);
    if ((hash & cellMask) === cell) places[found++] = at;
  }
  return found;
}

/** Empties a slot of the page that begins at `first`: every entry behind it whose way from home crosses the gap moves into it. */
export function closeGap(block: AnyBlock, at: number, first: number): void {
  const { words, slotWords, pageWords, shift, multiplier } = block;
  const one = block.layout.keyWords === 1;
  const end = first + pageWords;
  let gap = at;
  let next = at;
  for (;;) {
    next += slotWords;
    if (next === end) next = first;
    const low = words[next];
    const high = one ? 0 : words[next + 1];
    if ((low | high) === 0 || next === at) break;
    const hash = one ? hashOne(low, multiplier) : hashTwo(low, high, multiplier);
    const fromHome = next - first - (hash >>> shift) * slotWords;
    const fromGap = next - gap;
    if ((fromHome < 0 ? fromHome + pageWords : fromHome) < (fromGap < 0 ? fromGap + pageWords : fromGap)) continue;
    for (let word = 0; word < slotWords; word++) words[gap + word] = words[next + word];
    gap = next;
  }
  for (let word = 0; word < slotWords; word++) words[gap + word] = 0;
}

/** Copies an entry into the page of `to` that begins at `first`, where its key is not and room is. */
export function copyEntry(from: AnyBlock, at: number, to: AnyBlock, first: number, hash: number): void {
  const { words, slotWords } = to;
  const one = to.layout.keyWords === 1;
  const source = from.words;
  const end = first + to.pageWords;
  let vacant = first + (hash >>> to.shift) * slotWords;
  while ((one ? words[vacant] : words[vacant] | words[vacant + 1]) !== 0) {
    vacant += slotWords;
    if (vacant === end) vacant = first;
  }
  for (let word = 0; word < slotWords; word++) words[vacant + word] = source[at + word];
}
