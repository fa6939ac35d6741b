import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HashTable } from "../../../src/collections/tables/hash-table.ts";
import { hashTable } from "../../../src/collections/tables/make-hash-table.ts";
import type { RecordTable } from "../../../src/collections/tables/record-table.ts";
import { sharedHashTable } from "../../../src/collections/tables/shared-hash-table.ts";
import { sharedMemory } from "../../../src/core/homes.ts";
import { MiB } from "../../../src/core/size.ts";
import { f64, u32 } from "../../../src/layout/scalars.ts";
import { struct } from "../../../src/layout/struct.ts";
import { text } from "../../../src/layout/text.ts";

/*
 * What test262 says of Map (test/built-ins/Map), for the interface that the tables share with it. What differs on purpose is tested as it is here: entries
 * come in no particular order, keys and values have types, and what changes during iteration is the business of each table's own tests.
 */

interface Shared {
  readonly name: string;
  make(): HashTable<number, number> | RecordTable<number, number>;
}

const TABLES: readonly Shared[] = [
  { name: "HashTable", make: () => hashTable({ key: f64, value: f64 }) },
  { name: "HashTable of one block", make: () => hashTable({ key: f64, value: f64, oneBlock: true }) },
  { name: "RecordTable", make: () => hashTable({ key: f64, value: f64, expiring: true, shards: 1 }) },
  {
    name: "SharedHashTable",
    make: () => sharedHashTable(sharedMemory(0, { maxByteLength: MiB(4) }), { key: f64, value: f64, shards: 4 }),
  },
];

for (const { name, make } of TABLES) {
  describe(`what test262 says of Map, of a ${name}`, () => {
    it("set: returns the table, appends, replaces, and makes 0 of -0", () => {
      using table = make();
      assert.equal(table.set(1, 1), table);
      assert.equal(table.set(1, 2), table);
      assert.deepEqual([table.get(1), table.size], [2, 1]);
      table.set(-0, 42);
      assert.equal(table.get(0), 42);
      assert.ok(
        Object.is(
          [...table.keys()].find((key) => key === 0),
          0,
        ),
      );
    });

    it("get, has: undefined and false for what is not there; NaN is one key; 0 and -0 are one", () => {
      using table = make();
      assert.deepEqual([table.get(1), table.has(1), table.get(Number.NaN)], [undefined, false, undefined]);
      table.set(Number.NaN, 1).set(0, 2);
      assert.deepEqual([table.get(Number.NaN), table.has(Number.NaN), table.get(-0), table.has(-0)], [1, true, 2, true]);
      table.delete(0);
      assert.deepEqual([table.has(0), table.has(-0)], [false, false]);
    });

    it("delete: true once, false for what is not there", () => {
      using table = make();
      table.set(1, 1).set(2, 2);
      assert.deepEqual([table.delete(3), table.delete(1), table.delete(1), table.size], [false, true, false, 1]);
    });

    it("clear: returns undefined, empties, also what is empty; entries can come again", () => {
      using table = make();
      assert.equal(table.clear(), undefined);
      table.set(1, 1).set(2, 2);
      assert.equal(table.clear(), undefined);
      assert.deepEqual([table.size, table.has(1), [...table]], [0, false, []]);
      assert.equal(table.set(1, 3).get(1), 3);
    });

    it("size: the number of entries, and nothing that can be set", () => {
      using table = make();
      assert.equal(table.size, 0);
      table.set(0, 0).set(Number.NaN, 0).set(1, 0).set(-0, 1);
      assert.equal(table.size, 3);
      assert.throws(() => Object.assign(table, { size: 5 }), TypeError);
    });

    it("forEach: (value, key, table) with the this argument; undefined; TypeError for what cannot be called", () => {
      using table = make();
      table.set(1, 10).set(2, 20);
      const seen: unknown[][] = [];
      const self = { mine: true };
      const answer = Reflect.apply(table.forEach, table, [
        function callback(this: unknown, ...parameters: unknown[]) {
          seen.push([this, ...parameters]);
        },
        self,
      ]);
      assert.equal(answer, undefined);
      seen.sort((a, b) => Number(a[2]) - Number(b[2]));
      assert.deepEqual(
        seen.map(([own, value, key, whole]) => [own === self, value, key, whole === table]),
        [
          [true, 10, 1, true],
          [true, 20, 2, true],
        ],
      );
      for (const wrong of [{}, undefined, null, 5, "", Symbol.iterator])
        assert.throws(() => Reflect.apply(table.forEach, table, [wrong]), TypeError);
      assert.throws(
        () =>
          table.forEach(() => {
            throw new RangeError("mine");
          }),
        RangeError,
      );
    });

    it("keys, values, entries: iterators that are iterable, end for good, and give pairs", () => {
      using table = make();
      table.set(1, 10).set(2, 20);
      for (const iterator of [table.keys(), table.values(), table.entries(), table[Symbol.iterator]()]) {
        assert.equal(iterator[Symbol.iterator](), iterator);
        assert.deepEqual([iterator.next().done, iterator.next().done], [false, false]);
        assert.deepEqual(iterator.next(), { done: true, value: undefined });
        assert.deepEqual(iterator.next(), { done: true, value: undefined });
      }
      assert.deepEqual(new Map(table), new Map([...table.entries()]));
      assert.deepEqual([...table.keys()].sort(), [1, 2]);
      assert.deepEqual([...table.values()].sort(), [10, 20]);
      assert.deepEqual(
        [...table].map((pair) => Array.isArray(pair) && pair.length === 2),
        [true, true],
      );
    });

    it("an iterator of an empty table is done", () => {
      using table = make();
      assert.deepEqual(table.entries().next(), { done: true, value: undefined });
    });

    it("iterating, what is deleted before it came does not come, and what comes is set once", () => {
      using table = make();
      for (let key = 0; key < 50; key++) table.set(key, key);
      const seen: number[] = [];
      for (const [key] of table) {
        seen.push(key);
        table.set(key, -key).delete(key);
      }
      assert.equal(new Set(seen).size, 50);
      assert.equal(table.size, 0);
    });

    it("getOrInsert, getOrInsertWith (upsert): the callback is called with the key, and only where there is none", () => {
      using table = make();
      const asked: number[] = [];
      const compute = (key: number): number => {
        asked.push(key);
        return key * 2;
      };
      assert.deepEqual([table.getOrInsertWith(4, compute), table.getOrInsertWith(4, compute), table.get(4)], [8, 8, 8]);
      assert.deepEqual(asked, [4]);
      assert.deepEqual([table.getOrInsert(4, 1), table.getOrInsert(5, 1)], [8, 1]);
      assert.throws(
        () =>
          table.getOrInsertWith(6, () => {
            throw new RangeError("mine");
          }),
        RangeError,
      );
      assert.equal(table.has(6), false);
      // The canonical key is what counts.
      table.getOrInsert(-0, 7);
      assert.equal(table.get(0), 7);
    });

    it("beyond Map: update, add, setMany, getMany, sample, reserve, shrink", () => {
      using table = make();
      assert.equal(table.sample(), undefined);
      assert.equal(
        table.update(1, (value) => value && value + 1),
        undefined,
      );
      assert.equal(table.has(1), false);
      assert.equal(
        table.update(1, (value = 5) => value + 1),
        6,
      );
      assert.equal(
        table.update(1, () => undefined),
        6,
      );
      assert.deepEqual(table.sample(), [1, 6]);
      const add = (key: number, amount: number): unknown => Reflect.apply(table.add, table, [key, amount]);
      assert.deepEqual([add(2, 3), add(2, -1), add(0, 4), add(-0, 1)], [3, 2, 4, 5]);
      table.setMany(Array.from({ length: 500 }, (_, key) => [key, key + 1] as const));
      assert.deepEqual(table.getMany([0, 499, 500, Number.NaN]), [1, 500, undefined, undefined]);
      table.reserve(2000);
      table.shrink();
      assert.equal(table.size, 500);
      const found = new Set(Array.from({ length: 300 }, () => table.sample()?.[0]));
      assert.ok(found.size > 50, `300 samples of 500 entries were ${found.size}`);
      assert.deepEqual(table.checkInvariants(), []);
    });
  });
}

