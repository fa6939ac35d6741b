import { ringChannel } from "../../src/adapters/streams.ts";
import { messageRing, messageRingByteLength, ring, ringByteLength } from "../../src/concurrent/index.ts";
import { sharedMemory, u32 } from "../../src/index.ts";
import { loadRival } from "../harness.ts";
import type { Way } from "./race.ts";
import { Record64, WORDS } from "./record.ts";

const CAPACITY = 1 << 16;
const RECORDS = CAPACITY / WORDS;
const { RingBuffer } = await loadRival("ringbuf.js");

/** u32 numbers through our ring, so many at once. */
export function numbers(batch: number, items: number): Way {
  const memory = sharedMemory(ringByteLength(u32, { capacity: CAPACITY }));
  const producer = ring(memory, u32, { capacity: CAPACITY }).producer();
  const values = Uint32Array.from({ length: batch }, (_, at) => at);
  return {
    items,
    workerData: { kind: "numbers", batch, ticket: memory.ticket() },
    write() {
      if (batch === 1) for (let at = 0; at < items; at++) while (!producer.push(at));
      else
        for (let sent = 0; sent < items; )
          sent += producer.pushMany(values.length <= items - sent ? values : values.subarray(0, items - sent));
    },
  };
}

/** The same one at a time, where each side tells the other of so many at once. */
export function pushes(flushEvery: number, items: number): Way {
  const memory = sharedMemory(ringByteLength(u32, { capacity: CAPACITY }));
  const producer = ring(memory, u32, { capacity: CAPACITY }).producer({ flushEvery });
  return {
    items,
    workerData: { kind: "numbers", batch: 1, flushEvery, ticket: memory.ticket() },
    write() {
      for (let at = 0; at < items; at++) while (!producer.push(at));
      producer.flush();
    },
  };
}

/** Records of 64 bytes, written and read in place, so many at once. */
export function records(batch: number, items: number): Way {
  const memory = sharedMemory(ringByteLength(Record64, { capacity: RECORDS }));
  const producer = ring(memory, Record64, { capacity: RECORDS }).producer();
  return {
    items,
    workerData: { kind: "records", batch, ticket: memory.ticket() },
    write() {
      let at = 0;
      while (at < items) {
        producer.fill(
          (record) => {
            record.f0 = at;
            record.f7 = at;
            record.g7 = at;
            at += 1;
          },
          Math.min(batch, items - at),
        );
      }
    },
  };
}

/** The same elements through ringbuf.js: `width` of 32 bits make an item. */
export function ringbufJs(width: number, batch: number, items: number): Way {
  const buffer = RingBuffer.getStorageForCapacity(CAPACITY, Uint32Array);
  const writer = new RingBuffer(buffer, Uint32Array);
  const values = Uint32Array.from({ length: batch * width }, (_, at) => at);
  return {
    items,
    workerData: { kind: "ringbuf.js", batch, width, buffer },
    write() {
      for (let left = items * width; left > 0; ) left -= writer.push(values, Math.min(values.length, left));
    },
  };
}

/** Messages of so many bytes, so many at once. */
export function messages(byteLength: number, batch: number, producers: number, items: number): Way {
  const shape = { byteCapacity: 1 << 18, producers };
  const memory = sharedMemory(messageRingByteLength(shape));
  const producer = messageRing(memory, shape).producer();
  const bytes = new Uint8Array(byteLength).fill(1);
  const several = Array.from({ length: batch }, () => bytes);
  return {
    items,
    workerData: { kind: "messages", batch, ticket: memory.ticket() },
    write() {
      if (batch === 1) for (let at = 0; at < items; at++) while (!producer.write(bytes));
      else for (let at = 0; at < items; at += batch) while (!producer.writeMany(several));
    },
  };
}

/** What a program has today. */
export function posts(make: (at: number) => unknown, items: number): Way {
  return {
    items,
    workerData: { kind: "posts", batch: 1 },
    write(worker) {
      for (let at = 0; at < items; at++) worker.postMessage(make(at));
    },
  };
}

/** The same through our channel in its place. */
export function ports(make: (at: number) => unknown, items: number): Way {
  const { port, ticket } = ringChannel();
  return {
    items,
    workerData: { kind: "posts", batch: 1, port: ticket },
    write() {
      for (let at = 0; at < items; at++) port.postMessage(make(at));
    },
  };
}

/** Nanoseconds for the copies alone of messages of so many bytes: into a ring's bytes, and a look at one of them. */
export function copies(byteLength: number, items: number): number {
  const { u8 } = sharedMemory(1 << 18);
  const bytes = new Uint8Array(byteLength).fill(1);
  const stride = Math.max(64, byteLength);
  let sum = 0;
  const started = performance.now();
  for (let at = 0, to = 0; at < items; at++) {
    u8.set(bytes, to);
    sum += u8[to];
    to = to + 2 * stride > u8.length ? 0 : to + stride;
  }
  if (sum !== items) throw new Error("the copies are wrong");
  return ((performance.now() - started) * 1e6) / items;
}
