import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { HashTable } from "../../../src/collections/tables/hash-table.ts";
import { hashTable } from "../../../src/collections/tables/make-hash-table.ts";
import { privateMemory } from "../../../src/core/homes.ts";
import { MiB } from "../../../src/core/size.ts";
import { u32, u64 } from "../../../src/layout/scalars.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

function tableOf(keys: readonly number[], seed?: number): HashTable<number, number> {
  const memory = privateMemory(0, { maxByteLength: MiB(1) });
  const table = hashTable({ key: u32, value: u32, allocator: new TestAllocator(memory), ...(seed === undefined ? {} : { seed }) });
  for (const key of keys) table.set(key, key >>> 1);
  return table;
}

const KEYS = fc.uniqueArray(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 2 ** 32 - 1 })), {
  maxLength: 60,
  size: "max",
});
const SEED = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const CHANGED = {
  code: "stale-view",
  message: /^an iterator of a hash table was used after entries had come or gone \(changes=1\)/,
};

describe("iterating a hash table", () => {
  it("gives every entry once, whichever way", () => {
    fc.assert(
      fc.property(KEYS, SEED, (keys, seed) => {
        using table = tableOf(keys, seed);
        const expected = new Map(keys.map((key) => [key, key >>> 1]));
        const each = new Map<number, number>();
        table.forEach((value, key, from) => {
          assert.equal(from, table);
          assert.ok(!each.has(key));
          each.set(key, value);
        });
        assert.deepEqual(each, expected);
        for (const list of [[...table], [...table.entries()]]) {
          assert.equal(list.length, keys.length);
          assert.deepEqual(new Map(list), expected);
        }
        assert.deepEqual([...table.keys()], [...each.keys()]);
        assert.deepEqual([...table.values()], [...each.values()]);
      }),
    );
  });

  it("lets the current entry be deleted, and still gives every entry once", () => {
    fc.assert(
      fc.property(KEYS, SEED, fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }), (keys, seed, doomed) => {
        using table = tableOf(keys, seed);
        const left = new Map(keys.map((key) => [key, key >>> 1]));
        const seen: number[] = [];
        for (const [key] of table) {
          if (doomed[seen.length]) {
            table.delete(key);
            left.delete(key);
            assert.deepEqual(table.checkInvariants(), []);
          }
          seen.push(key);
        }
        assert.deepEqual(
          seen.sort((a, b) => a - b),
          [...keys].sort((a, b) => a - b),
        );
        assert.deepEqual(new Map(table), left);
      }),
      { numRuns: 300 },
    );
  });

  it("lets values be set", () => {
    using table = tableOf([0, 1, 2, 3]);
    for (const [key, value] of table) table.set(key, value * 10);
    assert.deepEqual(
      new Map(table),
      new Map([
        [0, 0],
        [1, 0],
        [2, 10],
        [3, 10],
      ]),
    );
  });

  it("throws when an entry has come", () => {
    using table = tableOf([1, 2, 3]);
    const keys = table.keys();
    keys.next();
    table.set(99, 1);
    assert.throws(() => keys.next(), CHANGED);
  });

  it("throws when another entry has gone, and when all have", () => {
    using table = tableOf([1, 2, 3, 4]);
    const keys = table.keys();
    const current = keys.next().value;
    table.delete(current === 1 ? 2 : 1);
    assert.throws(() => keys.next(), CHANGED);
    const others = table.keys();
    others.next();
    table.clear();
    assert.throws(() => others.next(), CHANGED);
  });

  it("throws when the current entry was deleted and put back", () => {
    using table = tableOf([1, 2, 3]);
    const keys = table.keys();
    const current = keys.next().value;
    assert.ok(current !== undefined);
    table.delete(current);
    table.set(current, 1);
    assert.throws(() => keys.next(), { code: "stale-view", message: /changes=2/ });
  });

  it("throws when the table has grown, was disposed of, or its memory was closed", () => {
    const memory = privateMemory(0, { maxByteLength: MiB(1) });
    const allocator = new TestAllocator(memory);
    const table = hashTable({ key: u64, value: u32, allocator });
    table.set(1n, 1).set(2n, 2);
    const grown = table.entries();
    grown.next();
    table.reserve(1000);
    assert.throws(() => grown.next(), CHANGED);
    const disposed = table.entries();
    disposed.next();
    table[Symbol.dispose]();
    assert.throws(() => disposed.next(), { code: "closed" });
    const other = hashTable({ key: u64, value: u32, allocator });
    other.set(1n, 1);
    const closed = other.values();
    memory.close();
    assert.throws(() => closed.next(), { code: "closed" });
  });

  it("stays done when it is done", () => {
    using table = tableOf([5]);
    const keys = table.keys();
    assert.deepEqual(keys.next(), { done: false, value: 5 });
    assert.deepEqual(keys.next(), { done: true, value: undefined });
    table.set(6, 1);
    assert.deepEqual(keys.next(), { done: true, value: undefined });
  });
});
