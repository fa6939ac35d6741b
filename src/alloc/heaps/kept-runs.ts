import type { Memory } from "../../core/memory.ts";
import { KEPT, KEPT_HEADS, KEPT_PART, KEPT_RUN, MOST_KEPT_PAGES, NEXT, RUN, WHOLE } from "./page-layout.ts";

/**
 * Runs of up to 16 pages that were freed a moment ago, by length: one of that length will be wanted again soon, and neither splitting nor merging is
 * then needed. All together they are at most a 64th of the pages in use. To the page heap they are used. Its words: page-layout.ts.
 */
export class KeptRuns {
  readonly #memory: Memory;
  readonly #state: number;
  readonly #table: number;

  constructor(memory: Memory, state: number, table: number) {
    this.#memory = memory;
    this.#state = state;
    this.#table = table;
  }

  /** Pages of all kept runs. */
  get pages(): number {
    return this.#memory.i32[this.#state + KEPT];
  }

  /** A run of that length, marked as WHOLE. 0 when none is kept. */
  take(pages: number): number {
    if (pages > MOST_KEPT_PAGES) return 0;
    const { i32 } = this.#memory;
    const head = this.#state + KEPT_HEADS + pages;
    const run = i32[head];
    if (run === 0) return 0;
    i32[head] = i32[this.#table + run * 8 + NEXT];
    i32[this.#state + KEPT] -= pages;
    i32[this.#table + run * 8 + RUN] = pages * 256 + WHOLE;
    return run;
  }

  /** Keeps a run. False when it is too long, or `used` pages are too few to keep so many. */
  put(run: number, used: number): boolean {
    const { i32 } = this.#memory;
    const at = this.#table + run * 8;
    const pages = i32[at + RUN] >>> 8;
    if (pages > MOST_KEPT_PAGES || (i32[this.#state + KEPT] + pages) * KEPT_PART > used) return false;
    const head = this.#state + KEPT_HEADS + pages;
    i32[at + RUN] = pages * 256 + KEPT_RUN;
    i32[at + NEXT] = i32[head];
    i32[head] = run;
    i32[this.#state + KEPT] += pages;
    return true;
  }

  /** Any kept run, 0 when there is none. */
  pop(): number {
    if (this.pages === 0) return 0;
    for (let pages = 1; pages <= MOST_KEPT_PAGES; pages++) {
      const run = this.take(pages);
      if (run !== 0) return run;
    }
    return 0;
  }
}
