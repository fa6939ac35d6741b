// Kills of processes that use a segment, at every step and at random moments: npm run soak -- segment [--kills=1000] [--seed=1] [--steps=all|none] [--every=1]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ACTS, type Act, killAt, killRandomly } from "../process/segment-kills.ts";

function option(name: string, otherwise: string): string {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? otherwise : given.slice(name.length + 3);
}

const kills = Number(option("kills", "1000"));
const seed = Number(option("seed", "1"));
const every = Number(option("every", "1"));
const directory = mkdtempSync(join(tmpdir(), "offheap-soak-"));
try {
  const started = performance.now();
  const seconds = (): string => ((performance.now() - started) / 1000).toFixed(0);
  for (const act of option("steps", "all") === "all" ? (Object.keys(ACTS) as Act[]) : []) {
    let killed = 0;
    for (let last = 0; killAt(directory, act, last) === undefined; last += every) killed += 1;
    console.log(`${act.padEnd(20)} killed at ${killed} steps, sound after each (${seconds()} s)`);
  }
  rmSync(join(directory, "segment"), { force: true });
  let killed = 0;
  for (let round = 0; killed < kills; round++) {
    killed += await killRandomly(directory, 10, seed + round, 1 + (round % 4));
    if (round % 10 === 9)
      console.log(`${killed} killed at random moments, alone and among others, sound after each (${seconds()} s)`);
  }
  console.log(`${killed} killed at random moments from seed ${seed}: sound after each (${seconds()} s)`);
} finally {
  rmSync(directory, { recursive: true });
}
