import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { privateMemory, sharedMemory } from "../../src/core/homes.ts";
import { loadFile, saveFile } from "../../src/mapped/load-file.ts";
import { mapFile } from "../../src/mapped/map-file.ts";
import { moduleUrl, runChild, withoutKoffi } from "../process/child.ts";
import { ON_WINDOWS } from "../process/platform.ts";
import { temporaryDirectory } from "../process/temporary-directory.ts";

describe("a file that is copied instead of mapped", () => {
  for (const home of ["shared", "private"] as const) {
    test(`is loaded into ${home} memory and saved again`, (t) => {
      const path = join(temporaryDirectory(t), "file");
      const bytes = Buffer.from(Uint8Array.from({ length: 100_003 }, (_, at) => at * 7));
      writeFileSync(path, bytes);
      using memory = loadFile(path, { home, maxByteLength: 200_000 });
      assert.equal(memory.home, home);
      assert.equal(memory.byteLength, 100_003);
      assert.deepEqual(Buffer.from(memory.bytes(0, 100_003)), bytes);
      memory.u8[0] = 99;
      assert.equal(readFileSync(path)[0], 0, "a copy");
      memory.grow(150_000);
      memory.u8[149_999] = 1;
      saveFile(memory, path);
      const saved = readFileSync(path);
      assert.deepEqual([saved.length, saved[0], saved[149_999]], [150_000, 99, 1]);
    });
  }

  test("may be empty, and may be saved from every home", (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, "");
    using empty = loadFile(path);
    assert.equal(empty.byteLength, 0);
    for (const make of [privateMemory, sharedMemory]) {
      using memory = make(10);
      memory.u8.fill(5);
      saveFile(memory, path);
      using mapped = mapFile(path);
      assert.deepEqual([...mapped.bytes(0, 10)], Array(10).fill(5));
      saveFile(mapped, `${path}.copy`);
      assert.deepEqual(readFileSync(`${path}.copy`), readFileSync(path));
    }
  });

  test("fails with the same errors as a file that is mapped, and leaves no descriptor", (t) => {
    const directory = temporaryDirectory(t);
    mkdirSync(join(directory, "folder"));
    const descriptors = (): number => (ON_WINDOWS ? 0 : readdirSync("/proc/self/fd").length);
    const before = descriptors();
    assert.throws(() => loadFile(join(directory, "missing")), { code: "io", message: /ENOENT/ });
    assert.throws(() => loadFile(join(directory, "folder")), { code: "io", message: /directory/ });
    assert.throws(() => saveFile(privateMemory(1), join(directory, "folder")), { code: "io" });
    assert.throws(() => saveFile(privateMemory(1), join(directory, "missing", "file")), { code: "io" });
    const closed = privateMemory(1);
    closed.close();
    assert.throws(() => saveFile(closed, join(directory, "file")), { code: "closed" });
    assert.equal(descriptors(), before);
  });

  test("needs nothing native", (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, "file"), "bytes");
    const script = `
      const { loadFile, saveFile } = await import(${JSON.stringify(moduleUrl("mapped/load-file.js"))});
      const memory = loadFile(directory + "/file");
      memory.u8[0] = 66;
      saveFile(memory, directory + "/file");
      assert.equal(fs.readFileSync(directory + "/file", "utf8"), "Bytes");`;
    const { status, stderr } = runChild(script, { directory, nodeOptions: withoutKoffi(directory) });
    assert.equal(status, 0, stderr);
  });
});
