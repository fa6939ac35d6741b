import { parentPort, workerData } from "node:worker_threads";
import { attachSharedPool } from "../../src/concurrent/index.ts";
import { attach, type Handle, struct, type Ticket, u32 } from "../../src/index.ts";

/** Adds and removes until it is terminated, and passes handles to others through the memory behind the pool. */
const { ticket }: { ticket: Ticket } = workerData;
const Job = struct("Job", { number: u32, check: u32 });
const memory = attach(ticket);
const jobs = attachSharedPool(memory, Job);
const letters = memory.f64.length - 64;
parentPort?.postMessage(jobs.token);
for (let turn = 0; ; turn++) {
  const handle = jobs.tryAdd({ number: turn, check: ~turn >>> 0 });
  const letter = letters + (turn % 64);
  const before = memory.f64[letter] as Handle<typeof Job>;
  memory.f64[letter] = handle;
  jobs.tryRemove(before);
  if (turn % 3 === 0) jobs.tryRemove(handle);
}
