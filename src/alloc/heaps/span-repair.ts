import type { PageHeap } from "./page-heap.ts";
import { FIRST, OWNER, RUN } from "./page-layout.ts";
import { CLASS_BYTES, CLASS_COUNT, PAGE_BYTES, pageOfBlock } from "./size-classes.ts";
import { CLASS_WORDS, FREE, FRESH, LARGE, LIVE, type SpanRings, STACK, STACKED, USED } from "./span-rings.ts";

/**
 * Makes a class table sound again whose writer died in the middle of something: counts free blocks anew, hangs the spans into their rings anew and
 * gives empty ones back. Blocks that were neither here nor there at that moment, at most as many as a stack holds, count as live from now on. May run
 * again when it did not come to its end. Nobody else does anything with the pages meanwhile.
 */
export function repairSpans(pages: PageHeap, rings: SpanRings, classes: number, owner: number): void {
  const { i32 } = pages.memory;
  const { table, top } = pages;
  const used = new Array<number>(CLASS_COUNT).fill(0);
  const empty: number[] = [];
  for (let of = 0; of < CLASS_COUNT; of++) {
    const head = classes + of * CLASS_WORDS;
    const stacked = cutList(pages, head + STACK, of, owner);
    i32.fill(0, head, head + CLASS_WORDS);
    i32[head + STACK] = stacked.first;
    i32[head + STACKED] = stacked.length;
  }
  for (let page = pages.first; page < top; page += Math.max(1, i32[table + page * 8 + RUN] >>> 8)) {
    const at = table + page * 8;
    const tag = i32[at + RUN] & 0xff;
    if (tag === 0 || tag > CLASS_COUNT || tag === LARGE || i32[at + OWNER] !== owner) continue;
    const capacity = Math.floor(((i32[at + RUN] >>> 8) * PAGE_BYTES) / CLASS_BYTES[tag - 1]);
    i32[at + FRESH] = Math.min(Math.max(0, i32[at + FRESH]), capacity);
    i32[at + USED] = i32[at + FRESH] - cutList(pages, at + FREE, tag - 1, owner).length;
    if (i32[at + USED] === 0) {
      empty.push(page);
      continue;
    }
    used[tag - 1] += i32[at + USED];
    rings.adopt(page, tag - 1);
  }
  for (const run of empty) pages.give(run);
  for (let of = 0; of < CLASS_COUNT; of++) {
    const head = classes + of * CLASS_WORDS;
    i32[head + LIVE] = used[of] - i32[head + STACKED];
  }
}

/** Follows a list of free blocks, and ends it where it leads somewhere that it cannot. */
function cutList(
  pages: PageHeap,
  headWord: number,
  of: number,
  owner: number,
): { readonly first: number; readonly length: number } {
  const { i32 } = pages.memory;
  const seen = new Set<number>();
  let before = headWord;
  for (let block = i32[headWord]; block !== 0; block = i32[before]) {
    if (seen.has(block) || !isBlock(pages, block, of, owner)) {
      i32[before] = 0;
      break;
    }
    seen.add(block);
    before = pages.base / 4 + block * 2;
  }
  return { first: i32[headWord], length: seen.size };
}

function isBlock(pages: PageHeap, block: number, of: number, owner: number): boolean {
  const { i32 } = pages.memory;
  const page = pageOfBlock(block);
  if (block <= 0 || page < pages.first || page >= pages.top) return false;
  const first = i32[pages.table + page * 8 + FIRST];
  const at = pages.table + first * 8;
  const inSpan = block * 8 - first * PAGE_BYTES;
  return (i32[at + RUN] & 0xff) === of + 1 && i32[at + OWNER] === owner && inSpan >= 0 && inSpan % CLASS_BYTES[of] === 0;
}
