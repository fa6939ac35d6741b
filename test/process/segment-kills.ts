import { runForking } from "./fork-runner.ts";
import type { RandomKills } from "./segment-life.ts";
import type { Steps } from "./segment-steps.ts";

/** Kills at the steps of an act, as options of `killAtSteps` say. */
export function stepKills(directory: string, act: string, options: Readonly<Record<string, number>> = {}): Steps {
  return runForking("segment-kills.child", directory, { act, ...options }) as Steps;
}

/** Kills at random moments: as many as `kills` says, from a seed. */
export function randomKills(directory: string, options: Readonly<Record<string, number>>): RandomKills {
  return runForking("segment-kills.child", directory, options) as RandomKills;
}
