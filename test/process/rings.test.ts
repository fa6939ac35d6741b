import assert from "node:assert/strict";
import { test } from "node:test";
import { ring } from "../../src/concurrent/index.ts";
import { u32 } from "../../src/layout/scalars.ts";
import { isMappingSupported } from "../../src/mapped/index.ts";
import { endOf, startWorker } from "./child.ts";
import { passItems, strainByKill, strainByTerminate } from "./ring-strain.ts";
import { whyNoForks } from "./single-threaded.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

test("a worker takes the ticket of a ring that has memory of its own", async () => {
  const numbers = ring(u32, { capacity: 8 });
  const worker = startWorker(
    `const { attach } = load("core/homes");
     const { u32 } = load("layout/scalars");
     const { attachRing } = load("concurrent/index");
     attachRing(attach(workerData), u32).producer().push(7);`,
    numbers.memory.ticket(),
  );
  assert.deepEqual(await endOf(worker), [0]);
  assert.equal(numbers.consumer().pop(), 7);
});

test("rings, message rings and queues go on when threads are terminated in the middle", { timeout: 120_000 }, async () => {
  assert.ok((await strainByTerminate(4)).messages > 0);
});

test("rings, message rings and queues in a file go on when processes are killed in the middle", {
  skip: whyNoForks() ?? false,
  timeout: 120_000,
}, (context) => {
  assert.ok(strainByKill(20, temporaryDirectory(context)).messages > 0);
});

test("two processes pass numbers through a ring in a file", { skip: !isMappingSupported(), timeout: 120_000 }, async (context) => {
  assert.ok((await passItems(1_000_000, temporaryDirectory(context))) > 0);
});
