import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { messageRing, messageRingByteLength, queue, queueByteLength, type WaitStrategy } from "../../src/concurrent/index.ts";
import { sharedMemory, u32 } from "../../src/index.ts";

export const CAPACITY = 1024;
const PRODUCERS = 2;

/** Nanoseconds for an item of which two workers push each a half, and one or two others take them: numbers through a queue, or messages of 64 bytes. */
export async function crowd(
  kind: "numbers" | "messages",
  consumers: number,
  items: number,
  strategy: WaitStrategy,
): Promise<number> {
  const shape = { byteCapacity: CAPACITY * 64, producers: PRODUCERS };
  const memory = sharedMemory(kind === "numbers" ? queueByteLength(u32, { capacity: CAPACITY }) : messageRingByteLength(shape));
  if (kind === "numbers") queue(memory, u32, { capacity: CAPACITY }).close();
  else messageRing(memory, shape);
  const start = new SharedArrayBuffer(4);
  const part = (role: "push" | "pop", share: number): Worker =>
    new Worker(new URL("./crowd.worker.js", import.meta.url), {
      workerData: { kind, role, strategy, start, items: items / share, ticket: memory.ticket() },
    });
  const workers = [
    ...Array.from({ length: PRODUCERS }, () => part("push", PRODUCERS)),
    ...Array.from({ length: consumers }, () => part("pop", consumers)),
  ];
  await Promise.all(workers.map((worker) => once(worker, "message")));
  // Not their ends, which take longer than all the rest.
  const done = Promise.all(workers.map((worker) => once(worker, "message")));
  const started = performance.now();
  Atomics.store(new Int32Array(start), 0, 1);
  Atomics.notify(new Int32Array(start), 0);
  await done;
  const ns = ((performance.now() - started) * 1e6) / items;
  await Promise.all(workers.map((worker) => worker.terminate()));
  return ns;
}
