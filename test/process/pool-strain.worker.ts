import { parentPort, workerData } from "node:worker_threads";
import { attachSharedPool } from "../../src/concurrent/index.ts";
import { attach, attachSharedBump, type Ticket } from "../../src/index.ts";
import { Exchange, Job } from "./pool-exchange.ts";

/** `exchange` and `blocks` are byte offsets. */
interface Task {
  readonly ticket: Ticket;
  readonly exchange: number;
  readonly blocks: number;
  readonly operations: number;
}

const task: Task = workerData;
const memory = attach(task.ticket);
const jobs = attachSharedPool(memory, Job, { allocator: attachSharedBump(memory, task.blocks) });
const exchange = new Exchange(memory, task.exchange, jobs, 2);
parentPort?.once("message", () => {
  const done = exchange.run(task.operations, 99);
  jobs.close();
  parentPort?.postMessage(done);
  parentPort?.close();
});
parentPort?.postMessage("ready");
