import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bump } from "../../../src/alloc/bump.ts";
import { HashTable } from "../../../src/collections/tables/hash-table.ts";
import { hashTable } from "../../../src/collections/tables/make-hash-table.ts";
import { MemoryError } from "../../../src/core/errors.ts";
import { privateMemory, sharedMemory, wasmMemory } from "../../../src/core/homes.ts";
import { KiB, MiB } from "../../../src/core/size.ts";
import type { WebAssemblyMemory } from "../../../src/core/ticket.ts";
import { f32, f64, i32, i64, u8, u32 } from "../../../src/layout/scalars.ts";
import { struct } from "../../../src/layout/struct.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

declare const WebAssembly: { readonly Memory: new (options: { initial: number; maximum: number }) => WebAssemblyMemory };

function allocatorOf(byteLength = MiB(4)): TestAllocator {
  return new TestAllocator(privateMemory(0, { maxByteLength: byteLength }));
}

describe("hash table growth", () => {
  it("that fails leaves the table as it was", () => {
    const allocator = allocatorOf();
    using table = hashTable({ key: u32, value: u32, allocator });
    for (let key = 0; key < 96; key++) table.set(key, key);
    assert.equal(table.capacity, 96);
    const before = allocator.memory.bytes(table.byteOffset, table.byteLength).slice();
    allocator.refuseAbove = 1500;
    assert.throws(() => table.set(96, 1), { code: "out-of-memory" });
    assert.throws(() => table.getOrInsert(96, 1), { code: "out-of-memory" });
    assert.throws(() => table.reserve(97), { code: "out-of-memory" });
    assert.deepEqual(allocator.memory.bytes(table.byteOffset, table.byteLength), before);
    assert.deepEqual(table.checkInvariants(), []);
    table.set(95, 7);
    allocator.refuseAbove = Number.POSITIVE_INFINITY;
    table.set(96, 1);
    assert.deepEqual([table.size, table.get(95), table.get(96), table.capacity], [97, 7, 1, 192]);
  });

  it("works in a memory of its own, in a bump allocator that keeps nothing but the last block", () => {
    using table = hashTable({ key: u32, value: u32, memory: privateMemory(0, { maxByteLength: MiB(4) }) });
    for (let key = 0; key < 20_000; key++) table.set(key, key * 2);
    for (let key = 0; key < 20_000; key++) assert.equal(table.get(key), key * 2);
    table.reserve(30_000);
    const { byteOffset } = table;
    for (let key = 20_000; key < 30_000; key++) table.set(key, key * 2);
    assert.equal(table.byteOffset, byteOffset, "reserve was enough");
    assert.deepEqual(table.checkInvariants(), []);
  });

  it("of the memory moves the bytes under the table, and it follows", () => {
    const raw = new WebAssembly.Memory({ initial: 1, maximum: 100 });
    using memory = wasmMemory(raw);
    using table = hashTable({ key: u32, value: u32, memory });
    const finder = table.finder(-1);
    for (let key = 0; key < 50_000; key++) table.set(key, key + 1);
    for (let key = 0; key < 50_000; key++) assert.equal(table.get(key), key + 1);
    assert.equal(finder(77), 78);
    // A module grows its memory, and nobody tells.
    const fresh = table.finder(-1);
    for (const look of [
      () => table.get(5) === 6,
      () => table.get(0) === 1,
      () => table.find(77, -1) === 78,
      () => fresh(77) === 78,
      () => fresh(0) === 1,
      () => table.size === 50_000,
      () => [...table].length === 50_000,
      () => table.set(5, 7).get(5) === 7,
      () => table.delete(7),
      () => !table.has(7),
    ]) {
      raw.grow(1);
      assert.ok(look(), String(look));
    }
    assert.deepEqual([table.get(5), table.has(7), table.size], [7, false, 49_999]);
    assert.deepEqual(table.checkInvariants(), []);
  });

  it("past the greatest capacity is refused with the numbers", () => {
    using table = hashTable({ key: u32, value: u32, allocator: allocatorOf(KiB(64)) });
    assert.throws(() => table.reserve(2 ** 30), {
      code: "out-of-memory",
      message: /^hash table cannot have so many slots \(slots=\d{10}, most=536870912\)\. Split the keys among several tables\.$/,
    });
    assert.throws(() => table.reserve(-1), { code: "invalid-argument", message: /count=-1/ });
    assert.throws(() => table.reserve(1.5), { code: "invalid-argument" });
  });
});

