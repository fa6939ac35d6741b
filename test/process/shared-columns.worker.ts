import { parentPort, workerData } from "node:worker_threads";
import { attach, attachColumns, struct, type Ticket, u32 } from "../../src/index.ts";

/** Reads rows as they come, each at once, and counts those that are not whole. */
const { ticket, rows }: { ticket: Ticket; rows: number } = workerData;
const reader = attachColumns(attach(ticket), struct("Pair", { number: u32, check: u32 }));
let torn = 0;
for (let seen = 0; seen < rows; ) {
  for (const { size } = reader; seen < size; seen++) {
    const { number, check } = reader.rows.at(seen);
    if (number !== seen || check !== ~seen >>> 0) torn += 1;
  }
}
parentPort?.postMessage(torn);
