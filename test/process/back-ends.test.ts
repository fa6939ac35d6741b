import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { hasNodeFfi, moduleUrl, onlyNodeFfi, runChild, withSystemRanges } from "./child.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const TESTS = fileURLToPath(new URL("../", import.meta.url));

/** The tests of mapping and of what lies in mapped memory, which hold however C is called and whosever address space it is. */
const SUITES = ["mapped/map-file", "mapped/map-mirrored", "mapped/pages", "mapped/segment/reading", "native/system"];

const WAYS: Readonly<Record<string, (directory: string) => string[]>> = {
  "over ranges of the system": withSystemRanges,
  ...(hasNodeFfi() ? { "by node:ffi": onlyNodeFfi } : {}),
};

for (const [way, optionsIn] of Object.entries(WAYS)) {
  for (const suite of SUITES) {
    test(`${suite} holds where files are mapped ${way}`, (t) => {
      const directory = temporaryDirectory(t);
      const options = [...optionsIn(directory), "--test-reporter=tap", join(TESTS, `${suite}.test.js`)];
      const { NODE_TEST_CONTEXT: _, ...env } = process.env;
      const { status, stdout, stderr } = spawnSync(process.execPath, options, { encoding: "utf8", env, timeout: 120_000 });
      assert.equal(status, 0, `${stderr}\n${stdout.slice(-3000)}`);
    });
  }
}

describe("where files are mapped over ranges of the system", () => {
  test("memories are ArrayBuffers, threads attach by the path, and closing and collecting leaves nothing", (t) => {
    const directory = temporaryDirectory(t);
    const script = `
      const { system } = await import(${JSON.stringify(moduleUrl("native/system.js"))});
      assert.equal(system().buffers, "system");
      const path = directory + "/file";
      const memory = mapped.mapFile(path, { mode: "readWrite", create: true, byteLength: 100_000, maxByteLength: 1_000_000 });
      assert.ok(memory.buffer instanceof ArrayBuffer);
      memory.u8.fill(7, 0, 100_000);
      memory.grow(500_000);
      assert.equal(fs.readFileSync(path)[99_999], 7);
      const ticket = memory.ticket();
      assert.equal(ticket.buffer, undefined);
      const source = "import { workerData } from 'node:worker_threads'; import { attach } from '${moduleUrl("mapped/attach.js")}'; const memory = attach(workerData); Atomics.store(memory.i32, 5, 9); memory.close();";
      const worker = new Worker(new URL("data:text/javascript," + encodeURIComponent(source)), { workerData: ticket, execArgv: [] });
      await new Promise((resolve, reject) => { worker.once("exit", resolve); worker.once("error", reject); });
      assert.equal(Atomics.load(memory.i32, 5), 9);
      const { u8 } = memory;
      memory.close();
      assert.equal(u8[10], 0);
      u8[10] = 5;
      assert.equal(fs.readFileSync(path)[10], 7);
      const count = () => fs.readFileSync("/proc/self/smaps", "latin1").split("\\n").filter((line) => line.includes(path)).length;
      const ranges = () => process.report.getReport().header && fs.readdirSync("/proc/self/map_files").length;
      for (let n = 0; n < 300; n++) mapped.mapFile(path).close();
      const before = ranges();
      for (let n = 0; n < 3000; n++) {
        mapped.mapFile(path).close();
        if (n % 100 === 0) { globalThis.gc(); await new Promise((resolve) => setTimeout(resolve, 1)); }
      }
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(count(), 0);
      assert.ok(ranges() < before + 200, ranges() + " ranges, before " + before);`;
    const { status, signal, stderr } = runChild(script, {
      directory,
      nodeOptions: ["--expose-gc", ...withSystemRanges(directory)],
    });
    assert.equal(signal, null, stderr);
    assert.equal(status, 0, stderr);
  });

  test("an engine that takes no views of other memory refuses", (t) => {
    const directory = temporaryDirectory(t);
    const script = `
      const { createRequire } = await import("node:module");
      const koffi = createRequire(${JSON.stringify(moduleUrl("native/koffi.js"))})("koffi");
      koffi.view = () => { throw new Error("External buffers are not allowed"); };
      assert.equal(mapped.isMappingSupported(), false);
      assert.throws(() => mapped.mapFile(directory + "/file"), { code: "unsupported", message: /arena of its own/ });
      fs.writeFileSync(directory + "/file", "bytes");
      const copy = mapped.loadFile(directory + "/file");
      copy.u8[0] = 66;
      mapped.saveFile(copy, directory + "/file");
      assert.equal(fs.readFileSync(directory + "/file", "latin1"), "Bytes");`;
    const { status, stderr } = runChild(script, { directory, nodeOptions: withSystemRanges(directory) });
    assert.equal(status, 0, stderr);
  });
});
