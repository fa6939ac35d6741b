import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import type { RandomKills } from "./segment-life.ts";
import type { Steps } from "./segment-steps.ts";
import { runSingleThreaded } from "./single-threaded.ts";

/** Where files cost no disk: what a kill does to them is the same. */
export const FAST_DIRECTORY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** Kills at the steps of an act, as options of `killAtSteps` say. */
export function stepKills(directory: string, act: string, options: Readonly<Record<string, number>> = {}): Steps {
  return run(directory, { act, ...options }) as Steps;
}

/** Kills at random moments: as many as `kills` says, from a seed. */
export function randomKills(directory: string, options: Readonly<Record<string, number>>): RandomKills {
  return run(directory, options) as RandomKills;
}

function run(directory: string, options: Readonly<Record<string, string | number>>): unknown {
  const given = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  return runSingleThreaded("segment-kills.child.js", [directory, ...given]);
}
