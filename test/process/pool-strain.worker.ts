import { parentPort, workerData } from "node:worker_threads";
import { attachSharedPool } from "../../src/concurrent/index.ts";
import { attach, type Ticket } from "../../src/index.ts";
import { Exchange, Job } from "./pool-exchange.ts";

const { ticket, exchangeByteOffset, operations }: { ticket: Ticket; exchangeByteOffset: number; operations: number } = workerData;
const memory = attach(ticket);
const jobs = attachSharedPool(memory, Job);
const exchange = new Exchange(memory, exchangeByteOffset, jobs, 2);
parentPort?.once("message", () => {
  const done = exchange.run(operations, 99);
  jobs.close();
  parentPort?.postMessage(done);
  parentPort?.close();
});
parentPort?.postMessage("ready");
