// Kills of processes that use a segment, at every step and at random moments:
//   npm run soak -- segment [--kills=1000] [--seed=1] [--steps=all|none] [--act=NAME] [--from=0] [--every=1] [--minutes=N]
import assert from "node:assert/strict";
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
const from = Number(option("from", "0"));
const act = option("act", "");
const until = performance.now() + Number(option("minutes", "1000000")) * 60_000;
const directory = mkdtempSync(join(tmpdir(), "offheap-soak-"));
try {
  const started = performance.now();
  const seconds = (): string => ((performance.now() - started) / 1000).toFixed(0);
  const acts = (Object.keys(ACTS) as Act[]).filter((name) => act === "" || name === act);
  for (const name of option("steps", "all") === "all" ? acts : []) {
    const steps = killAt(directory, name, Number.MAX_SAFE_INTEGER) ?? 0;
    let killed = 0;
    let last = from;
    for (; last < steps && performance.now() < until; last += every) {
      assert.equal(killAt(directory, name, last), undefined);
      killed += 1;
    }
    const end = last < steps ? `, from ${from} up to ${last}` : "";
    console.log(`${name.padEnd(20)} killed at ${killed} of ${steps} steps${end}, sound after each (${seconds()} s)`);
  }
  rmSync(join(directory, "segment"), { force: true });
  let killed = 0;
  for (let round = 0; killed < kills && performance.now() < until; round++) {
    killed += await killRandomly(directory, 10, seed + round, 1 + (round % 4));
    if (round % 10 === 9)
      console.log(`${killed} killed at random moments, alone and among others, sound after each (${seconds()} s)`);
  }
  console.log(`${killed} killed at random moments from seed ${seed}: sound after each (${seconds()} s)`);
} finally {
  rmSync(directory, { recursive: true });
}
