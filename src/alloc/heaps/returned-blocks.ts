import { COLLECTING, RETURNED } from "./shared-heap-layout.ts";

/*
 * The blocks of a participant that others have freed, in two lists that are linked by the blocks' first words, in units of 8 bytes from the beginning
 * of the region: RETURNED, on which anybody pushes, and COLLECTING, which the participant works off. `own` is where its words begin.
 *
 * Invariant: a list moves from RETURNED to COLLECTING by one compare-and-swap, before which COLLECTING names it already. So after a death each block
 * is found in one of them: COLLECTING counts unless RETURNED leads to it.
 */

/** Pushes the blocks from `first` on, whose last one has its link at `lastLinkWord`. */
export function pushReturned(i32: Int32Array, own: number, first: number, lastLinkWord: number): void {
  for (let head = Atomics.load(i32, own + RETURNED); ; ) {
    i32[lastLinkWord] = head;
    const found = Atomics.compareExchange(i32, own + RETURNED, head, first);
    if (found === head) return;
    head = found;
  }
}

/** Moves what was returned to COLLECTING, which is empty. By the participant alone. */
export function takeReturned(i32: Int32Array, own: number): void {
  for (let head = Atomics.load(i32, own + RETURNED); head !== 0; ) {
    Atomics.store(i32, own + COLLECTING, head);
    const found = Atomics.compareExchange(i32, own + RETURNED, head, 0);
    if (found === head) return;
    head = found;
  }
}

/** Gives what a dead participant was taking in back to those that were returned. May run again. `words`: where the region begins, `most`: blocks that there can be. */
export function untakeReturned(i32: Int32Array, words: number, own: number, most: number): void {
  const first = i32[own + COLLECTING];
  if (first !== 0 && !leadsTo(i32, words, own + RETURNED, first, most)) {
    let last = first;
    for (let left = most; i32[words + last * 2] !== 0 && left > 0; left--) last = i32[words + last * 2];
    pushReturned(i32, own, first, words + last * 2);
  }
  Atomics.store(i32, own + COLLECTING, 0);
}

/** Whether the list whose first block the word names has `block` in it. */
export function leadsTo(i32: Int32Array, words: number, headWord: number, block: number, most: number): boolean {
  let left = most;
  for (let at = i32[headWord]; at !== 0 && left > 0; at = i32[words + at * 2], left--) if (at === block) return true;
  return false;
}
