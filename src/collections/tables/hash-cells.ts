import { MemoryError } from "../../core/errors.ts";
import type { HashBlock } from "./hash-block.ts";
import { firstEmpty, lastEmpty } from "./hash-cursor.ts";

type AnyBlock = HashBlock<unknown, unknown, never>;

/**
 * Fills `places` with where the entries of a cell lie in the page that begins at `first`, in an order in which they can be taken out one by one:
 * see HashCursor. `places` has room for as many as a page holds and one more. Returns how many there are.
 */
export function placesOfCell(block: AnyBlock, first: number, cell: number, places: Int32Array): number {
  const start = lastEmpty(block, first);
  const found = placesBetween(block, first, start, cell, places, 0);
  return placesBetween(block, start, first + block.pageWords, cell, places, found);
}

/** The same for a part of the page. Without a branch that depends on an entry: that would be guessed wrong too often. */
function placesBetween(block: AnyBlock, start: number, end: number, cell: number, places: Int32Array, before: number): number {
  const { words, slotWords, cellMask } = block;
  const second = block.layout.keyWords - 1;
  let found = before;
  for (let at = end - slotWords; at >= start; at -= slotWords) {
    const hash = words[at];
    const other = (hash & cellMask) ^ cell;
    const key = hash | words[at + second];
    places[found] = at;
    // 1 for an entry of the cell, else 0.
    found += ((other - 1) >>> 31) & ((key | -key) >>> 31);
  }
  return found;
}

/** Empties a slot of the page that begins at `first`: every entry behind it whose way from home crosses the gap moves into it. */
export function closeGap(block: AnyBlock, at: number, first: number): void {
  const { words, slotWords, pageWords, shift } = block;
  const second = block.layout.keyWords - 1;
  const end = first + pageWords;
  let gap = at;
  let next = at;
  for (;;) {
    next += slotWords;
    if (next === end) next = first;
    const hash = words[next];
    if ((hash | words[next + second]) === 0 || next === at) break;
    const fromHome = next - first - Math.imul(~hash >>> shift, slotWords);
    const fromGap = next - gap;
    if ((fromHome < 0 ? fromHome + pageWords : fromHome) < (fromGap < 0 ? fromGap + pageWords : fromGap)) continue;
    for (let word = 0; word < slotWords; word++) words[gap + word] = words[next + word];
    gap = next;
  }
  for (let word = 0; word < slotWords; word++) words[gap + word] = 0;
}

/**
 * Moves the entries at `places`, `found` of them as `placesOfCell` has noted them, from the page that begins at `first` to the one that begins at `target`.
 *
 * The run that goes round the end of a page is not in the order of its homes. All others are: behind a gap entries move on up to the first that is at home.
 */
export function moveEntries(block: AnyBlock, places: Int32Array, found: number, first: number, target: number): void {
  const [low, high] = [firstEmpty(block, first), lastEmpty(block, first)];
  for (let index = 0; index < found; index++) {
    const at = places[index];
    copyEntry(block, at, block, target, block.words[at]);
    if (at < low || at > high) closeGap(block, at, first);
    else if (block.isTwoWords) pullPairs(block, at, first);
    else pullEntries(block, at, first);
  }
}

/** Empties a slot that has an empty one before and behind it in its page. */
function pullEntries(block: AnyBlock, at: number, first: number): void {
  const { words, slotWords, shift } = block;
  const second = block.layout.keyWords - 1;
  for (let gap = at; ; gap += slotWords) {
    const next = gap + slotWords;
    const hash = words[next];
    const isLast = (hash | words[next + second]) === 0 || first + Math.imul(~hash >>> shift, slotWords) === next;
    for (let word = 0; word < slotWords; word++) words[gap + word] = isLast ? 0 : words[next + word];
    if (isLast) return;
  }
}

/** The same for slots of a hash and one more word. */
function pullPairs(block: AnyBlock, at: number, first: number): void {
  const { words, shift } = block;
  const start = first | 0;
  let gap = at | 0;
  for (;;) {
    const next = (gap + 2) | 0;
    const hash = words[next];
    if (hash === 0 || ((start + ((~hash >>> shift) << 1)) | 0) === next) break;
    words[gap] = hash;
    words[(gap + 1) | 0] = words[(next + 1) | 0];
    gap = next;
  }
  words[gap] = 0;
  words[(gap + 1) | 0] = 0;
}

/** Copies an entry into the page of `to` that begins at `first`, where its key is not and room is. */
export function copyEntry(from: AnyBlock, at: number, to: AnyBlock, first: number, hash: number): void {
  const { slotWords, words } = to;
  const source = from.words;
  const home = first + Math.imul(~hash >>> to.shift, slotWords);
  if (to.isTwoWords) {
    pushPair(to, first, home, hash, source[at + 1]);
    return;
  }
  const vacant = vacantFrom(to, first, home);
  for (let word = 0; word < slotWords; word++) words[vacant + word] = source[at + word];
  words[vacant] = hash;
  moveUp(to, first, home, vacant);
}

/** The first empty slot from `start` on, cyclically in the page that begins at `first`. Throws `corrupt` where there is none. */
export function vacantFrom(block: AnyBlock, first: number, start: number): number {
  const { words, slotWords, pageWords } = block;
  const second = block.layout.keyWords - 1;
  const end = first + pageWords;
  let at = start;
  do {
    if ((words[at] | words[at + second]) === 0) return at;
    at += slotWords;
    if (at === end) at = first;
  } while (at !== start);
  return throwFull(block, first);
}

/**
 * Brings the entry in the slot `last`, the first that was empty behind its home, to where it belongs: at `start` or behind. Lesser ones that were on its way
 * move on, each to the next place that is right for it.
 */
export function moveUp(block: AnyBlock, first: number, start: number, last: number): void {
  const { words, slotWords, pageWords } = block;
  const isOne = block.layout.keyWords === 1;
  const end = first + pageWords;
  let low = words[last];
  for (let at = start; at !== last; ) {
    const found = words[at];
    if (found >>> 0 < low >>> 0 || (found === low && !isOne && words[at + 1] >>> 0 < words[last + 1] >>> 0)) {
      for (let word = 0; word < slotWords; word++) {
        const other = words[at + word];
        words[at + word] = words[last + word];
        words[last + word] = other;
      }
      low = found;
    }
    at += slotWords;
    if (at === end) at = first;
  }
}

/**
 * The same for slots of a hash and one more word: puts an entry where it belongs, at `start` or behind, and the lesser ones that it displaces behind it. Returns the slot that
 * was empty. Throws `corrupt` where no slot is empty.
 */
export function pushPair(block: AnyBlock, first: number, start: number, hash: number, value: number): number {
  const { words, pageWords } = block;
  const end = (first + pageWords) | 0;
  let low = hash | 0;
  let high = value | 0;
  let at = start | 0;
  do {
    const found = words[at];
    const foundHigh = words[(at + 1) | 0];
    if (found >>> 0 < low >>> 0) {
      words[at] = low;
      words[(at + 1) | 0] = high;
      if (found === 0) return at;
      low = found;
      high = foundHigh;
    }
    at = (at + 2) | 0;
    if (at === end) at = first;
  } while (at !== start);
  return throwFull(block, first);
}

/** A page of a sound table has empty slots: others have written there. */
function throwFull(block: AnyBlock, first: number): never {
  throw new MemoryError("corrupt", {
    subject: "hash table",
    event: "has a page without an empty slot",
    numbers: { byteOffset: block.origin + first * 4 },
    cure: "Find out with `checkInvariants` what wrote to its memory.",
  });
}
