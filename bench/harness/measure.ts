/** How long one operation took. `bestNs` is the fastest round: the one least disturbed by whatever else the machine was doing. */
export interface Timing {
  readonly bestNs: number;
  readonly medianNs: number;
  /** Every round, in the order they ran, in nanoseconds per operation. */
  readonly roundsNs: readonly number[];
}

export interface InterleaveOptions {
  /** Rounds that count. Default 11. */
  readonly rounds?: number;
  /** Rounds before those, in which V8 compiles. Default 3; more where a case is so short that its calls per round must be found. */
  readonly warmupRounds?: number;
  /** Operations that one call of a case does; timings are per operation. Let a case loop itself: a call costs some nanoseconds. Default 1. */
  readonly operations?: number;
  /** A round repeats its case until it has lasted this long. Default 20. */
  readonly roundMs?: number;
}

const MOST_WARMUP_ROUNDS = 12;

let held: unknown;

/** Uses a value, so that the compiler cannot leave out the work that made it. What a case returns is sunk by itself. */
export function sink(value: unknown): void {
  held = value;
}

/** What `sink` was given last. Exported so that nobody can prove that it is never read. */
export function sunk(): unknown {
  return held;
}

/** Milliseconds of one call, once. */
export function timed(work: () => unknown): number {
  const started = performance.now();
  sink(work());
  return performance.now() - started;
}

/** Milliseconds of one call up to its settling, once. */
export async function timedAsync(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  sink(await work());
  return performance.now() - started;
}

/**
 * Runs all cases in turn, round by round, beginning each round with another one, so that a slow moment of the machine meets all of
 * them. Only ratios of cases of one call are worth quoting.
 */
export function interleave<Name extends string>(
  cases: Readonly<Record<Name, () => unknown>>,
  options: InterleaveOptions = {},
): Record<Name, Timing> {
  const plan = new Plan(cases, options);
  for (const turn of plan.turns()) {
    const started = performance.now();
    for (let left = turn.calls; left > 0; left--) held = turn.work();
    plan.record(turn, performance.now() - started);
  }
  return plan.timings();
}

/** Like `interleave`, for cases that return promises. Awaiting costs some 100 ns: let a case do many operations. */
export async function interleaveAsync<Name extends string>(
  cases: Readonly<Record<Name, () => Promise<unknown>>>,
  options: InterleaveOptions = {},
): Promise<Record<Name, Timing>> {
  const plan = new Plan(cases, options);
  for (const turn of plan.turns()) {
    const started = performance.now();
    for (let left = turn.calls; left > 0; left--) held = await turn.work();
    plan.record(turn, performance.now() - started);
  }
  return plan.timings();
}

interface Turn<Name extends string, Work> {
  readonly name: Name;
  readonly work: Work;
  readonly calls: number;
  readonly counts: boolean;
}

/** Who runs when and how often, and what came out. */
class Plan<Name extends string, Work> {
  readonly #names: Name[];
  readonly #cases: Readonly<Record<Name, Work>>;
  readonly #rounds: number;
  readonly #warmupRounds: number;
  readonly #operations: number;
  readonly #roundMs: number;
  readonly #calls = new Map<Name, number>();
  readonly #roundsNs = new Map<Name, number[]>();
  /** Cases whose rounds are still too short to time. */
  readonly #unready: Set<Name>;

  constructor(cases: Readonly<Record<Name, Work>>, options: InterleaveOptions) {
    this.#names = namesOf(cases);
    this.#cases = cases;
    this.#rounds = options.rounds ?? 11;
    this.#warmupRounds = options.warmupRounds ?? 3;
    this.#operations = options.operations ?? 1;
    this.#roundMs = options.roundMs ?? 20;
    this.#unready = new Set(this.#names);
  }

  *turns(): Generator<Turn<Name, Work>> {
    let round = 0;
    while (round < this.#warmupRounds || (this.#unready.size > 0 && round < MOST_WARMUP_ROUNDS)) yield* this.#round(round++, false);
    for (let left = this.#rounds; left > 0; left--) yield* this.#round(round++, true);
  }

  *#round(round: number, counts: boolean): Generator<Turn<Name, Work>> {
    for (let place = 0; place < this.#names.length; place++) {
      const name = this.#names[(round + place) % this.#names.length];
      yield { name, work: this.#cases[name], calls: this.#calls.get(name) ?? 1, counts };
    }
  }

  record({ name, calls, counts }: Turn<Name, Work>, elapsedMs: number): void {
    if (counts) {
      const roundsNs = this.#roundsNs.get(name) ?? [];
      roundsNs.push((elapsedMs * 1e6) / calls / this.#operations);
      this.#roundsNs.set(name, roundsNs);
      return;
    }
    if (elapsedMs >= this.#roundMs / 2) this.#unready.delete(name);
    // The code is still being compiled: never more than ten times as many calls as the round before.
    const wanted = elapsedMs > 0 ? Math.ceil((calls * this.#roundMs) / elapsedMs) : calls * 10;
    this.#calls.set(name, Math.max(1, Math.min(wanted, calls * 10)));
  }

  timings(): Record<Name, Timing> {
    const timings: Partial<Record<Name, Timing>> = {};
    for (const name of this.#names) timings[name] = timingOf(this.#roundsNs.get(name) ?? []);
    return complete(timings, this.#names);
  }
}

function timingOf(roundsNs: readonly number[]): Timing {
  const sorted = [...roundsNs].sort((a, b) => a - b);
  return { bestNs: sorted[0], medianNs: sorted[sorted.length >> 1], roundsNs };
}

function namesOf<Name extends string>(cases: Readonly<Record<Name, unknown>>): Name[] {
  const names: Name[] = [];
  for (const name in cases) names.push(name);
  return names;
}

function complete<Name extends string, Value>(partial: Partial<Record<Name, Value>>, names: readonly Name[]): Record<Name, Value> {
  if (isComplete(partial, names)) return partial;
  throw new Error("a case was never measured");
}

function isComplete<Name extends string, Value>(
  partial: Partial<Record<Name, Value>>,
  names: readonly Name[],
): partial is Record<Name, Value> {
  return names.every((name) => partial[name] !== undefined);
}
