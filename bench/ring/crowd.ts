import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { messageRing, messageRingByteLength, queue, queueByteLength, type WaitStrategy } from "../../src/concurrent/index.ts";
import { sharedMemory, u32 } from "../../src/index.ts";

export const CAPACITY = 1024;

export interface Crowd {
  readonly kind: "numbers" | "messages";
  readonly producers: number;
  readonly consumers: number;
  /** Numbers that are pushed and popped at once. Messages always come one by one. */
  readonly batch: number;
  readonly strategy: WaitStrategy;
}

/** Nanoseconds for an item of which workers push each a part, and others take them: numbers through a queue, or messages of 64 bytes. */
export async function crowd({ kind, producers, consumers, batch, strategy }: Crowd, items: number): Promise<number> {
  const shape = { byteCapacity: CAPACITY * 64, producers };
  const memory = sharedMemory(kind === "numbers" ? queueByteLength(u32, { capacity: CAPACITY }) : messageRingByteLength(shape));
  if (kind === "numbers") queue(memory, u32, { capacity: CAPACITY }).close();
  else messageRing(memory, shape);
  const start = new SharedArrayBuffer(4);
  const part = (role: "push" | "pop", share: number): Worker =>
    new Worker(new URL("./crowd.worker.js", import.meta.url), {
      workerData: { kind, role, strategy, batch, start, items: items / share, ticket: memory.ticket() },
    });
  const workers = [
    ...Array.from({ length: producers }, () => part("push", producers)),
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
