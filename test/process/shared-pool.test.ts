import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { type SeatToken, sharedPool, sharedPoolByteLength } from "../../src/concurrent/index.ts";
import { type Handle, KiB, NO_HANDLE, sharedMemory, struct, u32 } from "../../src/index.ts";
import { isMappingSupported, mapFile } from "../../src/mapped/index.ts";
import { moduleUrl, startChild } from "./child.ts";
import { exchangeBetweenThreads, killAtRandom } from "./pool-strain.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const Job = struct("Job", { number: u32, check: u32 });
const CAPACITY = 1000;
const SHAPE = { capacity: CAPACITY, seats: 8 };

/** Every slot can be given out exactly once. */
function drain(jobs: ReturnType<typeof sharedPool<typeof Job>>): number {
  const given = new Set<Handle<typeof Job>>();
  for (let handle = jobs.tryAdd({ number: 9 }); handle !== NO_HANDLE; handle = jobs.tryAdd({ number: 9 })) {
    assert.ok(!given.has(handle));
    given.add(handle);
  }
  return given.size;
}

test("a shared pool is whole after worker threads were terminated in the middle of their work", { timeout: 60_000 }, async () => {
  using memory = sharedMemory(sharedPoolByteLength(Job, SHAPE) + KiB(4));
  using jobs = sharedPool(memory, Job, SHAPE);
  for (let round = 0; round < 6; round++) {
    const workers = [1, 2].map(
      () => new Worker(new URL("./shared-pool.worker.js", import.meta.url), { workerData: { ticket: memory.ticket() } }),
    );
    const tokens = await Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0] as SeatToken));
    await new Promise((resolve) => setTimeout(resolve, 3 + round * 2));
    await Promise.all(workers.map((worker) => worker.terminate()));
    const recovered = jobs.recover(tokens);
    assert.equal(recovered.seats, 2);
    assert.deepEqual(jobs.checkInvariants(), []);
    for (const handle of jobs.handles()) jobs.remove(handle);
  }
  assert.equal(drain(jobs), CAPACITY);
});

test("a shared pool in a file is whole after processes were killed in the middle of their work", {
  skip: !isMappingSupported(),
  timeout: 60_000,
}, async (context) => {
  const directory = temporaryDirectory(context);
  const path = join(directory, "jobs");
  using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: sharedPoolByteLength(Job, SHAPE) });
  using jobs = sharedPool(memory, Job, { ...SHAPE, identity: process.pid, isAlive });
  for (let round = 0; round < 4; round++) {
    const child = startChild(
      `import { attachSharedPool } from ${JSON.stringify(moduleUrl("concurrent/index.js"))};
       import { struct, u32 } from ${JSON.stringify(moduleUrl("index.js"))};
       const memory = mapped.mapFile(args[0], { mode: "readWrite" });
       const jobs = attachSharedPool(memory, struct("Job", { number: u32, check: u32 }), { identity: process.pid });
       process.send("ready");
       const mine = [];
       for (let turn = 0; ; turn++) {
         if (turn % 300 < 150) mine.push(jobs.add({ number: turn, check: ~turn >>> 0 }));
         else jobs.remove(mine.pop());
       }`,
      { directory, args: [path] },
    );
    await once(child, "message");
    await new Promise((resolve) => setTimeout(resolve, 5 + round * 7));
    child.kill("SIGKILL");
    await once(child, "exit");
    const { seats, orphans } = jobs.recover();
    assert.equal(seats, 1);
    for (const handle of orphans) {
      const { number, check } = jobs.read(handle);
      assert.equal(check, ~number >>> 0, "a record was seen half written");
      jobs.remove(handle);
    }
    assert.deepEqual(jobs.checkInvariants(), []);
  }
  assert.equal(drain(jobs), CAPACITY);
});

test("two threads hand out no slot twice and lose none", { timeout: 60_000 }, async () => {
  assert.ok((await exchangeBetweenThreads(200_000)) >= 200_000);
});

test("processes that are killed at random moments make nothing be handed out twice, and what they held is not lost", {
  skip: !isMappingSupported(),
  timeout: 120_000,
}, async (context) => {
  await killAtRandom(6, 7, temporaryDirectory(context));
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
