import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { EPOCH, SAVED } from "../../../src/collections/tables/records/layout.ts";
import { KiB } from "../../../src/core/size.ts";
import { u32 } from "../../../src/layout/scalars.ts";
import { text } from "../../../src/layout/text.ts";
import { isMappingSupported } from "../../../src/mapped/index.ts";
import type { MappedHashTable } from "../../../src/mapped/table/mapped-hash-table.ts";
import { type OpenTableOptions, openTable } from "../../../src/mapped/table/open-table.ts";
import { temporaryDirectory } from "../../process/temporary-directory.ts";

type Table = MappedHashTable<string, number>;

const open = (path: string, options: Partial<OpenTableOptions<string, number>> = {}): Table =>
  openTable(path, { key: text, value: u32, shards: 4, ...options });

function wordOf(table: Table, word: number): number {
  return table.memory.i32[table.byteOffset / 4 + word];
}

function setBoth(table: Table, value: number): void {
  table.transaction((t) => t.set("left", value).set("right", value));
}

function assertBoth(table: Table, left: number, right: number): void {
  assert.deepEqual(
    new Map(table),
    new Map([
      ["left", left],
      ["right", right],
    ]),
  );
}

describe("transactions of a table in a file", { skip: !isMappingSupported() }, () => {
  it("are there when it is opened again", (context) => {
    const path = join(temporaryDirectory(context), "table");
    {
      using table = open(path);
      table.set("gone", 1);
      table.transaction((t) => t.set("left", 1).set("right", 2).delete("gone"));
    }
    using table = open(path);
    assert.equal(table.recovery.after, "clean");
    assertBoth(table, 1, 2);
    assert.deepEqual(table.verify(), []);
    using reader = open(path, { mode: "read" });
    assert.throws(() => reader.transaction((t) => t.get("left")), { code: "read-only" });
  });

  it("wait for the disk once, whatever they write, and not at all where they write nothing", (context) => {
    using table = open(join(temporaryDirectory(context), "table"), { durability: "operation" });
    setBoth(table, 1);
    const before = wordOf(table, EPOCH);
    setBoth(table, 2);
    assert.equal(wordOf(table, EPOCH), before + 1);
    table.transaction((t) => t.get("left"));
    table.transaction((t) => t.set("left", 3).rollback());
    assert.equal(wordOf(table, EPOCH), before + 1);
  });

  it("make a table count as a whole from the first one of several keys on", (context) => {
    using table = open(join(temporaryDirectory(context), "table"));
    table.transaction((t) => t.set("left", 1).get("right"));
    assert.equal(wordOf(table, SAVED), 0);
    let called = 0;
    table.transaction((t) => {
      called += 1;
      t.set("left", 2).set("right", 2);
    });
    assert.ok(wordOf(table, SAVED) > 0);
    assert.equal(called, 2);
    const saved = wordOf(table, SAVED);
    table.flush();
    assert.ok(wordOf(table, SAVED) > saved);
  });

  it("are there after a power failure up to the last flush, and nothing since", async (context) => {
    const directory = temporaryDirectory(context);
    const [path, copy] = [join(directory, "table"), join(directory, "copy")];
    using table = open(path);
    setBoth(table, 1);
    await table.flushAsync();
    for (let value = 2; value < 10; value++) setBoth(table, value);
    table.set("alone", 1);
    table.delete("left");
    // All of the file, but of another inode: as after a power failure that has spared everything.
    copyFileSync(path, copy);
    {
      using found = open(copy);
      assert.equal(found.recovery.after, "power");
      assertBoth(found, 1, 1);
      assert.deepEqual(found.verify(), []);
      setBoth(found, 5);
    }
    using again = open(copy);
    assert.deepEqual([again.recovery.after, again.get("left"), again.get("right")], ["clean", 5, 5]);
    assert.deepEqual([table.get("left"), table.get("right"), table.get("alone")], [undefined, 9, 1]);
  });

  it("are in a backup wholly", (context) => {
    const directory = temporaryDirectory(context);
    using table = open(join(directory, "table"));
    for (let value = 0; value < 5; value++) setBoth(table, value);
    table.backup(join(directory, "backup"));
    setBoth(table, 7);
    using backup = open(join(directory, "backup"));
    assert.deepEqual([backup.recovery.after, backup.get("left"), backup.get("right")], ["clean", 4, 4]);
    assert.deepEqual(backup.verify(), []);
  });

  it("are written where there is no room for the mark of an entry that was to give way", (context) => {
    const path = join(temporaryDirectory(context), "table");
    const options = { shards: 1, expiring: true, reserve: KiB(256) };
    {
      using table = open(path, options);
      table.reserve(1000);
      setBoth(table, 1);
      for (let key = 0; key < 20; key++) table.set(`key ${key}`, key);
      const fill = (): void => {
        for (let key = 0; ; key++) table.set(`${key}`.padEnd(2000, "-"), key, { ttlMs: 60_000 });
      };
      assert.throws(fill, { code: "out-of-memory" });
      // The room of short entries is left, and none for the mark of a long one.
      for (let key = 0; key < 20; key++) table.delete(`key ${key}`);
      for (let turn = 0; turn < 3; turn++) {
        table.flush();
        table.set("left", 1);
      }
      table.flush();
    }
    using table = open(path, { ...options, durability: "operation", maxEntries: 10 });
    const { size } = table;
    const before = wordOf(table, EPOCH);
    setBoth(table, 2);
    assert.equal(wordOf(table, EPOCH), before + 1);
    table.transaction((t) => t.set("new", 3).set("newer", 4));
    assert.equal(wordOf(table, EPOCH), before + 2);
    assert.deepEqual([table.get("left"), table.get("new"), table.get("newer"), table.size], [2, 3, 4, size + 2]);
    assert.throws(() => table.set("newest", 5), { code: "out-of-memory" });
    assert.equal(table.has("newest"), false);
    assert.deepEqual(table.verify(), []);
  });

  it("lose nothing when a bit of the saved epoch flips", (context) => {
    const path = join(temporaryDirectory(context), "table");
    let at = 0;
    {
      using table = open(path);
      for (let value = 0; value < 5; value++) setBoth(table, value);
      at = table.byteOffset + SAVED * 4;
    }
    const whole = readFileSync(path);
    for (let bit = 0; bit < 64; bit++) {
      const damaged = Buffer.from(whole);
      damaged[at + (bit >> 3)] ^= 1 << (bit & 7);
      writeFileSync(path, damaged);
      using table = open(path);
      assert.deepEqual([table.get("left"), table.get("right"), table.size], [4, 4, 2], `bit ${bit}`);
      assert.deepEqual(table.verify(), []);
      setBoth(table, 4);
    }
  });
});
