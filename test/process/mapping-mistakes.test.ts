import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { MiB } from "../../src/core/size.ts";
import { mapAnonymous } from "../../src/mapped/map-anonymous.ts";
import { mapFile } from "../../src/mapped/map-file.ts";
import { endOf, messageOf, moduleUrl, runChild, startChild } from "./child.ts";
import { mountSmallDisk } from "./small-disk.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

describe("a file that is open elsewhere in a mode that does not go with it", () => {
  for (const [theirs, ours] of [
    ["exclusive", "exclusive"],
    ["exclusive", "shared"],
    ["shared", "exclusive"],
  ] as const) {
    test(`is refused while another process has it ${theirs}ly and it is wanted ${ours}ly; a killed one has it no more`, async (t) => {
      const directory = temporaryDirectory(t);
      const path = join(directory, "file");
      writeFileSync(path, "bytes");
      const child = startChild(
        `globalThis.memory = mapped.mapFile(directory + "/file", { mode: "readWrite", lock: "${theirs}" });
         process.on("message", () => {}); process.send("has it");`,
        { directory },
      );
      const end = endOf(child);
      await messageOf(child);
      assert.throws(() => mapFile(path, { mode: "readWrite", lock: ours }), { code: "locked" });
      assert.throws(() => mapFile(path, { mode: "readWrite", lock: ours, lockTimeoutMs: 30 }), {
        code: "locked",
        message: /timeoutMs=30/,
      });
      child.kill("SIGKILL");
      await end;
      mapFile(path, { mode: "readWrite", lock: ours }).close();
    });
  }

  test("is had by who waits for it", async (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, "file"), "bytes");
    const memory = mapFile(join(directory, "file"), { mode: "readWrite", lock: "exclusive" });
    const child = startChild(
      `process.send("waits", () => { mapped.mapFile(directory + "/file", { lock: "shared", lockTimeoutMs: 60_000 }); process.send("has it", () => process.exit(0)); });`,
      { directory },
    );
    const end = endOf(child);
    assert.equal(await messageOf(child), "waits");
    const answer = messageOf(child);
    memory.close();
    assert.equal(await answer, "has it");
    assert.deepEqual(await end, [0, null]);
  });
});

describe("a network file system", () => {
  // There is none here, so statfs is made to tell of one.
  const elsewhere = (type: string): string => `
    const { syncBuiltinESMExports } = await import("node:module");
    const { statfsSync } = fs;
    fs.statfsSync = (...given) => ({ ...statfsSync(...given), type: ${type} });
    syncBuiltinESMExports();
    fs.writeFileSync(directory + "/file", "bytes");`;
  for (const [name, type] of [
    ["NFS", "0x6969"],
    ["CIFS", "0xff534d42"],
    ["9P", "0x01021997"],
    ["FUSE", "0x65735546"],
  ]) {
    test(`is refused with the cure: ${name}`, (t) => {
      const { status, stderr } = runChild(
        `${elsewhere(type)}
         for (const mode of ["read", "readWrite", "copyOnWrite"]) {
           assert.throws(() => mapped.mapFile(directory + "/file", { mode }), (error) =>
             error.code === "unsupported" && error.message.includes("fileSystem=${name}") && /loadFile/.test(error.cure) && /"any"/.test(error.cure));
           assert.equal(mapped.mapFile(directory + "/file", { mode, fileSystem: "any" }).u8[0], 98);
         }
         assert.equal(mapped.loadFile(directory + "/file").byteLength, 5);`,
        { directory: temporaryDirectory(t) },
      );
      assert.equal(status, 0, stderr);
    });
  }
});

describe("anonymous memory that others may only read", () => {
  test("is seen by another process, which cannot change it in any way", (t) => {
    using memory = mapAnonymous(10_000, { maxByteLength: 100_000, receivers: "read" });
    memory.u8[9_999] = 7;
    memory.grow(50_000);
    memory.u8[49_999] = 8;
    const ticket = memory.ticket();
    assert.equal(ticket.readOnly, true);
    const script = `
      const ticket = JSON.parse(args[0]);
      const memory = mapped.attach(ticket);
      assert.equal(memory.readOnly, true);
      assert.deepEqual([memory.u8[9_999], memory.u8[49_999]], [7, 8]);
      memory.u8[0] = 99;
      assert.throws(() => mapped.mapFile(ticket.path, { mode: "readWrite", fileSystem: "any" }), { code: "io", message: /EPERM/ });
      const fd = fs.openSync(ticket.path, "r+");
      assert.throws(() => fs.writeSync(fd, "x", 0), { code: "EPERM" });
      assert.throws(() => fs.ftruncateSync(fd, 10), { code: "EPERM" });`;
    const { status, stderr } = runChild(script, { directory: temporaryDirectory(t), args: [JSON.stringify(ticket)] });
    assert.equal(status, 0, stderr);
    assert.equal(memory.u8[0], 0);
    assert.throws(() => memory.reserve(MiB(1)), { code: "unsupported" });
  });
});

