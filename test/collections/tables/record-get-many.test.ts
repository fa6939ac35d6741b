import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { recordTable } from "../../../src/collections/tables/make-record-table.ts";
import type { RecordTable } from "../../../src/collections/tables/record-table.ts";
import { attachSharedHashTable, sharedHashTable } from "../../../src/collections/tables/shared-hash-table.ts";
import { privateMemory } from "../../../src/core/homes.ts";
import { MiB } from "../../../src/core/size.ts";
import { blob } from "../../../src/layout/blob.ts";
import { u32 } from "../../../src/layout/scalars.ts";
import { struct } from "../../../src/layout/struct.ts";
import { text } from "../../../src/layout/text.ts";
import { HOMES } from "../../conformance/homes.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

/** Short and long ones, of all scripts. */
const KEYS = Array.from({ length: 300 }, (_, index) => {
  if (index % 7 === 0) return `${"long ".repeat(index % 50)}${index}`;
  return index % 5 === 0 ? `\u00fcber ${index} \u{1f600}` : `key ${index}`;
});
/** Some that are there, some that are not, one twice, the empty one, and half of a surrogate pair, which no table can have. */
const WANTED = [...KEYS, "", "missing", "x".repeat(1000), "\ud800", "key 1", "key 1", ""];

function fill(table: RecordTable<string, string>): Map<string, string> {
  const model = new Map(KEYS.map((key) => [key, `value of ${key}`]));
  table.setMany(model);
  return model;
}

function check(table: RecordTable<string, string>, model: ReadonlyMap<string, string>): void {
  for (const count of [0, 1, 31, 32, 33, 64, WANTED.length]) {
    const wanted = WANTED.slice(WANTED.length - count);
    const values = wanted.map((key) => model.get(key));
    assert.deepEqual(table.getMany(wanted), values);
    assert.deepEqual(
      table.getMany(new Set(wanted)),
      [...new Set(wanted)].map((key) => model.get(key)),
    );
    const isThere = values.map((value) => value !== undefined);
    assert.deepEqual(table.hasMany(wanted), isThere);
    const encoded = wanted.map((key) => new TextEncoder().encode(key));
    const ends: number[] = [];
    for (const { length } of encoded) ends.push((ends.at(-1) ?? 3) + length);
    const together = new Uint8Array(ends.at(-1) ?? 3);
    for (const [at, bytes] of encoded.entries()) together.set(bytes, ends[at] - bytes.length);
    assert.deepEqual(table.getManyFromBytes(together, ends, 3), values);
  }
}

for (const home of HOMES) {
  describe(`many look-ups at once in ${home.title}`, () => {
    it("find what as many single ones find, in a table of one thread", () => {
      using memory = home.create(0, MiB(2));
      using table = recordTable({ key: text, value: text, allocator: new TestAllocator(memory) });
      assert.deepEqual(table.getMany(["a", "b"]), [undefined, undefined]);
      check(table, fill(table));
    });

    it("find what as many single ones find, in a table of several, whoever wrote it", () => {
      using memory = home.create(0, MiB(2));
      using writer = sharedHashTable(memory, { key: text, value: text, shards: 4, seats: 2 });
      using reader = attachSharedHashTable(memory, { key: text, value: text });
      assert.deepEqual(reader.getMany(["a", "b"]), [undefined, undefined]);
      const model = fill(writer);
      check(reader, model);
      for (const key of KEYS.slice(0, 200)) {
        writer.delete(key);
        model.delete(key);
      }
      check(reader, model);
    });
  });
}

describe("many look-ups at once", () => {
  it("take keys of any type, and any iterable of them", () => {
    using bytes = recordTable({ key: blob, value: u32 });
    bytes.set(Uint8Array.of(1, 2), 12).set(new Uint8Array(0), 0);
    assert.deepEqual(bytes.getMany([Uint8Array.of(1, 2), Uint8Array.of(2), new Uint8Array(0)]), [12, undefined, 0]);
    assert.deepEqual(bytes.getManyFromBytes(Uint8Array.of(1, 2, 2), [2, 2, 3]), [12, 0, undefined]);
    const Point = struct("Point", { x: u32, y: u32 });
    using points = recordTable({ key: Point, value: text });
    points.set({ x: 1, y: 2 }, "here");
    function* wanted() {
      yield { x: 1, y: 2 };
      yield { x: 2, y: 1 };
    }
    assert.deepEqual(points.getMany(wanted()), ["here", undefined]);
    assert.deepEqual(points.hasMany(wanted()), [true, false]);
  });

  it("may be made by what makes the keys", () => {
    using table = recordTable({ key: struct("Point", { x: u32 }), value: u32 });
    table.set({ x: 1 }, 10).set({ x: 2 }, 20);
    const nested = {
      get x() {
        assert.deepEqual(table.getMany([{ x: 2 }, { x: 3 }]), [20, undefined]);
        return 1;
      },
    };
    assert.equal(table.getMany([{ x: 2 }, nested])[0], 20);
  });

  it("leave out entries that have ended", () => {
    using table = recordTable({ key: text, value: u32, expiring: true });
    table.set("goes", 1, { ttlMs: 1 }).set("stays", 2, { ttlMs: 1e9 });
    const until = Date.now() + 2;
    while (Date.now() < until);
    assert.deepEqual(table.getMany(["goes", "stays"]), [undefined, 2]);
    assert.deepEqual(table.hasMany(["goes", "stays"]), [false, true]);
  });

  it("refuse ends that do not ascend, or lie outside", () => {
    using table = recordTable({ key: text, value: u32 });
    const bytes = new Uint8Array(4);
    for (const [ends, start] of [[[2, 1]], [[5]], [[1], 2], [[1], -1], [[Number.NaN]]] as const) {
      assert.throws(() => table.getManyFromBytes(bytes, ends, start), { code: "out-of-bounds" });
    }
  });

  it("throw when the table has ended", () => {
    using memory = privateMemory(0, { maxByteLength: MiB(1) });
    const table = sharedHashTable(memory, { key: text, value: u32, shards: 1 });
    table[Symbol.dispose]();
    assert.throws(() => table.getMany(["a"]), { code: "closed" });
    assert.throws(() => table.hasMany(["a"]), { code: "closed" });
    assert.throws(() => table.getManyFromBytes(new Uint8Array(1), [1]), { code: "closed" });
  });
});
