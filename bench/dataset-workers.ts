/**
 * Memory of eight worker threads that all use the 135 thousand cities: one shared data set, beside JSON.parse and a Map in every worker.
 *
 * Private memory of the whole process, with every worker in place and a collection behind it, less that of the same process with eight workers
 * that have nothing.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { buildDataset, openDataset } from "offheap/mapped";
import { CITIES, CITY_COLUMNS } from "./dataset/cities-input.ts";
import { childTasks, memoryOf, report, scratchFolder } from "./harness.ts";

const WORKERS = 8;
const child = await childTasks(import.meta.url, {
  crew: async ({ how, path, json }: { how: string; path: string; json: string }) => {
    const source = how === "offheap" ? openDataset(path).ticket() : json;
    const script = new URL("dataset/worker.js", import.meta.url);
    const crew = Array.from({ length: WORKERS }, () => new Worker(script, { workerData: { how, source } }));
    const sums = await Promise.all(
      crew.map((worker) => new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject))),
    );
    return { privateBytes: memoryOf().privateBytes, sums };
  },
});

const folder = scratchFolder();
const path = join(folder, "cities.seg");
const json = join(folder, "cities.json");
await buildDataset(CITIES, path, { format: "tsv", columns: CITY_COLUMNS, key: "id" });
{
  using cities = openDataset(path);
  writeFileSync(json, `[${[...cities.export("ndjson")].join("").trimEnd().split("\n").join(",")}]`);
}
const idle = await child.run("crew", { how: "idle", path, json }, { nodeOptions: ["--expose-gc"] });
const ours = await child.run("crew", { how: "offheap", path, json }, { nodeOptions: ["--expose-gc"] });
const plain = await child.run("crew", { how: "json", path, json }, { nodeOptions: ["--expose-gc"] });
if (JSON.stringify(ours.result.sums) !== JSON.stringify(plain.result.sums)) throw new Error("the two sides saw different rows");
const megabytes = (run: typeof ours) => (run.result.privateBytes - idle.result.privateBytes) / 1e6;
report({
  bench: "dataset-workers",
  case: "private memory of 8 workers, workers themselves not counted",
  unit: "MB",
  ours: megabytes(ours),
  peer: megabytes(plain),
  peerName: "JSON.parse and a Map",
});
report({
  bench: "dataset-workers",
  case: "private memory of the whole process with 8 workers",
  unit: "MB",
  ours: ours.result.privateBytes / 1e6,
  peer: plain.result.privateBytes / 1e6,
  peerName: "JSON.parse and a Map",
});
rmSync(json);
