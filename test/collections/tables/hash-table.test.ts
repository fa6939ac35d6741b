import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { HashTable } from "../../../src/collections/tables/hash-table.ts";
import { hashTable } from "../../../src/collections/tables/make-hash-table.ts";
import { MiB } from "../../../src/core/size.ts";
import { f32, f64, i8, i16, i32, i64, u8, u16, u32, u64 } from "../../../src/layout/scalars.ts";
import type { Type } from "../../../src/layout/type.ts";
import { HOMES } from "../../conformance/homes.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

const FLOATS = [0, -0, Number.NaN, 1, -1, 0.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.401298464324817e-45];

/** Keys that meet often, and the corners of each type. */
const NUMBER_KEYS: readonly (readonly [Type<number>, fc.Arbitrary<number>])[] = [
  [u8, fc.integer({ min: 0, max: 255 })],
  [i8, fc.integer({ min: -128, max: 127 })],
  [u16, fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constant(65_535))],
  [i16, fc.oneof(fc.integer({ min: -20, max: 20 }), fc.constantFrom(-32_768, 32_767))],
  [u32, fc.oneof(fc.integer({ min: 0, max: 60 }), fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 31 - 1))],
  [i32, fc.oneof(fc.integer({ min: -30, max: 30 }), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1))],
  [f32, fc.oneof(fc.integer({ min: -20, max: 20 }), fc.constantFrom(...FLOATS), fc.float())],
  [f64, fc.oneof(fc.integer({ min: -20, max: 20 }), fc.constantFrom(...FLOATS, 0.1, 5e-324, 2 ** 53), fc.double())],
];
const BIGINT_KEYS: readonly (readonly [Type<bigint>, fc.Arbitrary<bigint>])[] = [
  [i64, fc.oneof(fc.bigInt(-20n, 20n), fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 32n, -(2n ** 32n)))],
  [u64, fc.oneof(fc.bigInt(0n, 40n), fc.constantFrom(2n ** 64n - 1n, 2n ** 63n, 2n ** 32n, 2n ** 32n + 1n))],
];

type Step<Key> = readonly [name: "set" | "get" | "delete" | "getOrInsert" | "clear" | "reserve", key: Key, value: number];

function steps<Key>(keys: fc.Arbitrary<Key>): fc.Arbitrary<Step<Key>[]> {
  const name = fc.oneof(
    { weight: 8, arbitrary: fc.constant("set" as const) },
    { weight: 4, arbitrary: fc.constantFrom("delete", "get", "getOrInsert") },
    { weight: 1, arbitrary: fc.constantFrom("clear", "reserve") },
  );
  return fc.array(fc.tuple(name, keys, fc.integer({ min: 0, max: 2 ** 32 - 1 })), { maxLength: 120, size: "max" });
}

/** Runs a program on a table and on a Map, and compares after every step. */
function runProgram<Key extends number | bigint>(table: HashTable<Key, number>, program: readonly Step<Key>[]): void {
  const model = new Map<Key, number>();
  for (const [name, key, value] of program) {
    switch (name) {
      case "set":
        assert.equal(table.set(key, value), table);
        model.set(key, value);
        break;
      case "get":
        assert.equal(table.get(key), model.get(key));
        assert.equal(table.has(key), model.has(key));
        assert.equal(table.find(key, -1), model.get(key) ?? -1);
        break;
      case "delete":
        assert.equal(table.delete(key), model.delete(key));
        break;
      case "getOrInsert":
        assert.equal(table.getOrInsert(key, value), model.get(key) ?? value);
        model.set(key, model.get(key) ?? value);
        break;
      case "clear":
        table.clear();
        model.clear();
        break;
      case "reserve":
        table.reserve(model.size + (value % 50));
        assert.ok(table.capacity >= model.size + (value % 50));
        break;
    }
    assert.deepEqual(table.checkInvariants(), []);
    assert.equal(table.size, model.size);
  }
  assert.deepEqual(new Map(table), model);
  for (const key of model.keys()) assert.equal(table.get(key), model.get(key));
}

for (const home of HOMES) {
  describe(`hashTable in ${home.title}`, () => {
    for (const [key, keys] of NUMBER_KEYS) {
      it(`does what a Map does, with ${key.name} keys`, () => {
        fc.assert(
          fc.property(steps(keys), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (program, seed) => {
            using memory = home.create(0, MiB(1));
            const allocator = new TestAllocator(memory);
            {
              using table = hashTable({ key, value: u32, allocator, seed });
              runProgram(table, program);
              assert.equal(allocator.liveBlocks, 1);
            }
            assert.equal(allocator.liveBlocks, 0);
          }),
          { numRuns: 25 },
        );
      });
    }
    for (const [key, keys] of BIGINT_KEYS) {
      it(`does what a Map does, with ${key.name} keys`, () => {
        fc.assert(
          fc.property(steps(keys), (program) => {
            using memory = home.create(0, MiB(1));
            using table = hashTable({ key, value: u32, allocator: new TestAllocator(memory) });
            runProgram(table, program);
          }),
          { numRuns: 25 },
        );
      });
    }
  });
}
