import assert from "node:assert/strict";
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { blob, f64, struct, text, u32 } from "../../../src/index.ts";
import { isMappingSupported, openTable } from "../../../src/mapped/index.ts";
import { compare, type Model, programs, runStep } from "../../collections/tables/record-model.ts";
import { temporaryDirectory } from "../../process/temporary-directory.ts";

const Quote = struct("Quote", { bid: f64, ask: f64, volume: u32 });

describe("openTable", { skip: !isMappingSupported() }, () => {
  it("has everything again when it is opened again", (context) => {
    const path = join(temporaryDirectory(context), "quotes.tbl");
    const quote = { bid: 189.9, ask: 190.1, volume: 7 };
    {
      using table = openTable(path, { key: text, value: Quote });
      assert.equal(table.recovery.after, "new");
      table.set("AAPL", quote).set("MSFT", { ...quote, volume: 8 });
      table.delete("MSFT");
    }
    using table = openTable(path, { key: text, value: Quote });
    assert.deepEqual(table.recovery, { after: "clean", rebuiltShards: 0, foundEntries: 0 });
    assert.deepEqual([...table], [["AAPL", quote]]);
    assert.deepEqual(table.verify(), []);
  });

  it("does what a Map does, through random closings and openings", (context) => {
    const directory = temporaryDirectory(context);
    let files = 0;
    const words = fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom("a", "b", "c", "d"));
    fc.assert(
      fc.property(fc.array(programs(words, fc.string({ maxLength: 50 }), 30), { maxLength: 4 }), (sessions) => {
        const path = join(directory, `${files++}.tbl`);
        const model: Model<string, string> = new Map();
        for (const session of sessions) {
          using table = openTable(path, { key: text, value: text, shards: 2, reserve: 2 ** 24 });
          compare(table, model);
          for (const [at, step] of session.entries()) {
            runStep(table, step, model);
            if (at % 5 === 4) table.flush();
            assert.deepEqual(table.verify(), []);
          }
        }
      }),
      { numRuns: 6 },
    );
  });

  it("is one table for all who have it open", (context) => {
    const path = join(temporaryDirectory(context), "table");
    using one = openTable(path, { key: u32, value: blob });
    using two = openTable(path, { key: u32, value: blob });
    for (let key = 0; key < 20_000; key++) (key % 2 === 0 ? one : two).set(key, new Uint8Array(key % 50).fill(key));
    for (let key = 0; key < 20_000; key++)
      assert.deepEqual((key % 3 === 0 ? one : two).get(key), new Uint8Array(key % 50).fill(key));
    assert.equal(one.size, 20_000);
    one.close();
    assert.equal(two.get(3)?.length, 3);
    assert.throws(() => one.get(3), { code: "closed" });
  });

  it("builds itself from its records when the file was copied while it was open", (context) => {
    const directory = temporaryDirectory(context);
    using table = openTable(join(directory, "table"), { key: text, value: u32, shards: 4 });
    for (let key = 0; key < 1000; key++) table.set(`key ${key}`, key);
    for (let key = 0; key < 1000; key += 3) table.delete(`key ${key}`);
    copyFileSync(join(directory, "table"), join(directory, "copy"));
    assert.throws(() => openTable(join(directory, "copy"), { key: text, value: u32, mode: "read" }), { code: "corrupt" });
    {
      using copy = openTable(join(directory, "copy"), { key: text, value: u32 });
      assert.deepEqual(copy.recovery, { after: "power", rebuiltShards: 4, foundEntries: 666 });
      for (let key = 0; key < 1000; key++) assert.equal(copy.get(`key ${key}`), key % 3 === 0 ? undefined : key);
      assert.deepEqual(copy.verify(), []);
    }
    using copy = openTable(join(directory, "copy"), { key: text, value: u32, mode: "read" });
    assert.equal(copy.size, 666);
    assert.equal(copy.get("key 1"), 1);
    assert.equal([...copy.keys()].length, 666);
    assert.throws(() => copy.set("a", 1), { code: "read-only" });
  });

  it("refuses what is no table, or one of other types", (context) => {
    const directory = temporaryDirectory(context);
    const path = join(directory, "table");
    openTable(path, { key: text, value: u32 }).close();
    assert.throws(() => openTable(path, { key: text, value: text }), { code: "layout-mismatch" });
    writeFileSync(join(directory, "other"), "something else that is there already");
    assert.throws(() => openTable(join(directory, "other"), { key: text, value: u32 }), { code: "not-an-offheap-file" });
    assert.equal(readFileSync(join(directory, "other"), "utf8"), "something else that is there already");
    assert.throws(() => openTable(join(directory, "missing"), { key: text, value: u32, mode: "read" }), { code: "io" });
    writeFileSync(join(directory, "empty"), "");
    openTable(join(directory, "empty"), { key: text, value: u32 }).close();
  });

  it("makes anew what is empty, or was left unfinished by who was killed while he made it", (context) => {
    const path = join(temporaryDirectory(context), "table");
    // Zeros: what the first versions left.
    for (const left of [
      Buffer.alloc(0),
      Buffer.alloc(20),
      Buffer.alloc(20_000),
      Buffer.concat([Buffer.alloc(64), Buffer.alloc(20_000, 7)]),
    ]) {
      writeFileSync(path, left);
      {
        using table = openTable(path, { key: text, value: u32 });
        assert.deepEqual([table.size, table.verify()], [0, []]);
        table.set("a", 1);
      }
      using table = openTable(path, { key: text, value: u32 });
      assert.equal(table.get("a"), 1);
    }
  });

  it("survives being cut off", (context) => {
    const directory = temporaryDirectory(context);
    const path = join(directory, "table");
    {
      using table = openTable(path, { key: u32, value: text, shards: 2 });
      for (let key = 0; key < 2000; key++) table.set(key, `value ${key}`);
    }
    const { size } = statSync(path);
    for (const part of [0.9, 0.5, 0.2, 0.05, 0.01, 0]) {
      const cut = join(directory, `cut-${part}`);
      copyFileSync(path, cut);
      truncateSync(cut, Math.floor(size * part));
      try {
        using table = openTable(cut, { key: u32, value: text });
        let found = 0;
        for (let key = 0; key < 2000; key++) {
          const got = getOrRefuse(table, key);
          if (got === undefined || got === "refused") continue;
          assert.equal(got, `value ${key}`);
          found += 1;
        }
        assert.ok(found === 2000 || table.recovery.after !== "clean" || table.damagedShards.length > 0 || part === 0);
      } catch (error) {
        assert.match(String(error), /MemoryError/);
      }
    }
  });

  it("forgets entries whose time has come, and keeps to its limit", (context) => {
    const path = join(temporaryDirectory(context), "cache");
    using cache = openTable(path, { key: u32, value: text, expiring: true, maxEntries: 100, shards: 4 });
    cache.set(1, "for ever").set(2, "for a moment", { ttlMs: 0.0001 }).set(3, "for an hour", { ttlMs: 3_600_000 });
    const until = Date.now() + 2;
    while (Date.now() < until);
    assert.deepEqual([cache.get(1), cache.get(2), cache.get(3)], ["for ever", undefined, "for an hour"]);
    assert.equal(cache.has(2), false);
    assert.deepEqual([...cache.keys()].sort(), [1, 3]);
    for (let key = 0; key < 5000; key++) cache.set(key, "x");
    assert.ok(cache.size <= 100);
    assert.equal(cache.get(4999), "x");
    assert.deepEqual(cache.verify(), []);
  });
});

function getOrRefuse<Key, Value>(table: ReturnType<typeof openTable<Key, Value>>, key: Key): Value | undefined | "refused" {
  try {
    return table.get(key);
  } catch (error) {
    assert.match(String(error), /MemoryError.*damaged/);
    return "refused";
  }
}
