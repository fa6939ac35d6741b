// kill -9 of one of two writers of a file, again and again, and of one who compacts or commits a transaction at each of its steps:
//   npm run soak -- table-kills [--kills=10000] [--seed=1] [--every=1]
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FAST_DIRECTORY } from "../process/segment-kills.ts";
import { killCompacting, killTransacting, killWriters } from "../process/table-kills.ts";

function option(name: string, otherwise: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? otherwise : Number(given.slice(name.length + 3));
}

/** Kills on one file, and between two lines of the report. */
const BATCH = 500;
const [kills, firstSeed] = [option("kills", 10_000), option("seed", 1)];
const started = performance.now();
const compacting = mkdtempSync(join(FAST_DIRECTORY, "offheap-table-kills-"));
const { killed: stepsKilled, steps } = killCompacting(compacting, option("every", 1));
const { before, after } = killTransacting(compacting);
rmSync(compacting, { recursive: true });
console.log(`compacting killed at ${stepsKilled} of ${steps} steps: nothing was lost`);
console.log(`a transaction killed at each step: ${before} times nothing of it was there, ${after} times all`);
let [killed, opening, turns] = [0, 0, 0];
for (let seed = firstSeed; killed < kills; seed++) {
  const directory = mkdtempSync(join(FAST_DIRECTORY, "offheap-table-kills-"));
  try {
    const found = killWriters(directory, { kills: Math.min(BATCH, kills - killed), seed });
    killed += found.killed;
    opening += found.opening;
    turns += found.turns;
  } finally {
    rmSync(directory, { recursive: true });
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${killed} killed, ${opening} of them while they opened it, among ${turns} turns: no write was lost (${seconds.toFixed(0)} s)`,
  );
}
