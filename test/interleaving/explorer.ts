import { type Choice, Contention, type Outcome, type Play, run } from "./run.ts";

/**
 * Explores what threads can do to each other: the very code that ships, rewritten so that it stops before each atomic and each plain access to shared
 * memory, runs under every order of these accesses up to a bound, in one thread, some ten thousand orders a second.
 *
 * How to explore a structure:
 *
 * 1. Write `test/interleaving/<name>.scenario.ts` that exports plays: `export const play: Play = (world) => ({ threads: [() => {…}, () => {…}], check })`. All it
 *    makes it makes in the play, with `sharedMemory`, anew at each call. Import what it needs from files of `src`, not from a door: all of it is rewritten.
 *    Identities of participants are to be given, not random, and `isAlive` is `world.isAlive(thread)`.
 * 2. In `<name>.test.ts`: `const { play } = await plays<typeof import("./<name>.scenario.ts")>("<name>")` and `assertHolds(explore(play, { preemptions: 2 }))`.
 * 3. Seed a defect: `plays("<name>", [{ module: "concurrent/…", from: "…", to: "…" }])` patches the compiled source; `assertFails(explore(…))`. An exploration
 *    that finds none is blind.
 *
 * A thread fails by throwing. All fail together when nobody can go on, when somebody sleeps for longer than 2 ms that nobody will wake (a lost wake-up, unless
 * somebody has died or `sleepsEnd` is set), and when a run takes more than `mostSteps`.
 *
 * Orders are explored by the number of preemptions in them: first none, then one anywhere, and so on. A thread is not preempted before an access to a
 * place that no other thread changes or reads, which makes no difference. What is sequentially consistent is explored: plain accesses come one at a
 * time in the order of the program, as they do on x86 but for stores that are delayed. `litmus.test.ts` looks for those on real threads.
 */
export interface Bounds {
  /** How often a thread that could go on is interrupted, at most. */
  readonly preemptions: number;
  /** How many threads die, at any of their steps, at most. Default 0. */
  readonly deaths?: number;
  /** The threads that may die. Default: all. */
  readonly mortals?: readonly number[];
  /** A run of more steps fails. Default 2000. */
  readonly mostSteps?: number;
}

export interface RandomBounds extends Omit<Bounds, "preemptions"> {
  readonly schedules: number;
  /** Printed with a failure; the same seed gives the same schedules. */
  readonly seed: number;
}

export interface Failure {
  readonly error: unknown;
  /** For `replay`. */
  readonly schedule: string;
  /** What each step did. */
  readonly trace: string;
}

export interface Explored {
  readonly schedules: number;
  readonly steps: number;
  readonly failure?: Failure;
}

interface Branch {
  readonly options: readonly Choice[];
  at: number;
}

const MOST_STEPS = 2000;

/** Runs a play under all schedules within the bounds, the simple ones first, until one fails. */
export function explore(play: Play, bounds: Bounds): Explored {
  const contention = new Contention();
  let schedules = 0;
  let steps = 0;
  let failed: Outcome | undefined;
  for (let preemptions = 0; preemptions <= bounds.preemptions && failed === undefined; preemptions++) {
    do {
      const branches: Branch[] = [];
      do {
        const outcome = runBranches(play, { ...bounds, preemptions }, branches, contention);
        schedules += 1;
        steps += outcome.steps;
        if (outcome.error !== undefined) failed = outcome;
      } while (failed === undefined && nextBranch(branches));
      // Where a place turned out to be shared, schedules were left out before.
    } while (failed === undefined && contention.learn());
  }
  return failed === undefined ? { schedules, steps } : { schedules, steps, failure: told(play, failed, bounds) };
}

