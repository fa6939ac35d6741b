import type { HashSlots } from "./hash-slots.ts";
import { HAS_ZERO } from "./hash-table-layout.ts";

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

export function slotStats(slots: HashSlots<unknown, unknown, never>, byteLength: number): HashTableStats {
  let probes = 0;
  let longest = 0;
  let occupied = 0;
  const pages = slots.pages();
  for (const first of pages) {
    for (let at = first; at < first + slots.pageWords; at += slots.slotWords) {
      if (slots.isEmpty(at)) continue;
      const length = slots.distance(at, first) + 1;
      occupied += 1;
      probes += length;
      longest = Math.max(longest, length);
    }
  }
  const slotCount = pages.length * slots.pageSlots;
  return {
    size: slots.count,
    slotCount,
    load: slots.count / slotCount,
    averageProbeLength: occupied === 0 ? 0 : probes / occupied,
    longestProbeLength: longest,
    byteLength,
  };
}

/** Stops telling after this many. */
const MOST_TOLD = 20;

/** What contradicts the invariants in hash-table-layout.ts. */
export function checkSlots(slots: HashSlots<unknown, unknown, never>): string[] {
  const wrong: string[] = [];
  const { words, slotWords, zeroAt, layout } = slots;
  const pages = slots.pages();
  let occupied = 0;
  for (const [page, first] of pages.entries()) {
    let inPage = 0;
    for (let at = first; at < first + slots.pageWords && wrong.length < MOST_TOLD; at += slotWords) {
      const name = `slot ${page * slots.pageSlots + (at - first) / slotWords}`;
      if (slots.isEmpty(at)) {
        if (words.subarray(at, at + slotWords).some((word) => word !== 0)) wrong.push(`${name} is empty but not all zero`);
        continue;
      }
      inPage += 1;
      const found = layout.keyWords === 1 ? slots.findWord(slots.lowAt(at)) : slots.findWords(slots.lowAt(at), words[at + 1]);
      if (found === at) continue;
      const instead = found < 0 ? "an empty slot" : `slot ${placeOf(slots, pages, found)}`;
      wrong.push(`looking for the key in ${name}, ${String(slots.keyAt(at))}, ends in ${instead}`);
    }
    if (inPage > slots.full) wrong.push(`page ${page} has ${inPage} entries, more than ${slots.full}`);
    occupied += inPage;
  }
  const hasZero = words[slots.head + HAS_ZERO];
  if (hasZero !== 0 && hasZero !== 1) wrong.push(`header says hasZero=${hasZero}`);
  if (hasZero === 0 && words.subarray(zeroAt, zeroAt + slotWords).some((word) => word !== 0))
    wrong.push("there is no key zero, but its slot is not all zero");
  if (words[zeroAt] !== 0 || (layout.keyWords === 2 && words[zeroAt + 1] !== 0))
    wrong.push("the zero slot has a key that is not zero");
  if (wrong.length < MOST_TOLD && slots.count !== occupied + hasZero)
    wrong.push(`count=${slots.count}, but ${occupied + hasZero} entries are there`);
  if (!slots.isPaged && slots.count > slots.full) wrong.push(`count=${slots.count} is more than ${slots.full}`);
  return wrong;
}

/** The number of the slot that begins at `at`, counted through all pages. */
function placeOf(slots: HashSlots<unknown, unknown, never>, pages: readonly number[], at: number): number {
  const page = pages.findIndex((first) => at >= first && at < first + slots.pageWords);
  return page * slots.pageSlots + (at - pages[page]) / slots.slotWords;
}
