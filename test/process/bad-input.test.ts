import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { f64 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { text } from "../../src/layout/text.ts";
import { openSegment } from "../../src/mapped/segment/open-segment.ts";
import { endOf, messageOf, moduleUrl, runChild, startChild } from "./child.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** What everybody who opens a file makes of a path: the code of the error, or "ok". */
interface Expected {
  readonly map: string;
  readonly mapForWriting: string;
  readonly segment: string;
  readonly segmentForReading: string;
}

interface BadInput extends Expected {
  readonly title: string;
  /** Makes `path` what it is; in the child, where `path` is a name that is free. */
  readonly make: string;
}

const all = (code: string): Expected => ({ map: code, mapForWriting: code, segment: code, segmentForReading: code });
/** Bytes that anybody can map, and that are no segment. */
const noSegment = (segment: string, segmentForReading = segment): Expected => ({ ...all("ok"), segment, segmentForReading });
const INPUTS: readonly BadInput[] = [
  { title: "a missing file", make: "", ...all("io"), segment: "ok" },
  { title: "a path in a directory that is not there", make: `path += "/file";`, ...all("io") },
  { title: "a path in a file", make: `fs.writeFileSync(path, "bytes"); path += "/file";`, ...all("io") },
  { title: "a directory", make: "fs.mkdirSync(path);", ...all("io") },
  { title: "a FIFO", make: `childProcess.execFileSync("mkfifo", [path]);`, ...all("io") },
  {
    title: "a socket",
    make: `await new Promise((resolve) => { server = net.createServer().listen(path, resolve); });`,
    ...all("io"),
  },
  { title: "a device", make: `path = "/dev/zero";`, ...all("io") },
  { title: "a file that the kernel makes up", make: `path = "/proc/self/maps";`, ...all("unsupported") },
  { title: "symbolic links in a circle", make: `fs.symlinkSync(path, path);`, ...all("io") },
  { title: "a path that is too long", make: `path += "x".repeat(5000);`, ...all("io") },
  { title: "a path with a zero byte", make: `path += "\\0";`, ...all("invalid-argument") },
  { title: "a path that is none", make: `path = 7;`, ...all("invalid-argument") },
  { title: "an empty file", make: `fs.writeFileSync(path, "");`, ...noSegment("ok", "not-an-offheap-file") },
  {
    title: "a file of somebody else",
    make: `fs.writeFileSync(path, "somebody else's ".repeat(1000));`,
    ...noSegment("not-an-offheap-file"),
  },
  {
    title: "a hash table",
    make: `load("mapped/table/open-table").openTable(path, { key: u32, value: u32 }).close();`,
    ...noSegment("layout-mismatch"),
  },
  { title: "a segment of which the header is left", make: `make(); fs.truncateSync(path, 100);`, ...noSegment("corrupt") },
  { title: "a segment of which half of the header is left", make: `make(); fs.truncateSync(path, 30);`, ...noSegment("corrupt") },
  { title: "a segment that was cut short", make: `make(); fs.truncateSync(path, 20_000);`, ...noSegment("corrupt") },
  { title: "a segment with a flipped bit in its header", make: `make(); flip(30);`, ...noSegment("corrupt") },
  { title: "a segment with a flipped bit in its state", make: `make(); flip(140);`, ...noSegment("corrupt", "ok") },
  {
    title: "a segment of an older version",
    make: `patch((bytes) => bytes.writeUInt32LE(0, 8));`,
    ...noSegment("unsupported-format"),
  },
  {
    title: "a segment of a newer version",
    make: `patch((bytes) => bytes.writeUInt32LE(9, 8));`,
    ...noSegment("unsupported-format"),
  },
  {
    title: "a file that is mapped elsewhere for that one alone",
    make: `make(); other = await elsewhere(path);`,
    ...all("ok"),
    segment: "locked",
    segmentForReading: "locked",
  },
];

const OPEN = `
  const childProcess = require("node:child_process"), net = require("node:net"), zlib = require("node:zlib"), { once } = require("node:events");
  const { mapFile } = load("mapped/map-file"), { openSegment } = load("mapped/segment/open-segment"), { u32 } = load("layout/scalars");
  const make = () => openSegment(path, { reserve: 1 << 20 }).close();
  const flip = (at) => { const fd = fs.openSync(path, "r+"), byte = Buffer.alloc(1); fs.readSync(fd, byte, 0, 1, at); byte[0] ^= 1; fs.writeSync(fd, byte, 0, 1, at); fs.closeSync(fd); };
  const crc32 = (bytes) => { let crc = -1; for (const byte of bytes) { crc ^= byte; for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0); } return ~crc >>> 0; };
  const patch = (change) => { make(); const bytes = fs.readFileSync(path); change(bytes); bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60); fs.writeFileSync(path, bytes); };
  const elsewhere = async (path) => {
    const child = childProcess.fork(__filename, [directory, "hold", path], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    await once(child, "message");
    return child;
  };
  if (args[0] === "hold") {
    globalThis.held = mapFile(args[1], { mode: "readWrite", lock: "exclusive" });
    process.on("message", () => {});
    process.send("holds");
    return;
  }
  let path = directory + "/file", server, other;
  const codeOf = (open) => {
    try { open().close(); return "ok"; } catch (error) {
      assert.equal(error.name, "MemoryError", error.stack);
      assert.ok(error.subject && error.cure, error.message);
      return error.code;
    }
  };
`;

describe("bad input, in a process for each case, is one coded error with a cure:", () => {
  for (const { title, make, ...expected } of INPUTS) {
    test(title, (t) => {
      const script = `${OPEN} ${make}
        console.log(JSON.stringify({
          map: codeOf(() => mapFile(path)), mapForWriting: codeOf(() => mapFile(path, { mode: "readWrite" })),
          segmentForReading: codeOf(() => openSegment(path, { mode: "read" })), segment: codeOf(() => openSegment(path, { reserve: 1 << 20 })),
        }));
        server?.close();
        other?.kill("SIGKILL");`;
      const { status, signal, stdout, stderr } = runChild(script, { directory: temporaryDirectory(t), bundled: true });
      assert.deepEqual([status, signal], [0, null], stderr);
      assert.deepEqual(JSON.parse(stdout), expected);
    });
  }

  test("no permission", (t) => {
    const directory = temporaryDirectory(t);
    const isRoot = process.getuid?.() === 0;
    chmodSync(directory, 0o755);
    {
      using segment = openSegment(`${directory}/file`, { reserve: 1 << 20 });
      segment.table("table", { key: text, value: f64 }).set("key", 1);
    }
    chmodSync(`${directory}/file`, 0o444);
    const script = `${OPEN}
      const found = [codeOf(() => openSegment(path)), codeOf(() => openSegment(path + " other")), codeOf(() => mapFile(path, { mode: "readWrite" }))];
      const segment = openSegment(path, { mode: "read" });
      const { text } = load("layout/text"), { f64 } = load("layout/scalars");
      console.log(JSON.stringify([...found, segment.table("table", { key: text, value: f64 }).get("key"), segment.verify()]));`;
    const { status, stdout, stderr } = runChild(script, { directory, bundled: true, ...(isRoot ? { uid: 65_534 } : {}) });
    if (isRoot && /EACCES/.test(stderr)) return t.skip("this checkout is closed to other users");
    assert.equal(status, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), ["io", "io", "io", 1, []]);
  });

  test("sizes and options that cannot be", (t) => {
    const script = `${OPEN}
      make();
      const refused = (code, open) => assert.equal(codeOf(open), code, String(open));
      for (const reserve of [2 ** 53, 2 ** 50, -1, 1.5, NaN, Infinity, "5"]) refused("invalid-argument", () => openSegment(path + " new", { reserve }));
      for (const seats of [0, 63, 1.5, "2"]) refused("invalid-argument", () => openSegment(path + " new", { seats }));
      for (const mode of ["write", 7, null]) refused("invalid-argument", () => openSegment(path, { mode }));
      for (const timeoutMs of [-1, NaN]) refused("invalid-argument", () => openSegment(path, { timeoutMs }));
      for (const source of [undefined, null, 5, {}, Symbol("x")]) refused("invalid-argument", () => openSegment(source));
      refused("invalid-argument", () => openSegment({ offheap: "other" }));
      const longest = require("node:buffer").constants.MAX_LENGTH;
      if (longest < 2 ** 43) refused("unsupported", () => openSegment(path + " new", { reserve: 2 ** 43 }));
      assert.equal(fs.existsSync(path + " new"), false);
      for (const byteOffset of [2 ** 60, -1, 1.5]) refused("invalid-argument", () => mapFile(path, { byteOffset }));
      refused("out-of-bounds", () => mapFile(path, { byteOffset: (1 << 20) + 1 }));
      refused("out-of-bounds", () => mapFile(path, { byteOffset: 5, byteLength: 1 << 20 }));
      if (longest < 2 ** 47) refused("unsupported", () => mapFile(path, { maxByteLength: 2 ** 47 }));
      else refused("out-of-memory", () => mapFile(path, { maxByteLength: 2 ** 47 }));`;
    const { status, stderr } = runChild(script, { directory: temporaryDirectory(t), bundled: true });
    assert.equal(status, 0, stderr);
  });
});

