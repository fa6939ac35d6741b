import type { Memory } from "../core/memory.ts";
import { FIRST_SEAT, GATE, IDENTITY, OWNER_MASK, RETIRED, SEAT_WORDS, type SharedPoolPlan } from "./shared-pool-layout.ts";

/** What contradicts the invariants in shared-pool-layout.ts; empty when sound. `mine` are the slots that `seat` says it holds. */
export function checkSharedPool(
  { i32 }: Memory,
  base: number,
  { capacity, words }: SharedPoolPlan,
  listed: ReadonlySet<number>,
  seat: number,
  mine: readonly number[],
): string[] {
  const found: string[] = [];
  const first = base + words / 4;
  for (let slot = 0; slot < capacity; slot++) {
    const word = i32[first + slot];
    const owner = word & OWNER_MASK;
    const odd = (word >>> 8) % 2 === 1;
    const free = !odd && owner === 0;
    if (free !== listed.has(slot)) found.push(`slot ${slot} has word ${word} and is ${free ? "not " : ""}on the free list`);
    if (owner === 0 || odd || word === RETIRED) continue;
    const empty = i32[base + FIRST_SEAT + (owner - 1) * SEAT_WORDS + IDENTITY] === 0;
    if (empty) found.push(`slot ${slot} is in the hands of seat ${owner}, which is empty`);
  }
  if (new Set(mine).size !== mine.length) found.push("a slot is twice in the hands of one seat");
  for (const slot of mine) {
    const word = i32[first + slot];
    if ((word >>> 8) % 2 === 1 || (word & OWNER_MASK) !== seat) found.push(`slot ${slot} is held, but has word ${word}`);
  }
  if (i32[base + GATE] !== 0) found.push(`seat ${i32[base + GATE]} holds the gate`);
  return found;
}
