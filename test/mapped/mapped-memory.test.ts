import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { MemoryError } from "../../src/core/errors.ts";
import { MiB } from "../../src/core/size.ts";
import { mapAnonymous } from "../../src/mapped/map-anonymous.ts";
import { mapFile } from "../../src/mapped/map-file.ts";
import { notOnWindows, ON_WINDOWS } from "../process/platform.ts";
import { temporaryDirectory } from "../process/temporary-directory.ts";

/** How much of a mapped file is in this process, in bytes. */
function residentBytes(path: string): number {
  const ranges = readFileSync("/proc/self/smaps", "latin1").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const kibibytes = ranges.filter((range) => range.includes(path)).map((range) => Number(/^Rss:\s+(\d+) kB/m.exec(range)?.[1]));
  return kibibytes.reduce((sum, some) => sum + some * 1024, 0);
}

describe("a mapped memory", () => {
  test("saves what was stored, and returns when that is done", async (t) => {
    const path = join(temporaryDirectory(t), "new");
    using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: MiB(1) });
    memory.u8.fill(3);
    memory.flush();
    memory.u8.fill(4);
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 0);
    await Promise.all([memory.flushAsync(), memory.flushAsync(), new Promise((resolve) => setTimeout(resolve, 5))]);
    clearInterval(timer);
    assert.ok(turns > 0);
    assert.equal(readFileSync(path)[MiB(1) - 1], 4);
  });

  test("can be closed while a save is under way", async (t) => {
    const path = join(temporaryDirectory(t), "new");
    const memory = mapFile(path, { mode: "readWrite", create: true, byteLength: MiB(4) });
    memory.u8.fill(5);
    const saved = memory.flushAsync();
    memory.close();
    await saved;
    assert.equal(readFileSync(path)[MiB(4) - 1], 5);
  });

  test("takes every advice, and shows the same bytes after each", (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, Buffer.alloc(100_000, 9));
    for (const mode of ["read", "readWrite"] as const) {
      using memory = mapFile(path, { mode });
      const unknown = ON_WINDOWS ? [] : (["sequential", "random"] as const);
      for (const advice of ["normal", "willneed", "drop", ...unknown] as const) {
        memory.advise(advice);
        assert.equal(memory.u8[99_999], 9, advice);
      }
    }
  });

  test("is smaller in this process after `drop`", { skip: notOnWindows("there is no /proc") }, (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, Buffer.alloc(MiB(32), 9));
    using memory = mapFile(path);
    let sum = 0;
    for (let at = 0; at < MiB(32); at += 4096) sum += memory.u8[at] ?? 0;
    assert.equal(sum, (MiB(32) / 4096) * 9);
    assert.ok(residentBytes(path) >= MiB(30));
    memory.advise("drop");
    assert.equal(residentBytes(path), 0);
    assert.equal(memory.u8[MiB(20)], 9);
  });

  test("throws `closed` from every method after close", async (t) => {
    const path = join(temporaryDirectory(t), "file");
    writeFileSync(path, "bytes");
    const memory = mapFile(path, { mode: "readWrite" });
    const { u8 } = memory;
    memory.close();
    memory.close();
    const closed = (error: unknown): boolean => error instanceof MemoryError && error.code === "closed";
    assert.throws(() => memory.u8, closed);
    assert.throws(() => memory.flush(), closed);
    assert.throws(() => memory.advise("normal"), closed);
    assert.throws(() => memory.ticket(), closed);
    assert.throws(() => memory.grow(10), closed);
    await assert.rejects(memory.flushAsync(), closed);
    assert.equal(u8[0], 0);
    u8[0] = 1;
    assert.equal(readFileSync(path, "utf8"), "bytes");
  });
});

describe("anonymous mapped memory", () => {
  test("is zeros that grow in place", () => {
    using memory = mapAnonymous(100, { maxByteLength: MiB(1) });
    assert.equal(memory.byteLength, 100);
    assert.equal(memory.readOnly, false);
    const { u8 } = memory;
    for (const byteLength of [4096, 4097, MiB(1)]) {
      memory.grow(byteLength);
      assert.equal(memory.byteLength, byteLength);
      assert.equal(u8[byteLength - 1], 0);
      u8[byteLength - 1] = 1;
      assert.equal(memory.bytes(byteLength - 1, 1)[0], 1);
    }
    assert.equal(memory.tryGrow(MiB(1) + 1), false);
    memory.flush();
  });

  test("may be empty, and costs nothing where it is not touched", () => {
    using empty = mapAnonymous(0);
    assert.equal(empty.byteLength, 0);
    using large = mapAnonymous(1024 ** 3);
    large.u8[1024 ** 3 - 1] = 1;
    assert.equal(large.u8[1024 ** 3 - 1], 1);
  });
});
