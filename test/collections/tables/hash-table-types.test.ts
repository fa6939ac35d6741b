import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HashTable } from "../../../src/collections/tables/hash-table.ts";
import { hashTable } from "../../../src/collections/tables/make-hash-table.ts";
import { RecordTable } from "../../../src/collections/tables/record-table.ts";
import { privateMemory } from "../../../src/core/homes.ts";
import { MiB } from "../../../src/core/size.ts";
import type { WebAssemblyMemory } from "../../../src/core/ticket.ts";
import { bool } from "../../../src/layout/bool.ts";
import { bytes } from "../../../src/layout/bytes.ts";
import { f32, f64, i8, i16, i32, i64, u8, u16, u32, u64 } from "../../../src/layout/scalars.ts";
import { struct } from "../../../src/layout/struct.ts";
import type { Type } from "../../../src/layout/type.ts";
import { utf8 } from "../../../src/layout/utf8.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

declare const WebAssembly: { readonly Memory: new (options: { initial: number; maximum: number }) => WebAssemblyMemory };

function allocatorOf(byteLength = MiB(4)): TestAllocator {
  return new TestAllocator(privateMemory(0, { maxByteLength: byteLength }));
}

describe("hash table values", () => {
  const keepsValues = <Value>(value: Type<Value>, values: readonly Value[]) => {
    for (const key of [u16, u32, f64]) {
      const allocator = allocatorOf();
      using table = hashTable({ key, value, allocator });
      const keys = Array.from({ length: 500 }, (_, index) => index * 3);
      for (const index of keys) table.set(index, values[index % values.length]);
      for (const index of keys) assert.deepEqual(table.get(index), values[index % values.length]);
      const copy = HashTable.attach(allocator.memory, table.byteOffset, { key, value });
      assert.deepEqual(new Map(copy), new Map(keys.map((index) => [index, values[index % values.length]])));
      const finder = copy.finder(values[0]);
      for (const index of keys) assert.deepEqual(finder(index), values[index % values.length]);
      assert.deepEqual(table.checkInvariants(), []);
    }
  };

  it("are those of every scalar type", () => {
    keepsValues(u8, [0, 255, 7]);
    keepsValues(i8, [-128, 127, 0]);
    keepsValues(u16, [0, 65_535]);
    keepsValues(i16, [-32_768, 32_767]);
    keepsValues(u32, [0, 2 ** 32 - 1, 2 ** 31]);
    keepsValues(i32, [-(2 ** 31), 2 ** 31 - 1, -1]);
    keepsValues(f32, [0.5, Math.fround(-1e30), Number.NaN, Number.NEGATIVE_INFINITY]);
    keepsValues(f64, [0.1, Number.NaN, -0, 2 ** 53, 5e-324]);
    keepsValues(i64, [-(2n ** 63n), 2n ** 63n - 1n, 0n]);
    keepsValues(u64, [2n ** 64n - 1n, 0n]);
    keepsValues(bool, [true, false]);
  });

  it("are structs and texts too, as copies", () => {
    keepsValues(utf8(8), ["", "Vaduz", "ö€"]);
    const City = struct("City", { population: u32, latitude: f64, code: utf8(2), capital: bool });
    const vaduz = { population: 5197, latitude: 47.14, code: "LI", capital: true };
    using table = hashTable({ key: u32, value: City, allocator: allocatorOf() });
    table.set(3042030, vaduz);
    const read = table.get(3042030);
    assert.ok(read !== undefined);
    assert.deepEqual({ ...read }, vaduz);
    read.population = 1;
    assert.equal(table.get(3042030)?.population, 5197);
    assert.throws(() => table.set(3042030, { ...vaduz, population: -1 }), { code: "bad-value" });
    assert.throws(() => table.set(1, { ...vaduz, code: "LIE" }), { code: "bad-value" });
    assert.deepEqual([table.size, table.get(3042030)?.population, table.has(1)], [1, 5197, false]);
    assert.deepEqual(table.checkInvariants(), []);
  });

  it("that do not fit are refused, and nothing changes", () => {
    const allocator = allocatorOf();
    using table = hashTable({ key: u32, value: u16, allocator });
    table.set(0, 1).set(5, 2);
    const before = allocator.memory.bytes(table.byteOffset, table.byteLength).slice();
    for (const key of [0, 5, 6]) {
      for (const value of [-1, 65_536, 1.5, Number.NaN]) {
        assert.throws(() => table.set(key, value), { code: "bad-value", message: /^hash table value of type u16 cannot hold/ });
        if (key === 6) assert.throws(() => table.getOrInsert(key, value), { code: "bad-value" });
      }
    }
    assert.deepEqual(allocator.memory.bytes(table.byteOffset, table.byteLength), before);
    const wide = hashTable({ key: u32, value: u32, allocator });
    assert.throws(() => wide.set(1, 2 ** 32), { code: "bad-value" });
    assert.throws(() => Reflect.apply(wide.set, wide, [1, "2"]), { code: "bad-value" });
    const long = hashTable({ key: u32, value: i64, allocator });
    assert.throws(() => long.set(1, 2n ** 63n), { code: "bad-value" });
    assert.deepEqual([wide.size, long.size], [0, 0]);
  });

  it("come back from getOrInsert as they are stored", () => {
    using table = hashTable({ key: u32, value: f32, allocator: allocatorOf() });
    assert.equal(table.getOrInsert(1, 0.1), Math.fround(0.1));
    assert.equal(table.getOrInsert(1, 5), Math.fround(0.1));
  });
});

