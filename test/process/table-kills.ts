import { runSingleThreaded } from "./single-threaded.ts";
import type { WriterKills } from "./table-writers.ts";

/** Kills one of two writers of a file, as often as `kills` says, at moments that a seed chooses. */
export function killWriters(directory: string, { kills, seed }: { readonly kills: number; readonly seed: number }): WriterKills {
  return runSingleThreaded("table-kills.child.js", [directory, `--kills=${kills}`, `--seed=${seed}`]) as WriterKills;
}
