import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { toSteps } from "./transform.ts";

/** A change to a compiled source before it is rewritten. */
export interface Patch {
  /** Below `src`, without ending: `core/robust-lock`. */
  readonly module: string;
  /** What must be there exactly once, as it is compiled. */
  readonly from: string;
  readonly to: string;
}

/** How often threads look before they sleep makes schedules long and shows nothing: once is enough. Sleeps are long, so that a lost wake-up shows. */
const SMALL: readonly Patch[] = [
  { module: "core/robust-lock", from: "const SPINS = 200;", to: "const SPINS = 1;" },
  { module: "core/robust-lock", from: "const FIRST_SLICE_MS = 2;", to: "const FIRST_SLICE_MS = 50;" },
  { module: "core/patience", from: "const QUICK_LOOKS = 100;", to: "const QUICK_LOOKS = 1;" },
  // Made when it is first needed, it would make the first run another than the rest.
  { module: "core/patience", from: "let never;", to: "let never = sharedMemory(4).i32;" },
  { module: "concurrent/locks/seqlock", from: "const TRIES = 100;", to: "const TRIES = 2;" },
  { module: "concurrent/waiting", from: "LOOKS = 300;", to: "LOOKS = 1;" },
  { module: "concurrent/waiting", from: "LOOKS_A_CLOCK = 16;", to: "LOOKS_A_CLOCK = 1;" },
  { module: "concurrent/waiting", from: "LEAST_LOOK_MS = 0.002;", to: "LEAST_LOOK_MS = 0;" },
  { module: "concurrent/waiting", from: "MOST_LOOK_MS = 0.05;", to: "MOST_LOOK_MS = 0;" },
  { module: "concurrent/pace", from: "LEAST_TURNS = 200;", to: "LEAST_TURNS = 0;" },
  { module: "concurrent/pace", from: "MOST_TURNS = 4000;", to: "MOST_TURNS = 0;" },
];

/** Where compiled sources and tests lie. */
const BUILD = fileURLToPath(new URL("../..", import.meta.url));
const RUNTIME = new URL("./runtime.js", import.meta.url).href;
const IMPORT = /^\s*(?:import|export)\b[^;]*?from\s*"(\.[^"]+)"|^\s*import\s*"(\.[^"]+)"/gm;
const TARGET = join(BUILD, "interleaving", String(process.pid));
let variants = 0;

process.once("exit", () => rmSync(TARGET, { recursive: true, force: true }));

/**
 * Imports a compiled module of which it and all that it imports from here was rewritten to be explored. Each call makes modules of its own, with a state
 * of their own.
 */
export async function importRewritten(url: URL, patches: readonly Patch[] = []): Promise<unknown> {
  variants += 1;
  const target = join(TARGET, String(variants));
  const unused = new Set(patches);
  const done = new Set<string>();
  const rewrite = (path: string): void => {
    if (done.has(path)) return;
    done.add(path);
    let source = readFileSync(path, "utf8");
    for (const patch of [...SMALL, ...patches]) {
      if (path !== join(BUILD, "src", ...`${patch.module}.js`.split("/"))) continue;
      if (source.split(patch.from).length !== 2) throw new Error(`${patch.module} does not have once: ${patch.from}`);
      source = source.replace(patch.from, () => patch.to);
      unused.delete(patch);
    }
    const to = join(target, relative(BUILD, path));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, toSteps(source, RUNTIME));
    for (const [, from, alone] of source.matchAll(IMPORT)) rewrite(join(dirname(path), ...(from ?? alone).split("/")));
  };
  const entry = fileURLToPath(url);
  if (!existsSync(entry)) throw new Error(`${entry} is not there`);
  rewrite(entry);
  for (const { module } of unused) throw new Error(`${relative(BUILD, entry)} does not import ${module.split("/").join(sep)}`);
  return import(pathToFileURL(join(target, relative(BUILD, entry))).href);
}
