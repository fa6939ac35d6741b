import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { tlsf } from "../../src/alloc/heaps/tlsf.ts";
import { isAdviceSupported } from "../../src/mapped/advice.ts";
import { mapAnonymous } from "../../src/mapped/map-anonymous.ts";
import { mapFile } from "../../src/mapped/map-file.ts";
import { mapScratch } from "../../src/mapped/map-scratch.ts";
import { system } from "../../src/native/system.ts";
import { notOnWindows } from "../process/platform.ts";
import { type Ending, temporaryDirectory } from "../process/temporary-directory.ts";

const PAGE = system().pageByteLength;
const ADVICE = [
  "normal",
  "sequential",
  "random",
  "willneed",
  "drop",
  "hugePages",
  "noHugePages",
  "dump",
  "dontDump",
  "cold",
  "pageOut",
] as const;

function fileOf(t: Ending, byteLength: number): string {
  const path = join(temporaryDirectory(t), "file");
  writeFileSync(path, Buffer.alloc(byteLength, 7));
  return path;
}

describe("the pages of a mapped memory", () => {
  test("can be saved in ranges, at once and in the background", async (t) => {
    const path = fileOf(t, 3 * PAGE + 5);
    using memory = mapFile(path, { mode: "readWrite", byteOffset: 5 });
    memory.u8[PAGE] = 1;
    memory.flush(PAGE, 1);
    memory.flush(0, 0);
    memory.flush(3 * PAGE);
    await memory.flushAsync(PAGE + 1, 2 * PAGE);
    await memory.flushAsync(2 * PAGE);
    assert.throws(() => memory.flush(0, 4 * PAGE), { code: "out-of-bounds" });
    await assert.rejects(memory.flushAsync(-1, 5), { code: "out-of-bounds" });
    assert.equal(readFileSync(path)[PAGE], 1, "the memory begins at byte 0, and its part at `start`");
  });

  for (const advice of ADVICE) {
    test(`keep their bytes when they are advised: ${advice}`, (t) => {
      if (!isAdviceSupported(advice)) return t.skip("this kernel does not know it");
      const path = fileOf(t, 3 * PAGE + 100);
      for (const mode of ["read", "readWrite"] as const) {
        using memory = mapFile(path, { mode });
        if (mode === "readWrite") memory.u8[PAGE] = 9;
        memory.advise(advice);
        memory.advise(advice, PAGE, 10);
        const expected = readFileSync(path);
        assert.deepEqual(Buffer.from(memory.bytes(0, memory.byteLength)), expected);
        assert.throws(() => memory.advise(advice, 0, 1e9), { code: "out-of-bounds" });
      }
    });
  }

  test("every advice of old kernels is supported", { skip: notOnWindows("advice is Linux's") }, () => {
    for (const advice of ["normal", "sequential", "random", "willneed", "drop"] as const)
      assert.equal(isAdviceSupported(advice), true);
  });

  test("are counted when they are in memory, and made present by populate", {
    skip: notOnWindows("how many come with one that is touched is the system's affair"),
  }, () => {
    using memory = mapAnonymous(16 * PAGE);
    assert.equal(memory.resident(), 0);
    memory.u8[3 * PAGE] = 1;
    assert.equal(memory.resident(), PAGE);
    assert.equal(memory.resident(3 * PAGE + 7, 1), PAGE);
    assert.equal(memory.resident(4 * PAGE), 0);
    memory.populate("write", 8 * PAGE, 2 * PAGE);
    assert.equal(memory.resident(), 3 * PAGE);
    memory.populate();
    assert.equal(memory.resident(), 16 * PAGE);
  });

  test("are there at once with { populate }", (t) => {
    const path = fileOf(t, 10 * PAGE);
    using memory = mapFile(path, { populate: true });
    assert.equal(memory.resident(), 10 * PAGE);
    assert.equal(memory.u8[9 * PAGE], 7);
  });

  test("can be kept in memory", { skip: notOnWindows("there is no /proc") }, () => {
    const locked = (): number => Number(/VmLck:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) * 1024;
    const before = locked();
    using memory = mapAnonymous(8 * PAGE);
    memory.pin(0, 4 * PAGE);
    assert.equal(locked() - before, 4 * PAGE);
    memory.unpin(0, PAGE);
    assert.equal(locked() - before, 3 * PAGE);
    memory.close();
    assert.equal(locked() - before, 0);
  });

  test("can be protected and freed of it again", (t) => {
    using memory = mapFile(fileOf(t, 4 * PAGE), { mode: "readWrite" });
    memory.protect("read");
    assert.equal(memory.u8[PAGE], 7);
    memory.protect("readWrite", PAGE, 1);
    memory.u8[PAGE] = 8;
    memory.protect("none", 2 * PAGE, PAGE);
    memory.close();
  });

  test("of anonymous memory can be given back, whole ones only", { skip: notOnWindows("unsupported") }, () => {
    using memory = mapAnonymous(8 * PAGE);
    memory.u8.fill(5);
    memory.discard(PAGE - 1, 3 * PAGE);
    assert.equal(memory.resident(), 6 * PAGE);
    const { u8 } = memory;
    assert.deepEqual([u8[PAGE - 1], u8[PAGE], u8[3 * PAGE - 1], u8[3 * PAGE]], [5, 0, 0, 5]);
    memory.discard(10, 20);
    assert.equal(u8[10], 5);
    u8[PAGE] = 6;
    assert.equal(u8[PAGE], 6);
  });

  test("of files are never made holes, which a full disk would turn into a signal", (t) => {
    const directory = temporaryDirectory(t);
    using file = mapFile(fileOf(t, 4 * PAGE), { mode: "readWrite" });
    using scratch = mapScratch(directory, { byteLength: 4 * PAGE, maxByteLength: 4 * PAGE });
    for (const memory of [file, scratch])
      assert.throws(() => memory.discard(0, PAGE), { code: "unsupported", message: /keeps its blocks/ });
  });

  test("of copies on write can be taken back", { skip: notOnWindows("unsupported") }, (t) => {
    const path = fileOf(t, 3 * PAGE);
    using memory = mapFile(path, { mode: "copyOnWrite" });
    memory.u8.fill(1);
    memory.revert(PAGE, PAGE);
    assert.deepEqual([memory.u8[0], memory.u8[PAGE], memory.u8[2 * PAGE - 1], memory.u8[2 * PAGE]], [1, 7, 7, 1]);
    using writing = mapFile(path, { mode: "readWrite" });
    assert.throws(() => writing.revert(0, PAGE), { code: "unsupported", message: /no copies on write/ });
  });

  test("can be copied out", (t) => {
    using memory = mapFile(fileOf(t, PAGE + 11), { byteOffset: 3 });
    assert.deepEqual(memory.copyOut(0, memory.byteLength), Uint8Array.from(memory.bytes(0, memory.byteLength)));
    assert.deepEqual(memory.copyOut(5, 0), new Uint8Array(0));
    assert.throws(() => memory.copyOut(0, 2 * PAGE), { code: "out-of-bounds" });
    using anonymous = mapAnonymous(3 * PAGE);
    anonymous.u8[2 * PAGE] = 3;
    assert.equal(anonymous.copyOut(2 * PAGE, 1)[0], 3);
    memory.check();
    anonymous.check();
  });

  test("are used after close by nobody", (t) => {
    const memory = mapFile(fileOf(t, PAGE), { mode: "readWrite" });
    memory.close();
    memory.close();
    const uses = [
      () => memory.flush(),
      () => memory.advise("normal"),
      () => memory.populate(),
      () => memory.pin(),
      () => memory.unpin(),
      () => memory.resident(),
      () => memory.protect("read"),
      () => memory.discard(0, PAGE),
      () => memory.revert(0, PAGE),
      () => memory.check(),
      () => memory.copyOut(0, 1),
      () => memory.reserve(1e6),
      () => memory.origin,
    ];
    for (const use of uses) assert.throws(use, { code: "closed" });
  });
});

