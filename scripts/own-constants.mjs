// node scripts/own-constants.mjs FOLDER     after tsc
//
// Gives each compiled module constants of its own for what it imports from others of the folder:
//
//     import { FIRST, RUN } from "./page-layout.js";
//     import { FIRST as FIRST$, RUN as RUN$ } from "./page-layout.js"; const FIRST = FIRST$, RUN = RUN$;
//
// V8 reads an imported name anew at each use, with a check that it is there, because what it names could change; a module's own constants it compiles in,
// and what follows from them. See docs/decisions/0016. Modules that import each other in a circle keep their names: the constants of one would be read before
// the other has made them. Lines stay where they are, so that source maps and stacks stay right.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

const IMPORT = /^import \{ ([^}]*?),? \} from "(\.[^"]+)";$/gm;
const ANY_IMPORT = /^(?:import|export)\b[^;]*? from "(\.[^"]+)";$/gm;

const folder = process.argv[2];
const paths = readdirSync(folder, { recursive: true })
  .filter((name) => name.endsWith(".js"))
  .map((name) => resolve(folder, name));
const texts = new Map(paths.map((path) => [path, readFileSync(path, "utf8")]));
const imports = new Map(
  paths.map((path) => [path, [...texts.get(path).matchAll(ANY_IMPORT)].map((found) => resolve(dirname(path), found[1]))]),
);

/** All that a module leads to. */
const reach = new Map(paths.map((path) => [path, reachOf(path)]));

for (const path of paths) {
  const text = texts.get(path);
  const owned = text.replace(IMPORT, (line, names, from) => {
    const target = resolve(dirname(path), from);
    if (!reach.has(target) || reach.get(target).has(path)) return line;
    const pairs = names.split(", ").map((name) => name.split(" as "));
    const taken = pairs.map(([theirs, ours = theirs]) => `${theirs} as ${ours}$`);
    const constants = pairs.map(([theirs, ours = theirs]) => `${ours} = ${ours}$`);
    return `import { ${taken.join(", ")} } from "${from}"; const ${constants.join(", ")};`;
  });
  if (owned !== text) writeFileSync(path, owned);
}

function reachOf(from) {
  const seen = new Set();
  const left = [from];
  while (left.length > 0) {
    for (const next of imports.get(left.pop()) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      left.push(next);
    }
  }
  return seen;
}
