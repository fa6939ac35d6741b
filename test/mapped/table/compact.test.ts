import assert from "node:assert/strict";
import fs, { lstatSync, type StatSyncOptions, statSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { blob, text, u32 } from "../../../src/index.ts";
import { isMappingSupported, openTable } from "../../../src/mapped/index.ts";
import { compare, type Model, programs, runStep } from "../../collections/tables/record-model.ts";
import { temporaryDirectory } from "../../process/temporary-directory.ts";

const TYPES = { key: text, value: blob };

/** A file of many entries, of which few are left: those that were set last. Its length. */
function shrunken(path: string): number {
  const table = openTable(path, { ...TYPES, shards: 8 });
  for (let key = 0; key < 5000; key++) table.set(`key ${key}`, new Uint8Array(key % 200).fill(key));
  for (let key = 0; key < 4900; key++) table.delete(`key ${key}`);
  table.close();
  return statSync(path).size;
}

function checkShrunken(table: Iterable<[string, Uint8Array]>): void {
  const found = [...table];
  assert.equal(found.length, 100);
  for (const [key, value] of found) assert.deepEqual(value, new Uint8Array(Number(key.slice(4)) % 200).fill(Number(key.slice(4))));
}

describe("compacting a table in a file", { skip: !isMappingSupported() }, () => {
  it("shortens the file when the last one closes it, who can use it all the time", (context) => {
    const path = join(temporaryDirectory(context), "table");
    const before = shrunken(path);
    const one = openTable(path, TYPES);
    const two = openTable(path, TYPES);
    const saved = one.compact();
    assert.ok(saved > before / 2, `${saved} of ${before} bytes`);
    for (const table of [one, two]) {
      checkShrunken(table);
      assert.deepEqual(table.verify(), []);
    }
    // What was given up is taken again, by whomever.
    for (let key = 0; key < 3000; key++) (key % 2 === 0 ? one : two).set(`more ${key}`, new Uint8Array(100));
    for (let key = 0; key < 3000; key++) assert.equal((key % 3 === 0 ? one : two).delete(`more ${key}`), true);
    assert.ok(two.compact() > 0);
    assert.equal(two.compact(), 0);
    one.close();
    checkShrunken(two);
    two.close();
    assert.ok(statSync(path).size < before / 4, `${statSync(path).size} of ${before} bytes`);
    using table = openTable(path, TYPES);
    assert.equal(table.recovery.after, "clean");
    checkShrunken(table);
    for (let key = 0; key < 3000; key++) table.set(`more ${key}`, new Uint8Array(100));
    assert.deepEqual(table.verify(), []);
  });

  it("leaves the file as long as it is for those who only read", (context) => {
    const path = join(temporaryDirectory(context), "table");
    const before = shrunken(path);
    using reader = openTable(path, { ...TYPES, mode: "read" });
    const writer = openTable(path, TYPES);
    writer.compact();
    writer.close();
    assert.ok(statSync(path).size >= before);
    checkShrunken(reader);
    reader.close();
    openTable(path, TYPES).close();
    assert.ok(statSync(path).size < before / 4);
    using table = openTable(path, { ...TYPES, mode: "read" });
    checkShrunken(table);
  });

  it("is noticed by those who have mapped the file and not come in yet", (context) => {
    const path = join(temporaryDirectory(context), "table");
    shrunken(path);
    for (const mode of ["readWrite", "read"] as const) {
      // It seems to have been cut once.
      const asked = context.mock.method(fs, "statSync", (at: string, options: StatSyncOptions & { bigint: true }) => {
        const { dev, ino, size } = lstatSync(at, options);
        return { dev, ino, size: asked.mock.callCount() === 0 ? size - 1n : size };
      });
      syncBuiltinESMExports();
      try {
        using table = openTable(path, { ...TYPES, mode });
        assert.equal(asked.mock.callCount(), 2);
        checkShrunken(table);
      } finally {
        asked.mock.restore();
        syncBuiltinESMExports();
      }
    }
  });

  it("changes nothing, through random programs", (context) => {
    const directory = temporaryDirectory(context);
    let files = 0;
    const words = fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom("a", "b", "c", "d"));
    fc.assert(
      fc.property(fc.array(programs(words, fc.string({ maxLength: 900 }), 30), { maxLength: 4 }), (sessions) => {
        const path = join(directory, `${files++}.tbl`);
        const model: Model<string, string> = new Map();
        for (const session of sessions) {
          using table = openTable(path, { key: text, value: text, shards: 2, reserve: 2 ** 24 });
          compare(table, model);
          for (const [at, step] of session.entries()) {
            runStep(table, step, model);
            if (at % 7 === 6) table.compact();
            assert.deepEqual(table.verify(), []);
          }
          compare(table, model);
        }
      }),
      { numRuns: 8 },
    );
  });

  it("keeps entries that end by themselves, and numbers", (context) => {
    const path = join(temporaryDirectory(context), "table");
    const options = { key: u32, value: u32, shards: 2, expiring: true };
    {
      using table = openTable(path, options);
      for (let key = 0; key < 2000; key++) table.set(key, key * 3, { ttlMs: 1e7 });
      for (let key = 0; key < 1900; key++) table.delete(key);
      assert.ok(table.compact() > 0);
    }
    using table = openTable(path, options);
    assert.equal(table.size, 100);
    for (let key = 1900; key < 2000; key++) assert.equal(table.get(key), key * 3);
    assert.deepEqual(table.verify(), []);
  });
});
