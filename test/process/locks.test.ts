import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { roster } from "../../src/concurrent/index.ts";
import { HOMES } from "../conformance/homes.ts";
import { killHolders, terminateHolders } from "./lock-deaths.ts";
import { countsOf, LOCKS_BYTES, lockWork, PARTICIPANTS } from "./lock-work.ts";
import { whyNoForks } from "./single-threaded.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const SEED = 20_261_129;

for (const home of HOMES.filter(({ shared }) => shared)) {
  test(`threads share locks of all kinds in ${home.title}`, { timeout: 120_000 }, async () => {
    using memory = home.create(LOCKS_BYTES);
    using here = roster(memory, { seats: PARTICIPANTS, identity: 1000 });
    const workers = [1, 2, 3].map((identity) => {
      const workerData = { ticket: memory.ticket(), identity, turns: 1000 };
      return new Worker(new URL("./lock-work.worker.js", import.meta.url), { workerData });
    });
    const ends = workers.map((worker) => once(worker, "exit"));
    const work = lockWork(memory, here);
    for (let turn = 0; turn < 1000; turn++) work();
    assert.deepEqual((await Promise.all(ends)).flat(), [0, 0, 0]);
    assert.deepEqual(countsOf(memory), { turns: 4000, wrong: 0, repairs: 0 });
    assert.deepEqual(here.seats.others(), []);
  });
}

test("locks go on when worker threads that hold them are terminated", { timeout: 120_000 }, async () => {
  const { turns, wrong } = await terminateHolders(12, SEED);
  assert.equal(wrong, 0);
  assert.ok(turns > 0);
});

test("locks go on when processes that hold them are killed", { skip: whyNoForks() ?? false, timeout: 120_000 }, (context) => {
  const { turns, wrong } = killHolders(20, SEED, temporaryDirectory(context));
  assert.equal(wrong, 0);
  assert.ok(turns > 0);
});
