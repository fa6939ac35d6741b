import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { codeOf, importsOf } from "../package/scan.ts";
import { ROOT, sourcesIn } from "../package/tree.ts";

/** What the page has stand-ins for, or serves. */
const PROVIDED = new Set(["node:test", "node:assert", "node:assert/strict", "fast-check"]);

/** Rooms whose code must run in browsers, so that a test of theirs which cannot is worth a word. */
export const BROWSER_ROOMS = [
  "core",
  "layout",
  "alloc",
  "collections",
  "parse",
  "ownership",
  "debug",
  "concurrent",
  "interleaving",
  "testing",
];

/** A test file, without its ending. */
export interface Candidate {
  readonly name: string;
  /** The first thing that it imports, itself or through others, which a browser lacks. */
  readonly needs: string | undefined;
  /** Whether something that it imports generates code, and so must also work where a page's policy forbids that. */
  readonly generatesCode: boolean;
}

/** Every test of the browser rooms. */
export function candidates(): Candidate[] {
  return BROWSER_ROOMS.flatMap((room) => sourcesIn(`test/${room}`, [".test.ts"])).map(({ path }) => {
    const { files, packages } = staticImports(join(ROOT, path));
    return {
      name: nameOf(path),
      needs: packages.find((specifier) => !PROVIDED.has(specifier)),
      generatesCode: files.some((file) => /\bnew Function\b/.test(codeOf(readFileSync(file, "utf8")))),
    };
  });
}

function nameOf(path: string): string {
  return relative("test", path)
    .split(sep)
    .join("/")
    .replace(/\.test\.ts$/, "");
}

/** All that a source imports, through others too. Not what it imports dynamically: it may ask for the platform first. */
function staticImports(entry: string): { readonly files: string[]; readonly packages: string[] } {
  const files = [entry];
  const packages = new Set<string>();
  for (const file of files) {
    for (const { specifier, dynamic } of importsOf(readFileSync(file, "utf8"))) {
      if (dynamic) continue;
      const path = join(dirname(file), specifier);
      if (!specifier.startsWith(".")) packages.add(specifier);
      else if (!files.includes(path) && existsSync(path)) files.push(path);
    }
  }
  return { files, packages: [...packages] };
}
