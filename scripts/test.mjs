// Runs the compiled tests: all of them, or those whose path contains one of the words given.
//   npm test                                    everything
//   npm test -- core/memory parse/              some files
//   npm test -- --test-name-pattern=close       options go to node
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, sep } from "node:path";

const given = process.argv.slice(2);
const options = given.filter((argument) => argument.startsWith("-"));
const words = given.filter((argument) => !argument.startsWith("-"));

const folder = join(".build", "test");
const files = (existsSync(folder) ? readdirSync(folder, { recursive: true }) : [])
  .filter(
    (path) => path.endsWith(".test.js") && (words.length === 0 || words.some((word) => path.split(sep).join("/").includes(word))),
  )
  .map((path) => join(folder, path))
  .sort();
if (files.length === 0) {
  console.error(words.length === 0 ? "no compiled tests: node scripts/compile.mjs" : `no test file matches ${words.join(" ")}`);
  process.exit(1);
}

const reporter = process.stdout.isTTY ? "spec" : "./scripts/test-reporter.mjs";
const flags = ["--test", "--test-concurrency=2", "--test-timeout=1500000"];
if (!options.some((option) => option.startsWith("--test-reporter")))
  flags.push(`--test-reporter=${reporter}`, "--test-reporter-destination=stdout");
const { status } = spawnSync(process.execPath, [...flags, ...options, ...files], { stdio: "inherit" });
process.exit(status ?? 1);
