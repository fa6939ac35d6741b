/**
 * How long does it take to pass an item from one thread to another?
 *
 * The main thread writes, a worker reads, on two processors; figures are nanoseconds for an item, both sides working at once, the best of some rounds. ringbuf.js is
 * the ring that web audio programs use; the C++ ring pushes one number at a time. Both processors may be far apart or near: that alone changes all figures
 * twofold, so trust ratios. On a machine with one processor to spare they mean nothing.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { ringChannel } from "../src/adapters/streams.ts";
import { messageRing, messageRingByteLength, ring, ringByteLength } from "../src/concurrent/index.ts";
import { type Memory, sharedMemory, u32 } from "../src/index.ts";
import { loadRival, option, report } from "./harness.ts";
import { buildRing, runNative } from "./native/build.ts";
import { Record64 } from "./ring/record.ts";

const ITEMS = option("items", 4_000_000);
const ROUNDS = option("rounds", 3);
const CAPACITY = 1 << 16;

/** Nanoseconds for an item, in the best round. */
async function best(
  items: number,
  data: () => { readonly workerData: object; readonly write: (worker: Worker) => void },
): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const { workerData, write } = data();
    const worker = new Worker(new URL("./ring/worker.js", import.meta.url), { workerData: { items, ...workerData } });
    await once(worker, "message");
    const ended = once(worker, "message");
    const started = performance.now();
    write(worker);
    await ended;
    least = Math.min(least, ((performance.now() - started) * 1e6) / items);
    await worker.terminate();
  }
  return least;
}

const numbers = (batch: number, items = ITEMS) =>
  best(items, () => {
    const memory = sharedMemory(ringByteLength(u32, { capacity: CAPACITY }));
    const producer = ring(memory, u32, { capacity: CAPACITY }).producer();
    const values = Uint32Array.from({ length: batch }, (_, at) => at);
    return {
      workerData: { kind: "numbers", batch, ticket: memory.ticket() },
      write: () => {
        if (batch === 1) for (let at = 0; at < items; at++) while (!producer.push(at));
        else
          for (let sent = 0; sent < items; )
            sent += producer.pushMany(values.length <= items - sent ? values : values.subarray(0, items - sent));
      },
    };
  });

const records = (batch: number, items: number) =>
  best(items, () => {
    const memory = sharedMemory(ringByteLength(Record64, { capacity: 4096 }));
    const producer = ring(memory, Record64, { capacity: 4096 }).producer();
    return {
      workerData: { kind: "records", batch, ticket: memory.ticket() },
      write: () => writeRecords(memory, producer, batch, items),
    };
  });

function writeRecords(
  memory: Memory,
  producer: ReturnType<ReturnType<typeof ring<typeof Record64>>["producer"]>,
  batch: number,
  items: number,
): void {
  for (let sent = 0; sent < items; ) {
    const chunk = producer.claim(Math.min(batch, items - sent));
    for (const { byteOffset, length } of chunk?.runs ?? []) {
      const rows = Record64.cursor(memory, byteOffset, length);
      for (let at = 0; at < length; at++) {
        const row = rows.at(at);
        row.f0 = at;
        row.f7 = at;
        row.g7 = at;
      }
    }
    sent += chunk?.length ?? 0;
    chunk?.commit();
  }
}

const messages = (byteLength: number, items: number, producers: number) =>
  best(items, () => {
    const shape = { byteCapacity: 1 << 20, producers };
    const memory = sharedMemory(messageRingByteLength(shape));
    const producer = messageRing(memory, shape).producer();
    const bytes = new Uint8Array(byteLength).fill(1);
    return {
      workerData: { kind: "messages", batch: 1, ticket: memory.ticket() },
      write: () => {
        for (let at = 0; at < items; at++) while (!producer.write(bytes));
      },
    };
  });

const posts = (make: (at: number) => unknown, items: number) =>
  best(items, () => ({
    workerData: { kind: "posts", batch: 1 },
    write: (worker) => {
      for (let at = 0; at < items; at++) worker.postMessage(make(at));
    },
  }));

const ports = (make: (at: number) => unknown, items: number) =>
  best(items, () => {
    const { port, ticket } = ringChannel();
    return {
      workerData: { kind: "posts", batch: 1, port: ticket },
      write: () => {
        for (let at = 0; at < items; at++) port.postMessage(make(at));
      },
    };
  });

const { RingBuffer } = await loadRival("ringbuf.js");
const rival = (batch: number, items = ITEMS) =>
  best(items, () => {
    const buffer = RingBuffer.getStorageForCapacity(CAPACITY, Uint32Array);
    const writer = new RingBuffer(buffer, Uint32Array);
    const values = Uint32Array.from({ length: batch }, (_, at) => at);
    return {
      workerData: { kind: "numbers", batch, buffer },
      write: () => {
        for (let sent = 0; sent < items; ) sent += writer.push(values, Math.min(batch, items - sent));
      },
    };
  });

const FEW = Math.ceil(ITEMS / 20);
const small = (at: number) => ({ id: at, name: "tick", price: 1.5 });
const [batched, single] = [await numbers(1024), await numbers(1, Math.ceil(ITEMS / 4))];
report({ bench: "ring", case: "u32, 1024 at once", unit: "ns", ours: batched, peer: await rival(1024), peerName: "ringbuf.js" });
report({
  bench: "ring",
  case: "u32, one at a time",
  unit: "ns",
  ours: single,
  peer: await rival(1, Math.ceil(ITEMS / 4)),
  peerName: "ringbuf.js",
});
const native = buildRing();
if ("missing" in native)
  report({ bench: "ring", case: "u32, 1024 at once", unit: "ns", ours: batched, note: `no C++ ring: ${native.missing}` });
else {
  const runs = Array.from({ length: ROUNDS }, () => runNative<{ nsPerItem: number }>(native, [ITEMS]).nsPerItem);
  report({
    bench: "ring",
    case: "u32, 1024 at once",
    unit: "ns",
    ours: batched,
    peer: Math.min(...runs),
    peerName: "C++, one at a time",
  });
}
const numbersPosted = await posts((at) => at, FEW);
report({
  bench: "ring",
  case: "u32, one at a time",
  unit: "ns",
  ours: single,
  peer: numbersPosted,
  peerName: "postMessage of a number",
});
const objectsPosted = await posts(small, FEW);
report({
  bench: "ring",
  case: "64-byte records, 16 at once",
  unit: "ns",
  ours: await records(16, FEW * 5),
  peer: objectsPosted,
  peerName: "postMessage of an object",
});
report({
  bench: "ring",
  case: "channel of small objects as JSON",
  unit: "ns",
  ours: await ports(small, FEW),
  peer: objectsPosted,
  peerName: "postMessage",
});
for (const byteLength of [16, 64, 256, 1024]) {
  const ns = await messages(byteLength, FEW * 2, 1);
  const many = await messages(byteLength, FEW * 2, 4);
  report({
    bench: "ring",
    case: `messages of ${byteLength} bytes`,
    unit: "GB/s",
    ours: byteLength / ns,
    note: `${ns.toFixed(0)} ns each; in a ring for several producers ${many.toFixed(0)} ns`,
  });
}
