import { parentPort, workerData } from "node:worker_threads";
import { attachPort, type RingPortTicket } from "../../src/adapters/streams.ts";
import { attachMessageRing, attachRing } from "../../src/concurrent/index.ts";
import { attach, type Memory, type Ticket, u32 } from "../../src/index.ts";
import { loadRival } from "../harness.ts";
import { BEGUN, DONE } from "./race.ts";
import { Record64 } from "./record.ts";

/** The reading side of every way: in each round takes what comes until it has `items`. */
interface Task {
  readonly kind: "numbers" | "records" | "messages" | "ringbuf.js" | "posts";
  readonly items: number;
  readonly words: Int32Array;
  /** So many at once. */
  readonly batch: number;
  /** The other side is told of so many at once. */
  readonly flushEvery?: number;
  /** Elements of an item. */
  readonly width?: number;
  readonly ticket?: Ticket;
  readonly port?: RingPortTicket;
  readonly buffer?: SharedArrayBuffer;
}

const { kind, items, words, batch, flushEvery, width = 1, ticket, port, buffer }: Task = workerData;
/** What was read, so that reading it cannot be left out. */
let sum = 0;

if (ticket !== undefined) readRounds(readerOf(attach(ticket)));
else if (buffer !== undefined) readRounds(await rivalReader(buffer));
else hear();

function readRounds(read: () => void): void {
  parentPort?.postMessage("ready");
  for (let round = 1; ; round++) {
    Atomics.wait(words, BEGUN, round - 1);
    read();
    Atomics.store(words, DONE, round);
    Atomics.store(words, 32, sum);
  }
}

function readerOf(memory: Memory): () => void {
  if (kind === "messages") {
    const consumer = attachMessageRing(memory).consumer();
    return () => {
      for (let count = 0; count < items; ) {
        count += consumer.read((message) => {
          sum += memory.u8[message.byteOffset];
        });
      }
    };
  }
  if (kind === "records") {
    const consumer = attachRing(memory, Record64).consumer();
    return () => {
      for (let count = 0; count < items; ) {
        count += consumer.drain((record) => {
          sum += record.f0;
        }, batch);
      }
    };
  }
  const consumer = attachRing(memory, u32).consumer(flushEvery === undefined ? {} : { flushEvery });
  if (batch === 1) {
    return () => {
      for (let count = 0; count < items; ) {
        const value = consumer.pop();
        if (value === undefined) continue;
        sum += value;
        count += 1;
      }
    };
  }
  const taken = new Uint32Array(batch);
  return () => {
    for (let count = 0; count < items; ) {
      const got = consumer.popInto(taken);
      for (let at = 0; at < got; at++) sum += taken[at];
      count += got;
    }
  };
}

async function rivalReader(storage: SharedArrayBuffer): Promise<() => void> {
  const { RingBuffer } = await loadRival("ringbuf.js");
  const ring = new RingBuffer(storage, Uint32Array);
  const taken = new Uint32Array(batch * width);
  return () => {
    for (let count = 0; count < items * width; ) {
      const got = ring.pop(taken);
      for (let at = 0; at < got; at += width) sum += taken[at];
      count += got;
    }
  };
}

function hear(): void {
  let count = 0;
  let round = 1;
  const take = (value: unknown): void => {
    sum += typeof value === "number" ? value : (value as { readonly id: number }).id;
    count += 1;
    if (count < items) return;
    count = 0;
    Atomics.store(words, DONE, round++);
  };
  if (port !== undefined) attachPort(port).on("message", take);
  else parentPort?.on("message", take);
  parentPort?.postMessage("ready");
}