const Pair = struct("Pair", { x: f64, y: f64 });

describe("a segment that is closed", () => {
  const IMPORTS = ["mapped/segment/open-segment", "layout/struct", "layout/scalars", "layout/text"]
    .map((path, index) => `import * as m${index} from ${JSON.stringify(moduleUrl(`${path}.js`))};`)
    .join("\n");
  const WORKER = `${IMPORTS}
    import { parentPort, workerData } from "node:worker_threads";
    const { openSegment, struct, f64, text } = { ...m0, ...m1, ...m2, ...m3 };
    const Pair = struct("Pair", { x: f64, y: f64 });
    const segment = openSegment(workerData);`;

  test("throws in a worker whatever is used of it, and can be closed twice", async (t) => {
    using segment = openSegment(`${temporaryDirectory(t)}/file`, { reserve: 1 << 22 });
    const source = `${WORKER}
      const rows = segment.columns("rows", Pair, { capacity: 4 }), pool = segment.pool("pool", Pair, { capacity: 4 }), names = segment.interner("names");
      const table = segment.table("table", { key: text, value: f64 }), heap = segment.heap("heap", { byteLength: 400_000 }), arena = segment.arena("arena", { byteLength: 5000 });
      const ring = segment.ring("ring", f64, { capacity: 4 }), producer = ring.producer(), root = segment.root(Pair), queue = segment.queue("queue", f64, { capacity: 4 });
      const handle = pool.add({ x: 1, y: 2 }), view = pool.get(handle), lock = segment.mutex("lock"), { u8 } = segment.memory;
      segment.close();
      segment.close();
      const codes = [];
      for (const use of [() => segment.list(), () => segment.pool("pool", Pair), () => rows.append({ x: 1 }), () => pool.add({ x: 1 }), () => pool.get(handle), () => view.x,
        () => { view.x = 1; }, () => names.intern("a"), () => table.get("a"), () => table.set("a", 1), () => heap.alloc(8), () => arena.alloc(8), () => producer.push(1), () => ring.consumer(),
        () => root.x, () => queue.push(1), () => lock.acquire(), () => segment.memory.u8, () => segment.ticket(), () => segment.compact(), () => segment.verify()]) {
        try { use(); codes.push("none: " + use); } catch (error) { codes.push(error.code); }
      }
      parentPort.postMessage([codes, u8[0] >= 0]);`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData: segment.ticket() });
    const answer = new Promise<readonly [string[], boolean]>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    const [codes] = await answer;
    assert.deepEqual(
      codes.filter((code) => code !== "closed" && code !== "stale-view"),
      [],
    );
    assert.equal(segment.list().length, 10);
    assert.deepEqual(segment.verify(), []);
  });

  test("goes on for the threads and processes that read it", async (t) => {
    const directory = temporaryDirectory(t);
    const path = `${directory}/file`;
    const segment = openSegment(path, { reserve: 1 << 22 });
    const table = segment.table("table", { key: text, value: Pair });
    for (let x = 0; x < 100; x++) table.set(`key ${x}`, { x, y: 2 * x });
    const reading = `
      const table = segment.table("table", { key: text, value: Pair });
      let wrong = 0, rounds = 0;
      const read = () => { for (const [key, { x, y }] of table) if (key !== "key " + x || y !== 2 * x) wrong += 1; rounds += 1; };`;
    const source = `${WORKER} ${reading}
      read();
      parentPort.postMessage("reads");
      let stop = false;
      parentPort.once("message", () => { stop = true; });
      (function more() { read(); if (!stop) setImmediate(more); else { parentPort.postMessage([wrong, table.size]); segment.close(); } })();`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData: segment.ticket() });
    const next = (): Promise<unknown> => new Promise((resolve) => worker.once("message", resolve));
    assert.equal(await next(), "reads");
    const child = startChild(
      `const { openSegment } = await import(${JSON.stringify(moduleUrl("mapped/segment/open-segment.js"))});
       const { struct } = await import(${JSON.stringify(moduleUrl("layout/struct.js"))}), { f64 } = await import(${JSON.stringify(moduleUrl("layout/scalars.js"))});
       const { text } = await import(${JSON.stringify(moduleUrl("layout/text.js"))});
       const Pair = struct("Pair", { x: f64, y: f64 });
       const segment = openSegment(directory + "/file", { mode: "read" });
       ${reading}
       read();
       process.send("reads");
       process.once("message", () => { read(); process.send([wrong, table.size], () => process.exit(0)); });`,
      { directory },
    );
    assert.equal(await messageOf(child), "reads");
    segment.close();
    const [told, end] = [messageOf(child), endOf(child)];
    child.send("go on");
    assert.deepEqual(await told, [0, 100]);
    assert.deepEqual(await end, [0, null]);
    const answer = next();
    worker.postMessage("stop");
    assert.deepEqual(await answer, [0, 100]);
    await endOf(worker);
    using again = openSegment(path);
    assert.deepEqual(again.verify(), []);
  });
});
