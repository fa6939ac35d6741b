import type { PageHeap } from "./page-heap.ts";
import { FIRST, NEXT, OWNER, PREV, RUN } from "./page-layout.ts";
import { CLASS_BYTES, CLASS_COUNT, PAGE_BYTES, pageOfBlock } from "./size-classes.ts";
import { CLASS_WORDS, FREE, FREED, FRESH, HEAD, LARGE, LIVE, PAGES, STACK, STACKED, USED } from "./span-rings.ts";

/** What contradicts the invariants of SpanAllocator, among the spans of one owner. `classes` is where its class table begins, in words. */
export function checkSpans(pages: PageHeap, classes: number, owner: number): string[] {
  const found: string[] = [];
  const { i32 } = pages.memory;
  const { table, top } = pages;
  const inRing = new Map<number, number>();
  for (let of = 0; of < CLASS_COUNT; of++) {
    const head = i32[classes + of * CLASS_WORDS + HEAD];
    for (let span = head, before = head === 0 ? 0 : i32[table + head * 8 + PREV]; span !== 0; ) {
      const at = table + span * 8;
      if (inRing.has(span)) return [...found, `the span at page ${span} is in a ring twice`];
      if ((i32[at + RUN] & 0xff) !== of + 1)
        return [...found, `the run at page ${span} is in the ring of class ${of} and not of it`];
      if (i32[at + PREV] !== before) found.push(`the span at page ${span} has another before it than the ring`);
      if (i32[at + USED] === 0 && span !== head)
        found.push(`the span at page ${span} is empty, not the head of its ring, and kept`);
      inRing.set(span, of);
      before = span;
      span = i32[at + NEXT] === head ? 0 : i32[at + NEXT];
    }
  }
  const classPages = new Map<number, number>();
  const classUsed = new Map<number, number>();
  for (let page = pages.first; page < top; page += Math.max(1, i32[table + page * 8 + RUN] >>> 8)) {
    const at = table + page * 8;
    const tag = i32[at + RUN] & 0xff;
    if (tag === 0 || tag === LARGE || i32[at + OWNER] !== owner) continue;
    const of = tag - 1;
    classPages.set(of, (classPages.get(of) ?? 0) + (i32[at + RUN] >>> 8));
    classUsed.set(of, (classUsed.get(of) ?? 0) + i32[at + USED]);
    found.push(...checkSpan(pages, page, of, inRing.get(page) === of));
  }
  for (let of = 0; of < CLASS_COUNT; of++) {
    const told = i32[classes + of * CLASS_WORDS + PAGES];
    found.push(...checkStack(pages, classes + of * CLASS_WORDS, of, classUsed.get(of) ?? 0));
    if (told !== (classPages.get(of) ?? 0)) found.push(`class ${of} has ${classPages.get(of) ?? 0} pages, told are ${told}`);
  }
  return found;
}

function checkSpan(pages: PageHeap, span: number, of: number, inRing: boolean): string[] {
  const { i32 } = pages.memory;
  const at = pages.table + span * 8;
  const size = CLASS_BYTES[of];
  const fresh = i32[at + FRESH];
  const capacity = Math.floor(((i32[at + RUN] >>> 8) * PAGE_BYTES) / size);
  const seen = new Set<number>();
  for (let block = i32[at + FREE]; block !== 0; block = i32[pages.base / 4 + block * 2]) {
    const index = (block * 8 - span * PAGE_BYTES) / size;
    if (!Number.isInteger(index) || index < 0 || index >= fresh) return [`the span at page ${span} has ${block} in its free list`];
    if (seen.has(index)) return [`the free list of the span at page ${span} has block ${index} twice`];
    seen.add(index);
  }
  const found: string[] = [];
  if (fresh > capacity) found.push(`the span at page ${span} has handed out ${fresh} of ${capacity} blocks`);
  if (i32[at + USED] + seen.size !== fresh)
    found.push(`the span at page ${span} has ${i32[at + USED]} used and ${seen.size} free of ${fresh} blocks`);
  if ((seen.size > 0 || fresh < capacity) && !inRing) found.push(`the span at page ${span} has room and is in no ring`);
  return found;
}

function checkStack(pages: PageHeap, head: number, of: number, used: number): string[] {
  const { i32 } = pages.memory;
  const stacked = i32[head + STACKED];
  const seen = new Set<number>();
  for (let block = i32[head + STACK]; block !== 0; block = i32[pages.base / 4 + block * 2]) {
    if (seen.has(block)) return [`the stack of class ${of} has block ${block} twice`];
    seen.add(block);
    if (i32[pages.base / 4 + block * 2 + 1] !== FREED) return [`block ${block} in the stack of class ${of} is not marked as free`];
    const span = i32[pages.table + pageOfBlock(block) * 8 + FIRST];
    if ((i32[pages.table + span * 8 + RUN] & 0xff) !== of + 1) return [`the stack of class ${of} has block ${block} of another`];
  }
  if (seen.size === stacked && i32[head + LIVE] + stacked === used) return [];
  return [`class ${of}: ${i32[head + LIVE]} live and ${stacked} stacked blocks, ${seen.size} in the stack, ${used} of its spans`];
}
