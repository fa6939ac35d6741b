/** The part of `node:test` that the tests use, for a browser: tests are collected while a file loads, and run by `runTests`. */

/** How one test went. */
export interface Outcome {
  readonly name: string;
  readonly result: "passed" | "failed" | "skipped";
  readonly error?: string;
}

type Work = (context: Context) => unknown;

interface Options {
  readonly skip?: boolean | string;
}

interface Suite {
  readonly name: string;
  readonly parent: Suite | undefined;
  readonly before: Work[];
  readonly after: Work[];
  readonly beforeEach: Work[];
  readonly afterEach: Work[];
  readonly entries: Entry[];
}

type Entry = Suite | { readonly name: string; readonly work: Work; readonly skip: boolean | string };

const root = suiteOf("", undefined);
let current = root;

/** What a test function is given. */
class Context {
  readonly name: string;
  readonly #outcomes: Outcome[];
  skipped = false;

  constructor(name: string, outcomes: Outcome[]) {
    this.name = name;
    this.#outcomes = outcomes;
  }

  async test(name: string, ...rest: [Work] | [Options, Work]): Promise<void> {
    const outcome = await runTest(`${this.name} > ${name}`, ...workOf(rest), this.#outcomes);
    if (outcome === "failed") throw new Error(`${name} failed`);
  }

  skip(): void {
    this.skipped = true;
  }

  diagnostic(message: string): void {
    console.info(message);
  }
}

export function test(name: string, ...rest: [Work] | [Options, Work]): void {
  const [work, { skip = false }] = workOf(rest);
  current.entries.push({ name, work, skip });
}

export function describe(name: string, ...rest: [() => void] | [Options, () => void]): void {
  const [define, { skip = false }] = rest.length === 1 ? [rest[0], {}] : [rest[1], rest[0]];
  if (skip !== false) {
    test(name, { skip }, () => {});
    return;
  }
  const outer = current;
  current = suiteOf(name, outer);
  outer.entries.push(current);
  define();
  current = outer;
}

test.skip = (name: string) => test(name, { skip: true }, () => {});

export const it = test;
export const suite = describe;
export const before = (work: Work) => current.before.push(work);
export const after = (work: Work) => current.after.push(work);
export const beforeEach = (work: Work) => current.beforeEach.push(work);
export const afterEach = (work: Work) => current.afterEach.push(work);
export default test;

/** Runs everything that was collected since the page was loaded. */
export async function runTests(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  await runSuite(root, "", outcomes);
  return outcomes;
}

async function runSuite(of: Suite, prefix: string, outcomes: Outcome[]): Promise<void> {
  const context = new Context(of.name, outcomes);
  for (const work of of.before) await work(context);
  for (const entry of of.entries) {
    const name = prefix === "" ? entry.name : `${prefix} > ${entry.name}`;
    if ("entries" in entry) {
      await runSuite(entry, name, outcomes);
      continue;
    }
    const work: Work = async (given) => {
      for (const each of hooks(of, "beforeEach")) await each(given);
      try {
        await entry.work(given);
      } finally {
        for (const each of hooks(of, "afterEach")) await each(given);
      }
    };
    await runTest(name, work, entry, outcomes);
  }
  for (const work of of.after) await work(context);
}

async function runTest(name: string, work: Work, { skip = false }: Options, outcomes: Outcome[]): Promise<Outcome["result"]> {
  const context = new Context(name, outcomes);
  let outcome: Outcome;
  if (skip !== false) outcome = { name, result: "skipped" };
  else {
    try {
      await work(context);
      outcome = { name, result: context.skipped ? "skipped" : "passed" };
    } catch (error) {
      outcome = { name, result: "failed", error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  }
  outcomes.push(outcome);
  return outcome.result;
}

function suiteOf(name: string, parent: Suite | undefined): Suite {
  return { name, parent, before: [], after: [], beforeEach: [], afterEach: [], entries: [] };
}

function hooks(of: Suite | undefined, kind: "beforeEach" | "afterEach"): Work[] {
  return of === undefined ? [] : [...hooks(of.parent, kind), ...of[kind]];
}

function workOf(rest: [Work] | [Options, Work]): [Work, Options] {
  return rest.length === 1 ? [rest[0], {}] : [rest[1], rest[0]];
}
