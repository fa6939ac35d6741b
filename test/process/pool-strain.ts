import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { sharedPool, sharedPoolByteLength } from "../../src/concurrent/index.ts";
import { KiB, NO_HANDLE, sharedBump, sharedMemory } from "../../src/index.ts";
import { mapFile, participantIn } from "../../src/mapped/index.ts";
import { endOf, messageOf, moduleUrl, startChild } from "./child.ts";
import { Exchange, exchangeByteLength, Job, type Jobs } from "./pool-exchange.ts";

/*
 * A shared pool under strain. Who has a slot says so in a word of its own, `taken`, beside the pool: handing a slot out twice is seen at once, by
 * whoever finds it taken. Handles pass from hand to hand through letter boxes, so that everybody removes what others have added.
 */

const CAPACITY = 1000;
/** It begins small, and grows while all are at work. */
const SHAPE = { capacity: 8, seats: 8 };
const GROWN = { maxCapacity: CAPACITY };
/** From here on its further blocks, with room for those that were taken by who died before they were the pool's. */
const BLOCKS = Math.ceil((sharedPoolByteLength(Job, SHAPE) + exchangeByteLength(CAPACITY)) / KiB(4)) * KiB(4);
const EXCHANGE = Math.ceil(sharedPoolByteLength(Job, SHAPE) / 64) * 64;
const BYTES = BLOCKS + KiB(64);

/** Two threads add and remove, each what the other has added. Returns how many operations there were. */
export async function exchangeBetweenThreads(operations: number): Promise<number> {
  using memory = sharedMemory(BYTES);
  const allocator = sharedBump(memory, { byteOffset: BLOCKS });
  using jobs = sharedPool(memory, Job, { ...SHAPE, ...GROWN, allocator, byteOffset: 0 });
  const other = new Worker(new URL("./pool-strain.worker.js", import.meta.url), {
    workerData: { ticket: memory.ticket(), exchange: EXCHANGE, blocks: BLOCKS, operations: operations / 2 },
  });
  await once(other, "message");
  const ended = once(other, "message");
  other.postMessage("go");
  const exchange = new Exchange(memory, EXCHANGE, jobs, 1);
  const mine = exchange.run(operations / 2, 1);
  const [theirs] = (await ended) as [number];
  exchange.empty();
  assert.equal(jobs.countRecords(), 0);
  assertAllThere(jobs);
  return mine + theirs;
}

/** Kills processes at random moments of their work, in pairs, the second while the first one's slots are being brought back. */
export async function killAtRandom(kills: number, seed: number, directory: string, tell = (_killed: number) => {}): Promise<void> {
  const random = randomFrom(seed);
  const path = join(directory, `jobs-${seed}`);
  using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: BYTES });
  for (let killed = 0; killed < kills; killed += 2) {
    // A pool of its own for each pair, so that it has to grow.
    const allocator = sharedBump(memory, { byteOffset: BLOCKS });
    using jobs = sharedPool(memory, Job, { ...SHAPE, ...GROWN, allocator, byteOffset: 0, ...participantIn(memory) });
    const exchange = new Exchange(memory, EXCHANGE, jobs, 1);
    const pair = [2, 3].map((who) => startChild(SCRIPT, { directory, args: [path, String(who), String(random() * 2 ** 31)] }));
    const complaints: unknown[] = [];
    await Promise.all(pair.map(messageOf));
    for (const child of pair) child.on("message", (complaint) => complaints.push(complaint));
    for (const child of pair) {
      const end = endOf(child);
      await new Promise((resolve) => setTimeout(resolve, random() * 12));
      child.kill("SIGKILL");
      assert.deepEqual(await end, [null, "SIGKILL"], `a child failed: ${complaints.join()}`);
      // The other one may have recovered it already.
      assert.ok(jobs.recover().seats <= 1);
      exchange.run(100, killed + 1);
    }
    assert.deepEqual(complaints, []);
    const { seats } = jobs.recover();
    assert.equal(seats, 0);
    for (const handle of jobs.orphans()) {
      const { number, check } = jobs.read(handle);
      assert.equal(check, ~number >>> 0, "a record was seen half written");
    }
    exchange.forget(CAPACITY);
    for (const handle of jobs.handles()) jobs.remove(handle);
    assertAllThere(jobs);
    tell(killed + 2);
  }
}

const SCRIPT = `
  import { attachSharedPool } from ${JSON.stringify(moduleUrl("concurrent/pools/make-shared-pool.js"))};
  import { attachSharedBump } from ${JSON.stringify(moduleUrl("index.js"))};
  import { Exchange, Job } from ${JSON.stringify(new URL("./pool-exchange.js", import.meta.url).href)};
  const [path, who, seed] = args;
  const memory = mapped.mapFile(path, { mode: "readWrite" });
  const jobs = attachSharedPool(memory, Job, { allocator: attachSharedBump(memory, ${BLOCKS}), ...mapped.participantIn(memory) });
  const exchange = new Exchange(memory, ${EXCHANGE}, jobs, Number(who));
  process.send("ready");
  try {
    for (let round = Number(seed) | 1; ; round++) exchange.run(10_000, round);
  } catch (error) {
    process.send(String(error?.stack), () => process.exit(1));
  }`;

/** Every slot can be given out exactly once. */
function assertAllThere(jobs: Jobs): void {
  assert.deepEqual(jobs.checkInvariants(), []);
  const given = new Set<number>();
  for (let handle = jobs.tryAdd({ number: 9 }); handle !== NO_HANDLE; handle = jobs.tryAdd({ number: 9 })) {
    assert.ok(!given.has(handle), "a slot was handed out twice");
    given.add(handle);
  }
  assert.equal(given.size, CAPACITY, "slots were lost");
  for (const handle of jobs.handles()) jobs.remove(handle);
}

/** Numbers from 0 to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
