import assert from "node:assert/strict";
import { once } from "node:events";
import { pipeline as pipe } from "node:stream/promises";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import {
  attachPort,
  cloneCodec,
  readable,
  readableStream,
  ringChannel,
  writable,
  writableStream,
} from "../../src/adapters/streams.ts";
import { messageRing, messageRingByteLength, ring, ringByteLength } from "../../src/concurrent/index.ts";
import { sharedMemory, struct, u32, utf8 } from "../../src/index.ts";

const Tick = struct("Tick", { id: u32, symbol: utf8(8) });

function values(capacity: number) {
  const made = ring(sharedMemory(ringByteLength(Tick, { capacity })), Tick, { capacity });
  return { producer: made.producer(), consumer: made.consumer() };
}

function messages(byteCapacity: number) {
  const made = messageRing(sharedMemory(messageRingByteLength({ byteCapacity })), { byteCapacity });
  return { producer: made.producer(), consumer: made.consumer() };
}

const ticks = Array.from({ length: 100 }, (_, id) => ({ id, symbol: `s${id}` }));

describe("streams over rings", () => {
  it("pass objects as Node streams, no faster than they are read", async () => {
    const { producer, consumer } = values(4);
    const seen: unknown[] = [];
    await Promise.all([
      pipe(ticks, writable(producer)),
      (async () => {
        for await (const tick of readable(consumer)) {
          seen.push(tick);
          if (seen.length % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        }
      })(),
    ]);
    assert.deepEqual(seen, ticks);
    assert.ok(producer.closed && consumer.closed);
  });

  it("pass bytes as Node streams, chunks of any length", async () => {
    const { producer, consumer } = messages(1024);
    const chunks = [Buffer.alloc(0), Buffer.from("abc"), Buffer.alloc(5000, "x"), Buffer.from("größe")];
    const seen: Buffer[] = [];
    await Promise.all([
      pipe(chunks.slice(1), writable(producer)),
      (async () => {
        for await (const chunk of readable(consumer)) seen.push(chunk as Buffer);
      })(),
    ]);
    assert.deepEqual(Buffer.concat(seen), Buffer.concat(chunks));
  });

  it("pass chunks of all lengths that wait for room together, in order and each its own", async () => {
    const { producer, consumer } = messages(1024);
    const chunks = Array.from({ length: 300 }, (_, at) => Buffer.alloc((at * 37) % 130, at));
    chunks[100] = Buffer.alloc(5000, "x");
    const stream = writable(producer);
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
    const seen: Uint8Array[] = [];
    for await (const message of consumer) seen.push(message.bytes());
    assert.deepEqual(Buffer.concat(seen), Buffer.concat(chunks));
    assert.deepEqual(
      seen.slice(0, 100).map(({ length }) => length),
      chunks.slice(0, 100).map(({ length }) => length),
    );
  });

  it("pass both as web streams", async () => {
    const objects = values(4);
    const seen: unknown[] = [];
    await Promise.all([
      (async () => {
        const writer = writableStream(objects.producer).getWriter();
        for (const tick of ticks) await writer.write(tick);
        await writer.close();
      })(),
      (async () => {
        for await (const tick of readableStream(objects.consumer)) seen.push(tick);
      })(),
    ]);
    assert.deepEqual(seen, ticks);
    const bytes = messages(256);
    const writer = writableStream(bytes.producer).getWriter();
    const parts: Uint8Array[] = [];
    const reading = (async () => {
      for await (const part of readableStream(bytes.consumer)) parts.push(part);
    })();
    await writer.write(new TextEncoder().encode("hello ".repeat(100)));
    await writer.close();
    await reading;
    assert.equal(Buffer.concat(parts).toString(), "hello ".repeat(100));
  });

  it("end with an error when the other side goes, and refuse what does not fit", async () => {
    const { producer, consumer } = values(1);
    const stream = writable(producer);
    stream.write({ id: 1 });
    consumer.close();
    stream.write({ id: 2 });
    const [error] = await once(stream, "error");
    assert.match(String(error), /consumer of the ring is gone/);
    for (const bytes of [10, 5000]) {
      const { producer, consumer } = messages(256);
      const sender = writable(producer);
      for (let chunk = 0; chunk < 5; chunk++) sender.write(Buffer.alloc(bytes));
      setTimeout(() => consumer.close(), 1);
      const [lost] = await once(sender, "error");
      assert.match(String(lost), /consumer of the ring is gone/);
    }
    const other = values(1);
    const bad = writable(other.producer);
    bad.write({ id: -1 });
    const [refused] = await once(bad, "error");
    assert.match(String(refused), /cannot hold -1/);
    const reading = readable(other.consumer);
    reading.destroy();
    await once(reading, "close");
    assert.ok(other.consumer.closed);
  });
});

describe("a channel of rings", () => {
  it("stands where a MessageChannel would, for messages of any length", async () => {
    const { port, ticket } = ringChannel({ byteCapacity: 1024 });
    const other = attachPort(ticket);
    const seen: unknown[] = [];
    const all = new Promise<void>((resolve) => {
      other.on("message", (message) => {
        seen.push(message);
        if (seen.length === 200) resolve();
      });
    });
    const sent = Array.from({ length: 200 }, (_, number) => ({ number, text: "ü".repeat(number * 7), nested: [null, true] }));
    for (const message of sent) port.postMessage(message);
    await all;
    assert.deepEqual(seen, sent);
    assert.throws(() => attachPort(ticket), /seat|has a consumer/);
    const closed = once(other, "close");
    port.close();
    await closed;
    port.postMessage("nobody hears");
    other.close();
  });

  it("carries what another codec makes of messages, and tells what it throws", async () => {
    const codec = {
      encode: (value: unknown) => new TextEncoder().encode(`<${String(value)}>`),
      decode: (bytes: Uint8Array) => {
        const text = Buffer.from(bytes).toString();
        if (text === "<bad>") throw new Error("bad");
        return text;
      },
    };
    const { port, ticket } = ringChannel({ codec });
    const other = attachPort(ticket, { codec });
    const failed = once(other, "messageerror");
    const message = once(other, "message");
    port.postMessage("bad");
    port.postMessage("good");
    assert.match(String((await failed)[0]), /bad/);
    assert.deepEqual(await message, ["<good>"]);
    // Nobody listens for messages any more.
    other.ref();
    port.close();
    await once(other, "close");
  });

  it("talks to a worker that has changed one line", async () => {
    const { port, ticket } = ringChannel();
    const worker = new Worker(new URL("./echo.worker.js", import.meta.url), { workerData: { port: ticket } });
    const answers: unknown[] = [];
    const done = new Promise<void>((resolve) => {
      port.on("message", (answer) => {
        answers.push(answer);
        if (answers.length === 1000) resolve();
      });
    });
    for (let number = 0; number < 1000; number++) port.postMessage({ number });
    await done;
    assert.deepEqual(answers[999], { echo: { number: 999 } });
    const exited = once(worker, "exit");
    port.close();
    assert.deepEqual(await exited, [0]);
  });

  it("has the ways of a MessagePort: onmessage, listeners with events, once, off, and a close that both sides hear", async () => {
    const { port, ticket } = ringChannel();
    const other = attachPort(ticket);
    const seen: unknown[] = [];
    const listener = (event: { readonly data?: unknown }) => seen.push(["listener", event.data]);
    other.addEventListener("message", listener);
    other.addEventListener("message", listener);
    other.onmessage = ({ type, data }) => seen.push([type, data]);
    port.postMessage(1);
    await once(other, "message");
    assert.deepEqual(seen, [
      ["listener", 1],
      ["message", 1],
    ]);
    other.removeEventListener("message", listener);
    other.onmessage = null;
    assert.equal(other.onmessage, null);
    const next = once(other, "message");
    port.postMessage(2);
    assert.deepEqual(await next, [2]);
    assert.equal(seen.length, 2);
    const closed = new Promise((resolve) => other.addEventListener("close", resolve));
    other.ref();
    port.close();
    await closed;
    assert.equal(port.listenerCount("message"), 0);
  });

  it("refuses to transfer, and tells what to do", () => {
    const { port } = ringChannel();
    const bytes = new ArrayBuffer(8);
    assert.throws(() => port.postMessage(bytes, [bytes]), { code: "unsupported", message: /transferList=1.*copied/ });
    assert.throws(() => port.postMessage(1n), TypeError);
    port.close();
  });

  it("sends structured clones with that codec", async () => {
    const { port, ticket } = ringChannel({ codec: cloneCodec });
    const other = attachPort(ticket, { codec: cloneCodec });
    const value: Record<string, unknown> = {
      ...{
        map: new Map([[1, new Set(["a"])]]),
        at: new Date(0),
        big: 2n ** 70n,
        nothing: undefined,
        floats: Float64Array.of(1, 2),
      },
    };
    value.self = value;
    const message = once(other, "message");
    port.postMessage(value);
    assert.deepEqual(await message, [value]);
    port.close();
  });

  it("holds the process while somebody listens, and not when it was told so", () => {
    const { port } = ringChannel();
    assert.equal(port.hasRef(), false);
    const listener = () => {};
    port.on("message", listener);
    assert.equal(port.hasRef(), true);
    port.off("message", listener);
    assert.equal(port.hasRef(), false);
    port.on("message", listener);
    port.unref();
    assert.equal(port.hasRef(), false);
    port.ref();
    assert.equal(port.hasRef(), true);
    port.close();
    assert.equal(port.hasRef(), false);
    port.ref();
    assert.equal(port.hasRef(), false);
  });

  for (const [title, work, hears] of [
    ["a worker that ends closes its port", "", true],
    ["a worker with an unreferenced port ends", "port.on('message', () => {}); port.unref();", true],
    ["a worker that listens stays until the other side closes", "port.on('message', () => {});", false],
  ] as const) {
    it(title, { timeout: 60_000 }, async () => {
      const { port, ticket } = ringChannel();
      const streams = new URL("../../src/adapters/streams.js", import.meta.url).href;
      const script = `import { workerData } from "node:worker_threads";
        import { attachPort } from ${JSON.stringify(streams)};
        const port = attachPort(workerData.port);
        port.postMessage("here");
        ${work}`;
      const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), { workerData: { port: ticket } });
      const exited = once(worker, "exit");
      const closed = once(port, "close");
      assert.deepEqual(await once(port, "message"), ["here"]);
      // Nobody listens here any more.
      port.ref();
      if (hears) await closed;
      else port.close();
      assert.deepEqual(await exited, [0]);
    });
  }
});
