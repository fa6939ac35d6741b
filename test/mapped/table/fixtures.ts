import assert from "node:assert/strict";
import { blob, f64, struct, text, u32 } from "../../../src/index.ts";
import { openTable } from "../../../src/mapped/index.ts";

/** A table in a file that some version has written: `fixtures/<name>.tbl.gz`. Never made again: a new format gets files of its own, and these must open for ever. */
interface Fixture {
  /** Makes the file, as `scripts/make-table-fixture.mjs` did with that version. */
  make(path: string): void;
  check(path: string): void;
}

const Quote = struct("Quote", { bid: f64, ask: f64, volume: u32 });
const SMALL = { shards: 2, seats: 2, seed: 42, reserve: 2 ** 20 };
const QUOTES = { ...SMALL, key: text, value: Quote };
const BYTES = { ...SMALL, key: u32, value: blob, expiring: true };

export const FIXTURES: Readonly<Record<string, Fixture>> = {
  "format-1-texts-to-structs": {
    make(path) {
      using table = openTable(path, QUOTES);
      for (let key = 0; key < 60; key++) table.set(`símbolo ${key}`, { bid: key / 4, ask: key / 2, volume: key });
      for (let key = 0; key < 60; key += 3) table.delete(`símbolo ${key}`);
      table.set("", { bid: -0, ask: Number.POSITIVE_INFINITY, volume: 2 ** 32 - 1 });
    },
    check(path) {
      using table = openTable(path, QUOTES);
      assert.equal(table.recovery.after, "clean");
      assert.equal(table.size, 41);
      for (let key = 0; key < 60; key++) {
        const expected = key % 3 === 0 ? undefined : { bid: key / 4, ask: key / 2, volume: key };
        assert.deepEqual(table.get(`símbolo ${key}`), expected);
      }
      assert.deepEqual(table.get(""), { bid: -0, ask: Number.POSITIVE_INFINITY, volume: 2 ** 32 - 1 });
      assert.deepEqual([table.verify(), table.damagedShards], [[], []]);
      for (let key = 0; key < 60; key++) table.set(`more ${key}`, { bid: 1 });
      assert.equal(table.size, 101);
    },
  },
  "format-1-numbers-to-bytes-expiring": {
    make(path) {
      using table = openTable(path, BYTES);
      for (let key = 0; key < 40; key++) table.set(key, new Uint8Array(key * 3).fill(key));
      table.set(99, Uint8Array.of(1), { ttlMs: 1 });
      table.set(100, Uint8Array.of(2), { ttlMs: 100 * 365 * 86_400_000 });
    },
    check(path) {
      using table = openTable(path, BYTES);
      assert.equal(table.recovery.after, "clean");
      for (let key = 0; key < 40; key++) assert.deepEqual(table.get(key), new Uint8Array(key * 3).fill(key));
      assert.deepEqual([table.get(99), table.get(100)], [undefined, Uint8Array.of(2)]);
      assert.deepEqual([table.verify(), table.damagedShards], [[], []]);
      table.delete(0);
      assert.equal(table.has(0), false);
    },
  },
};
