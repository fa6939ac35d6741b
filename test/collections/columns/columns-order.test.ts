import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { arena } from "../../../src/alloc/arenas/arena.ts";
import { Columns, columns } from "../../../src/collections/columns/columns.ts";
import { privateMemory } from "../../../src/core/homes.ts";
import { MiB } from "../../../src/core/size.ts";
import { array } from "../../../src/layout/array.ts";
import { bytes } from "../../../src/layout/bytes.ts";
import { optional } from "../../../src/layout/optional.ts";
import { f32, f64, i8, i16, i32, i64, u8, u16, u32, u64 } from "../../../src/layout/scalars.ts";
import { struct } from "../../../src/layout/struct.ts";
import { utf8 } from "../../../src/layout/utf8.ts";
import { refuses } from "../../conformance/allocators.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

const NUMBERS = {
  f32: { type: f32, values: fc.oneof(fc.float(), fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, -1, 1)) },
  f64: { type: f64, values: fc.oneof(fc.double(), fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 5e-324, -5e-324)) },
  u8: { type: u8, values: fc.integer({ min: 0, max: 255 }) },
  i8: { type: i8, values: fc.integer({ min: -128, max: 127 }) },
  u16: { type: u16, values: fc.integer({ min: 0, max: 65_535 }) },
  i16: { type: i16, values: fc.integer({ min: -32_768, max: 32_767 }) },
  u32: { type: u32, values: fc.integer({ min: 0, max: 2 ** 32 - 1 }) },
  i32: { type: i32, values: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) },
  u64: { type: u64, values: fc.bigInt(0n, 2n ** 64n - 1n) },
  i64: { type: i64, values: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n) },
} as const;

type Comparable = number | bigint;

/** As the documentation says: NaN behind every number, 0 equal to -0, missing ones last. */
function ordered(values: readonly (Comparable | null)[], descending: boolean): number[] {
  const rank = (a: Comparable, b: Comparable): number => {
    const [x, y] = [Number.isNaN(Number(a)) ? 1 : 0, Number.isNaN(Number(b)) ? 1 : 0];
    if (x + y > 0) return x - y;
    return a < b ? -1 : a > b ? 1 : 0;
  };
  return [...values.keys()].sort((a, b) => {
    const [x, y] = [values[a], values[b]];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || a - b;
    return rank(x, y) * (descending ? -1 : 1) || a - b;
  });
}

function tableOf<const F extends Record<string, Parameters<typeof optional>[0]>>(fields: F) {
  const allocator = new TestAllocator(privateMemory(0, { maxByteLength: MiB(4) }));
  return { allocator, table: columns(struct("Row", fields), { allocator, capacity: 2 }) };
}

