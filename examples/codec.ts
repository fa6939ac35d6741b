/**
 * A channel whose messages are MessagePack: `node .build/examples/codec.js`
 *
 * The worker is this file again. Both sides name the same codec, and nothing else changes.
 */
import { once } from "node:events";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { pack, unpack } from "msgpackr";
import { attachPort, type Codec, ringChannel } from "offheap/adapters/streams";

const codec: Codec = { encode: pack, decode: (bytes) => unpack(Buffer.from(bytes)) };

interface Order {
  readonly id: number;
  readonly at: Date;
  readonly parts: Readonly<Record<string, number>>;
}

interface Answer {
  readonly id: number;
  readonly total: number;
  readonly year: number;
}

if (isMainThread) {
  const { port, ticket } = ringChannel({ codec });
  const worker = new Worker(new URL(import.meta.url), { workerData: ticket });
  const order: Order = { id: 7, at: new Date(0), parts: { bolt: 1, nut: 2 } };
  port.postMessage(order);
  const [answer]: Answer[] = await once(port, "message");
  console.log(`order ${answer.id} of ${answer.year} has ${answer.total} parts`);
  port.close();
  await once(worker, "exit");
} else {
  const port = attachPort(workerData, { codec });
  port.on("message", ({ id, at, parts }: Order) => {
    const total = Object.values(parts).reduce((sum, count) => sum + count, 0);
    port.postMessage({ id, total, year: at.getUTCFullYear() });
  });
}