/** Keys that a type cannot hold are refused, and here that is as good. */
function setWhereItFits(table: HashTable<number, number>, key: number): void {
  try {
    table.set(key, 1);
  } catch (error) {
    assert.ok(error instanceof MemoryError && error.code === "bad-value");
  }
}

describe("hash table finder and findMany", () => {
  it("answer as find does, for every kind of key, through changes and growth", () => {
    const keys = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constantFrom(2 ** 32 - 1, -1, 0.5, Number.NaN, -0, 2 ** 31));
    for (const key of [u8, u32, i32, f32, f64]) {
      fc.assert(
        fc.property(fc.array(fc.tuple(keys, fc.boolean()), { maxLength: 80 }), (changes) => {
          using table = hashTable({ key, value: u32, allocator: allocatorOf() });
          const early = table.finder(7);
          for (const [value, add] of changes) {
            if (!add) table.delete(value);
            else setWhereItFits(table, value);
          }
          const late = table.finder(7);
          // So many that there are whole groups and a rest.
          const asked = Array.from({ length: changes.length * 5 }, (_, index) => changes[index % changes.length][0]);
          const out = new Float64Array(asked.length);
          table.findMany(asked, out, 7);
          asked.forEach((value, index) => {
            const found = table.find(value, 7);
            assert.deepEqual([early(value), late(value), out[index]], [found, found, found]);
          });
          assert.deepEqual(
            table.getMany(new Set(asked)),
            [...new Set(asked)].map((value) => table.get(value)),
          );
        }),
        { numRuns: 60 },
      );
    }
  });

  it("findMany looks up bigints, and typed arrays of them", () => {
    using table = hashTable({ key: i64, value: u32, allocator: allocatorOf() });
    table
      .set(-5n, 1)
      .set(0n, 2)
      .set(2n ** 40n, 3);
    const out = new Uint32Array(5);
    table.findMany(new BigInt64Array([0n, 1n, -5n, 2n ** 40n, 2n ** 40n + 1n]), out, 99);
    assert.deepEqual([...out], [2, 99, 1, 3, 99]);
    assert.throws(() => table.findMany([1n, 2n], [0], 0), {
      code: "invalid-argument",
      message:
        "hash table has no room for the values of all keys (keys=2, out=1). Pass an `out` that is at least as long as `keys`.",
    });
  });

  it("findMany and getMany bear whatever is no key, and find keys of runs that go round the end of a page", () => {
    using table = hashTable({ key: u32, value: u32, memory: privateMemory(0, { maxByteLength: MiB(4) }), seed: 5 });
    for (let key = 0; key < 60_000; key++) table.set(key, key);
    const keys = Array.from({ length: 60_000 }, (_, key) => key);
    assert.deepEqual(table.getMany(keys), keys);
    const found = new Float64Array(60_000);
    table.findMany(keys, found, -1);
    assert.deepEqual([...found], keys);
    const bad: unknown[] = [undefined, null, "5", {}, 5n, Symbol.iterator, [7], 5.5, -1, 2 ** 32 + 5, Number.NaN, 59_999];
    const expected = bad.map((key) => (key === 59_999 ? key : undefined));
    assert.deepEqual(Reflect.apply(table.getMany, table, [[...bad, ...bad]]), [...expected, ...expected]);
    const out = new Array<number>(bad.length);
    Reflect.apply(table.findMany, table, [bad, out, -1]);
    assert.deepEqual(
      out,
      expected.map((value) => value ?? -1),
    );
  });

  it("setMany takes a column of keys and one of values, through growth, and the last value of a key counts", () => {
    for (const capacity of [0, 50_000]) {
      using table = hashTable({ key: u32, value: f64, memory: privateMemory(0, { maxByteLength: MiB(8) }), capacity });
      const keys = Uint32Array.from({ length: 50_001 }, (_, index) => Math.imul(index % 40_000, 0x9e37_79b1));
      const values = Float64Array.from(keys, (_, index) => index / 2);
      assert.equal(table.setMany(keys, values), table);
      assert.equal(table.size, 40_000);
      for (let index = 0; index < 50_001; index++)
        assert.equal(table.get(keys[index]), (index < 10_001 ? index + 40_000 : index) / 2);
      assert.deepEqual(table.checkInvariants(), []);
    }
  });

  it("setMany sets bigints under structs, stops at what does not fit, and refuses columns of two lengths", () => {
    using table = hashTable({ key: i64, value: struct("Small", { a: u8 }), allocator: allocatorOf() });
    table.setMany([1n, -1n, 0n], [{ a: 1 }, { a: 2 }, { a: 3 }]);
    assert.deepEqual(table.getMany(new BigInt64Array([0n, -1n, 1n, 2n])), [{ a: 3 }, { a: 2 }, { a: 1 }, undefined]);
    assert.throws(() => table.setMany([5n, 6n, 7n], [{ a: 5 }, { a: 256 }, { a: 7 }]), { code: "bad-value" });
    assert.deepEqual([table.has(5n), table.has(6n), table.has(7n)], [true, false, false]);
    assert.throws(() => table.setMany([1n], []), {
      code: "invalid-argument",
      message: "hash table cannot be set from unequal numbers of keys and values (keys=1, values=0). Pass a value for each key.",
    });
  });

  it("getMany, findMany and setMany say what they were given instead of arrays", () => {
    using table = hashTable({ key: u32, value: u32, allocator: allocatorOf() });
    const refused: readonly (readonly ["getMany" | "findMany" | "setMany", readonly unknown[], string])[] = [
      ["getMany", [undefined], "table.getMany was given undefined instead of an array or an iterable"],
      ["findMany", [[1], undefined, 0], "table.findMany was given undefined instead of an array"],
      ["setMany", [5], "table.setMany was given 5 instead of an array or an iterable"],
      ["setMany", [[1], undefined], "table.setMany was given undefined instead of an array"],
      ["setMany", [new Set([1]), new Set([2])], "table.setMany was given a Set instead of an array"],
    ];
    for (const [name, given, event] of refused) {
      assert.throws(
        () => Reflect.apply(table[name], table, given),
        (error) => error instanceof MemoryError && error.code === "invalid-argument" && error.message.startsWith(event),
      );
    }
  });
});

