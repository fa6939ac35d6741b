import assert from "node:assert/strict";
import { renameSync, rmSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { endOf, messageOf, moduleUrl, runChild, startChild } from "./child.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const LENGTH = 100_000;
const MAP = `
  const PAGE = 4096;
  const path = directory + "/file";
  const shortened = (error) => error.name === "MemoryError" && error.code === "io" && /shortened by another program/.test(error.message);
  const ask = (word) => new Promise((resolve) => { process.once("message", resolve); process.send(word); });
`;

/** Runs `before` in a child, does `between` here, and runs `after` in the child, which must end well. */
async function whileMapped(
  t: Parameters<typeof temporaryDirectory>[0],
  before: string,
  between: (path: string) => void,
  after: string,
): Promise<readonly unknown[]> {
  const directory = temporaryDirectory(t);
  const path = join(directory, "file");
  writeFileSync(path, Buffer.alloc(LENGTH, 7));
  const child = startChild(`${MAP} ${before}; await ask("mapped"); ${after}; process.exit(0);`, { directory });
  const end = endOf(child);
  await messageOf(child);
  between(path);
  child.send("go on");
  return end;
}

const SURVIVED = [0, null];

describe("a mapped file that another program shortens", () => {
  for (const mode of ["read", "readWrite", "copyOnWrite"]) {
    for (const [title, length] of [
      ["to nothing", 0],
      ["to whole pages", 8 * 4096],
      ["inside a page", 10_000],
    ] as const) {
      test(`${title} is an error at the next check, and can be touched from then on (${mode})`, async (t) => {
        const end = await whileMapped(
          t,
          `const memory = mapped.mapFile(path, { mode: "${mode}" }); const { u8 } = memory; if ("${mode}" !== "read") u8.fill(8); memory.check();`,
          (path) => truncateSync(path, length),
          `assert.throws(() => memory.check(), shortened);
           assert.throws(() => memory.check(), shortened);
           let sum = 0; for (const byte of u8) sum += byte;
           u8.fill(1);
           assert.equal(fs.statSync(path).size, ${length});
           memory.close();`,
        );
        assert.deepEqual(end, SURVIVED);
      });
    }
  }

  test("within its last page is seen by its length", async (t) => {
    const end = await whileMapped(
      t,
      `const memory = mapped.mapFile(path);`,
      (path) => truncateSync(path, LENGTH - 1),
      `assert.throws(() => memory.check(), shortened); assert.equal(memory.u8[0], 7);`,
    );
    assert.deepEqual(end, SURVIVED);
  });

  test("after its name is gone is seen by its pages", async (t) => {
    const end = await whileMapped(
      t,
      `const fd = fs.openSync(path, "r+"); const memory = mapped.mapFile(path); fs.unlinkSync(path); memory.check(); fs.ftruncateSync(fd, 5 * PAGE);`,
      () => {},
      `assert.throws(() => memory.check(), (error) => shortened(error) && error.numbers.found === 5 * PAGE);
       for (const byte of memory.u8) if (byte !== 7 && byte !== 0) throw new Error(String(byte));
       assert.equal(memory.u8[5 * PAGE - 1], 7);`,
    );
    assert.deepEqual(end, SURVIVED);
  });

  test("is an error of copyOut, and not the end, though nobody has checked", async (t) => {
    const end = await whileMapped(
      t,
      `const memory = mapped.mapFile(path); assert.equal(memory.copyOut(0, ${LENGTH}).length, ${LENGTH});`,
      (path) => truncateSync(path, 9 * 4096),
      `assert.throws(() => memory.copyOut(0, ${LENGTH}), shortened);
       assert.throws(() => memory.copyOut(50_000, 1), shortened);
       assert.ok(memory.copyOut(0, 9 * PAGE).every((byte) => byte === 7));`,
    );
    assert.deepEqual(end, SURVIVED);
  });

  test("is an error of populate too", async (t) => {
    const end = await whileMapped(
      t,
      `const memory = mapped.mapFile(path);`,
      (path) => truncateSync(path, 4096),
      `assert.throws(() => memory.populate(), { code: "io" }); memory.populate("read", 0, PAGE);`,
    );
    assert.deepEqual(end, SURVIVED);
  });

  test("is harmless for all threads once one of them has checked", async (t) => {
    const end = await whileMapped(
      t,
      `const memory = mapped.mapFile(path);
       const source = \`
         const { parentPort, workerData: { buffer } } = require("node:worker_threads");
         const bytes = new Uint8Array(buffer, 0, ${LENGTH});
         parentPort.once("message", () => { let sum = 0; for (const byte of bytes) sum += byte; parentPort.postMessage(sum); });\`;
       const worker = new Worker(source, { eval: true, workerData: memory.ticket() });`,
      (path) => truncateSync(path, 4096),
      `assert.throws(() => memory.check(), shortened);
       worker.postMessage("sum");
       assert.equal(await new Promise((resolve) => worker.once("message", resolve)), 7 * PAGE);`,
    );
    assert.deepEqual(end, SURVIVED);
  });

  test("is seen through a ticket as well", async (t) => {
    const end = await whileMapped(
      t,
      `const maker = mapped.mapFile(path, { byteOffset: 4100 }); const memory = mapped.attach(maker.ticket()); memory.check();`,
      (path) => truncateSync(path, 20_000),
      `assert.throws(() => memory.check(), shortened); assert.ok(maker.u8[maker.byteLength - 1] === 0);`,
    );
    assert.deepEqual(end, SURVIVED);
  });

  test("ends who touches what is lost without having checked: nothing in JavaScript can catch it", async (t) => {
    for (const mode of ["read", "readWrite", "copyOnWrite"]) {
      const end = await whileMapped(
        t,
        `const { u8 } = mapped.mapFile(path, { mode: "${mode}" });`,
        (path) => truncateSync(path, 4096),
        `console.log(u8[50_000]);`,
      );
      assert.deepEqual(end, [null, "SIGBUS"]);
    }
  });
});

describe("a segment that another program shortens", () => {
  const SEGMENT = `
    const { openSegment } = await import(${JSON.stringify(moduleUrl("mapped/segment/open-segment.js"))});
    const { text } = await import(${JSON.stringify(moduleUrl("layout/text.js"))}), { f64 } = await import(${JSON.stringify(moduleUrl("layout/scalars.js"))});
    fs.unlinkSync(path);`;
  const OPEN = `const segment = openSegment(path, { reserve: 1 << 22 }); const table = segment.table("table", { key: text, value: f64 });
    for (let n = 0; n < 2000; n++) table.set("key " + n, n);`;

  for (const length of [0, 100, 5000, 20_000, 100_000]) {
    test(`is an error of whatever is asked of it next, and can be closed (to ${length} bytes)`, async (t) => {
      const end = await whileMapped(
        t,
        SEGMENT + OPEN,
        (path) => truncateSync(path, length),
        `for (const use of [() => segment.list(), () => segment.has("table"), () => segment.arena("arena", { byteLength: 5000 }), () => segment.delete("table"), () => segment.verify(),
             () => segment.flush(), () => segment.compact(), () => segment.memory.check()]) assert.throws(use, shortened, String(use));
         try { segment.close(); } catch (error) { assert.equal(error.name, "MemoryError"); }
         assert.throws(() => segment.list(), { code: "closed" });
         assert.throws(() => openSegment(path, { mode: "read" }), (error) => /corrupt|not-an-offheap-file/.test(error.code));`,
      );
      assert.deepEqual(end, SURVIVED);
    });
  }

  test("is an error for whoever only reads it", async (t) => {
    const end = await whileMapped(
      t,
      `${SEGMENT} { ${OPEN} segment.close(); } const read = openSegment(path, { mode: "read" });`,
      (path) => truncateSync(path, 20_000),
      `for (const use of [() => read.list(), () => read.has("table"), () => read.table("table", { key: text, value: f64 }), () => read.verify()]) assert.throws(use, shortened, String(use));
       read.close();`,
    );
    assert.deepEqual(end, SURVIVED);
  });

  test("under a table that is in use ends who touches what is lost, as any mapped file does", async (t) => {
    const end = await whileMapped(t, SEGMENT + OPEN, (path) => truncateSync(path, 20_000), `console.log(table.get("key 7"));`);
    assert.deepEqual(end, [null, "SIGBUS"]);
  });

  for (const [title, between] of [
    [
      "is replaced",
      (path: string) => {
        writeFileSync(`${path}.new`, "short");
        renameSync(`${path}.new`, path);
      },
    ],
    ["is removed", (path: string) => unlinkSync(path)],
  ] as const) {
    test(`or ${title} instead goes on with the old one, and cannot grow`, async (t) => {
      const end = await whileMapped(
        t,
        SEGMENT + OPEN,
        between,
        `table.set("key", 1); assert.equal(table.get("key"), 1); assert.deepEqual(segment.verify(), []);
         assert.throws(() => segment.arena("arena", { byteLength: 1 << 21 }), { name: "MemoryError", code: "io" });
         assert.deepEqual(segment.verify(), []);
         segment.close();`,
      );
      assert.deepEqual(end, SURVIVED);
    });
  }
});

describe("what never shortens a file for those who have it mapped", () => {
  for (const [title, between] of [
    [
      "another file renamed over it",
      (path: string) => {
        writeFileSync(`${path}.new`, "short");
        renameSync(`${path}.new`, path);
      },
    ],
    ["removing it", (path: string) => unlinkSync(path)],
    ["removing its directory", (path: string) => rmSync(join(path, ".."), { recursive: true })],
  ] as const) {
    test(title, async (t) => {
      const end = await whileMapped(
        t,
        `const memory = mapped.mapFile(path);`,
        between,
        `memory.check(); assert.ok(memory.u8.every((byte, index) => byte === 7 || index >= ${LENGTH}));`,
      );
      assert.deepEqual(end, SURVIVED);
    });
  }

  test("anybody who tries it on anonymous memory", (t) => {
    const { status, stderr } = runChild(
      `const memory = mapped.mapAnonymous(100_000); memory.u8[99_999] = 7;
       const { path } = memory.ticket();
       assert.throws(() => fs.truncateSync(path, 10), { code: "EPERM" });
       const fd = fs.openSync(path, "r+");
       assert.throws(() => fs.ftruncateSync(fd, 0), { code: "EPERM" });
       assert.throws(() => fs.openSync(path, "w"), { code: "EPERM" });
       memory.check(); assert.equal(memory.u8[99_999], 7);`,
      { directory: temporaryDirectory(t) },
    );
    assert.equal(status, 0, stderr);
  });
});

describe("the processor's watch over pages", () => {
  for (const [access, use] of [
    ["read", "memory.u8[5000] = 1"],
    ["none", "console.log(memory.u8[5000])"],
  ]) {
    test(`ends who goes astray after protect("${access}")`, (t) => {
      const directory = temporaryDirectory(t);
      writeFileSync(join(directory, "file"), Buffer.alloc(LENGTH, 7));
      const { signal } = runChild(
        `${MAP} const memory = mapped.mapFile(path, { mode: "readWrite" }); memory.protect("${access}", 4096, 4096); memory.u8[0] = 1; ${use};`,
        { directory },
      );
      assert.equal(signal, "SIGSEGV");
    });
  }

  test("is not needed for a window, copied or mapped, nor for a segment that is only read", (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, "file"), Buffer.alloc(LENGTH, 7));
    const { status, stderr } = runChild(
      `${MAP} for (const reading of ["copied", "mapped"]) {
         const window = mapped.mapWindow(path, { byteLength: 65_536, reading });
         window.slide(8192);
         window.memory.u8.fill(1);
       }
       assert.ok(fs.readFileSync(path).every((byte) => byte === 7));
       const { openSegment } = await import(${JSON.stringify(moduleUrl("mapped/segment/open-segment.js"))});
       openSegment(path + " segment", { reserve: 1 << 20 }).close();
       const before = fs.readFileSync(path + " segment");
       const segment = openSegment(path + " segment", { mode: "read" });
       segment.memory.u8.fill(1);
       assert.ok(fs.readFileSync(path + " segment").equals(before));`,
      { directory },
    );
    assert.equal(status, 0, stderr);
  });

  test("is not needed for a file that is mapped for reading: a stray store is lost, and nobody ends", (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, "file"), Buffer.alloc(LENGTH, 7), { mode: 0o444 });
    const { status, stderr } = runChild(
      `${MAP} const memory = mapped.mapFile(path); memory.u8.fill(1); assert.ok(fs.readFileSync(path).every((byte) => byte === 7));`,
      { directory },
    );
    assert.equal(status, 0, stderr);
  });
});