describe("two processes that make one file longer at once", () => {
  test("on a disk that is nearly full take nothing from each other", async (t) => {
    const disk = mountSmallDisk(t, "tmpfs");
    if ("refused" in disk) return t.skip(disk.refused);
    const directory = temporaryDirectory(t);
    const path = join(disk.path, "file");
    writeFileSync(path, Buffer.alloc(4096, 1));
    // One grows by small steps and uses all that it has; the other asks for more than there is, and takes back what it could not finish.
    const greedy = `
      const memory = mapped.mapFile(args[0], { mode: "readWrite", maxByteLength: 100_000_000 });
      process.on("message", () => process.exit(0));
      process.send("ready");
      (function more() {
        for (let n = 0; n < 20; n++) assert.throws(() => memory.grow(50_000_000), { code: "disk-full" });
        setImmediate(more);
      })();`;
    const modest = `
      const memory = mapped.mapFile(args[0], { mode: "readWrite", maxByteLength: 1_000_000 });
      for (let byteLength = 8192; byteLength < 500_000; byteLength += 4096) {
        for (;;) {
          try { memory.grow(byteLength); break; } catch (error) { assert.equal(error.code, "disk-full"); }
        }
        memory.u8.fill(2, 4096, byteLength);
      }
      assert.equal(memory.bytes(4096, 400_000).indexOf(0), -1);`;
    const other = startChild(greedy, { directory, args: [path] });
    const end = endOf(other);
    await messageOf(other);
    const { status, signal, stderr } = runChild(modest, { directory, args: [path] });
    other.send("enough");
    assert.deepEqual([status, signal], [0, null], stderr);
    assert.deepEqual(await end, [0, null]);
  });
});

describe("closing in one thread while another reads", () => {
  test("ends nobody: the reader goes on with its bytes, or with zeros", async (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, Buffer.alloc(MiB(1), 7));
    const source = `
      const { parentPort, workerData } = require("node:worker_threads");
      const bytes = new Uint8Array(workerData.buffer, 0, ${MiB(1)});
      let stop = false, wrong = 0;
      parentPort.once("message", () => { stop = true; });
      parentPort.postMessage("reads");
      (function read() {
        for (const byte of bytes) if (byte !== 7 && byte !== 0) wrong += 1;
        if (stop) parentPort.postMessage(wrong);
        else setImmediate(read);
      })();`;
    const memory = mapFile(path, { mode: "readWrite" });
    const workers = [1, 2].map(() => new Worker(source, { eval: true, workerData: memory.ticket() }));
    // Asked for before any can have answered.
    await Promise.all(workers.map((worker) => once(worker, "message")));
    memory.close();
    memory.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const worker of workers) {
      const answer = once(worker, "message");
      worker.postMessage("stop");
      assert.deepEqual(await answer, [0]);
      await worker.terminate();
    }
  });

  test("use after close from a worker is an error there too", async (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, Buffer.alloc(5000, 7));
    const source = `
      import { parentPort, workerData } from "node:worker_threads";
      import { attach } from ${JSON.stringify(moduleUrl("mapped/attach.js"))};
      const memory = attach(workerData);
      const codes = [];
      const { u8 } = memory;
      memory.close();
      memory.close();
      for (const use of [() => memory.u8, () => memory.flush(), () => memory.bytes(0, 1), () => memory.check(), () => memory.ticket()]) {
        try { use(); codes.push("none"); } catch (error) { codes.push(error.code); }
      }
      parentPort.postMessage([codes, u8.length > 0]);`;
    using memory = mapFile(path);
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData: memory.ticket() });
    const [[codes]] = await once(worker, "message");
    assert.deepEqual(codes, ["closed", "closed", "closed", "closed", "closed"]);
    assert.equal(memory.u8[0], 7, "the others go on");
  });
});

describe("what cannot be mapped", () => {
  test("is refused with the reason, and opens nothing", (t) => {
    const directory = temporaryDirectory(t);
    mkdirSync(join(directory, "folder"));
    writeFileSync(join(directory, "file"), "bytes");
    const refusals: readonly (readonly [string, Parameters<typeof mapFile>[1], string])[] = [
      ["missing", {}, "io"],
      ["folder", {}, "io"],
      ["file/inside", {}, "io"],
      ["file", { byteOffset: 6 }, "out-of-bounds"],
      ["file", { byteLength: 6 }, "out-of-bounds"],
      ["file", { byteOffset: 2 ** 60 }, "invalid-argument"],
      ["file", { byteLength: -1 }, "invalid-argument"],
      ["file", { mode: "read", create: true }, "invalid-argument"],
      ["missing", { lock: "exclusive" }, "io"],
    ];
    for (const [name, options, code] of refusals) {
      assert.throws(
        () => mapFile(join(directory, name), options),
        { name: "MemoryError", code },
        `${name} ${JSON.stringify(options)}`,
      );
    }
    // Too long for every engine, or for this machine.
    assert.throws(() => mapFile(join(directory, "file"), { maxByteLength: 2 ** 53 - 1 }), { name: "MemoryError" });
  });
});
