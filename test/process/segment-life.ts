import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import type { StringId } from "../../src/collections/strings/string-id.ts";
import type { Ptr } from "../../src/core/brand.ts";
import { MemoryError } from "../../src/core/errors.ts";
import { text } from "../../src/layout/text.ts";
import { openSegment } from "../../src/mapped/segment/open-segment.ts";
import type { Segment } from "../../src/mapped/segment/segment.ts";
import { endOfFork, fork, killFork } from "./forks.ts";
import { Pair, RESERVE } from "./segment-acts.ts";

const TABLE = { key: text, value: Pair };
const OPTIONS = { reserve: RESERVE };
/** What others being there makes of what is asked. */
const EXPECTED = new Set(["locked", "out-of-memory", "invalid-argument", "layout-mismatch"]);
/** What each of them does at least, in most rounds: time alone would tell little on a busy machine. */
const DONE_EACH = 8;
/** Not for ever: who should kill it may be gone. */
const MOST_MS = 60_000;

type Random = (most: number) => number;

function randomFrom(seed: number): Random {
  let state = seed | 0;
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) % most;
  };
}

/** One of the things that programs do with a segment. Entries tell whether they are whole: y is twice x. */
type Doing = (segment: Segment, name: string, random: Random) => void;

const DOINGS: readonly Doing[] = [
  (segment, name, random) => {
    const pool = segment.pool(`pool ${name}`, Pair, { capacity: 200 });
    const x = random(1000);
    pool.tryAdd({ x, y: 2 * x });
    for (const handle of pool.handles()) {
      pool.tryGet(handle);
      if (random(3) === 0) pool.tryRemove(handle);
    }
  },
  (segment, name, random) => void segment.arena(`arena ${name}`, { byteLength: 5000 + random(200_000) }).tryAlloc(100),
  (segment, name) => void segment.root(Pair, `root ${name}`),
  (segment, _name, random) => {
    const table = segment.table("table", TABLE);
    for (let count = 0; count < 30; count++) {
      const x = random(3000);
      if (random(4) === 0) table.delete(`key ${x}`);
      else table.set(`key ${x}`, { x, y: 2 * x });
    }
  },
  (segment, _name, random) => {
    const names = segment.interner("names");
    for (let count = 0; count < 20; count++) names.intern(`name ${random(5000)}`);
  },
  (segment, _name, random) => {
    const queue = segment.queue("queue", Pair, { capacity: 50, seats: 8 });
    for (let count = 0; count < 20; count++) {
      const x = random(1000);
      if (random(2) === 0) queue.push({ x, y: 2 * x });
      else queue.pop();
    }
  },
  (segment, _name, random) => {
    const heap = segment.heap("heap", { byteLength: 400_000, seats: 8 });
    const taken = Array.from({ length: 30 }, (): [Ptr, number] => {
      const byteSize = 8 + random(3000);
      return [heap.tryAlloc(byteSize), byteSize];
    });
    for (const [ptr, byteSize] of taken) if (ptr !== 0 && random(4) > 0) heap.free(ptr, byteSize);
  },
  (segment) => {
    const both = segment.root(Pair, "both");
    const lock = segment.mutex("lock", {
      repair: () => {
        both.y = 2 * both.x;
      },
    });
    for (let count = 0; count < 50; count++) {
      lock.acquire();
      both.x += 1;
      both.y += 2;
      lock.release();
    }
  },
  (segment, _name, random) => {
    if (random(5) === 0) segment.compact();
  },
  ({ path = "" }, _name, random) => {
    if (random(5) > 0) return;
    using read = openSegment(path, { mode: "read" });
    read.list();
    if (read.has("table")) read.table("table", TABLE).get("key 7");
  },
  (segment, name) => void segment.delete(`arena ${name}`),
  (segment, name) => void segment.delete(`pool ${name}`),
  (segment, name, random) => segment.rename(`root ${name}`, `root ${random(8)}`),
  (segment, _name, random) => {
    if (random(10) === 0) segment.flush();
  },
];

