import { parentPort, workerData } from "node:worker_threads";
import { attach, attachSharedHashTable, blob, type Ticket, text } from "../../src/index.ts";

/** Sets and deletes entries of which each value says what its key is and is whole, until it is terminated. */
const { ticket, from }: { ticket: Ticket; from: number } = workerData;
const table = attachSharedHashTable(attach(ticket), { key: text, value: blob });
parentPort?.postMessage(table.seat);
for (let turn = from; ; turn++) {
  const key = turn % 97;
  const length = 1 + ((turn * 7) % 60);
  if (turn % 5 === 0) table.delete(`key ${key}`);
  else table.set(`key ${key}`, new Uint8Array(length).fill(key));
}
