import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { blob, f64, struct, text, u32, u64 } from "../../../src/index.ts";
import { isMappingSupported, openTable } from "../../../src/mapped/index.ts";
import { ROOT } from "../../package/tree.ts";
import { messageOf, moduleUrl, startChild } from "../../process/child.ts";
import { temporaryDirectory } from "../../process/temporary-directory.ts";
import { FIXTURES } from "./fixtures.ts";

const Quote = struct("Quote", { bid: f64, ask: f64, volume: u32 });

describe("files of hash tables", { skip: !isMappingSupported() }, () => {
  it("that earlier versions have written open, with everything in them, and can be written", (context) => {
    const folder = join(ROOT, "test", "mapped", "table", "fixtures");
    const names = readdirSync(folder).filter((name) => name.endsWith(".tbl.gz"));
    assert.equal(names.length, Object.keys(FIXTURES).length, "each fixture has a file");
    const directory = temporaryDirectory(context);
    for (const name of names) {
      const path = join(directory, name);
      writeFileSync(path, gunzipSync(readFileSync(join(folder, name))));
      FIXTURES[name.slice(0, -".tbl.gz".length)].check(path);
    }
  });

  it("are backed up while another process writes", async (context) => {
    const directory = temporaryDirectory(context);
    const path = join(directory, "table");
    using table = openTable(path, { key: text, value: text, shards: 8 });
    for (let key = 0; key < 3000; key++) table.set(`kept ${key}`, `value ${key}`);
    const child = startChild(
      `import { openTable } from ${JSON.stringify(moduleUrl("mapped/table/open-table.js"))};
       import { text } from ${JSON.stringify(moduleUrl("layout/text.js"))};
       const table = openTable(args[0], { key: text, value: text });
       for (let turn = 0; ; turn++) {
         if (turn === 500) process.send("writes");
         const key = "key " + (turn % 700);
         if (turn % 5 === 4) table.delete(key); else table.set(key, key + " of " + "x".repeat(turn % 90));
         if (turn % 500 === 499) await new Promise((resolve) => setImmediate(resolve));
       }`,
      { directory, args: [path] },
    );
    try {
      await messageOf(child);
      for (let round = 0; round < 3; round++) {
        const copyPath = join(directory, `copy ${round}`);
        table.backup(copyPath);
        using copy = openTable(copyPath, { key: text, value: text });
        assert.equal(copy.recovery.after, "clean");
        assert.deepEqual(copy.verify(), []);
        assert.deepEqual(copy.damagedShards, []);
        for (let key = 0; key < 3000; key++) assert.equal(copy.get(`kept ${key}`), `value ${key}`);
        for (const [key, value] of copy) assert.ok(key.startsWith("kept") || value.startsWith(`${key} of `));
        assert.ok(copy.size > 3000);
        copy.set("new", "here");
        copy.flush();
        assert.equal(table.has("new"), false);
      }
      assert.throws(() => table.backup(join(directory, "no folder", "copy")), { code: "io" });
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("are backed up into a file that was there, and with times at which entries end", (context) => {
    const directory = temporaryDirectory(context);
    using table = openTable(join(directory, "table"), { key: u64, value: Quote, expiring: true });
    table.set(1n, { bid: 1, ask: 2, volume: 3 }).set(2n, { bid: 4, ask: 5, volume: 6 }, { ttlMs: 3_600_000 });
    writeFileSync(join(directory, "copy"), "something old");
    table.backup(join(directory, "copy"));
    table.delete(1n);
    using copy = openTable(join(directory, "copy"), { key: u64, value: Quote, mode: "read" });
    assert.deepEqual(copy.get(1n), { bid: 1, ask: 2, volume: 3 });
    assert.deepEqual(copy.get(2n), { bid: 4, ask: 5, volume: 6 });
    assert.equal(copy.recovery.after, "clean");
  });

  it("are flushed after each operation that writes, where that was asked for", (context) => {
    const path = join(temporaryDirectory(context), "table");
    using table = openTable(path, { key: text, value: u32, durability: "operation" });
    const flush = table.flush.bind(table);
    let flushes = 0;
    table.flush = () => {
      flushes += 1;
      flush();
    };
    const bytes = new TextEncoder().encode("k");
    const writes: readonly (() => unknown)[] = [
      () => table.set("a", 1),
      () => table.setFromBytes(bytes, 1),
      () => table.getOrInsert("b", 1),
      () => table.getOrInsertWith("c", () => 1),
      () => table.update("c", (value) => value),
      () => table.add("a", 1),
      () => table.compareAndSet("a", 2, 3),
      () => table.compareAndSet("a", 3, undefined),
      () => table.setMany(Array.from({ length: 20 }, (_, index) => [`x${index}`, 1])),
      () => assert.throws(() => table.setMany([...new Map([["y", 1]]), ["\ud800", 1]]), { code: "bad-value" }),
      () => table.delete("b"),
      () => table.deleteFromBytes(bytes),
      () => table.clear(),
    ];
    for (const [done, write] of writes.entries()) {
      write();
      assert.equal(flushes, done + 1, String(write));
    }
    table.get("a");
    assert.equal(table.delete("a"), false);
    assert.equal(flushes, writes.length);
  });

  it("show values where they lie", (context) => {
    const path = join(temporaryDirectory(context), "table");
    using table = openTable(path, { key: text, value: blob });
    table.set("a", Uint8Array.of(1, 2, 3)).set("b", Uint8Array.of());
    assert.equal(
      table.view("a", (bytes, memory) => {
        assert.equal(memory, table.memory);
        assert.equal(bytes.buffer, table.memory.buffer);
        return bytes.reduce((sum, byte) => sum + byte, 0);
      }),
      6,
    );
    assert.equal(
      table.view("b", (bytes) => bytes.length),
      0,
    );
    assert.equal(
      table.view("c", () => 1),
      undefined,
    );
    assert.throws(() => table.view("a", () => assert.fail("mine")), { message: "mine" });
    table.set("a", Uint8Array.of(9));
    assert.equal(
      table.view("a", ([first]) => first),
      9,
    );
  });
});