/** Does what programs do, until it is killed, and writes its mark after each thing done. Throws what no program should see. */
function live(path: string, seed: number, doneFd: number, mark: string): void {
  const random = randomFrom(seed);
  let segment = openSegment(path, OPTIONS);
  for (const until = Date.now() + MOST_MS; Date.now() < until; ) {
    if (random(60) === 0) {
      segment.close();
      segment = openSegment(path, OPTIONS);
    }
    try {
      DOINGS[random(DOINGS.length)](segment, String(random(8)), random);
    } catch (error) {
      if (!(error instanceof MemoryError && EXPECTED.has(error.code))) throw error;
    }
    fs.writeSync(doneFd, mark);
  }
}

export interface RandomKills {
  readonly killed: number;
  /** The most things that were found in what they left. */
  readonly structures: number;
}

/**
 * Starts one copy of this process to four, which live on one segment, kills each at a random moment, and looks at what is left; again and again until so many
 * were killed, or until the time `until`.
 */
export function killRandomly(directory: string, kills: number, seed: number, until = Number.POSITIVE_INFINITY): RandomKills {
  const path = join(directory, "random");
  const random = randomFrom(seed);
  let [killed, structures] = [0, 0];
  const donePath = `${path}.done`;
  const done = fs.openSync(donePath, "a");
  for (let round = 0; killed < kills && Date.now() < until; round++) {
    fs.ftruncateSync(done);
    const marks = ["a", "b", "c", "d"].slice(0, (round % 4) + 1);
    const pids = marks.map((mark) => {
      const lifeSeed = random(1 << 24);
      return fork(() => live(path, lifeSeed, done, mark));
    });
    // In some rounds not all have come in yet.
    const awaited = round % 5 === 4 ? 0 : DONE_EACH;
    for (let turn = 0; marks.some((mark) => countOf(mark, donePath) < awaited); turn++) {
      assert.ok(turn < MOST_MS, `seed ${seed}, round ${round}: they stand still`);
      pause(1);
    }
    // Some go before the others, who live on with what those have left.
    for (const pid of pids) {
      pause(random(40));
      killFork(pid);
    }
    for (const end of pids.map(endOfFork)) assert.deepEqual(end, { status: 0, signal: 9 }, `seed ${seed}, round ${round}`);
    killed += pids.length;
    structures = Math.max(structures, checkLeft(path, `seed ${seed}, round ${round}`));
  }
  fs.closeSync(done);
  fs.rmSync(path, { force: true });
  return { killed, structures };
}

/** How often a mark is in a file. */
function countOf(mark: string, path: string): number {
  return fs.readFileSync(path, "latin1").split(mark).length - 1;
}

const sleeping = new Int32Array(new SharedArrayBuffer(4));

function pause(milliseconds: number): void {
  Atomics.wait(sleeping, 0, 0, milliseconds);
}

/** Throws unless all that is there is whole. How many structures that is. */
function checkLeft(path: string, where: string): number {
  using segment = openSegment(path, OPTIONS);
  assert.deepEqual(segment.verify(), [], where);
  const structures = segment.list();
  for (const { name, kind } of structures) {
    if (kind === "pool") {
      const pool = segment.pool(name, Pair);
      pool.recover();
      for (const handle of pool.handles()) {
        const { x, y } = pool.read(handle);
        assert.equal(y, 2 * x, `${where}: a record of "${name}"`);
      }
    }
    if (kind === "interner") {
      const names = segment.interner("names");
      for (let id = 1; id <= names.size; id++) assert.match(names.resolve(id as StringId<"names">), /^name \d+$/, where);
    }
    if (kind === "queue") {
      const queue = segment.queue(name, Pair);
      for (const { x, y } of [...queue.recover(), queue.pop() ?? { x: 0, y: 0 }])
        assert.equal(y, 2 * x, `${where}: a value of "${name}"`);
    }
    if (name === "both") {
      const both = segment.root(Pair, name);
      const lock = segment.mutex("lock", {
        repair: () => {
          both.y = 2 * both.x;
        },
      });
      lock.hold().release();
      assert.equal(both.y, 2 * both.x, `${where}: what the lock protects`);
    }
    if (kind === "heap") segment.heap(name).trim();
    if (kind !== "table") continue;
    const table = segment.table(name, TABLE);
    for (const [key, { x, y }] of table) assert.deepEqual([key, y], [`key ${x}`, 2 * x], `${where}: an entry of "${name}"`);
  }
  assert.deepEqual(segment.verify(), [], where);
  return structures.length;
}
