import { parentPort, workerData } from "node:worker_threads";
import { attach, type Ticket } from "../../src/index.ts";
import { LITMUS, meet, playSide } from "./litmus-table.ts";

/** The second thread of every test of the table. */
const { ticket, name, rounds, places }: { ticket: Ticket; name: string; rounds: number; places: number } = workerData;
const { i32 } = attach(ticket);
const [, side] = LITMUS[name].threads;
const results = new Int32Array(places);
parentPort?.postMessage("ready");
for (let round = 0; round < rounds; round++) {
  meet(i32, round * 2 + 1);
  playSide(i32, side, results, places);
  parentPort?.postMessage(results);
  // The first thread counts, and clears the places.
  meet(i32, round * 2 + 2);
}
