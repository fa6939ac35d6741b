import type { PageHeap } from "./page-heap.ts";
import {
  BIN_BITS,
  BIN_COUNT,
  BIN_HEADS,
  binOf,
  FIRST,
  KEPT,
  KEPT_HEADS,
  KEPT_RUN,
  MOST_KEPT_PAGES,
  NEXT,
  PREV,
  RUN,
} from "./page-layout.ts";
import { PAGE_BYTES } from "./size-classes.ts";

/** What contradicts the invariants of a page heap. */
export function checkPages(heap: PageHeap): string[] {
  const found: string[] = [];
  const { i32 } = heap.memory;
  const { table, top, first, limit } = heap;
  if (!(0 < first && first <= top && top <= limit && limit * PAGE_BYTES <= heap.memory.maxByteLength)) {
    return [`first=${first}, top=${top}, limit=${limit} are out of order`];
  }
  const free = new Map<number, number>();
  let freePages = 0;
  let lastWasFree = false;
  for (let page = first; page < top; ) {
    const run = i32[table + page * 8 + RUN];
    const length = run >>> 8;
    if (length === 0 || page + length > top) return [...found, `the run at page ${page} has ${length} pages, top=${top}`];
    const isFree = (run & 0xff) === 0;
    if (i32[table + page * 8 + FIRST] !== page) found.push(`page ${page} begins a run and says otherwise`);
    for (let at = page + 1; at < page + length; at++) {
      if (((!isFree && (run & 0xff) < KEPT_RUN) || at === page + length - 1) && i32[table + at * 8 + FIRST] !== page)
        found.push(`page ${at} is in the run of ${page} and says otherwise`);
    }
    if (isFree && lastWasFree) found.push(`the free run at page ${page} has a free neighbour`);
    if (isFree) free.set(page, length);
    if (isFree) freePages += length;
    lastWasFree = isFree;
    page += length;
  }
  if (lastWasFree) found.push("the last run is free and not given up");
  if (freePages !== heap.freePages) found.push(`free runs have ${freePages} pages, told are ${heap.freePages}`);
  for (let bin = 0; bin < BIN_COUNT; bin++) {
    const head = i32[heap.state + BIN_HEADS + bin];
    const bit = (i32[heap.state + BIN_BITS + (bin >>> 5)] >>> (bin & 31)) & 1;
    if ((head !== 0) !== (bit === 1)) found.push(`the bit of bin ${bin} is ${bit}, its head is ${head}`);
    for (let run = head, before = 0; run !== 0; before = run, run = i32[table + run * 8 + NEXT]) {
      if (binOf(free.get(run) ?? 0) !== bin)
        return [...found, `page ${run} is in bin ${bin} and no free run of its length, or twice`];
      if (i32[table + run * 8 + PREV] !== before) found.push(`page ${run} in bin ${bin} has another before it than the list`);
      free.delete(run);
    }
  }
  for (const page of free.keys()) found.push(`the free run at page ${page} is in no bin`);
  return [...found, ...checkKept(heap)];
}

function checkKept(heap: PageHeap): string[] {
  const found: string[] = [];
  const { i32 } = heap.memory;
  let kept = 0;
  for (let pages = 1; pages <= MOST_KEPT_PAGES; pages++) {
    for (let run = i32[heap.state + KEPT_HEADS + pages]; run !== 0 && kept <= heap.top; run = i32[heap.table + run * 8 + NEXT]) {
      if (i32[heap.table + run * 8 + RUN] !== pages * 256 + KEPT_RUN)
        return [...found, `page ${run} is kept among runs of ${pages} pages and is none`];
      kept += pages;
    }
  }
  if (kept !== i32[heap.state + KEPT]) found.push(`${kept} pages are kept, told are ${i32[heap.state + KEPT]}`);
  return found;
}
