import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryError } from "../../src/core/errors.ts";
import { type Refusal, refuseSystem } from "../../src/native/unsupported.ts";
import { hasNodeFfi, moduleUrl, onlyNodeFfi, runChild, withoutKoffi } from "../process/child.ts";
import { temporaryDirectory } from "../process/temporary-directory.ts";

describe("where files cannot be mapped", () => {
  const refusals: readonly Refusal[] = [
    "platform",
    "architecture",
    "old-windows",
    "koffi-missing",
    "koffi-blocked",
    "no-proc",
    "engine",
    "no-views",
  ];
  for (const why of refusals) {
    test(`the error tells why and what to do: ${why}`, () => {
      assert.throws(
        () => refuseSystem(why),
        (error) => {
          assert.ok(error instanceof MemoryError);
          assert.equal(error.code, "unsupported");
          assert.equal(error.subject, "memory mapping");
          assert.equal(error.numbers.platform, `${process.platform}-${process.arch}`);
          assert.equal(error.numbers.node, process.versions.node);
          assert.match(error.cure, /^[A-Z].*\.$/);
          return true;
        },
      );
    });
  }

  const everyDoorRefuses = `
    const offheap = await import(${JSON.stringify(moduleUrl("index.js"))});
    const door = await import(${JSON.stringify(moduleUrl("mapped/index.js"))});
    assert.equal(door.isMappingSupported(), false);
    fs.writeFileSync(directory + "/file", "bytes");
    const doors = [
      () => door.mapFile(directory + "/file"),
      () => door.mapWindow(directory + "/file"),
      () => door.mapAnonymous(100),
      () => door.mapScratch(directory, { maxByteLength: 100 }),
    ];
    for (const door of doors) {
      assert.throws(door, (error) => {
        assert.equal(error.name, "MemoryError");
        assert.equal(error.code, "unsupported");
        assert.match(error.message, new RegExp(args[0]));
        return true;
      });
    }
    const shared = offheap.sharedMemory(64);
    shared.u8[3] = 7;
    assert.equal(door.attach(shared.ticket()).u8[3], 7);
  `;
  const copying = `
    const copy = door.loadFile(directory + "/file");
    copy.u8[0] = 66;
    door.saveFile(copy, directory + "/file");
    door.saveFile(copy, directory + "/another");
    for (const name of ["file", "another"]) assert.equal(fs.readFileSync(directory + "/" + name, "latin1"), "Bytes");
    assert.deepEqual(fs.readdirSync(directory).filter((name) => name.endsWith(".tmp")), []);
  `;
  const publishing = `
    const file = door.publishFile(directory + "/published");
    file.write(Buffer.from("whole"), 0);
    file.commit();
    assert.equal(fs.readFileSync(directory + "/published", "utf8"), "whole");
  `;

  test("without koffi every mapping throws the one error, and everything else works", (t) => {
    const directory = temporaryDirectory(t);
    const { status, stderr } = runChild(everyDoorRefuses + publishing + copying, {
      directory,
      args: ["npm install koffi"],
      nodeOptions: withoutKoffi(directory),
    });
    assert.equal(status, 0, stderr);
  });

  test("without koffi a Node that can call C by itself maps all the same", (t) => {
    if (!hasNodeFfi()) return t.skip("needs Node 26.9");
    const directory = temporaryDirectory(t);
    const script = `
      const { system } = await import(${JSON.stringify(moduleUrl("native/system.js"))});
      assert.equal(system().foreign, "node:ffi");
      const memory = mapped.mapFile(directory + "/new", { mode: "readWrite", create: true, byteLength: 100_000, maxByteLength: 1_000_000 });
      memory.u8.fill(7, 0, 100_000);
      memory.grow(500_000);
      memory.flush(0, 100);
      await memory.flushAsync();
      memory.pin(0, 4096);
      memory.advise("random");
      assert.ok(memory.resident() > 0);
      assert.equal(memory.copyOut(0, 100_000).indexOf(0), -1);
      const participant = mapped.participantIn(memory);
      assert.equal(participant.isAlive(participant.identity, participant.stamp), true);
      const worker = new Worker(
        "const { workerData } = require('node:worker_threads'); new Uint8Array(workerData.buffer, 0, 10)[1] = 9;",
        { eval: true, workerData: memory.ticket() },
      );
      await new Promise((resolve) => worker.once("exit", resolve));
      assert.equal(fs.readFileSync(directory + "/new")[1], 9);
      fs.truncateSync(directory + "/new", 10);
      assert.throws(() => memory.check(), { code: "io" });
      mapped.mapAnonymous(1000).close();
      mapped.mapScratch(directory, { byteLength: 10, maxByteLength: 100 }).close();`;
    const { status, stderr } = runChild(script, { directory, nodeOptions: onlyNodeFfi(directory) });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /ExperimentalWarning/);
  });

  const major = Number(process.versions.node.split(".")[0]);
  const restricted = [major < 24 ? "--experimental-permission" : "--permission", "--allow-fs-read=*", "--allow-fs-write=*"];

  test("with addons allowed, restricted processes map, save and publish, though Node lets them save nothing by descriptor", (t) => {
    const directory = temporaryDirectory(t);
    const script = `
      const door = await import(${JSON.stringify(moduleUrl("mapped/index.js"))});
      assert.equal(door.isMappingSupported(), true);
      const memory = door.mapFile(directory + "/file", { mode: "readWrite", create: true, byteLength: 5 });
      memory.u8.set(Buffer.from("bytes"));
      memory.flush();
      await memory.flushAsync();
      door.openSegment(directory + "/segment", { reserve: 1 << 20 }).close();
      const other = door.mapFile(directory + "/other", { mode: "readWrite", create: true, byteLength: 5 });
      await other.flushAsync();
    `;
    const { status, stderr } = runChild(script + publishing + copying, {
      directory,
      nodeOptions: [...restricted, "--allow-addons"],
    });
    assert.equal(status, 0, stderr);
  });

  test("where addons are not allowed too, and files are copied there", (t) => {
    const directory = temporaryDirectory(t);
    const { status, stderr } = runChild(everyDoorRefuses + publishing + copying, {
      directory,
      args: ["--allow-addons"],
      nodeOptions: restricted,
    });
    assert.equal(status, 0, stderr);
  });
});