describe("a larger reservation", () => {
  test("is had while the memory is in use, and everything that reads through it follows", (t) => {
    const path = join(temporaryDirectory(t), "file");
    using memory = mapFile(path, { mode: "readWrite", create: true, byteLength: 2 * PAGE, maxByteLength: 4 * PAGE });
    using other = mapFile(path, { mode: "readWrite", maxByteLength: 100 * PAGE });
    const heap = tlsf(memory, { byteOffset: 0, byteLength: 2 * PAGE });
    const block = heap.alloc(100, 8);
    const before = memory.u8;
    memory.u8[block] = 5;
    const { lease } = memory;
    memory.reserve(64 * PAGE);
    assert.notEqual(memory.u8, before);
    assert.equal(lease.u8, memory.u8);
    assert.equal(memory.maxByteLength, 64 * PAGE);
    assert.equal(memory.u8[block], 5);
    memory.grow(60 * PAGE);
    memory.u8[60 * PAGE - 1] = 9;
    before[block] = 6;
    assert.equal(memory.u8[block], 6, "what was taken out before sees the file");
    heap.free(block, 100, 8);
    assert.deepEqual(heap.checkInvariants(), []);
    other.grow(60 * PAGE);
    assert.equal(other.u8[60 * PAGE - 1], 9);
    memory.reserve(PAGE);
    assert.equal(memory.maxByteLength, 64 * PAGE);
  });

  test("is refused where the old pages could not come along", (t) => {
    const path = fileOf(t, PAGE);
    using fixed = mapFile(path, { mode: "readWrite" });
    assert.throws(() => fixed.reserve(10 * PAGE), { code: "unsupported", message: /larger reservation/ });
    using copies = mapFile(path, { mode: "copyOnWrite", maxByteLength: 2 * PAGE });
    assert.throws(() => copies.reserve(10 * PAGE), { code: "unsupported" });
    using growing = mapFile(path, { mode: "readWrite", maxByteLength: 2 * PAGE });
    assert.throws(() => growing.reserve(2 ** 52), { name: "MemoryError" });
    assert.equal(growing.u8[5], 7);
    growing.grow(2 * PAGE);
    assert.equal(statSync(path).size, 2 * PAGE);
  });

  test("of anonymous memory keeps its bytes too", () => {
    using memory = mapAnonymous(PAGE, { maxByteLength: PAGE });
    memory.u8[1] = 4;
    memory.reserve(10 * PAGE);
    memory.grow(9 * PAGE);
    assert.equal(memory.u8[1], 4);
    assert.equal(memory.u8[9 * PAGE - 1], 0);
  });
});

