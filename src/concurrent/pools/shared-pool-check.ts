import type { Seats } from "../../core/seats.ts";
import type { SharedBlocks } from "./shared-blocks.ts";
import { isLive, ORPHAN, ownerIn, RETIRED } from "./shared-pool-layout.ts";

/**
 * What contradicts the invariants in shared-pool-layout.ts; empty when sound. `listed` are the slots of the free list, `mine` those that the own seat
 * says it holds.
 */
export function checkSharedPool(
  seats: Seats,
  blocks: SharedBlocks,
  listed: ReadonlySet<number>,
  mine: readonly number[],
): string[] {
  const found = blocks.checkInvariants();
  const { i32 } = seats.memory;
  let used = 0;
  for (const slot of blocks.used()) {
    if (listed.has(slot)) used += 1;
    const word = i32[blocks.wordOf(slot)];
    const owner = ownerIn(word);
    const free = !isLive(word) && owner === 0;
    if (free !== listed.has(slot)) found.push(`slot ${slot} has word ${word} and is ${free ? "not " : ""}on the free list`);
    if (owner === 0 || word === RETIRED || (isLive(word) && owner === ORPHAN)) continue;
    if (owner > seats.count) found.push(`slot ${slot} belongs to seat ${owner}, of ${seats.count}`);
    else if (seats.holderOf(owner) === undefined) found.push(`slot ${slot} belongs to seat ${owner}, which is empty`);
  }
  if (used < listed.size) found.push(`${listed.size - used} slots on the free list were never used`);
  if (new Set(mine).size !== mine.length) found.push("a slot is twice in the hands of one seat");
  for (const slot of mine) {
    const word = i32[blocks.wordOf(slot)];
    const held = !isLive(word) && ownerIn(word) === seats.seat;
    if (!held) found.push(`slot ${slot} is held, but has word ${word}`);
  }
  return found;
}
