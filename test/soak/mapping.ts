// Writers to a mapped file that are killed at random moments, many: npm run soak -- mapping [--kills=1000] [--seed=1]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killWriters } from "../process/killed-writers.ts";

function option(name: string, otherwise: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? otherwise : Number(given.slice(name.length + 3));
}

const [kills, seed] = [option("kills", 1000), option("seed", 1)];
const directory = mkdtempSync(join(tmpdir(), "offheap-soak-"));
try {
  const started = performance.now();
  const records = await killWriters(directory, kills, seed);
  console.log(
    `${kills} writers killed, ${records} records looked at, all whole (${((performance.now() - started) / 1000).toFixed(0)} s)`,
  );
} finally {
  rmSync(directory, { recursive: true, force: true });
}
