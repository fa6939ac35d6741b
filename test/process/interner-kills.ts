import type { InternerKills } from "./interner-life.ts";
import { runSingleThreaded } from "./single-threaded.ts";

/** Kills of processes that intern, as `killWhileInterning` says: so many, or for so long. */
export function internerKills(directory: string, kills: number, milliseconds = 1e9): InternerKills {
  const options = [`--kills=${kills}`, `--milliseconds=${milliseconds}`];
  return runSingleThreaded("interner-kills.child.js", [directory, ...options]) as InternerKills;
}
