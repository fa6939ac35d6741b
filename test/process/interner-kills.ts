import { askForkParent } from "./fork-parent.ts";
import type { InternerKills } from "./interner-life.ts";

/** Kills of processes that intern, as `killWhileInterning` says: so many, or for so long. */
export function internerKills(directory: string, kills: number, milliseconds = 1e9): InternerKills {
  return askForkParent("interner-kills.child.js", directory, { kills, milliseconds }) as InternerKills;
}
