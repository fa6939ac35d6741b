import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { importsOf } from "../package/scan.ts";
import { ROOT, sourcesIn } from "../package/tree.ts";

/** What the page has stand-ins for, or serves. */
const PROVIDED = new Set(["node:test", "node:assert", "node:assert/strict", "fast-check"]);

/** Rooms whose code must run in browsers, so that a test of theirs which cannot is worth a word. */
export const BROWSER_ROOMS = ["core", "layout", "alloc", "ownership", "collections", "concurrent", "parse", "debug"];

/** A test file, without its ending, and the first thing it imports that a browser lacks. */
export interface Candidate {
  readonly name: string;
  readonly needs: string | undefined;
}

/** Every test of the browser rooms. */
export function candidates(): Candidate[] {
  return BROWSER_ROOMS.flatMap((room) => sourcesIn(`test/${room}`, [".test.ts"])).map(({ path }) => {
    const needs = missing(join(ROOT, path), new Set());
    return {
      name: relative("test", path)
        .split(sep)
        .join("/")
        .replace(/\.test\.ts$/, ""),
      needs,
    };
  });
}

/** Follows static imports of a source. A dynamic import is the test's own affair: it may ask for the platform first. */
function missing(path: string, seen: Set<string>): string | undefined {
  if (seen.has(path) || !existsSync(path)) return undefined;
  seen.add(path);
  for (const { specifier, dynamic } of importsOf(readFileSync(path, "utf8"))) {
    if (dynamic || PROVIDED.has(specifier)) continue;
    const found = specifier.startsWith(".") ? missing(join(dirname(path), specifier), seen) : specifier;
    if (found !== undefined) return found;
  }
  return undefined;
}
