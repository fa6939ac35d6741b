// Compiles src, test, bench and examples to .build, src as it is published, and removes what an earlier compilation left there of sources that are gone.
// Skips compiling when nothing has changed since the last time that it succeeded.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOMS = ["src", "test", "bench", "examples"];
const STAMP = ".build/.stamp";

const filesIn = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

const sources = ROOMS.flatMap(filesIn).filter((path) => path.endsWith(".ts"));
const outputs = new Set(
  sources.flatMap((path) => [".js", ".js.map", ".d.ts"].map((ending) => join(".build", path.replace(/\.ts$/, ending)))),
);
for (const path of ROOMS.flatMap((room) => filesIn(join(".build", room)))) if (!outputs.has(path)) rmSync(path, { force: true });

const inputs = [...sources, "scripts/own-constants.mjs", "tsconfig.json", "tsconfig.base.json", "package-lock.json"];
const newest = Math.max(...inputs.map((path) => statSync(path).mtimeMs));
const allThere = sources.every((path) => existsSync(join(".build", path.replace(/\.ts$/, ".js"))));
if (!allThere || !existsSync(STAMP) || newest > statSync(STAMP).mtimeMs) {
  const started = Date.now();
  const { status } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
  const owned = spawnSync(process.execPath, ["scripts/own-constants.mjs", ".build/src"], { stdio: "inherit" });
  if (owned.status !== 0) process.exit(owned.status ?? 1);
  writeFileSync(STAMP, "");
  process.stderr.write(`compiled in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}
