import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { openDataset } from "offheap/mapped";

/** What a worker holds while its memory is measured. */
let held: unknown;
let sum = 0;

if (workerData.how === "offheap") {
  const cities = openDataset(workerData.source);
  for (const row of cities) sum += Number(cities.get(Number(row.id))?.population);
  held = cities;
} else if (workerData.how === "json") {
  const rows: { id: number; population: number }[] = JSON.parse(readFileSync(workerData.source, "utf8"));
  const cities = new Map(rows.map((row) => [row.id, row]));
  for (const row of rows) sum += Number(cities.get(row.id)?.population);
  held = cities;
}
globalThis.gc?.();
parentPort?.postMessage(sum);
// Stay, with what is held, until the process ends.
setInterval(() => held, 1 << 30);
