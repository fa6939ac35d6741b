// A process with a crew of worker threads that all use the same rows, ours or plain JSON. Run by the story in cities.ts.
import { readFileSync } from "node:fs";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { openDataset } from "offheap/mapped";
import { type Seen, useDataset, useJson } from "./tasks.ts";

/** What a crew reports: what its workers saw, and how large the process is while all of them are at it. */
export interface CrewReport {
  readonly seen: Seen[];
  /** Proportional set size: pages that several processes share count in shares. */
  readonly pssBytes: number;
}

if (isMainThread) {
  const [how, path, workers, rowsToCheck] = process.argv.slice(2);
  const crew = Number(workers);
  // One opening for the whole process: workers get a ticket to the same pages.
  const source = how === "offheap" && crew > 0 ? openDataset(path).ticket() : path;
  const threads = Array.from(
    { length: crew },
    () => new Worker(new URL(import.meta.url), { workerData: { how, source, rowsToCheck: Number(rowsToCheck) } }),
  );
  const seen = await Promise.all(
    threads.map((thread) => new Promise<Seen>((resolve, reject) => thread.once("message", resolve).once("error", reject))),
  );
  const report: CrewReport = { seen, pssBytes: pssOfThisProcess() };
  process.stdout.write(JSON.stringify(report), () => process.exit(0));
} else {
  const { how, source, rowsToCheck } = workerData;
  const seen = how === "offheap" ? await useDataset(source, rowsToCheck) : how === "json" ? await useJson(source) : idle();
  parentPort?.postMessage(seen);
  // Stay, so that memory can be measured with every worker in place.
  setInterval(() => {}, 1 << 30);
}

function idle(): Seen {
  return { rowsChecked: 0, differences: [], openMilliseconds: 0, nanosecondsPerLookup: 0, longestPauseMilliseconds: 0 };
}

function pssOfThisProcess(): number {
  const rollup = readFileSync("/proc/self/smaps_rollup", "utf8");
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
}
