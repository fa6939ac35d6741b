import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import type { RandomKills } from "./segment-life.ts";
import type { Steps } from "./segment-steps.ts";

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

/** Kills at the steps of an act, as options of `killAtSteps` say. */
export function stepKills(directory: string, act: string, options: Readonly<Record<string, number>> = {}): Steps {
  return run(directory, { act, ...options }) as Steps;
}

/** Kills at random moments: as many as `kills` says, from a seed. */
export function randomKills(directory: string, options: Readonly<Record<string, number>>): RandomKills {
  return run(directory, options) as RandomKills;
}

function run(directory: string, options: Readonly<Record<string, string | number>>): unknown {
  const script = fileURLToPath(new URL("segment-kills.child.js", import.meta.url));
  const given = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ["--single-threaded", script, directory, ...given], {
    encoding: "utf8",
  });
  assert.deepEqual([status, signal], [0, null], `${given.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}
