/*
 * Runs of pages of 4 KiB, in a region that begins at `base`. Page p is the bytes
 * [base + 4096 p, base + 4096 (p + 1)); the first pages hold the tables themselves. Words are i32, never negative but for bits, and count from `base`:
 *
 *     state + 0    top            pages from here on have never been used, or not since
 *     state + 1    limit          pages of the region
 *     state + 2    first          the first page after the tables
 *     state + 3    peak           the highest top ever
 *     state + 4    free           pages in free runs
 *     state + 5    bin bits       5 words: bit b is set while bin b is not empty
 *     state + 10   bin heads      136 words: the first page of a free run, 0: none
 *     state + 146  kept           pages in kept runs
 *     state + 147  kept heads     17 words: by length in pages, the first page of a kept run, 0: none
 *     table + 8 p  of page p:
 *        + FIRST   the first page of the run that p is in; up to date for the ends of a run, and for every page of one whose tag is
 *                  not WHOLE
 *        + RUN     of the first page: pages × 256 + tag; tag 0: free, else what its taker said
 *        + 2 … 6   the taker's, 0 at first; NEXT and PREV link free runs of a bin
 *        + OWNER   whose a used run is, as its taker said
 *
 * Bins: 1 … 63 hold runs of exactly so many pages, from 64 on there are four to each doubling.
 *
 * Invariants:
 * 1. first <= top <= limit; runs are laid one after the other from `first` to `top` without a gap.
 * 2. Free runs have a used one, or `first`, before them and a used one behind them: neighbours are merged, the last one is given up to `top`.
 * 3. A kept run is in the list of its length; all kept runs together are a 64th of what is in use or less.
 * 4. A free run is in the bin of its length, and no other run is in any; the bits say which bins have some.
 *
 * What is used is decided by the RUN words of used runs alone, each of them stored last when a run is taken and first when it is freed. So a heap whose
 * writer died in between can be rebuilt from them.
 */

/** The tag of a run that is kept for the next who wants one of its length. */
export const KEPT_RUN = 254;
export const MOST_KEPT_PAGES = 16;
/** Kept runs are at most this part of what is in use. */
export const KEPT_PART = 64;
/** The tag of a run that nobody looks into. */
export const WHOLE = 255;
/** The tag of a run that is free. */
export const FREE_RUN = 0;
/** Words of a page's entry. */
export const FIRST = 0;
export const RUN = 1;
export const NEXT = 5;
export const PREV = 6;
export const OWNER = 7;

export const TOP = 0;
export const LIMIT = 1;
export const FIRST_PAGE = 2;
export const PEAK = 3;
export const FREE_PAGES = 4;
export const BIN_BITS = 5;
export const BIN_WORDS = 5;
export const BIN_HEADS = BIN_BITS + BIN_WORDS;
export const BIN_COUNT = 136;
export const EXACT_BINS = 64;
export const MOST_LOOKS = 16;
export const KEPT = BIN_HEADS + BIN_COUNT;
export const KEPT_HEADS = KEPT + 1;
export const PAGE_HEAP_WORDS: number = KEPT_HEADS + MOST_KEPT_PAGES + 1;
/** Words of a page's entry, all of them. */
export const PAGE_ENTRY_BYTES = 32;
/** 16 GiB: what block numbers of 8 bytes in 31 bits can address. */
export const MOST_PAGES = 2 ** 22;

export function binOf(pages: number): number {
  if (pages < EXACT_BINS) return pages;
  const power = 31 - Math.clz32(pages);
  return EXACT_BINS + (power - 6) * 4 + ((pages >>> (power - 2)) & 3);
}
