import { A_FUNCTION, checkCall, having, OPTIONS } from "../core/check-call.ts";
import { MemoryError } from "../core/errors.ts";
import type { Meter } from "./meters.ts";
import type { Tracked } from "./tracked.ts";

/** Exactly so many, or at most so many. */
export type Allowance = number | { readonly atMost: number };

/** What a stretch of a program may allocate. What is left out is not looked at. */
export interface Allowances {
  /** Blocks allocated, whatever became of them; one that realloc moves counts again. */
  readonly blocks?: Allowance;
  /** Bytes allocated, whatever became of them; of a block that resize grows, those that are new. */
  readonly bytes?: Allowance;
  /** Blocks more than before at the end. 0: all that was allocated is freed. */
  readonly liveBlocks?: Allowance;
  /** Bytes more than before at the end. */
  readonly liveBytes?: Allowance;
  /** Blocks more than before, at the moment when they were most. */
  readonly peakBlocks?: Allowance;
  /** Bytes more than before, at the moment when they were most. */
  readonly peakBytes?: Allowance;
}

const COUNTS = ["blocks", "bytes", "liveBlocks", "liveBytes", "peakBlocks", "peakBytes"] as const;

/** A stretch of a program that is counted. Made by `budget`. */
export class Budget implements Disposable {
  readonly #tracked: Tracked;
  readonly #meter: Meter;
  readonly #allowed: Allowances;

  /** For `budget`. */
  constructor(tracked: Tracked, allowed: Allowances) {
    this.#tracked = tracked;
    this.#meter = tracked.openMeter();
    this.#allowed = allowed;
  }

  /** What was allocated so far. */
  get spent(): Readonly<Record<(typeof COUNTS)[number], number>> {
    const { blocks, bytes, liveBlocks, liveBytes, peakBlocks, peakBytes } = this.#meter;
    return { blocks, bytes, liveBlocks, liveBytes, peakBlocks, peakBytes };
  }

  /** Throws `over-budget` unless all is as allowed, also when less was spent than an exact number. */
  check(): void {
    const wrong = COUNTS.filter((name) => !fits(this.#meter[name], this.#allowed[name]));
    if (wrong.length === 0) return;
    throw new MemoryError("over-budget", {
      subject: this.#tracked.subject,
      event: "did not keep to its budget",
      numbers: Object.fromEntries(wrong.map((name) => [name, `${this.#meter[name]} (allowed: ${tell(this.#allowed[name])})`])),
      cure: "Look with `report()` at what allocates, or change the budget.",
    });
  }

  /** Ends counting without a check. */
  cancel(): void {
    this.#tracked.closeMeter(this.#meter);
  }

  [Symbol.dispose](): void {
    this.cancel();
    this.check();
  }
}

const A_TRACKER = having("what track() made", "mistakes");

/**
 * Counts what is allocated from `tracked` from now on; `check()`, or leaving the `using` block, asserts it. Budgets may overlap.
 *
 * ```ts
 * using parsing = budget(heap, { blocks: 3, peakBytes: { atMost: 4096 }, liveBlocks: 0 });
 * ```
 *
 * Throws `invalid-argument` when `tracked` looks at some allocations only.
 */
export function budget(tracked: Tracked, allowed: Allowances): Budget {
  checkCall("budget(tracked, { blocks: 2 })", [A_TRACKER, tracked], [OPTIONS, allowed]);
  if (tracked.everyNth === 1) return new Budget(tracked, allowed);
  throw new MemoryError("invalid-argument", {
    subject: "budget",
    event: "cannot count with a tracker that looks at some allocations only",
    numbers: { everyNth: tracked.everyNth },
    cure: "Track without everyNth.",
  });
}

/** Runs `work` and asserts what it allocated from `tracked`. Returns what it returns; throws what it throws, or `over-budget`. */
export function expectBudget<Result>(tracked: Tracked, allowed: Allowances, work: () => Result): Result {
  checkCall("expectBudget(tracked, { blocks: 2 }, () => work())", [A_TRACKER, tracked], [OPTIONS, allowed], [A_FUNCTION, work]);
  const counted = budget(tracked, allowed);
  try {
    const result = work();
    counted.check();
    return result;
  } finally {
    counted.cancel();
  }
}

function fits(count: number, allowed: Allowance | undefined): boolean {
  if (allowed === undefined) return true;
  return typeof allowed === "number" ? count === allowed : count <= allowed.atMost;
}

function tell(allowed: Allowance | undefined): string {
  return typeof allowed === "object" ? `at most ${allowed.atMost}` : `exactly ${allowed}`;
}
