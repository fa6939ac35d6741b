import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { attach } from "../../src/mapped/attach.ts";
import { mapAnonymous } from "../../src/mapped/map-anonymous.ts";
import { mapFile } from "../../src/mapped/map-file.ts";
import { mapScratch } from "../../src/mapped/map-scratch.ts";
import type { MappedMemory } from "../../src/mapped/mapped-memory.ts";
import { endOf, messageOf, moduleUrl, runChild, startChild } from "./child.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** A worker thread whose script has `memory`, attached to the ticket it is handed. */
function startWorker(script: string, workerData: unknown): Worker {
  const source = `
    import { parentPort, workerData } from "node:worker_threads";
    import { attach } from ${JSON.stringify(moduleUrl("mapped/attach.js"))};
    const memory = attach(workerData);
    ${script}`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData });
}

describe("threads", () => {
  const homes: readonly (readonly [string, (directory: string) => MappedMemory])[] = [
    ["a mapped file", (directory) => mapFile(join(directory, "new"), { mode: "readWrite", create: true, byteLength: 9000 })],
    ["anonymous memory", () => mapAnonymous(9000)],
    ["scratch memory", (directory) => mapScratch(directory, { byteLength: 9000, maxByteLength: 9000 })],
  ];
  for (const [title, make] of homes) {
    test(`share ${title}: atomics count exactly, wait and notify wake`, async (t) => {
      using memory = make(temporaryDirectory(t));
      const { i32 } = memory;
      const count = `
        const { i32 } = memory;
        Atomics.add(i32, 2, 1);
        Atomics.notify(i32, 2);
        Atomics.wait(i32, 0, 0);
        for (let n = 0; n < 20_000; n += 1) Atomics.add(i32, 1, 1);
        memory.f64[1000] = 0.25;`;
      const workers = [1, 2].map(() => startWorker(count, memory.ticket()));
      const ended = workers.map(endOf);
      while (Atomics.load(i32, 2) < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      await new Promise((resolve) => setTimeout(resolve, 5));
      Atomics.store(i32, 0, 1);
      Atomics.notify(i32, 0);
      for (const end of ended) assert.deepEqual(await end, [0]);
      assert.equal(i32[1], 40_000);
      assert.equal(memory.f64[1000], 0.25);
    });
  }

  test("see growth at once, and the growing thread sees what they store there", async (t) => {
    using memory = mapScratch(temporaryDirectory(t), { byteLength: 16, maxByteLength: 1_000_000 });
    const worker = startWorker(
      `const before = memory.byteLength;
       Atomics.add(memory.i32, 1, 1);
       Atomics.notify(memory.i32, 1);
       Atomics.wait(memory.i32, 0, 0);
       memory.bytes(memory.byteLength - 1, 1)[0] = 99;
       parentPort.postMessage([before, memory.byteLength]);`,
      memory.ticket(),
    );
    const answer = once(worker, "message");
    const end = endOf(worker);
    while (Atomics.load(memory.i32, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    memory.grow(900_000);
    Atomics.store(memory.i32, 0, 1);
    Atomics.notify(memory.i32, 0);
    assert.deepEqual(await answer, [[16, 900_000]]);
    assert.equal(memory.u8[899_999], 99);
    await end;
  });

  test("may map a file themselves; the memory outlives the thread that mapped it", async (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, Buffer.alloc(5000, 6));
    const source = `
      import { parentPort, workerData } from "node:worker_threads";
      import { mapFile } from ${JSON.stringify(moduleUrl("mapped/map-file.js"))};
      const memory = mapFile(workerData, { mode: "readWrite", maxByteLength: 100_000 });
      memory.grow(6000);
      memory.u8[5999] = 8;
      parentPort.postMessage(memory.ticket());`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData: path });
    const end = endOf(worker);
    const [ticket] = await once(worker, "message");
    await end;
    using memory = attach(ticket);
    assert.deepEqual([memory.byteLength, memory.u8[0], memory.u8[5999]], [6000, 6, 8]);
  });
});

describe("processes", () => {
  test("share a file by its ticket as JSON, one writing, one reading", (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, "file");
    using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: 10_000, maxByteLength: 100_000 });
    memory.u32[1] = 123;
    const script = `
      const memory = mapped.attach(JSON.parse(args[0]));
      assert.equal(memory.u32[1], 123);
      assert.equal(memory.byteLength, 10_000);
      Atomics.add(memory.i32, 2, 5);
      memory.grow(20_000);
      memory.u8[19_999] = 7;`;
    const { status, stderr } = runChild(script, { directory, args: [JSON.stringify(memory.ticket())] });
    assert.equal(status, 0, stderr);
    assert.equal(memory.i32[2], 5);
    memory.grow(20_000);
    assert.equal(memory.u8[19_999], 7);
  });

  test("share anonymous memory by its ticket, and count exactly together", async (t) => {
    const directory = temporaryDirectory(t);
    using memory = mapAnonymous(10_000);
    const script = `
      process.once("message", (ticket) => {
        const memory = mapped.attach(ticket);
        while (Atomics.load(memory.i32, 0) === 0);
        for (let n = 0; n < 50_000; n += 1) Atomics.add(memory.i32, 1, 1);
        process.send("done", () => process.exit(0));
      });
      process.send("ready");`;
    const child = startChild(script, { directory });
    const end = endOf(child);
    await messageOf(child);
    child.send(JSON.parse(JSON.stringify(memory.ticket())));
    const done = messageOf(child);
    await new Promise((resolve) => setTimeout(resolve, 20));
    Atomics.store(memory.i32, 0, 1);
    for (let n = 0; n < 50_000; n += 1) Atomics.add(memory.i32, 1, 1);
    await done;
    assert.equal(memory.i32[1], 100_000);
    await end;
  });

  test("cannot attach to what has ended with its process", async (t) => {
    const directory = temporaryDirectory(t);
    const child = startChild(`process.send(mapped.mapAnonymous(100).ticket());`, { directory });
    const end = endOf(child);
    const message = await messageOf(child);
    await end;
    const script = `assert.throws(() => mapped.attach(JSON.parse(args[0])), { code: "io", numbers: { errno: "ENOENT", path: JSON.parse(args[0]).path } });`;
    const { status, stderr } = runChild(script, { directory, args: [JSON.stringify(message)] });
    assert.equal(status, 0, stderr);
  });
});
