import { parentPort, workerData } from "node:worker_threads";
import { openDataset } from "../../../src/mapped/index.ts";

const dataset = openDataset(workerData);

/** Tells every row; once at the start, and again at each message. */
function tell(): void {
  parentPort?.postMessage([...dataset].map((row) => Object.fromEntries(dataset.columnNames.map((name) => [name, row[name]]))));
}

tell();
parentPort?.on("message", tell);
