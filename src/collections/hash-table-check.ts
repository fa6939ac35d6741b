import { HEADER_WORDS } from "./block-header.ts";
import type { HashSlots } from "./hash-slots.ts";
import { COUNT, HAS_ZERO } from "./hash-table-layout.ts";

/** How full a hash table is, and how far its keys lie from home. */
export interface HashTableStats {
  readonly size: number;
  /** Slots, of which three quarters can be used. */
  readonly slotCount: number;
  /** size / slotCount: at most 0.75. */
  readonly load: number;
  /** Slots that a lookup of a key that is there looks at, on average over the keys; 1 is the least. */
  readonly averageProbeLength: number;
  readonly longestProbeLength: number;
  readonly byteLength: number;
}

export function slotStats(slots: HashSlots<unknown, unknown, never>): HashTableStats {
  let probes = 0;
  let longest = 0;
  let occupied = 0;
  for (let at = HEADER_WORDS; at < slots.end; at += slots.slotWords) {
    if (slots.isEmpty(at)) continue;
    const length = slots.distance(at) + 1;
    occupied += 1;
    probes += length;
    longest = Math.max(longest, length);
  }
  return {
    size: slots.count,
    slotCount: slots.capacity,
    load: slots.count / slots.capacity,
    averageProbeLength: occupied === 0 ? 0 : probes / occupied,
    longestProbeLength: longest,
    byteLength: slots.words.byteLength,
  };
}

/** Stops telling after this many. */
const MOST_TOLD = 20;

/** What contradicts the invariants in hash-table-layout.ts. */
export function checkSlots(slots: HashSlots<unknown, unknown, never>): string[] {
  const wrong: string[] = [];
  const { words, slotWords, end, layout } = slots;
  let occupied = 0;
  for (let at = HEADER_WORDS; at < end && wrong.length < MOST_TOLD; at += slotWords) {
    const slot = (at - HEADER_WORDS) / slotWords;
    if (slots.isEmpty(at)) {
      if (words.subarray(at, at + slotWords).some((word) => word !== 0)) wrong.push(`slot ${slot} is empty but not all zero`);
      continue;
    }
    occupied += 1;
    const found = layout.keyWords === 1 ? slots.findWord(words[at]) : slots.findWords(words[at], words[at + 1]);
    if (found !== at) {
      const instead = found < 0 ? "an empty slot" : `slot ${(found - HEADER_WORDS) / slotWords}`;
      wrong.push(`looking for the key in slot ${slot}, ${String(slots.keyAt(at))}, ends in ${instead}`);
    }
  }
  const hasZero = words[HAS_ZERO];
  if (hasZero !== 0 && hasZero !== 1) wrong.push(`header says hasZero=${hasZero}`);
  if (hasZero === 0 && words.subarray(end).some((word) => word !== 0))
    wrong.push("there is no key zero, but its slot is not all zero");
  if (words[end] !== 0 || (layout.keyWords === 2 && words[end + 1] !== 0)) wrong.push("the zero slot has a key that is not zero");
  if (wrong.length < MOST_TOLD && words[COUNT] !== occupied + hasZero)
    wrong.push(`count=${words[COUNT]}, but ${occupied + hasZero} entries are there`);
  if (words[COUNT] > slots.full) wrong.push(`count=${words[COUNT]} is more than ${slots.full}`);
  return wrong;
}
