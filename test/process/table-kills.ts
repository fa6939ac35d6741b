import { runSingleThreaded } from "./single-threaded.ts";
import type { WriterKills } from "./table-writers.ts";

/** What kills at the steps of compacting a table have found. */
export interface TableSteps {
  readonly steps: number;
  readonly killed: number;
  readonly labels: readonly string[];
  /** How long the file was, and became. */
  readonly before: number;
  readonly after: number;
}

/** Kills a process that compacts a table, at every so many of its steps. */
export function killCompacting(directory: string, every: number): TableSteps {
  return runSingleThreaded("table-kills.child.js", [directory, `--every=${every}`]) as TableSteps;
}

/** Kills one of two writers of a file, as often as `kills` says, at moments that a seed chooses. */
export function killWriters(directory: string, { kills, seed }: { readonly kills: number; readonly seed: number }): WriterKills {
  return runSingleThreaded("table-kills.child.js", [directory, `--kills=${kills}`, `--seed=${seed}`]) as WriterKills;
}
