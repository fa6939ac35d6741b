// Kills of processes that use a segment, at every step of what they do and at random moments:
//   npm run soak -- segment [--act=NAME] [--from=0] [--every=1] [--kills=1000] [--seed=1] [--minutes=N]
// With --act only the steps of that act; with --kills=0 no random moments, with --act=none no steps.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ACTS } from "../process/segment-acts.ts";
import { FAST_DIRECTORY, randomKills, stepKills } from "../process/segment-kills.ts";

function option(name: string, otherwise: string): string {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? otherwise : given.slice(name.length + 3);
}

/** Kills at random moments between two lines of the report. */
const BATCH = 100;
const act = option("act", "all");
const kills = Number(option("kills", act === "all" || act === "none" ? "1000" : "0"));
const [seed, from, every] = ["seed", "from", "every"].map((name) => Number(option(name, name === "from" ? "0" : "1")));
const started = Date.now();
const until = started + Number(option("minutes", "1000000")) * 60_000;
const seconds = (): string => `${((Date.now() - started) / 1000).toFixed(0)} s`;
const directory = mkdtempSync(join(FAST_DIRECTORY, "offheap-soak-"));
try {
  for (const name of Object.keys(ACTS)) {
    if (act !== "all" && act !== name) continue;
    const { steps, killed } = stepKills(directory, name, { from, every, milliseconds: until - Date.now() });
    const next = from + killed * every;
    const told = steps === undefined ? `${killed} steps, go on with --from=${next}` : `${killed} of ${steps} steps`;
    console.log(`${name.padEnd(32)} killed at ${told}, sound after each (${seconds()})`);
  }
  let killed = 0;
  for (let batch = 0; killed < kills && Date.now() < until; batch++) {
    const next = { kills: Math.min(BATCH, kills - killed), seed: seed + batch, milliseconds: until - Date.now() };
    const found = randomKills(directory, next);
    killed += found.killed;
    console.log(
      `${killed} killed at random moments, seed ${seed + batch}, one alone to four together, sound after each (${seconds()})`,
    );
  }
} finally {
  rmSync(directory, { recursive: true });
}
