import { parentPort, workerData } from "node:worker_threads";
import { openDataset } from "../../../src/mapped/index.ts";

using dataset = openDataset(workerData);
parentPort?.postMessage([...dataset].map((row) => Object.fromEntries(dataset.columnNames.map((name) => [name, row[name]]))));