describe("a file that is locked", () => {
  test("is kept from others who ask for a lock that does not go with it, until it is closed", (t) => {
    const path = fileOf(t, 100);
    const exclusive = mapFile(path, { mode: "readWrite", lock: "exclusive" });
    const refused = { code: "locked", message: /mapped file .* is in use by another/ };
    assert.throws(() => mapFile(path, { mode: "readWrite", lock: "exclusive" }), refused);
    assert.throws(() => mapFile(path, { lock: "shared", lockTimeoutMs: 10 }), { code: "locked" });
    mapFile(path).close();
    exclusive.close();
    using one = mapFile(path, { lock: "shared" });
    using other = mapFile(path, { lock: "shared" });
    assert.throws(() => mapFile(path, { mode: "readWrite", lock: "exclusive" }), refused);
    one.close();
    assert.throws(() => mapFile(path, { mode: "readWrite", lock: "exclusive" }), refused);
    other.close();
    mapFile(path, { mode: "readWrite", lock: "exclusive" }).close();
  });
});

describe("a file system that cannot keep the promises of a mapping", () => {
  test("is refused where it makes its contents up", { skip: notOnWindows("there is no procfs") }, () => {
    assert.throws(() => mapFile("/proc/self/status"), { code: "unsupported", message: /makes its contents up.*procfs/ });
    assert.throws(() => mapFile("/sys/kernel/mm/transparent_hugepage/enabled"), { code: "unsupported", message: /sysfs/ });
  });
});
