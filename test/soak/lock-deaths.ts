// Holders of locks of all kinds that are ended at random moments: npm run soak -- lock-deaths [--terminates=1000] [--kills=1000] [--seed=1]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killHolders, terminateHolders } from "../process/lock-deaths.ts";
import type { Progress } from "../process/ring-strain.ts";

function option(name: string, otherwise: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? otherwise : Number(given.slice(name.length + 3));
}

const seed = option("seed", 1);
const directory = mkdtempSync(join(tmpdir(), "offheap-soak-"));
let failed = false;
try {
  for (const [title, deaths, end] of [
    ["terminated threads", option("terminates", 1000), (deaths: number, tell: Progress) => terminateHolders(deaths, seed, tell)],
    ["killed processes", option("kills", 1000), (deaths: number, tell: Progress) => killHolders(deaths, seed, directory, tell)],
  ] as const) {
    const started = performance.now();
    const { turns, wrong, repairs } = await end(deaths, (done) => console.log(`${done} of ${deaths} ${title}`));
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(
      `${deaths} ${title} from seed ${seed}: ${turns} turns, ${repairs} repairs, ${wrong} times half a change seen (${seconds} s)`,
    );
    failed ||= wrong > 0;
  }
} finally {
  rmSync(directory, { recursive: true });
}
process.exit(failed ? 1 : 0);
