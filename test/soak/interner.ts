// Processes that are killed while they intern into one file: npm run soak -- interner [--kills=1000] [--minutes=N]
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { internerKills } from "../process/interner-kills.ts";
import { FAST_DIRECTORY } from "../process/segment-kills.ts";

function option(name: string, otherwise: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? otherwise : Number(given.slice(name.length + 3));
}

/** Kills between two lines of the report. */
const BATCH = 100;
const kills = option("kills", 1000);
const started = Date.now();
const until = started + option("minutes", 1_000_000) * 60_000;
const directory = mkdtempSync(join(FAST_DIRECTORY, "offheap-soak-"));
try {
  const seen = { kills: 0, idsTold: 0, strings: 0 };
  while (seen.kills < kills && Date.now() < until) {
    const found = internerKills(directory, Math.min(BATCH, kills - seen.kills), until - Date.now());
    seen.kills += found.kills;
    seen.idsTold += found.idsTold;
    seen.strings += found.strings;
    const seconds = ((Date.now() - started) / 1000).toFixed(0);
    console.log(
      `${seen.kills} killed while two interned the same, ${seen.idsTold} ids told, ${seen.strings} strings: every id resolves to its string (${seconds} s)`,
    );
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
