import { parentPort, workerData } from "node:worker_threads";
import { attach } from "../../src/core/homes.ts";
import type { Ticket } from "../../src/core/ticket.ts";

/**
 * The other thread of `ticket-threads.test.ts`. Words of the memory: 0 = whose turn it is, 1 = what to add to it.
 * It waits on word 0, sums, grows the memory by a page, writes at the new end, and gives the turn back.
 */
const { ticket }: { ticket: Ticket } = workerData;
const memory = attach(ticket);
const result = Atomics.wait(memory.i32, 0, 0, 10_000);
const before = memory.byteLength;
memory.grow(before + 65_536);
memory.bytes(before, 65_536).fill(77);
memory.i32[2] = memory.i32[1] + 1;
Atomics.store(memory.i32, 0, 2);
Atomics.notify(memory.i32, 0);
parentPort?.postMessage({ result, home: memory.home, subject: memory.subject, before });
memory.close();
