import { parentPort, workerData } from "node:worker_threads";
import { attachPort, type RingPortTicket } from "../../src/adapters/streams.ts";
import { attachMessageRing, attachRing } from "../../src/concurrent/index.ts";
import { attach, type Ticket, u32 } from "../../src/index.ts";
import { loadRival } from "../harness.ts";
import { Record64 } from "./record.ts";

/** The reading side of every case: takes what comes until it has `items`, and tells the sum. */
const data: { kind: string; items: number; batch: number; ticket?: Ticket; port?: RingPortTicket; buffer?: SharedArrayBuffer } =
  workerData;
const { kind, items, batch } = data;
let sum = 0;
let count = 0;
const done = () => parentPort?.postMessage({ done: true, sum });

if (data.ticket !== undefined) {
  const memory = attach(data.ticket);
  parentPort?.postMessage("ready");
  if (kind === "messages") {
    const consumer = attachMessageRing(memory).consumer();
    while (count < items) {
      count += consumer.read((message) => {
        sum += memory.u8[message.byteOffset];
      });
    }
  } else if (kind === "records") {
    const consumer = attachRing(memory, Record64).consumer();
    while (count < items) {
      const ready = Math.min(consumer.available(), batch);
      const chunk = ready > 0 ? consumer.claim(ready) : undefined;
      for (const { byteOffset, length } of chunk?.runs ?? []) {
        const rows = Record64.cursor(memory, byteOffset, length);
        for (let at = 0; at < length; at++) sum += rows.at(at).f0;
      }
      chunk?.commit();
      count += ready;
    }
  } else if (batch === 1) {
    const consumer = attachRing(memory, u32).consumer();
    while (count < items) {
      const value = consumer.pop();
      if (value === undefined) continue;
      sum += value;
      count += 1;
    }
  } else {
    const consumer = attachRing(memory, u32).consumer();
    const taken = new Uint32Array(batch);
    while (count < items) {
      const got = consumer.popInto(taken);
      for (let at = 0; at < got; at++) sum += taken[at];
      count += got;
    }
  }
  done();
} else if (data.buffer !== undefined) {
  const { RingBuffer } = await loadRival("ringbuf.js");
  const ring = new RingBuffer(data.buffer, Uint32Array);
  const taken = new Uint32Array(batch);
  parentPort?.postMessage("ready");
  while (count < items) {
    const got = ring.pop(taken);
    for (let at = 0; at < got; at++) sum += taken[at];
    count += got;
  }
  done();
} else {
  const hear = (value: number | { id: number }) => {
    sum += typeof value === "number" ? value : value.id;
    count += 1;
    if (count === items) done();
  };
  if (data.port !== undefined) attachPort(data.port).on("message", (value) => hear(value as number | { id: number }));
  else parentPort?.on("message", hear);
  parentPort?.postMessage("ready");
}
