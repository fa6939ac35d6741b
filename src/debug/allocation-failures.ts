import type { Allocator } from "../alloc/allocator.ts";
import { Arena } from "../alloc/arenas/arena.ts";
import { checkCall, having, OPTIONS } from "../core/check-call.ts";
import { MemoryError } from "../core/errors.ts";
import { type FailingAllocator, failAfter } from "./fail-after.ts";
import { storyOf } from "./mistake.ts";
import { track } from "./track.ts";

/** A piece of code that allocates, cut into the parts that the check needs. */
export interface AllocatingCode<State> {
  /** What is there before, made with allocations that never fail. Run anew for each failure. */
  readonly prepare: (allocator: Allocator) => State;
  /** The code in question. Its every allocation is made to fail once, in runs of their own. It may throw `out-of-memory` or go on without. */
  readonly work: (allocator: Allocator, state: State) => void;
  /** Says what is wrong with the state after `work` threw or returned: what is half done. Empty: nothing. */
  readonly check?: (state: State, failed: boolean) => readonly string[];
  /** Frees the state. Nothing may be live after it. */
  readonly cleanup?: (allocator: Allocator, state: State) => void;
}

export interface AllocationFailureOptions {
  /** A fresh allocator for each run, so that no run profits from the one before. Default: an arena. */
  readonly backing?: () => Allocator;
  /** Whether `work` may return as if nothing had happened when an allocation failed, because it can do without. Default: false. */
  readonly mayDoWithout?: boolean;
}

/** What was tried. */
export interface AllocationFailureSummary {
  /** Allocations of `work`, when none fails, and when no block can be resized in place. */
  readonly allocations: number;
  readonly allocationsWithoutResize: number;
  readonly runs: number;
}

/**
 * Makes every allocation of a piece of code fail in turn and sees what becomes of it: once such that all after it fail too, once such that it
 * alone fails, and all of that again with an allocator that refuses to resize in place. Also runs it without a failure before and after.
 *
 * ```ts
 * checkAllAllocationFailures((allocator) => {
 *   using names = interner({ allocator });
 *   names.intern("a");
 * });
 * ```
 *
 * Throws one `allocation-failure` error that lists what it found: failures that were swallowed, errors other than `out-of-memory`, numbers of
 * allocations that differ from run to run, leaks and other mistakes that `track` finds, and what `check` says.
 */
export function checkAllAllocationFailures<State>(
  code: ((allocator: Allocator) => void) | AllocatingCode<State>,
  options: AllocationFailureOptions = {},
): AllocationFailureSummary {
  const call = "checkAllAllocationFailures((allocator) => work(allocator))";
  if (typeof code !== "function") checkCall(call, [having("code that allocates", "work"), code]);
  checkCall(call, [OPTIONS, options]);
  const sweep =
    typeof code === "function" ? new Sweep({ prepare: () => undefined, work: code }, options) : new Sweep(code, options);
  const allocations = sweep.run(false);
  const allocationsWithoutResize = sweep.run(true);
  if (sweep.problems.length > 0) {
    throw new MemoryError("allocation-failure", {
      subject: "the code under test",
      event: "does not survive when allocations fail",
      numbers: { allocations, runs: sweep.runs, problems: sweep.problems.length },
      cure: `Free on the way out what was allocated before the failure, and change nothing before everything is there:\n${sweep.problems.join("\n")}`,
    });
  }
  return { allocations, allocationsWithoutResize, runs: sweep.runs };
}

const NEVER = Number.MAX_SAFE_INTEGER;
/** A fault shows in every run that follows it. */
const MOST_PROBLEMS = 20;

class Sweep<State> {
  readonly problems: string[] = [];
  runs = 0;
  readonly #code: AllocatingCode<State>;
  readonly #backing: () => Allocator;
  readonly #mayDoWithout: boolean;

  constructor(code: AllocatingCode<State>, options: AllocationFailureOptions) {
    this.#code = code;
    this.#backing = options.backing ?? (() => new Arena());
    this.#mayDoWithout = options.mayDoWithout ?? false;
  }

  /** All runs of one kind. Returns how many allocations there are to fail. */
  run(refuseResize: boolean): number {
    const kind = refuseResize ? "without resize in place" : "";
    const expected = this.#once(NEVER, NEVER, { refuseResize }, `no failure ${kind}`);
    const again = this.#once(NEVER, NEVER, { refuseResize }, `no failure, second time ${kind}`);
    if (again !== expected)
      this.#problem(kind, `allocated ${expected} times, then ${again} times: it is not the same from run to run`);
    for (let failing = 0; failing <= expected && this.problems.length < MOST_PROBLEMS; failing++) {
      for (const once of failing === expected ? [false] : [false, true]) {
        const title = `allocation ${failing + 1} of ${expected} failing${once ? " alone" : ""} ${kind}`;
        this.#once(failing, expected, { once, refuseResize }, title);
      }
    }
    return expected;
  }

  /** One run, in which allocation number `failing`, from 0, fails. Returns how many allocations `work` asked for. */
  #once(
    failing: number,
    expected: number,
    how: { readonly once?: boolean; readonly refuseResize: boolean },
    title: string,
  ): number {
    this.runs += 1;
    const { prepare, work, check, cleanup } = this.#code;
    const tracked = track(this.#backing(), { onMistake: "collect", leaks: true, stackDepth: 4 });
    const state = prepare(tracked);
    const allocator = failAfter(tracked, failing, how);
    let thrown: unknown;
    let failed = false;
    try {
      work(allocator, state);
    } catch (error) {
      failed = true;
      thrown = error;
    }
    // Who fails once may have asked for less then, and got it.
    const mayGoOn = this.#mayDoWithout || how.once === true;
    const wrong = verdict(allocator, failing === NEVER ? undefined : failing < expected, failed, thrown, mayGoOn);
    if (wrong !== undefined) this.#problem(title, wrong);
    for (const half of check?.(state, failed) ?? []) this.#problem(title, half);
    cleanup?.(tracked, state);
    tracked.close();
    for (const mistake of tracked.mistakes) this.#problem(title, storyOf(mistake));
    return allocator.allocations;
  }

  #problem(title: string, what: string): void {
    if (this.problems.length < MOST_PROBLEMS) this.problems.push(`${title.trim()}: ${what}`);
  }
}

/** What is wrong with how a run ended. `shouldFail`: whether an allocation was to fail in it, going by the runs without failure. */
function verdict(
  allocator: FailingAllocator,
  shouldFail: boolean | undefined,
  failed: boolean,
  thrown: unknown,
  mayGoOn: boolean,
): string | undefined {
  const hasFailed = allocator.failures > 0;
  if (shouldFail !== undefined && shouldFail !== hasFailed) {
    return `asked for ${allocator.allocations} blocks, not for as many as before: it is not the same from run to run`;
  }
  if (failed && !(thrown instanceof MemoryError && thrown.code === "out-of-memory" && hasFailed)) {
    return `threw something else than out-of-memory: ${thrown}`;
  }
  return !failed && hasFailed && !mayGoOn ? "went on as if nothing had happened: the failure was swallowed" : undefined;
}
