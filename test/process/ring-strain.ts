import assert from "node:assert/strict";
import { join } from "node:path";
import { attachRing, ring, ringByteLength } from "../../src/concurrent/index.ts";
import { type Memory, sharedMemory, u32 } from "../../src/index.ts";
import { mapFile } from "../../src/mapped/index.ts";
import { endOf, messageOf, moduleUrl, startChild } from "./child.ts";
import { attachStage, isWhole, lastAlive, makeStage, SEVERAL, STAGE_BYTES } from "./ring-life.ts";
import { runSingleThreaded } from "./single-threaded.ts";
import { Spares } from "./spares.ts";

const PARTS = [0, 1];
/** Somebody who is alive brings something within that time, on the busiest machine. */
const PATIENCE_MS = 30_000;
/** The longest time between two kills, besides what it takes to start a life. */
const MOST_MS = 4;

export interface Life {
  readonly identity: number;
  kill(): unknown;
}

/** Hears from time to time how many kills, or items, are through. */
export type Progress = (done: number) => void;

async function until(isSo: () => boolean, otherwise: string): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; !isSo(); await new Promise((resolve) => setTimeout(resolve, 0)))
    assert.ok(performance.now() < deadline, otherwise);
}

/** What has come through, and what the dead were in the middle of: messages that they had claimed, values that they were taking out. */
export interface Strain {
  readonly messages: number;
  readonly claimed: number;
  readonly rescued: number;
}

/** Kills one of two lives after another at random moments, and checks each time that nothing is torn and everything goes on. */
export async function strain(
  memory: Memory,
  kills: number,
  start: (part: number) => Life | Promise<Life>,
  progress: Progress = () => {},
): Promise<Strain> {
  makeStage(memory);
  const alive = new Set<number>([1]);
  const isAlive = (identity: number) => alive.has(identity);
  const { messages, items, numbers } = attachStage(memory, { identity: 1, isAlive });
  const consumer = messages.consumer({ identity: 1, isAlive });
  const numbersOut = numbers.consumer({ identity: 1, isAlive });
  let last = -1;
  /** How many are to come of several messages at once. */
  let together = 0;
  const count = { messages: 0, claimed: 0, rescued: 0 };
  const lives = new Map<number, Life>();
  const end = async (part: number) => {
    const life = lives.get(part);
    if (life === undefined) return;
    lives.delete(part);
    await life.kill();
    alive.delete(life.identity);
  };
  const begin = async (part: number) => {
    const life = await start(part);
    lives.set(part, life);
    alive.add(life.identity);
    if (part === 0) last = -1;
    await until(() => lastAlive(memory, part) === life.identity, "one does not begin");
  };
  const look = (): boolean => {
    const seen = consumer.read((message) => {
      assert.ok(message.bytes().every((byte) => byte === (message.type & 255)));
      const isSeveral = (message.type & SEVERAL) !== 0;
      assert.ok(
        together === 0 ? !isSeveral || message.byteLength === 1 : isSeveral && message.byteLength === 1 + 60 * (3 - together),
      );
      if (isSeveral) together = (together + 2) % 3;
    });
    if (seen === 0 && consumer.unblock()) count.claimed += 1;
    const passed = numbersOut.drain((item) => {
      assert.ok(isWhole(item));
      // A ring keeps the order; a new producer begins anew.
      assert.ok(item.number > last || item.number === 0 || last === -1);
      last = item.number;
    });
    const item = items.pop();
    if (item !== undefined) assert.ok(isWhole(item));
    for (const rescued of items.recover()) {
      assert.ok(isWhole(rescued));
      count.rescued += 1;
    }
    count.messages += seen + passed;
    return seen > 0;
  };
  const goesOn = async () => {
    for (let got = 0; got < 3; got++) await until(look, "nothing comes any more");
  };
  try {
    for (const part of PARTS) await begin(part);
    for (let kill = 0; kill < kills; kill++) {
      const part = PARTS[kill % 2];
      await goesOn();
      // Where there is room they are at work, not waiting for it.
      for (const over = performance.now() + Math.random() * MOST_MS; performance.now() < over; ) look();
      await end(part);
      await goesOn();
      consumer.recover();
      await begin(part);
      if ((kill + 1) % 100 === 0) progress(kill + 1);
    }
  } finally {
    for (const part of PARTS) await end(part);
  }
  // With nobody left all that is whole comes out, and what remains is sound.
  consumer.recover();
  for (let round = 0; round < 200; round++) look();
  while (items.pop() !== undefined);
  assert.equal(together, 0, "some of several messages at once are missing");
  assert.deepEqual(messages.checkInvariants(), []);
  assert.deepEqual(items.checkInvariants(), []);
  assert.deepEqual(numbers.checkInvariants(), []);
  assert.equal(messages.usedByteLength, 0);
  return count;
}

export async function strainByTerminate(kills: number, progress?: Progress): Promise<Strain> {
  using memory = sharedMemory(STAGE_BYTES);
  const spares = new Spares(LIFE_OF_A_THREAD, memory.ticket(), kills + PARTS.length);
  let identity = 1;
  const start = async (part: number): Promise<Life> => {
    const worker = await spares.take();
    identity += 1;
    worker.postMessage([part, identity]);
    return { identity, kill: () => worker.terminate() };
  };
  try {
    return await strain(memory, kills, start, progress);
  } finally {
    await spares.end();
  }
}

const LIFE_OF_A_THREAD = `
  const { live } = load("../test/process/ring-life");
  const memory = load("core/homes").attach(workerData);
  parentPort.once("message", ([part, identity]) => live(memory, part, identity));
  parentPort.postMessage("ready");
`;

/** So many are killed in one file. */
const KILLS_A_FILE = 100;

/** The same with processes, copies of one of one thread. */
export function strainByKill(kills: number, directory: string, progress: Progress = () => {}): Strain {
  const sum = { messages: 0, claimed: 0, rescued: 0 };
  for (let done = 0; done < kills; progress(done)) {
    const most = Math.min(KILLS_A_FILE, kills - done);
    const found = runSingleThreaded("ring-strain.child.js", [join(directory, `stage-${done}`), String(most)]) as Strain;
    for (const what of ["messages", "claimed", "rescued"] as const) sum[what] += found[what];
    done += most;
  }
  return sum;
}

/** The number at a place of the sequence that passes between two processes. */
const STEP = 0x9e37_79b9;

/** Sends so many numbers from another process through a ring in a file, and checks each of them. Returns nanoseconds for each. */
export async function passItems(items: number, directory: string, progress: Progress = () => {}): Promise<number> {
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
    const before = passed;
    passed += count;
    if (Math.floor(before / 1e8) < Math.floor(passed / 1e8)) progress(passed);
  }
  assert.equal(passed, items);
  assert.deepEqual(await ended, [0, null]);
  return ((performance.now() - started) * 1e6) / items;
}
