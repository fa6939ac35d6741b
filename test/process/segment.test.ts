import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { openSegment } from "../../src/mapped/segment/open-segment.ts";
import { endOf, messageOf, moduleUrl, runChild, startChild } from "./child.ts";
import { ACTS, Pair, RESERVE } from "./segment-acts.ts";
import { FAST_DIRECTORY, randomKills, stepKills } from "./segment-kills.ts";
import { whyNoForks } from "./single-threaded.ts";
import { mountSmallDisk } from "./small-disk.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const OPEN = `
  const { openSegment } = await import(${JSON.stringify(moduleUrl("mapped/segment/open-segment.js"))});
  const { struct } = await import(${JSON.stringify(moduleUrl("layout/struct.js"))});
  const { f64 } = await import(${JSON.stringify(moduleUrl("layout/scalars.js"))});
  const Pair = struct("Pair", { x: f64, y: f64 });
  const path = directory + "/segment";
`;

describe("a process that uses a segment and is killed", () => {
  const skip = whyNoForks() ?? false;
  for (const [name, { labels }] of Object.entries(ACTS)) {
    // Some steps of each; `npm run soak -- segment` takes all of them.
    test(`leaves it sound in the middle of "${name}"`, { skip }, (t) => {
      const directory = temporaryDirectory(t, FAST_DIRECTORY);
      const every = name === "compact" ? 311 : 41;
      const { steps = 0, killed, labels: met } = stepKills(directory, name, { every });
      assert.ok(steps > 20);
      assert.equal(killed, Math.ceil(steps / every));
      // It does what it says.
      for (const label of labels) assert.ok(met.includes(label), `no step is ${label}; there are ${met.join(", ")}`);
    });
  }

  test("leaves it sound at a random moment, alone and among others", { skip }, (t) => {
    const seed = 1 + Math.floor(Math.random() * 1e9);
    const { killed, structures } = randomKills(temporaryDirectory(t, FAST_DIRECTORY), { kills: 16, seed });
    assert.equal(killed, 16, `seed ${seed}`);
    assert.ok(structures > 5, `seed ${seed}`);
  });
});

describe("a segment", () => {
  test("is made once by processes that come at the same moment", async (t) => {
    const directory = temporaryDirectory(t);
    const script = `${OPEN}
      process.send("ready");
      process.once("message", () => {
        const segment = openSegment(path, { reserve: ${RESERVE} });
        segment.root(Pair).x += 1;
        segment.arena("arena " + process.pid, { byteLength: 50_000 });
        process.send(segment.inspect().identity);
        process.once("message", () => { segment.close(); process.exit(0); });
      });`;
    const children = Array.from({ length: 4 }, () => startChild(script, { directory }));
    await Promise.all(children.map(messageOf));
    const told = children.map(messageOf);
    for (const child of children) child.send("open");
    const identities = new Set(await Promise.all(told));
    assert.equal(identities.size, 1);
    const ends = children.map(endOf);
    {
      using segment = openSegment(join(directory, "segment"));
      assert.equal(segment.list().length, 5);
    }
    for (const child of children) child.send("close");
    await Promise.all(ends);
    using segment = openSegment(join(directory, "segment"));
    assert.deepEqual(segment.verify(), []);
  });

  test("grows in one process, and is seen to by another and by a thread of its own", async (t) => {
    const directory = temporaryDirectory(t);
    using segment = openSegment(join(directory, "segment"), { reserve: RESERVE });
    const script = `${OPEN}
      const segment = openSegment(path);
      process.send("ready");
      process.once("message", () => {
        const arena = segment.arena("big");
        const ptr = arena.alloc(2_000_000);
        segment.memory.u8[ptr + 1_999_999] = 7;
        process.send(ptr);
        process.once("message", () => process.exit(0));
      });`;
    const child = startChild(script, { directory });
    await messageOf(child);
    segment.arena("big", { byteLength: 3_000_000 });
    const told = messageOf(child);
    child.send("go");
    assert.equal(segment.memory.u8[Number(await told) + 1_999_999], 7);
    const source = `
      import { parentPort, workerData } from "node:worker_threads";
      import { openSegment } from ${JSON.stringify(moduleUrl("mapped/segment/open-segment.js"))};
      const segment = openSegment(workerData);
      segment.arena("made by a thread", { byteLength: 5_000_000 });
      segment.close();
      parentPort.postMessage("made");`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData: segment.ticket() });
    await endOf(worker);
    const made = segment.arena("made by a thread");
    segment.memory.u8[made.alloc(4_900_000)] = 1;
    assert.throws(() => segment.delete("big"), { code: "locked" });
    const end = endOf(child);
    child.kill("SIGKILL");
    await end;
    assert.equal(segment.delete("big"), true);
    assert.deepEqual(segment.verify(), []);
  });

  test("takes the pages back that a killed process had taken and not linked, while others go on", async (t) => {
    const directory = temporaryDirectory(t);
    using segment = openSegment(join(directory, "segment"), { reserve: RESERVE });
    segment.pool("first", Pair, { capacity: 10 });
    const before = segment.inspect().usedByteLength;
    const script = `${OPEN}
      const segment = openSegment(path);
      const { poolKind } = await import(${JSON.stringify(moduleUrl("mapped/segment/kinds/pool.js"))});
      const kind = poolKind(Pair, {});
      segment.open("first", { ...kind, attach(home, byteOffset) { home.allocator.alloc(100_000); return kind.attach(home, byteOffset); } });
      process.send("taken");
      setInterval(() => {}, 1000);`;
    const child = startChild(script, { directory });
    await messageOf(child);
    assert.ok(segment.inspect().usedByteLength > before);
    assert.deepEqual(segment.verify(), []);
    const end = endOf(child);
    child.kill("SIGKILL");
    await end;
    assert.equal(segment.recover(), 1);
    assert.equal(segment.inspect().usedByteLength, before);
    assert.deepEqual(segment.verify(), []);
  });

  test("on a full disk says so and stays whole", (t) => {
    const directory = temporaryDirectory(t);
    const disk = mountSmallDisk(t, "tmpfs");
    if ("refused" in disk) return t.skip(disk.refused);
    const script = `${OPEN}
      const full = { name: "MemoryError", code: "disk-full" };
      const segment = openSegment(args[0] + "/segment", { reserve: ${RESERVE} });
      segment.pool("first", Pair, { capacity: 10 }).add({ x: 1, y: 2 });
      assert.throws(() => segment.arena("too big", { byteLength: 2_000_000 }), full);
      assert.deepEqual(segment.verify(), []);
      assert.equal(segment.has("too big"), false);
      let count = 0;
      assert.throws(() => { for (;; count++) { const arena = segment.arena("arena " + count, { byteLength: 50_000 }); segment.memory.u8.fill(1, arena.byteOffset + 64, arena.byteOffset + 50_000); } }, full);
      assert.ok(count > 10, String(count));
      assert.deepEqual(segment.verify(), []);
      segment.delete("arena 3");
      segment.arena("fits again", { byteLength: 50_000 });
      // The blocks of a hole may be somebody else's by the time that it is needed.
      for (const number of [5, 6, 7, 8]) segment.delete("arena " + number);
      assert.ok(segment.compact() > 120_000);
      fs.writeFileSync(args[0] + "/other", Buffer.alloc(10_000_000).subarray(0, fs.statfsSync(args[0]).bavail * 4096));
      assert.throws(() => segment.arena("in the hole", { byteLength: 100_000 }), full);
      assert.deepEqual(segment.verify(), []);
      fs.unlinkSync(args[0] + "/other");
      const inHole = segment.arena("in the hole", { byteLength: 100_000 });
      segment.memory.u8.fill(1, inHole.byteOffset + 64, inHole.byteOffset + 100_000);
      assert.deepEqual(segment.verify(), []);
      segment.close();
      fs.writeFileSync(args[0] + "/rest", Buffer.alloc(10_000_000).subarray(0, fs.statfsSync(args[0]).bavail * 4096));
      assert.throws(() => openSegment(args[0] + "/another"), full);
      assert.equal(fs.existsSync(args[0] + "/another"), false);`;
    const { status, signal, stderr } = runChild(script, { directory, args: [disk.path] });
    assert.equal(signal, null, stderr);
    assert.equal(status, 0, stderr);
    assert.ok(existsSync(join(disk.path, "segment")));
    assert.deepEqual(readdirSync(disk.path).sort(), ["rest", "segment"]);
    assert.ok(statSync(join(disk.path, "segment")).blocks * 512 < 1 << 20);
  });
});
