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

/** What kills at the steps of a transaction have found. */
export interface TransactionSteps {
  readonly steps: number;
  readonly killed: number;
  readonly labels: readonly string[];
  /** After so many kills everything was as before. */
  readonly before: number;
  /** After so many everything was as it was to be. */
  readonly after: number;
}

/** Kills a process that makes a transaction, at every one of its steps. */
export function killTransacting(directory: string): TransactionSteps {
  return runSingleThreaded("table-kills.child.js", [directory, "--transacting"]) as TransactionSteps;
}

/** Kills one of two writers of a file, as often as `kills` says, at moments that a seed chooses. */
export function killWriters(directory: string, { kills, seed }: { readonly kills: number; readonly seed: number }): WriterKills {
  return runSingleThreaded("table-kills.child.js", [directory, `--kills=${kills}`, `--seed=${seed}`]) as WriterKills;
}