describe("hash table's end", () => {
  it("does not read what others have put where it was, when memory moves after a reset of its allocator", () => {
    using memory = wasmMemory(new WebAssembly.Memory({ initial: 4, maximum: 8 }));
    const allocator = bump(memory);
    using stale = hashTable({ key: u32, value: u32, allocator });
    allocator.reset();
    memory.u8.fill(0xff);
    memory.grow(memory.byteLength + 65_536);
    assert.throws(() => stale.get(1), { code: "stale-view" });
  });

  it("is told: disposed, allocator reset, memory closed", () => {
    const memory = sharedMemory(MiB(1));
    const allocator = bump(memory);
    const table = hashTable({ key: u32, value: u32, allocator });
    const finder = table.set(1, 2).finder(-1);
    table[Symbol.dispose]();
    table[Symbol.dispose]();
    const uses = [
      () => table.get(1),
      () => table.set(1, 1),
      () => table.size,
      () => [...table],
      () => table.byteOffset,
      () => finder(1),
    ];
    for (const use of uses) {
      assert.throws(use, {
        code: "closed",
        message: "hash table was used after it was disposed of. Keep it for as long as it is used.",
      });
    }
    const stale = hashTable({ key: u32, value: u32, allocator });
    const staleFinder = stale.finder(-1);
    allocator.reset();
    for (const use of [() => stale.get(1), () => stale.delete(1), () => stale.reserve(100), () => staleFinder(1)]) {
      assert.throws(use, { code: "stale-view", message: /was used after the bump allocator was reset/ });
    }
    stale[Symbol.dispose]();
    const last = hashTable({ key: u32, value: u32, allocator });
    const attached = HashTable.attach(memory, last.byteOffset, { key: u32, value: u32 });
    memory.close();
    for (const use of [() => last.get(1), () => last.set(1, 1), () => attached.get(1), () => attached.size]) {
      assert.throws(use, { code: "closed" });
    }
    last[Symbol.dispose]();
    attached[Symbol.dispose]();
  });

  it("options that cannot be are refused, and nothing stays allocated", () => {
    const allocator = allocatorOf(KiB(64));
    assert.throws(() => hashTable({ key: u32, value: u32, allocator, capacity: -1 }), {
      code: "invalid-argument",
      message: /capacity=-1/,
    });
    assert.throws(() => hashTable({ key: u32, value: u32, allocator, seed: 0.5 }), {
      code: "invalid-argument",
      message: /seed=0.5/,
    });
    assert.throws(() => hashTable({ key: u32, value: u32, allocator, capacity: 100_000 }), { code: "out-of-memory" });
    assert.equal(allocator.liveBlocks, 0);
  });
});
