// Compiles src, test, bench and examples to .build. Skipped when nothing has changed since the last time.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const stamp = ".build/.stamp";
const newest = (path) =>
  statSync(path).isDirectory() ? Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name)))) : statSync(path).mtimeMs;
const inputs = ["src", "test", "bench", "examples", "tsconfig.json", "tsconfig.base.json"].filter(existsSync);
if (!existsSync(stamp) || Math.max(...inputs.map(newest)) > statSync(stamp).mtimeMs) {
  const started = Date.now();
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"], { stdio: "inherit" });
  writeFileSync(stamp, "");
  process.stderr.write(`compiled in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}
