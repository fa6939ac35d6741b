/**
 * A shared table with one thread and with two: how much more two read, and read and write nine to one, in the same time. Needs two processors that are free; on a busy
 * machine the figures say more of the machine.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { attach, attachSharedHashTable, MiB, sharedHashTable, sharedMemory, type Ticket, text, u32 } from "../src/index.ts";
import { option, report } from "./harness.ts";

const ENTRIES = 200_000;
const SECONDS = option("seconds", 1);

interface Order {
  readonly ticket: Ticket;
  readonly gate: SharedArrayBuffer;
  readonly writes: number;
  readonly seed: number;
}

/** The worker, as text: it is started from the compiled file of this benchmark with `order`. */
const { isMainThread, workerData, parentPort } = await import("node:worker_threads");
if (!isMainThread) {
  const { ticket, gate, writes, seed }: Order = workerData;
  const table = attachSharedHashTable(attach(ticket), { key: text, value: u32 });
  const names = Array.from({ length: 50_000 }, (_, index) => `key ${(index * 7 + seed) % ENTRIES}`);
  const stop = new Int32Array(gate);
  for (let turn = 0; turn < 50_000; turn++) table.get(names[turn]);
  parentPort?.postMessage("ready");
  Atomics.wait(stop, 0, 0);
  let operations = 0;
  while (Atomics.load(stop, 0) === 1) {
    for (let turn = 0; turn < 500; turn++, operations++) {
      const name = names[operations % names.length];
      if (operations % 100 < writes) table.set(name, operations);
      else table.get(name);
    }
  }
  parentPort?.postMessage(operations);
} else {
  const memory = sharedMemory(0, { maxByteLength: MiB(256) });
  const table = sharedHashTable(memory, { key: text, value: u32, capacity: ENTRIES, shards: 256 });
  for (let index = 0; index < ENTRIES; index++) table.set(`key ${index}`, index);
  for (const [title, writes] of [
    ["read", 0],
    ["read 90, write 10", 10],
  ] as const) {
    const one = await operationsOf(1, writes);
    const two = await operationsOf(2, writes);
    report({
      bench: "hash-table-shared",
      case: `${title}, two threads`,
      unit: "Mop/s",
      ours: two / SECONDS / 1e6,
      peer: one / SECONDS / 1e6,
      peerName: "one thread",
    });
  }

  async function operationsOf(threads: number, writes: number): Promise<number> {
    const gate = new SharedArrayBuffer(4);
    const workers = Array.from({ length: threads }, (_, at) => {
      const order: Order = { ticket: memory.ticket(), gate, writes, seed: at * 31_337 };
      return new Worker(new URL(import.meta.url), { workerData: order });
    });
    await Promise.all(workers.map((worker) => once(worker, "message")));
    const stop = new Int32Array(gate);
    const answers = workers.map((worker) => once(worker, "message"));
    Atomics.store(stop, 0, 1);
    Atomics.notify(stop, 0);
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
    Atomics.store(stop, 0, 2);
    const counts = await Promise.all(answers);
    for (const worker of workers) await worker.terminate();
    table.recover();
    return counts.reduce((sum, [count]) => sum + Number(count), 0);
  }
}
