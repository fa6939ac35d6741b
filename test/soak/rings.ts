// Rings among threads and processes: npm run soak -- rings [--kills=1000] [--terminates=1000] [--items=1000000000]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Progress, passItems, type Strain, strainByKill, strainByTerminate } from "../process/ring-strain.ts";

function option(name: string, otherwise: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? otherwise : Number(given.slice(name.length + 3));
}

const directory = mkdtempSync(join(tmpdir(), "offheap-soak-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));

async function tell(what: string, amount: number, work: (progress: Progress) => Promise<string>): Promise<void> {
  if (amount === 0) return;
  const started = performance.now();
  const seconds = () => ((performance.now() - started) / 1000).toFixed(1);
  const found = await work((done) => console.log(`${done} of ${amount} ${what} (${seconds()} s)`));
  console.log(`${amount} ${what}: ${found} (${seconds()} s)`);
}

const items = option("items", 1_000_000_000);
await tell(
  "items between two processes",
  items,
  async (progress) => `all right, ${(await passItems(items, directory, progress)).toFixed(1)} ns each`,
);
const told = ({ messages, claimed, rescued }: Strain): string =>
  `nothing torn, nobody stuck, ${messages} messages; ${claimed} claims and ${rescued} values that were being taken out were left by the dead`;
const terminates = option("terminates", 1000);
await tell("terminated threads", terminates, async (progress) => told(await strainByTerminate(terminates, progress)));
const kills = option("kills", 1000);
await tell("killed processes", kills, async (progress) => told(strainByKill(kills, directory, progress)));