/** Runs a play under random schedules, until one fails. */
export function exploreRandomly(play: Play, bounds: RandomBounds): Explored {
  const { schedules, seed, deaths = 0, mortals, mostSteps = MOST_STEPS } = bounds;
  let steps = 0;
  for (let schedule = 0; schedule < schedules; schedule++) {
    const random = randomOf(seed + schedule);
    let deathsLeft = deaths;
    const outcome = run(play, mostSteps, (ready, current) => {
      if (deathsLeft > 0 && random() < 0.02) {
        const victim = ready[Math.floor(random() * ready.length)];
        if (mortals === undefined || mortals.includes(victim)) {
          deathsLeft -= 1;
          return { thread: victim, dies: true };
        }
      }
      const stays = ready.includes(current) && random() < 0.7;
      return { thread: stays ? current : ready[Math.floor(random() * ready.length)], dies: false };
    });
    steps += outcome.steps;
    if (outcome.error !== undefined) return { schedules: schedule + 1, steps, failure: told(play, outcome, bounds) };
  }
  return { schedules, steps };
}

/** Runs a play under one schedule, as a failure tells it. */
export function replay(play: Play, schedule: string, mostSteps = MOST_STEPS): Outcome {
  const choices = schedule.split(" ").flatMap((word): Choice[] => {
    const [thread, times = "1"] = word.replace("†", "").split("*");
    return Array.from({ length: Number(times) }, () => ({ thread: Number(thread), dies: word.startsWith("†") }));
  });
  let at = 0;
  return run(play, mostSteps, (ready) => choices[at++] ?? { thread: ready[0], dies: false }, { traced: true });
}

export function assertHolds({ failure, schedules }: Explored): void {
  if (failure === undefined) return;
  const { error, schedule, trace } = failure;
  throw new Error(`fails in schedule ${schedules}: ${schedule}\n${trace}\n${error instanceof Error ? error.stack : String(error)}`);
}

/** For a seeded defect: the exploration must find it. */
export function assertFails({ failure, schedules }: Explored): void {
  if (failure === undefined) throw new Error(`the defect was not found in ${schedules} schedules`);
}

function runBranches(play: Play, bounds: Bounds, branches: Branch[], contention: Contention): Outcome {
  const { deaths = 0, mortals, mostSteps = MOST_STEPS } = bounds;
  let preemptionsLeft = bounds.preemptions;
  let deathsLeft = deaths;
  let depth = 0;
  return run(
    play,
    mostSteps,
    (ready, current, isContended) => {
      const goesOn = ready.includes(current);
      const options: Choice[] = goesOn ? [{ thread: current, dies: false }] : [];
      if (!goesOn || (preemptionsLeft > 0 && isContended)) {
        for (const thread of ready) if (thread !== current) options.push({ thread, dies: false });
      }
      if (deathsLeft > 0) {
        const next = goesOn ? [current] : ready;
        for (const thread of next) if (mortals === undefined || mortals.includes(thread)) options.push({ thread, dies: true });
      }
      let chosen = options[0];
      if (options.length > 1) {
        if (depth === branches.length) branches.push({ options, at: 0 });
        const branch = branches[depth++];
        if (branch.options.length !== options.length) throw new Error("the play does not do the same at each run");
        chosen = options[branch.at];
      }
      if (chosen.dies) deathsLeft -= 1;
      else if (goesOn && chosen.thread !== current) preemptionsLeft -= 1;
      return chosen;
    },
    { contention },
  );
}

function nextBranch(branches: Branch[]): boolean {
  for (;;) {
    const last = branches.at(-1);
    if (last === undefined) return false;
    last.at += 1;
    if (last.at < last.options.length) return true;
    branches.pop();
  }
}

function told(play: Play, { choices, error }: Outcome, { mostSteps }: { readonly mostSteps?: number }): Failure {
  const words: string[] = [];
  for (let at = 0; at < choices.length; ) {
    const { thread, dies } = choices[at];
    let times = 1;
    while (at + times < choices.length && choices[at + times].thread === thread && choices[at + times].dies === dies) times += 1;
    words.push(`${dies ? "†" : ""}${thread}*${times}`);
    at += times;
  }
  const schedule = words.join(" ");
  return { error, schedule, trace: replay(play, schedule, mostSteps).trace.join("\n") };
}

/** Numbers from 0 to 1 (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