describe("columns in order", () => {
  for (const [name, { type, values }] of Object.entries(NUMBERS)) {
    it(`sort ${name} as a stable comparison does, missing values last, both ways`, () => {
      const value: fc.Arbitrary<Comparable> = values;
      const some = fc.array(fc.option(value), { maxLength: 80, size: "max" });
      fc.assert(
        fc.property(some, fc.boolean(), (list, descending) => {
          const { table } = tableOf({ key: optional(type), id: u16, pad: u8 });
          list.forEach((key, id) => {
            Reflect.apply(table.append, table, [{ key, id, pad: id & 7 }]);
          });
          const read = Array.from(table, (row) => row.key as Comparable | null);
          const expected = ordered(read, descending);
          table.sort("key", { descending });
          assert.deepEqual([...table.column("id")], expected);
          assert.deepEqual(
            [...table.column("pad")],
            expected.map((id) => id & 7),
          );
          expected.forEach((id, row) => {
            assert.ok(Object.is(table.get(row).key, read[id]), `row ${row}`);
          });
          assert.deepEqual(table.checkInvariants(), []);
        }),
        { numRuns: 40 },
      );
    });
  }

  it("sort strings and bytes, and move values of every width with their rows", () => {
    const { table } = tableOf({
      name: utf8(6),
      tag: bytes(3),
      wide: bytes(12),
      at: struct("At", { x: f64, y: u32 }),
      some: optional(utf8(3)),
    });
    const names = ["Vaduz", "aa", "", "ö", "a", "aa"];
    names.forEach((name, i) => {
      const wide = new Uint8Array(12).fill(i);
      table.append({ name, tag: Uint8Array.of(9 - i, i, 0), wide, at: { x: i, y: i }, some: i % 2 ? null : `${9 - i}` });
    });
    const rows = () => Array.from(table, ({ at }) => at.x);
    table.sort("name");
    assert.deepEqual(rows(), [2, 0, 4, 1, 5, 3]);
    table.sort("tag");
    assert.deepEqual(rows(), [5, 4, 3, 2, 1, 0]);
    table.sort("some");
    assert.deepEqual(rows(), [4, 2, 0, 5, 3, 1]);
    table.sort("some", { descending: true });
    assert.deepEqual(rows(), [0, 2, 4, 5, 3, 1]);
    for (let row = 0; row < 6; row++) {
      const { at, name, tag, wide } = table.get(row);
      assert.deepEqual([name, tag[1], wide[11], at.y], [names[at.x], at.x, at.x, at.x]);
    }
    assert.deepEqual(table.checkInvariants(), []);
  });

  it("keep the bits of a NaN, whichever they are", () => {
    const { allocator, table } = tableOf({ a: f32, b: f64, id: u8 });
    for (let id = 0; id < 4; id++) table.append({ a: id, b: id, id: 9 - id });
    const { u32: words } = allocator.memory;
    words[table.column("a").byteOffset / 4] = 0xffc1_2345;
    words[table.column("b").byteOffset / 4 + 1] = 0xfff1_2345;
    table.sort("id");
    assert.equal(words[table.column("a").byteOffset / 4 + 3], 0xffc1_2345);
    assert.equal(words[table.column("b").byteOffset / 4 + 7], 0xfff1_2345);
    table.sort("a");
    assert.equal(words[table.column("a").byteOffset / 4 + 3], 0xffc1_2345, "a NaN with its sign set is last, too");
    table.sort("b");
    assert.equal(words[table.column("b").byteOffset / 4 + 7], 0xfff1_2345);
  });

  it("group rows by value as a Map does, in the order of the values", () => {
    const keys = fc.array(fc.option(fc.constantFrom(0, -0, 1.5, Number.NaN, -3, 7)), { maxLength: 60, size: "max" });
    fc.assert(
      fc.property(keys, (list) => {
        const { table } = tableOf({ key: optional(f64), name: utf8(3), tag: bytes(1) });
        const model = new Map<number | null, number[]>();
        list.forEach((key, row) => {
          table.append({ key, name: String(key).slice(0, 3), tag: Uint8Array.of((key ?? 0) & 1) });
          model.set(key, [...(model.get(key) ?? []), row]);
        });
        const groups = table.group("key");
        assert.equal(groups.size, model.size);
        for (const [key, rows] of model) assert.deepEqual([...(groups.get(key) ?? [])], rows);
        const sorted = [...groups.keys()];
        assert.deepEqual(
          ordered(sorted, false).map((at) => sorted[at]),
          sorted,
        );
        let count = 0;
        for (const [name, rows] of table.group("name")) {
          count += rows.length;
          for (const row of rows) assert.equal(table.get(row).name, name);
        }
        assert.equal(count, list.length);
        assert.ok(table.group("tag").size <= 2);
      }),
      { numRuns: 60 },
    );
  });

  it("refuse to sort what has no order, by what is not there, and where nothing may be changed", () => {
    const { allocator, table } = tableOf({ at: struct("At", { x: u8 }), list: array(u8, 3), n: u8 });
    for (let n = 3; n > 0; n--) table.append({ n });
    const before = allocator.memory.bytes(table.byteOffset, table.byteLength).slice();
    assert.match(
      refuses("invalid-argument", () => table.sort("at")).message,
      /^Row\.at has values of type At, which have no order/,
    );
    refuses("invalid-argument", () => table.sort("list"));
    refuses("invalid-argument", () => Reflect.apply(table.sort, table, ["z"]));
    refuses("invalid-argument", () => Reflect.apply(table.group, table, ["z"]));
    const attached = Columns.attach(table.memory, table.byteOffset, table.type);
    refuses("read-only", () => attached.sort("n"));
    assert.deepEqual([...attached.order("n")], [2, 1, 0]);
    assert.deepEqual(allocator.memory.bytes(table.byteOffset, table.byteLength), before);
    for (const index of [-1, 4, 0.5, Number.NaN]) {
      refuses("out-of-bounds", () => table.insert(index, {}));
      refuses("out-of-bounds", () => table.orderedRemove(index));
    }
    refuses("read-only", () => attached.insert(0, {}));
    refuses("read-only", () => attached.orderedRemove(0));
    refuses("read-only", () => attached.shrinkToFit());
    assert.deepEqual(allocator.memory.bytes(table.byteOffset, table.byteLength), before);
  });

  it("take rows whose bytes are their own, and rows that change them while they are read", () => {
    const { allocator, table } = tableOf({ n: u8, tag: bytes(4) });
    table.append({ n: 1, tag: Uint8Array.of(1, 2, 3, 4) });
    table.append({ n: 2, tag: Uint8Array.of(5, 6, 7, 8) });
    // The bytes of the second tag, where they lie: growth gives them back before the new row is there.
    const start = table.column("n").byteOffset;
    const found = allocator.memory
      .bytes(0, allocator.memory.byteLength)
      .findIndex((_, at, all) => at > start && all[at] === 5 && all[at + 1] === 6);
    const alias = allocator.memory.bytes(found, 4);
    table.append({ n: 3, tag: alias });
    table.insert(0, table.rows.at(2));
    table.insert(1, { n: 9, tag: table.rows.seek(1).tag });
    assert.deepEqual(
      Array.from(table, ({ n, tag }) => [n, ...tag]),
      [
        [3, 5, 6, 7, 8],
        [9, 1, 2, 3, 4],
        [1, 1, 2, 3, 4],
        [2, 5, 6, 7, 8],
        [3, 5, 6, 7, 8],
      ],
    );
    const shrinking = {
      get n() {
        table.resize(1);
        return 7;
      },
      tag: new Uint8Array(4),
    };
    refuses("out-of-bounds", () => table.set(4, shrinking));
    assert.deepEqual([table.size, table.checkInvariants()], [1, []]);
    assert.equal(table.append(shrinking), 1);
    table.insert(0, shrinking);
    assert.deepEqual([...table.column("n")], [7, 3]);
    assert.deepEqual(table.checkInvariants(), []);
  });

  it("stay as they are when there is no room to insert, and shrink only where there is room", () => {
    const { allocator, table } = tableOf({ n: u32 });
    for (let n = 0; n < 64; n++) table.append({ n });
    allocator.refuseAbove = 64 + 256;
    refuses("out-of-memory", () => table.insert(3, { n: 99 }));
    assert.deepEqual([table.size, table.get(3).n, table.checkInvariants()], [64, 3, []]);
    table.resize(63);
    allocator.refuseAbove = 16;
    assert.equal(table.shrinkToFit(), false);
    assert.equal(table.capacity, 64);
    allocator.refuseAbove = Number.POSITIVE_INFINITY;
    assert.equal(table.shrinkToFit(), true);
    assert.deepEqual([table.capacity, table.get(62).n], [63, 62]);
    using scratch = arena(1024);
    const early = columns(struct("Row", { n: u32 }), { allocator: scratch, capacity: 1 });
    early.append({ n: 1 });
    using _inner = scratch.scope();
    refuses("invalid-argument", () => early.append({ n: 2 }));
    assert.deepEqual([early.size, early.get(0).n], [1, 1]);
  });

  it("sort two hundred thousand rows like the engine's own sort of numbers", () => {
    const memory = privateMemory(0, { maxByteLength: MiB(64) });
    using table = columns(struct("Row", { key: f32, id: u32 }), { memory, capacity: 200_000 });
    table.resize(200_000);
    const [key, id] = [table.column("key"), table.column("id")];
    for (let i = 0, x = 1; i < key.length; i++) {
      x = Math.imul(x, 1_664_525) + 1_013_904_223;
      key[i] = x / 65_536;
      id[i] = i;
    }
    const copy = Float32Array.from(key, Number);
    const sorted = copy.slice().sort();
    table.sort("key");
    assert.deepEqual(table.column("key"), sorted);
    assert.ok(id.every((from, at) => copy[Number(from)] === sorted[at]));
    assert.ok(
      table.column("id").every((from, at) => at === 0 || sorted[at] !== sorted[at - 1] || Number(id[at - 1]) < Number(from)),
    );
  });
});
