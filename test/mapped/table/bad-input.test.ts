import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { blob, MemoryError, text, u8, u32 } from "../../../src/index.ts";
import { isMappingSupported, openTable } from "../../../src/mapped/index.ts";
import { messageOf, moduleUrl, startChild } from "../../process/child.ts";
import { temporaryDirectory } from "../../process/temporary-directory.ts";

const OPTIONS = { key: text, value: u32, shards: 2 };

describe("what must not be given to openTable", { skip: !isMappingSupported() }, () => {
  it("keys that are too long, or of other types: nothing changes", (context) => {
    using table = openTable(join(temporaryDirectory(context), "table"), OPTIONS);
    table.set("a", 1).set("x".repeat(65_535), 2);
    for (const key of ["x".repeat(65_536), "ä".repeat(40_000), "\ud800", 5, null, undefined, {}]) {
      assert.throws(() => Reflect.apply(table.set, table, [key, 1]), { code: "bad-value" }, String(key).slice(0, 9));
      assert.equal(Reflect.apply(table.get, table, [key]), undefined);
      assert.equal(Reflect.apply(table.has, table, [key]), false);
      assert.equal(Reflect.apply(table.delete, table, [key]), false);
    }
    for (const value of [-1, 0.5, 2 ** 32, "1", null]) {
      assert.throws(() => Reflect.apply(table.set, table, ["a", value]), { code: "bad-value" });
      assert.throws(() => Reflect.apply(table.update, table, ["a", () => value ?? "null"]), { code: "bad-value" });
    }
    assert.throws(() => table.add("a", 2 ** 32), { code: "bad-value" });
    assert.deepEqual([table.get("a"), table.size, table.get("x".repeat(65_535))], [1, 2, 2]);
    assert.deepEqual(table.verify(), []);
    assert.throws(() => table.set("a", 1, { ttlMs: 5 }), { code: "invalid-argument", message: /expiring/ });
  });

  it("what is no mode and no room, and then makes no file", (context) => {
    const path = join(temporaryDirectory(context), "table");
    for (const options of [{ mode: "write" }, { mode: "copyOnWrite" }, { reserve: 0 }, { reserve: 1.5 }, { reserve: "5" }]) {
      const [[name, value]] = Object.entries(options);
      const refused = { code: "invalid-argument", numbers: { [name]: String(value) } };
      assert.throws(
        () => Reflect.apply(openTable, undefined, [path, { key: u32, value: blob, ...options }]),
        (error) => {
          assert.ok(error instanceof MemoryError);
          assert.deepEqual({ code: error.code, numbers: { [name]: error.numbers[name] } }, refused);
          return true;
        },
      );
    }
    assert.equal(existsSync(path), false);
  });

  it("more than it may grow to: what is there stays, and room that comes back serves again", (context) => {
    const path = join(temporaryDirectory(context), "table");
    using table = openTable(path, { key: u32, value: blob, shards: 1, seats: 2, reserve: 65_536 });
    let count = 0;
    assert.throws(
      () => {
        for (; ; count++) table.set(count, new Uint8Array(100).fill(count));
      },
      { code: "out-of-memory" },
    );
    assert.ok(count > 100);
    assert.throws(() => table.set(0, new Uint8Array(60_000)), { code: "out-of-memory" });
    for (let key = 0; key < count; key++) assert.deepEqual(table.get(key), new Uint8Array(100).fill(key));
    table.flush();
    for (let round = 0; round < 3; round++) {
      assert.ok(table.delete(round));
      table.flush();
      table.flush();
      table.set(1_000_000 + round, new Uint8Array(100).fill(round));
    }
    assert.equal(table.size, count);
    assert.deepEqual(table.verify(), []);
  });

  it("values that change their size, back and forth, take no more room for it", (context) => {
    using table = openTable(join(temporaryDirectory(context), "table"), { key: u8, value: blob, shards: 1 });
    const lengths = [0, 1, 7, 64, 1000, 20_000, 3];
    for (let round = 0; round < 200; round++) {
      const length = lengths[round % lengths.length];
      table.set(round % 5, new Uint8Array(length).fill(round));
      assert.deepEqual(table.get(round % 5), new Uint8Array(length).fill(round));
    }
    const before = table.stats().byteLength;
    for (let round = 0; round < 2000; round++) table.set(round % 5, new Uint8Array(lengths[round % lengths.length]));
    assert.ok(table.stats().byteLength <= before * 2);
    assert.deepEqual(table.verify(), []);
  });

  it("another seed: that of the file counts", (context) => {
    const path = join(temporaryDirectory(context), "table");
    {
      using table = openTable(path, { ...OPTIONS, seed: 1 });
      for (let key = 0; key < 100; key++) table.set(`key ${key}`, key);
    }
    using table = openTable(path, { ...OPTIONS, seed: 2 });
    for (let key = 0; key < 100; key++) assert.equal(table.get(`key ${key}`), key);
    assert.throws(() => openTable(join(path, "..", "other"), { ...OPTIONS, seed: -1 }), { code: "invalid-argument" });
  });

  it("another byte order, in any part of the file", (context) => {
    const directory = temporaryDirectory(context);
    const path = join(directory, "table");
    {
      using table = openTable(path, OPTIONS);
      table.set("a", 1);
    }
    const whole = readFileSync(path);
    for (const [name, from, to] of [
      ["all", 0, whole.length],
      ["start", 0, 64],
      ["head", 4096, 4096 + 64],
    ] as const) {
      const swapped = Buffer.from(whole);
      swapped.subarray(from, to & ~3).swap32();
      writeFileSync(join(directory, name), swapped);
      assert.throws(
        () => openTable(join(directory, name), OPTIONS),
        (error: { readonly code?: string }) =>
          ["not-an-offheap-file", "corrupt", "unsupported-format", "layout-mismatch"].includes(String(error.code)),
        name,
      );
      assert.deepEqual(readFileSync(join(directory, name)), swapped, "and leaves it alone");
    }
  });

  it("an iteration while another process deletes, sets and adds: what stays comes once, whole", {
    timeout: 60_000,
  }, async (context) => {
    const directory = temporaryDirectory(context);
    const path = join(directory, "table");
    using table = openTable(path, { ...OPTIONS, shards: 8 });
    for (let key = 0; key < 4000; key++) table.set(`key ${key}`, key);
    const child = startChild(
      `import { openTable } from ${JSON.stringify(moduleUrl("mapped/table/open-table.js"))};
       import { text } from ${JSON.stringify(moduleUrl("layout/text.js"))};
       import { u32 } from ${JSON.stringify(moduleUrl("layout/scalars.js"))};
       const table = openTable(args[0], { key: text, value: u32 });
       process.send("begins");
       for (let turn = 1; turn < 12_000; turn++) {
         const key = turn % 4000;
         if (key % 2 === 1) table.delete("key " + key);
         else table.set("key " + key, key);
         table.set("more " + (turn % 500), turn % 500);
       }
       table.close();
       process.send("done");`,
      { directory, args: [path] },
    );
    await messageOf(child);
    const done = messageOf(child);
    for (let round = 0; round < 5; round++) {
      const seen = new Set<string>();
      for (const [key, value] of table) {
        assert.ok(!seen.has(key), `${key} came twice`);
        seen.add(key);
        assert.equal(Number(key.split(" ")[1]), value);
      }
      for (let key = 0; key < 4000; key += 2) assert.ok(seen.has(`key ${key}`), `key ${key} did not come`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await done;
    assert.equal(table.size, 2000 + 500);
    assert.deepEqual(table.verify(), []);
  });
});
