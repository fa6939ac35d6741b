import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/** The folder that holds package.json: tests run from `.build`, the sources lie here. */
export const ROOT = rootAbove(import.meta.dirname);

/** One text file, its path relative to the root and with forward slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

const NOT_OURS = new Set(["node_modules", "dist", ".git"]);

/** Every file below a folder of the root whose name ends in one of `endings`, sorted. Build outputs and dependencies are left out. */
export function sourcesIn(folder: string, endings: readonly string[]): Source[] {
  return pathsIn(join(ROOT, folder))
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => ({ path: relative(ROOT, path).split(sep).join("/"), text: readFileSync(path, "utf8") }));
}

function pathsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !NOT_OURS.has(name) && name !== ".build" && name !== ".nodes")
    .flatMap((entry) =>
      entry.isDirectory() ? pathsIn(join(folder, entry.name)) : entry.isFile() ? [join(folder, entry.name)] : [],
    )
    .sort();
}

function rootAbove(folder: string): string {
  if (existsSync(join(folder, "package.json"))) return folder;
  if (dirname(folder) === folder) throw new Error("no package.json above the tests");
  return rootAbove(dirname(folder));
}