describe("hash table keys", () => {
  it("that their type cannot hold are not found and refused by set", () => {
    const allocator = allocatorOf();
    const cases: [Type<number>, number, readonly number[]][] = [
      [u8, 255, [256, -1, 511, 0.5]],
      [i8, -1, [255, 128, -129]],
      [u16, 65_535, [65_536, -1]],
      [i16, -1, [65_535, 32_768]],
      [u32, 2 ** 32 - 1, [-1, 2 ** 32, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 33 - 1]],
      [i32, -1, [2 ** 32 - 1, 2 ** 31, -(2 ** 31) - 1, Number.NaN]],
      [f32, 0.5, [0.1, 1e300, 2 ** 24 + 1]],
    ];
    for (const [type, good, bad] of cases) {
      using table = hashTable({ key: type, value: u32, allocator });
      table.set(good, 1).set(0, 2);
      for (const key of bad) {
        assert.deepEqual(
          [table.get(key), table.has(key), table.delete(key), table.find(key, 9), table.finder(9)(key)],
          [undefined, false, false, 9, 9],
        );
        assert.throws(() => table.set(key, 1), {
          code: "bad-value",
          message: `hash table cannot have this key: it is no ${type.name} (key=${key}, type=number). Use a key type that holds all keys exactly.`,
        });
        assert.throws(() => table.getOrInsert(key, 1), { code: "bad-value" });
      }
      assert.equal(table.size, 2);
    }
    for (const [type, bad] of [
      [i64, 2n ** 63n],
      [i64, -(2n ** 63n) - 1n],
      [u64, -1n],
      [u64, 2n ** 64n],
    ] as const) {
      using table = hashTable({ key: type, value: u32, allocator });
      table.set(BigInt.asUintN(63, bad), 1);
      assert.equal(table.get(bad), undefined);
      assert.throws(() => table.set(bad, 1), { code: "bad-value" });
    }
  });

  it("of another kind of value are not found, whatever they would turn into", () => {
    const allocator = allocatorOf();
    for (const key of [u32, i32, f32, f64]) {
      using table = hashTable({ key, value: u32, allocator });
      table.set(5, 1).set(0, 2);
      for (const wrong of ["5", 5n, null, undefined, true, {}, "", [5]]) {
        assert.equal(Reflect.apply(table.get, table, [wrong]), undefined);
        assert.equal(Reflect.apply(table.finder(9), undefined, [wrong]), 9);
        assert.throws(() => Reflect.apply(table.set, table, [wrong, 1]), { code: "bad-value" });
      }
    }
    using bigints = hashTable({ key: u64, value: u32, allocator });
    bigints.set(5n, 1).set(0n, 1);
    for (const wrong of [5, 0, "5", null]) {
      assert.equal(Reflect.apply(bigints.get, bigints, [wrong]), undefined);
      assert.throws(() => Reflect.apply(bigints.set, bigints, [wrong, 1]), { code: "bad-value" });
    }
  });

  it("NaN is one key, and -0 is 0, which iteration gives", () => {
    for (const key of [f64, f32]) {
      using table = hashTable({ key, value: u32, allocator: allocatorOf() });
      table.set(-0, 1).set(Number.NaN, 2);
      assert.deepEqual([table.get(0), table.get(-0), table.get(Number.NaN), table.size], [1, 1, 2, 2]);
      assert.ok([...table.keys()].some((found) => Object.is(found, 0)));
      assert.ok([...table.keys()].some((found) => Number.isNaN(found)));
      assert.ok(table.delete(0));
      assert.ok(!table.has(-0));
    }
  });

  it("of other types than numbers lie in a table of records", () => {
    const allocator = allocatorOf();
    for (const key of [bool, utf8(4), struct("Key", { a: u32 })]) {
      const table: unknown = Reflect.apply(hashTable, undefined, [{ key, value: u32, allocator }]);
      assert.ok(table instanceof RecordTable);
    }
    const longest = bytes(65_536);
    assert.throws(() => hashTable({ key: longest, value: u32, allocator }), {
      code: "invalid-argument",
      message: /cannot have keys of type bytes\(65536\) \(byteSize=65536, most=65535\)\. Use a shorter type/,
    });
  });
});
