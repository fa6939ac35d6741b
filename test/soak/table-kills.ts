// kill -9 of one of two writers of a file, again and again: npm run soak -- table-kills [--kills=10000]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killWriters } from "../process/table-kills.ts";

const given = process.argv.find((argument) => argument.startsWith("--kills="));
const kills = given === undefined ? 10_000 : Number(given.slice("--kills=".length));
const directory = mkdtempSync(join(tmpdir(), "offheap-table-kills-"));
const started = performance.now();
const seconds = () => (performance.now() - started) / 1000;
let toldAt = 0;
const turns = await killWriters(directory, kills, (done) => {
  if (seconds() < toldAt + 5) return;
  toldAt = seconds();
  console.log(`${done} kills in ${toldAt.toFixed(0)} s, ${(toldAt / done).toFixed(3)} s each`);
});
rmSync(directory, { recursive: true });
console.log(`${kills} kills among ${turns} turns: no write was lost (${seconds().toFixed(0)} s)`);
