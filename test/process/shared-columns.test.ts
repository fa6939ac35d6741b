import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { sharedColumns, sharedColumnsByteLength, sharedMemory, struct, u32 } from "../../src/index.ts";

test("threads that read columns while they are written see whole rows, and all of them", { timeout: 60_000 }, async () => {
  const Pair = struct("Pair", { number: u32, check: u32 });
  const capacity = 300_000;
  using memory = sharedMemory(sharedColumnsByteLength(Pair, { capacity }));
  const pairs = sharedColumns(memory, Pair, { capacity });
  const worker = () =>
    new Worker(new URL("./shared-columns.worker.js", import.meta.url), {
      workerData: { ticket: memory.ticket(), rows: capacity },
    });
  const told = [worker(), worker()].map((reader) => once(reader, "message"));
  for (let number = 0; number < capacity; number++) {
    // In turns with the readers, where they have one processor.
    if (number % 10_000 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    pairs.append({ number, check: ~number >>> 0 });
  }
  assert.deepEqual((await Promise.all(told)).flat(), [0, 0]);
});
