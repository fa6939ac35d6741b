import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { attachRing, ring, ringByteLength } from "../../src/concurrent/index.ts";
import { type Memory, sharedMemory, u32 } from "../../src/index.ts";
import { mapFile } from "../../src/mapped/index.ts";
import { endOf, messageOf, moduleUrl, startChild } from "./child.ts";
import { attachStage, isWhole, makeStage, STAGE_BYTES } from "./ring-life.ts";

const PARTS = [0, 1];
/** Somebody who is alive brings something within that time, on the busiest machine. */
const PATIENCE_MS = 30_000;

interface Life {
  readonly identity: number;
  kill(): Promise<void>;
}

/** Kills one of two lives after another at random moments, and checks each time that nothing is torn and everything goes on. */
async function strain(memory: Memory, kills: number, start: (part: number) => Promise<Life>): Promise<number> {
  makeStage(memory);
  const alive = new Set<number>([1]);
  const isAlive = (identity: number) => alive.has(identity);
  const { messages, items, numbers } = attachStage(memory, { identity: 1, isAlive });
  const consumer = messages.consumer({ identity: 1, isAlive });
  const numbersOut = numbers.consumer({ identity: 1, isAlive });
  let last = -1;
  let count = 0;
  const begin = async (part: number) => {
    const life = await start(part);
    alive.add(life.identity);
    if (part === 0) last = -1;
    return life;
  };
  const look = (): { readonly messages: number; readonly numbers: number } => {
    const seen = consumer.read((message) => {
      assert.ok(message.bytes().every((byte) => byte === message.type));
    });
    if (seen === 0) consumer.unblock();
    const passed = numbersOut.drain((item) => {
      assert.ok(isWhole(item));
      // A ring keeps the order; a new producer begins anew.
      assert.ok(item.number > last || item.number === 0 || last === -1);
      last = item.number;
    });
    const item = items.pop();
    if (item !== undefined) assert.ok(isWhole(item));
    for (const rescued of items.recover()) assert.ok(isWhole(rescued));
    count += seen + passed;
    return { messages: seen, numbers: passed };
  };
  const goesOn = async () => {
    const until = performance.now() + PATIENCE_MS;
    for (let got = 0; got < 3; ) {
      if (look().messages > 0) got += 1;
      assert.ok(performance.now() < until, "nothing comes any more");
      if (got === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
  };
  const lives = [await begin(0), await begin(1)];
  try {
    for (let kill = 0; kill < kills; kill++) {
      const part = PARTS[kill % 2];
      await goesOn();
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
      await lives[part].kill();
      alive.delete(lives[part].identity);
      await goesOn();
      consumer.recover();
      lives[part] = await begin(part);
    }
  } finally {
    for (const life of lives) {
      await life.kill();
      alive.delete(life.identity);
    }
  }
  // With nobody left all that is whole comes out, and what remains is sound.
  consumer.recover();
  for (let round = 0; round < 200; round++) look();
  while (items.pop() !== undefined);
  assert.deepEqual(messages.checkInvariants(), []);
  assert.deepEqual(items.checkInvariants(), []);
  assert.deepEqual(numbers.checkInvariants(), []);
  assert.equal(messages.usedByteLength, 0);
  return count;
}

export async function strainByTerminate(kills: number): Promise<number> {
  using memory = sharedMemory(STAGE_BYTES);
  let identity = 1;
  return await strain(memory, kills, async (part) => {
    identity += 1;
    const workerData = { ticket: memory.ticket(), part, identity };
    const worker = new Worker(new URL("./ring-life.worker.js", import.meta.url), { workerData });
    await once(worker, "message");
    return {
      identity,
      kill: async () => {
        await worker.terminate();
      },
    };
  });
}

export async function strainByKill(kills: number, directory: string): Promise<number> {
  const path = join(directory, "stage");
  using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: STAGE_BYTES });
  const life = new URL("./ring-life.js", import.meta.url).href;
  return await strain(memory, kills, async (part) => {
    const child = startChild(
      `import { live } from ${JSON.stringify(life)};
       live(mapped.mapFile(args[0], { mode: "readWrite" }), Number(args[1]), process.pid, () => process.send("alive"));`,
      { directory, args: [path, String(part)] },
    );
    const ended = endOf(child);
    await messageOf(child);
    return {
      identity: child.pid ?? 0,
      kill: async () => {
        child.kill("SIGKILL");
        await ended;
      },
    };
  });
}

/** The number at a place of the sequence that passes between two processes. */
const STEP = 0x9e37_79b9;

/** Sends so many numbers from another process through a ring in a file, and checks each of them. Returns nanoseconds for each. */
export async function passItems(items: number, directory: string): Promise<number> {
  const capacity = 1 << 16;
  const path = join(directory, "items");
  using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: ringByteLength(u32, { capacity }) });
  ring(memory, u32, { capacity });
  const child = startChild(
    `import { attachRing } from ${JSON.stringify(moduleUrl("concurrent/index.js"))};
     import { u32 } from ${JSON.stringify(moduleUrl("index.js"))};
     const producer = attachRing(mapped.mapFile(args[0], { mode: "readWrite" }), u32).producer({ identity: process.pid });
     process.send("ready");
     const items = Number(args[1]);
     let value = 0;
     for (let sent = 0; sent < items; ) {
       producer.waitReady({ strategy: "yield" });
       const chunk = producer.claim(Math.min(items - sent, producer.room(), 4096));
       for (const slice of chunk.slices()) {
         for (let at = 0; at < slice.length; at++) { value = (value + ${STEP}) >>> 0; slice[at] = value; }
       }
       sent += chunk.length;
       chunk.commit();
     }
     producer.close();`,
    { directory, args: [path, String(items)] },
  );
  const ended = endOf(child);
  const consumer = attachRing(memory, u32).consumer({ identity: process.pid });
  await messageOf(child);
  const started = performance.now();
  const batch = new Uint32Array(4096);
  let value = 0;
  let passed = 0;
  while (consumer.waitReady({ strategy: "yield", timeoutMs: PATIENCE_MS })) {
    const count = consumer.popInto(batch);
    for (let at = 0; at < count; at++) {
      value = (value + STEP) >>> 0;
      if (batch[at] !== value) assert.fail(`number ${passed + at} is ${batch[at]}, not ${value}`);
    }
    passed += count;
  }
  assert.equal(passed, items);
  assert.deepEqual(await ended, [0, null]);
  return ((performance.now() - started) * 1e6) / items;
}
