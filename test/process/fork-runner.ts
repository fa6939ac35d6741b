import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";

/** Where files cost no disk: what a kill does to them is the same. */
export const FAST_DIRECTORY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** Why this machine cannot do it; undefined where it can. */
export function whyNoKills(): string | undefined {
  if (process.platform !== "linux") return "copies of a process are made on Linux only";
  try {
    createRequire(import.meta.url).resolve("koffi");
    return undefined;
  } catch {
    return "koffi is not installed";
  }
}

/** Runs a script of this folder as whoever makes copies of itself must run: see forks.ts. What it prints as JSON. */
export function runForking(script: string, directory: string, options: Readonly<Record<string, string | number>>): unknown {
  const path = fileURLToPath(new URL(`${script}.js`, import.meta.url));
  const given = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ["--single-threaded", path, directory, ...given], {
    encoding: "utf8",
  });
  assert.deepEqual([status, signal], [0, null], `${given.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}
