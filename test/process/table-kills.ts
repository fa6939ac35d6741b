import { runForking } from "./fork-runner.ts";
import type { WriterKills } from "./table-writers.ts";

/** Kills one of two writers of a file, as often as `kills` says, at moments that a seed chooses. */
export function killWriters(directory: string, options: { readonly kills: number; readonly seed: number }): WriterKills {
  return runForking("table-kills.child", directory, options) as WriterKills;
}
