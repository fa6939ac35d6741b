import { parentPort, workerData } from "node:worker_threads";
import {
  attachMessageRing,
  attachQueue,
  messageRing,
  messageRingByteLength,
  queue,
  queueByteLength,
  type WaitStrategy,
} from "../../src/concurrent/index.ts";
import { attach, sharedMemory, type Ticket, u32 } from "../../src/index.ts";

interface Task {
  readonly kind: "numbers" | "messages";
  readonly role: "push" | "pop";
  readonly items: number;
  readonly batch: number;
  readonly ticket: Ticket;
  readonly start: SharedArrayBuffer;
  readonly strategy: WaitStrategy;
}

const { kind, role, items, batch, ticket, start, strategy }: Task = workerData;
const memory = attach(ticket);
const bytes = new Uint8Array(64);
/** So many items this worker passes to itself before it is measured: V8 takes some tenths of a second to compile what is hot, longer where no processor is idle. */
const WARMING = 200_000;
const FEW = 256;

function warmNumbers(): void {
  const own = sharedMemory(queueByteLength(u32, { capacity: FEW }));
  const jobs = queue(own, u32, { capacity: FEW });
  const some = new Uint32Array(batch);
  const options = { strategy };
  for (let done = 0; done < WARMING; done += FEW) {
    for (let at = 0; at < FEW / 2; at++) jobs.pushWait(at, options);
    for (let at = 0; at < FEW / 2; at++) jobs.popWait(options);
    for (let at = batch; at <= FEW; at += batch) jobs.pushMany(some);
    while (jobs.popInto(some) > 0);
  }
}

function warmMessages(): void {
  const shape = { byteCapacity: FEW * 64, producers: 4 };
  const own = messageRing(sharedMemory(messageRingByteLength(shape)), shape);
  const [producer, consumer] = [own.producer(), own.consumer()];
  let sum = 0;
  for (let done = 0; done < WARMING; done += FEW) {
    for (let at = 0; at < FEW; at++) producer.writeWait(bytes, at, { strategy });
    consumer.waitReady({ strategy });
    while (
      consumer.read((message) => {
        sum += message.type;
      }) > 0
    );
  }
  if (sum < 0) throw new Error("it counts what it must read");
}

function numbers(): void {
  warmNumbers();
  const jobs = attachQueue(memory, u32);
  const options = { strategy };
  const values = new Uint32Array(batch);
  begin();
  if (batch === 1) {
    for (let at = 0; at < items; at++)
      if (role === "push") jobs.pushWait(at, options);
      else jobs.popWait(options);
    return;
  }
  for (let left = items; left > 0; ) {
    const some = left < batch ? values.subarray(0, left) : values;
    const passed = role === "push" ? jobs.pushMany(some) : jobs.popInto(some);
    left -= passed;
    if (passed > 0) continue;
    if (role === "push") jobs.pushWait(0, options);
    else jobs.popWait(options);
    left -= 1;
  }
}

function messages(): void {
  warmMessages();
  const ring = attachMessageRing(memory);
  if (role === "push") {
    const producer = ring.producer();
    begin();
    for (let at = 0; at < items; at++) producer.writeWait(bytes, at, { strategy });
  } else {
    const consumer = ring.consumer();
    let sum = 0;
    begin();
    for (let taken = 0; taken < items; ) {
      consumer.waitReady({ strategy });
      taken += consumer.read((message) => {
        sum += message.type;
      });
    }
    if (sum < 0) throw new Error("it counts what it must read");
  }
}

function begin(): void {
  parentPort?.postMessage("ready");
  Atomics.wait(new Int32Array(start), 0, 0);
}

if (kind === "numbers") numbers();
else messages();
parentPort?.postMessage("done");
