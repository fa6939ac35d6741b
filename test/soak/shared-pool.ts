// Two threads at a shared pool, and processes that are killed in the middle of their work at it:
// npm run soak -- shared-pool [--operations=100000000] [--kills=1000] [--seed=1]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exchangeBetweenThreads, killAtRandom } from "../process/pool-strain.ts";

function option(name: string, otherwise: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? otherwise : Number(given.slice(name.length + 3));
}

const operations = option("operations", 100_000_000);
const kills = option("kills", 1000);
const seed = option("seed", 1);

if (operations > 0) {
  const started = performance.now();
  const done = await exchangeBetweenThreads(operations);
  const seconds = (performance.now() - started) / 1000;
  console.log(`${done} operations of two threads: no slot twice, none lost (${seconds.toFixed(1)} s)`);
}
if (kills > 0) {
  const started = performance.now();
  const directory = mkdtempSync(join(tmpdir(), "offheap-"));
  const tell = (killed: number) => {
    if (killed % 100 === 0) console.log(`${killed} killed, ${((performance.now() - started) / 1000).toFixed(0)} s`);
  };
  try {
    await killAtRandom(kills, seed, directory, tell);
    console.log(`${kills} processes killed, from seed ${seed}: no slot twice, none lost`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
