import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** Why this machine cannot make copies of a process, see forks.ts; undefined where it can. */
export function whyNoForks(): string | undefined {
  if (process.platform !== "linux") return "copies of a process are made on Linux only";
  try {
    createRequire(import.meta.url).resolve("koffi");
    return undefined;
  } catch {
    return "koffi is not installed";
  }
}

/**
 * One thread does all the work of V8; and it has room for a copy's whole life, because on Node 26 a collection of young objects hands out work to threads all the same, which a copy
 * does not have: it would wait for ever, now and then.
 */
const FLAGS = ["--single-threaded", "--min-semi-space-size=64", "--max-semi-space-size=64"];

/** Runs a module of this folder in a process of one thread, which may make copies of itself; what it prints, as JSON. */
export function runSingleThreaded(module: string, args: readonly string[]): unknown {
  const script = fileURLToPath(new URL(module, import.meta.url));
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...FLAGS, script, ...args], {
    encoding: "utf8",
  });
  assert.deepEqual([status, signal], [0, null], `${module} ${args.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}