describe("views of a table of numbers", () => {
  const Pair = struct("Pair", { hits: u32, name: f64 });

  it("read and write the entry where it lies, until an entry comes or goes", () => {
    using table = hashTable({ key: u32, value: Pair });
    table.set(1, { hits: 2, name: 3 }).set(0, { hits: 7, name: 8 });
    const view = table.view(1);
    assert.ok(view !== undefined);
    view.hits += 5;
    assert.deepEqual(table.get(1), { hits: 7, name: 3 });
    table.set(1, { hits: 9, name: 9 });
    assert.equal(view.hits, 9);
    assert.equal(table.view(0)?.name, 8);
    assert.equal(table.view(2), undefined);
    table.set(2, { hits: 0, name: 0 });
    assert.throws(() => view.hits, { code: "stale-view", message: /had entries come or go/ });
    const other = table.view(2);
    table.delete(1);
    assert.throws(() => other?.hits, { code: "stale-view" });
  });

  it("end with the table, and cannot be written where it cannot", () => {
    const table = hashTable({ key: u32, value: f64 });
    const box = table.set(1, 2).view(1);
    assert.equal(box?.value, 2);
    table[Symbol.dispose]();
    assert.throws(() => box?.value, { code: "stale-view" });
    assert.throws(() => table.view(1), { code: "closed" });
  });
});

describe("tables of records as maps of texts", () => {
  it("are what a table of numbers becomes whose entries are to end by themselves, or to be limited", () => {
    using brief = hashTable({ key: u32, value: u32, expiring: true });
    brief.set(1, 1, { ttlMs: 1e-6 });
    const until = Date.now() + 2;
    while (Date.now() < until);
    assert.equal(brief.get(1), undefined);
    using few = hashTable({ key: u32, value: u32, maxEntries: 10 });
    for (let key = 0; key < 100; key++) few.set(key, key);
    assert.equal(few.size, 10);
    using many = hashTable({ key: u32, value: u32, maxEntries: 10_000, seed: 1 });
    for (let key = 0; key < 9000; key++) many.set(key, key);
    assert.ok(many.size > 8900, `${many.size} of 9000 are there`);
    for (let key = 9000; key < 50_000; key++) many.set(key, key);
    assert.ok(many.size > 9900 && many.size <= 10_000, `${many.size}`);
  });

  it("take strings as a Map does", () => {
    using table = hashTable({ key: text, value: text });
    table.set("", "nothing").set("a", "").set("ä", "umlaut");
    assert.deepEqual([table.get(""), table.get("a"), table.has("A"), table.size], ["nothing", "", false, 3]);
  });
});
