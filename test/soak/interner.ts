// Processes that are killed while they intern into one file: npm run soak -- interner [--kills=1000]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killWhileInterning } from "../process/interner-kills.ts";

const given = process.argv.find((argument) => argument.startsWith("--kills="));
const kills = Number(given?.slice("--kills=".length) ?? 1000);
const directory = mkdtempSync(join(tmpdir(), "offheap-soak-"));
const started = performance.now();
try {
  const seen = await killWhileInterning(directory, kills, (so) => {
    const seconds = (performance.now() - started) / 1000;
    const each = ((seconds / so.kills) * 1000).toFixed(0);
    console.log(`${so.kills} of ${kills} kills, ${so.idsTold} ids told, sound so far (${seconds.toFixed(0)} s, ${each} ms a kill)`);
  });
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${seen.kills} kills, ${seen.idsTold} ids told, ${seen.strings} strings: every id resolves to its string (${seconds.toFixed(0)} s)`,
  );
} finally {
  rmSync(directory, { recursive: true, force: true });
}
