import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { StringId } from "../../src/collections/string-id.ts";
import { f64 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { text } from "../../src/layout/text.ts";
import { openSegment } from "../../src/mapped/segment/open-segment.ts";
import type { Segment } from "../../src/mapped/segment/segment.ts";
import { endOf, runChild, startChild } from "./child.ts";

export const Pair = struct("Pair", { x: f64, y: f64 });
export const RESERVE = 1 << 24;

const IMPORTS = `
  const { openSegment } = load("mapped/segment/open-segment");
  const { struct } = load("layout/struct");
  const { f64 } = load("layout/scalars");
  const { text } = load("layout/text");
  const Pair = struct("Pair", { x: f64, y: f64 });
  const path = directory + "/segment";
  const options = { reserve: ${RESERVE} };
`;

/**
 * Ends the process at a chosen step: before an atomic operation, a call of node:fs, or a call of the system. Steps count from \`begin()\` on. Prints how many there
 * were when it gets through.
 */
const STEPPING = `
  let steps = -1;
  const last = Number(args[1]);
  const step = (label) => {
    if (steps < 0 || steps++ !== last) return;
    fs.writeSync(2, label);
    process.kill(process.pid, "SIGKILL");
  };
  const instrument = (object, names) => {
    for (const name of names) {
      const original = object[name];
      if (typeof original !== "function") continue;
      Object.defineProperty(object, name, { configurable: true, writable: true, value: (...given) => { step(name); return Reflect.apply(original, object, given); } });
    }
  };
  instrument(Atomics, ["store", "compareExchange", "or", "and", "add"]);
  instrument(fs, ["openSync", "closeSync", "fsyncSync", "ftruncateSync", "readSync", "fstatSync", "unlinkSync"]);
  const { writeSync } = fs;
  fs.writeSync = (fd, ...given) => { if (fd > 2) step("writeSync"); return writeSync(fd, ...given); };
  // The modules of the library take what they need of node:fs when they are loaded: from here on.
  instrument(load("native/system").system(), ["mapFile", "mapZeros", "sync", "allocate", "lockByte"]);
  const begin = () => { steps = 0; };
  const end = () => { console.log(steps); steps = -1; };
`;

/** What a process does that is killed on the way, after what it has done before. */
export const ACTS = {
  create: "begin(); const segment = openSegment(path, options); end();",
  "make a structure": `
    const segment = openSegment(path, options);
    begin(); segment.pool("made", Pair, { capacity: 100 }); end();`,
  grow: `
    const segment = openSegment(path, options);
    begin(); segment.arena("made", { byteLength: 3_000_000 }); end();`,
  "rename and delete": `
    const segment = openSegment(path, options);
    begin(); segment.rename("second", "made"); segment.delete("made"); end();`,
  "grow a table": `
    const segment = openSegment(path, options);
    const table = segment.table("table", { key: text, value: Pair });
    begin(); for (let x = 1000; x < 1200; x++) table.set("key " + x, { x, y: 2 * x }); end();`,
  flush: "const segment = openSegment(path, options); begin(); segment.flush(); end();",
  close: `
    const segment = openSegment(path, options);
    const table = segment.table("table", { key: text, value: Pair });
    begin(); segment.close(); end();`,
} as const;

export type Act = keyof typeof ACTS;

/** Runs an act in a process of its own on a furnished segment, and kills it before step `last`; how many steps there are where it got through. */
export function killAt(directory: string, act: Act, last: number): number | undefined {
  rmSync(join(directory, "segment"), { force: true });
  if (act !== "create") furnish(directory);
  const { signal, status, stdout, stderr } = runChild(STEPPING + IMPORTS + ACTS[act], {
    directory,
    args: [act, String(last)],
    bundled: true,
  });
  if (signal !== "SIGKILL") {
    assert.equal(status, 0, stderr);
    return Number(stdout);
  }
  using segment = openSegment(join(directory, "segment"), { reserve: RESERVE });
  assert.deepEqual(segment.verify(), [], `killed in "${act}" at step ${last}, ${stderr}`);
  if (act !== "create") checkFurnished(segment, act);
  segment.pool("one more", Pair, { capacity: 5 }).add({ x: 1, y: 2 });
  assert.deepEqual(segment.verify(), []);
  return undefined;
}

function furnish(directory: string): void {
  using segment = openSegment(join(directory, "segment"), { reserve: RESERVE });
  segment.pool("first", Pair, { capacity: 20 }).add({ x: 1, y: 2 });
  segment.arena("second", { byteLength: 10_000 });
  const table = segment.table("table", { key: text, value: Pair });
  for (let x = 0; x < 50; x++) table.set(`key ${x}`, { x, y: 2 * x });
}

function checkFurnished(segment: Segment, act: Act): void {
  const pool = segment.pool("first", Pair);
  assert.deepEqual(
    [...pool.handles()].map((handle) => pool.read(handle)),
    [{ x: 1, y: 2 }],
  );
  const table = segment.table("table", { key: text, value: Pair });
  for (let x = 0; x < 50; x++) assert.deepEqual(table.get(`key ${x}`), { x, y: 2 * x });
  if (act !== "rename and delete") assert.ok(segment.has("second"));
}

/** Does what programs do with a segment, for ever: names, pages and entries, of which each says whether it is whole. */
const LIFE = `
  let state = Number(args[1]) | 0;
  const random = (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % most;
  };
  const expected = new Set(["locked", "out-of-memory", "invalid-argument", "layout-mismatch"]);
  let segment = openSegment(path, options);
  const makers = [
    (name) => { const pool = segment.pool("pool " + name, Pair, { capacity: 200 }); const x = random(1000); pool.tryAdd({ x, y: 2 * x });
      for (const handle of pool.handles()) { pool.tryGet(handle); if (random(3) === 0) pool.tryRemove(handle); } },
    (name) => { segment.arena("arena " + name, { byteLength: 5000 + random(200_000) }).tryAlloc(100); },
    (name) => { segment.root(Pair, "root " + name); },
    (name) => { const table = segment.table("table", { key: text, value: Pair });
      for (let count = 0; count < 30; count++) { const x = random(3000); if (random(4) === 0) table.delete("key " + x); else table.set("key " + x, { x, y: 2 * x }); } },
    () => { const names = segment.interner("names"); for (let count = 0; count < 20; count++) names.intern("name " + random(5000)); },
    () => { const queue = segment.queue("queue", Pair, { capacity: 50, seats: 8 });
      for (let count = 0; count < 20; count++) { const x = random(1000); if (random(2) === 0) queue.push({ x, y: 2 * x }); else queue.pop(); } },
    () => { const heap = segment.heap("heap", { byteLength: 400_000, participants: 8 });
      const taken = Array.from({ length: 30 }, () => { const bytes = 8 + random(3000); return [heap.tryAlloc(bytes), bytes]; });
      for (const [ptr, bytes] of taken) if (ptr !== 0 && random(4) > 0) heap.free(ptr, bytes); },
    () => { const both = segment.root(Pair, "both");
      const lock = segment.mutex("lock", { repair: () => { both.y = 2 * both.x; } });
      for (let count = 0; count < 50; count++) { lock.acquire(); both.x += 1; both.y += 2; lock.release(); } },
    () => { if (random(5) === 0) segment.compact(); },
    () => { if (random(5) > 0) return; const read = openSegment(path, { mode: "read" }); read.list(); if (read.has("table")) read.table("table", { key: text, value: Pair }).get("key 7"); read.close(); },
    (name) => { segment.delete("arena " + name); },
    (name) => { segment.delete("pool " + name); },
    (name) => { segment.rename("root " + name, "root " + random(8)); },
    () => { if (random(10) === 0) segment.flush(); },
    () => { if (random(4) === 0) { segment.close(); segment = openSegment(path, options); } },
  ];
  process.send("there");
  // Not for ever: who should kill it may be gone.
  for (const until = Date.now() + 60_000; Date.now() < until; ) {
    try { makers[random(makers.length)](random(8)); }
    catch (error) { if (!expected.has(error.code)) { process.send(String(error.stack ?? error)); break; } }
  }
`;

/** Starts some processes that live on one segment, kills all of them at a random moment, and looks at what is left; again and again. Returns how many it killed. */
export async function killRandomly(directory: string, rounds: number, seed: number, processes: number): Promise<number> {
  let state = seed;
  const random = (most: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) % most;
  };
  let killed = 0;
  for (let round = 0; round < rounds; round++) {
    const lives: Life[] = [];
    for (let count = 0; count < processes; count++) lives.push(begin(directory, random(1 << 30)));
    await Promise.all(lives.map(({ there }) => there));
    // Some go before the others, who live on with what those have left.
    for (const { child } of lives) {
      await pause(random(25));
      child.kill("SIGKILL");
      killed += 1;
    }
    await Promise.all(lives.map(({ child, end }) => (child.exitCode === null && child.signalCode === null ? end : undefined)));
    const told = lives.flatMap(({ complaints }) => complaints);
    assert.deepEqual(told, [], `seed ${seed}, round ${round}`);
    checkLeft(directory, `seed ${seed}, round ${round}`);
  }
  return killed;
}

interface Life {
  readonly child: ChildProcess;
  readonly there: Promise<void>;
  readonly end: Promise<unknown>;
  readonly complaints: string[];
}

function begin(directory: string, seed: number): Life {
  const child = startChild(IMPORTS + LIFE, { directory, args: ["life", String(seed)], bundled: true });
  const complaints: string[] = [];
  const there = new Promise<void>((resolve, reject) => {
    child.on("message", (message) => {
      if (message === "there") resolve();
      else complaints.push(String(message));
    });
    child.once("exit", (status, signal) => reject(new Error(`ended too early with ${status ?? signal}: ${complaints.join("\n")}`)));
  });
  return { child, there, end: endOf(child), complaints };
}

function checkLeft(directory: string, where: string): void {
  using segment = openSegment(join(directory, "segment"), { reserve: RESERVE });
  assert.deepEqual(segment.verify(), [], where);
  for (const { name, kind } of segment.list()) {
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
    const table = segment.table(name, { key: text, value: Pair });
    for (const [key, { x, y }] of table) assert.deepEqual([key, y], [`key ${x}`, 2 * x], `${where}: an entry of "${name}"`);
  }
  assert.deepEqual(segment.verify(), [], where);
}
