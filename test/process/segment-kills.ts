import { askForkParent } from "./fork-parent.ts";
import type { RandomKills } from "./segment-life.ts";
import type { Steps } from "./segment-steps.ts";

const SCRIPT = "segment-kills.child.js";

/** Kills at the steps of an act, as options of `killAtSteps` say. */
export function stepKills(directory: string, act: string, options: Readonly<Record<string, number>> = {}): Steps {
  return askForkParent(SCRIPT, directory, { act, ...options }) as Steps;
}

/** Kills at random moments: as many as `kills` says, from a seed. */
export function randomKills(directory: string, options: Readonly<Record<string, number>>): RandomKills {
  return askForkParent(SCRIPT, directory, options) as RandomKills;
}
