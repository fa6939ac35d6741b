import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { blob, MiB, sharedHashTable, sharedMemory, text } from "../../src/index.ts";
import { u32 } from "../../src/layout/scalars.ts";
import { isMappingSupported, openTable } from "../../src/mapped/index.ts";
import { messageOf, moduleUrl, startChild } from "./child.ts";
import { FAST_DIRECTORY } from "./segment-kills.ts";
import { whyNoForks } from "./single-threaded.ts";
import { killCompacting, killTransacting, killWriters } from "./table-kills.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

test("a shared table is whole after worker threads were terminated in the middle of their work", { timeout: 60_000 }, async () => {
  using memory = sharedMemory(0, { maxByteLength: MiB(8) });
  using table = sharedHashTable(memory, { key: text, value: blob, shards: 2, seats: 8 });
  let read = 0;
  for (let round = 0; round < 5; round++) {
    const workers = [1, 2].map(
      (at) =>
        new Worker(new URL("./table.worker.js", import.meta.url), {
          workerData: { ticket: memory.ticket(), from: at * 1000 + round },
        }),
    );
    const seats = await Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0] as number));
    const until = performance.now() + 30;
    // Readers never wait, and see whole entries only.
    for (let key = 0; performance.now() < until; key = (key + 1) % 97) {
      const value = table.get(`key ${key}`);
      if (value === undefined) continue;
      read += 1;
      assert.ok(value.length >= 1 && value.every((byte) => byte === key));
    }
    await Promise.all(workers.map((worker) => worker.terminate()));
    assert.equal(table.recover(seats), 2);
    assert.deepEqual(table.checkInvariants(), []);
    for (const [key, value] of table) assert.ok(value.every((byte) => `key ${byte}` === key));
  }
  assert.ok(read > 100);
});

test("no completed write is lost when one of two writers of a file is killed", {
  skip: whyNoForks() ?? false,
  timeout: 120_000,
}, (context) => {
  // `npm run soak -- table-kills` kills ten thousand.
  const seed = 1 + Math.floor(Math.random() * 1e9);
  const { killed, turns } = killWriters(temporaryDirectory(context, FAST_DIRECTORY), { kills: 30, seed });
  assert.equal(killed, 30);
  assert.ok(turns > 1000, `seed ${seed}: ${turns} turns`);
});

test("a table is whole when who compacts it is killed", { skip: whyNoForks() ?? false, timeout: 120_000 }, (context) => {
  // `npm run soak -- table-kills` takes every step.
  const every = 11;
  const { killed, steps, labels, before, after } = killCompacting(temporaryDirectory(context, FAST_DIRECTORY), every);
  assert.equal(killed, Math.ceil(steps / every));
  for (const label of ["sync", "fill", "copyWithin", "store", "ftruncateSync"]) {
    assert.ok(labels.includes(label), `no step is ${label}; there are ${labels.join(", ")}`);
  }
  assert.ok(after < before / 2, `it was ${before} bytes long, and is ${after}`);
});

test("a transaction is there wholly or not at all when who makes it is killed", {
  skip: whyNoForks() ?? false,
  timeout: 120_000,
}, (context) => {
  const { killed, steps, labels, before, after } = killTransacting(temporaryDirectory(context, FAST_DIRECTORY));
  assert.equal(killed, steps);
  assert.ok(before > 10 && after > 30, `${before} steps before it counts, ${after} behind`);
  for (const label of ["store", "compareExchange"]) assert.ok(labels.includes(label), `no step is ${label}`);
});

test("processes that come at once make one table", { skip: !isMappingSupported(), timeout: 60_000 }, async (context) => {
  const directory = temporaryDirectory(context);
  const path = join(directory, "table");
  const children = [1, 2, 3].map((at) =>
    startChild(
      `import { openTable } from ${JSON.stringify(moduleUrl("mapped/table/open-table.js"))};
       import { text, u32 } from ${JSON.stringify(moduleUrl("index.js"))};
       const table = openTable(args[0], { key: text, value: u32 });
       for (let turn = 0; turn < 300; turn++) { table.set("of " + args[1] + " " + turn, turn); table.add("all", 1); }
       table.close();
       process.send("done");`,
      { directory, args: [path, String(at)] },
    ),
  );
  await Promise.all(children.map((child) => messageOf(child)));
  using table = openTable(path, { key: text, value: u32 });
  assert.equal(table.size, 901);
  assert.equal(table.get("all"), 900);
  for (const at of [1, 2, 3]) for (let turn = 0; turn < 300; turn++) assert.equal(table.get(`of ${at} ${turn}`), turn);
});
