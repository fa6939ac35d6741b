import type { Allocator } from "../alloc/allocator.ts";
import { Arena } from "../alloc/arenas/arena.ts";
import { AN_ALLOCATOR } from "../core/block-source.ts";
import { checkCall, OPTIONS } from "../core/check-call.ts";
import { watchUnclosed } from "./backstop.ts";
import { Ledger } from "./ledger.ts";
import { storyOf } from "./mistake.ts";
import { SampledTracked } from "./sampled.ts";
import { settingsOf, type TrackOptions } from "./settings.ts";
import { Tracked } from "./tracked.ts";

/**
 * An allocator around `allocator` that finds mistakes: leaks, double, foreign and interior frees, wrong sizes and alignments, writes past either end,
 * and every use of what was freed, moved or reset. Each is told once, with the stacks that allocated and freed, and the program can go on.
 *
 * ```ts
 * using heap = track(slab(memory));
 * const p = heap.alloc(24);
 * heap.free(p, 24);
 * heap.free(p, 24);      // throws MistakeError, code "misuse": a double-free with three stacks
 * ```
 *
 * Nothing of it is stored in the watched memory but painted bytes around each block. Allocators that nobody tracks do not know that it exists.
 * Costs some ten ns a block, with stacks some microseconds; `{ everyNth: 8192 }` is for production. Throws `invalid-argument`.
 */
export function track(allocator: Allocator, options: TrackOptions = {}): Tracked {
  checkCall("track(slab(memory))", [AN_ALLOCATOR, allocator], [OPTIONS, options]);
  const settings = settingsOf(options, !(allocator instanceof Arena));
  const ledger = new Ledger(allocator, settings);
  let done = (): void => {};
  const closing = (): void => done();
  const tracked = settings.everyNth > 1 ? new SampledTracked(ledger, closing) : new Tracked(ledger, closing);
  if (settings.backstop) done = watchUnclosed(tracked, () => tellAbandoned(ledger)).done;
  return tracked;
}

/** The tracker was collected: says what its blocks were. There is nobody to throw to. */
function tellAbandoned(ledger: Ledger): void {
  if (ledger.closed || ledger.memory.closed) return;
  for (const leak of ledger.tellLeaks()) {
    if (typeof ledger.settings.onMistake !== "function") console.error(storyOf(leak));
  }
}
