import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { oddMultiplier } from "../../../src/collections/hash.ts";
import { HashTable } from "../../../src/collections/tables/hash-table.ts";
import { hashTable } from "../../../src/collections/tables/make-hash-table.ts";
import { privateMemory } from "../../../src/core/homes.ts";
import type { Memory } from "../../../src/core/memory.ts";
import { MiB } from "../../../src/core/size.ts";
import { bytes } from "../../../src/layout/bytes.ts";
import { f64, u32, u64 } from "../../../src/layout/scalars.ts";
import { HOMES } from "../../conformance/homes.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

/** So long that a page has 64 slots, and few entries make many pages. */
const Wide = bytes(1020);
const PAGE_FULL = 48;

type WideTable = HashTable<number, Uint8Array>;
type Step = readonly [
  name: "set" | "delete" | "getOrInsert" | "clear" | "reserve" | "shrink" | "sweep",
  from: number,
  count: number,
];

const STEPS = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom("set" as const, "getOrInsert" as const) },
      { weight: 5, arbitrary: fc.constant("delete" as const) },
      { weight: 2, arbitrary: fc.constantFrom("reserve" as const, "shrink" as const, "sweep" as const) },
      { weight: 1, arbitrary: fc.constant("clear" as const) },
    ),
    fc.integer({ min: 0, max: 600 }),
    fc.integer({ min: 1, max: 90 }),
  ),
  { maxLength: 25, size: "max" },
);

function wide(number: number): Uint8Array {
  return new Uint8Array(1020).fill(number & 255);
}

function runStep(table: WideTable, [name, from, count]: Step, model: Map<number, number>, turn: number): void {
  const keys = Array.from({ length: count }, (_, index) => from + index);
  switch (name) {
    case "set":
      for (const key of keys) {
        table.set(key, wide(turn));
        model.set(key, turn);
      }
      break;
    case "getOrInsert":
      for (const key of keys) {
        model.set(key, model.get(key) ?? turn);
        assert.deepEqual(table.getOrInsert(key, wide(turn)), wide(model.get(key) ?? 0));
      }
      break;
    case "delete":
      for (const key of keys) assert.equal(table.delete(key), model.delete(key));
      break;
    case "clear":
      table.clear();
      model.clear();
      break;
    case "reserve":
      table.reserve(model.size + count);
      assert.ok(table.capacity >= model.size + count);
      break;
    case "shrink":
      table.shrink();
      break;
    case "sweep": {
      // Deletes while iterating; each entry must come once.
      const seen = new Set<number>();
      for (const key of table.keys()) {
        assert.ok(!seen.has(key));
        seen.add(key);
        if (key % 3 === 0) assert.ok(table.delete(key) && model.delete(key));
      }
      assert.equal(seen.size, model.size + [...seen].filter((key) => key % 3 === 0).length);
      break;
    }
  }
}

function compare(table: WideTable, model: Map<number, number>): void {
  assert.deepEqual(table.checkInvariants(), []);
  assert.equal(table.size, model.size);
  assert.deepEqual(
    [...table.keys()].sort((a, b) => a - b),
    [...model.keys()].sort((a, b) => a - b),
  );
  for (const [key, value] of model) assert.equal(table.get(key)?.[7], value & 255);
}

for (const home of HOMES) {
  describe(`a hash table of many pages in ${home.title}`, () => {
    it("does what a Map does", () => {
      fc.assert(
        fc.property(STEPS, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (program, seed) => {
          using memory = home.create(0, MiB(8));
          const allocator = new TestAllocator(memory);
          const model = new Map<number, number>();
          {
            using table = hashTable({ key: u32, value: Wide, allocator, seed });
            const finder = table.finder(wide(0));
            program.forEach((step, turn) => {
              runStep(table, step, model, turn);
              compare(table, model);
              assert.equal(table.blocks().length, allocator.liveBlocks);
              assert.equal(
                table.blocks().reduce((sum, { byteSize }) => sum + byteSize, 0),
                table.byteLength,
              );
              for (const key of [0, 5, 77, 300]) assert.equal(finder(key)[3], (model.get(key) ?? 0) & 255);
            });
            const attached = HashTable.attach(memory, table.byteOffset, { key: u32, value: Wide });
            compare(attached, model);
            assert.ok(attached.byteLength <= table.byteLength);
            assert.throws(() => attached.set(1, wide(1)), { code: "read-only" });
          }
          assert.equal(allocator.liveBlocks, 0);
        }),
        { numRuns: 6 },
      );
    });
  });
}

describe("growth of a hash table by pages", () => {
  const filled = (memory: Memory, count: number, seed = 1) => {
    const table = hashTable({ key: u32, value: u32, memory, seed });
    for (let key = 1; key <= count; key++) table.set(Math.imul(key, 0x9e37_79b1) >>> 0, key);
    return table;
  };

  it("keeps it about as full, whatever its size", () => {
    using memory = privateMemory(0, { maxByteLength: MiB(64) });
    using table = hashTable({ key: u32, value: u32, memory, seed: 1 });
    for (let key = 1; key <= 600_000; key++) {
      table.set(key, key);
      if (key > 60_000 && key % 25_000 === 0) {
        const { load } = table.stats();
        assert.ok(load > 0.6 && load < 0.75, `load ${load} at ${key}`);
      }
    }
    assert.deepEqual(table.checkInvariants(), []);
    assert.ok(table.byteLength / table.size < 13);
  });

  it("takes reserved room without asking for more", () => {
    const allocator = new TestAllocator(privateMemory(0, { maxByteLength: MiB(64) }));
    for (const count of [6145, 20_000, 100_000]) {
      using table = hashTable({ key: u32, value: u32, allocator, capacity: count });
      allocator.refuseAbove = 0;
      for (let key = 1; key <= count; key++) table.set(Math.imul(key, 0x85eb_ca6b) >>> 0, key);
      allocator.refuseAbove = Number.POSITIVE_INFINITY;
      assert.equal(table.size, count);
      assert.deepEqual(table.checkInvariants(), []);
    }
  });

  it("packs its pages when it shrinks, fuller than reserved ones", () => {
    using memory = privateMemory(0, { maxByteLength: MiB(64) });
    using table = filled(memory, 200_000);
    for (let key = 1; key <= 200_000; key += 3) table.delete(Math.imul(key, 0x9e37_79b1) >>> 0);
    table.shrink();
    const { load } = table.stats();
    using reserved = hashTable({
      key: u32,
      value: u32,
      memory: privateMemory(0, { maxByteLength: MiB(64) }),
      capacity: table.size,
    });
    for (const [key, value] of table) reserved.set(key, value);
    assert.equal(reserved.size, table.size);
    assert.ok(load > 0.66 && load > reserved.stats().load, `load ${load}, of a reserved one ${reserved.stats().load}`);
    for (let key = 1; key <= 200_000; key++) assert.equal(table.has(Math.imul(key, 0x9e37_79b1) >>> 0), key % 3 !== 1);
    assert.deepEqual(table.checkInvariants(), []);
  });

  it("stays in the same pages under churn", () => {
    using memory = privateMemory(0, { maxByteLength: MiB(64) });
    using table = filled(memory, 100_000);
    let { byteLength } = table;
    for (let turn = 0; turn < 600_000; turn++) {
      table.delete(Math.imul(turn + 1, 0x9e37_79b1) >>> 0);
      table.set(Math.imul(turn + 100_001, 0x9e37_79b1) >>> 0, turn);
      if (turn === 100_000) ({ byteLength } = table);
    }
    assert.equal(table.size, 100_000);
    assert.ok(table.byteLength <= byteLength * 1.05, `${table.byteLength} after ${byteLength}`);
    assert.deepEqual(table.checkInvariants(), []);
  });

  it("gives pages back when it is told to", () => {
    const allocator = new TestAllocator(privateMemory(0, { maxByteLength: MiB(64) }));
    using table = hashTable({ key: f64, value: u32, allocator });
    for (let key = 0; key < 50_000; key++) table.set(key / 4, key);
    for (let key = 100; key < 50_000; key++) table.delete(key / 4);
    const before = table.byteLength;
    table.shrink();
    assert.ok(table.byteLength < before / 50);
    assert.equal(allocator.liveBlocks, 1);
    for (let key = 0; key < 100; key++) assert.equal(table.get(key / 4), key);
    for (let key = 0; key < 50_000; key++) table.set(key / 4, key);
    assert.equal(table.size, 50_000);
  });

  it("that fails leaves the table as it was", () => {
    const allocator = new TestAllocator(privateMemory(0, { maxByteLength: MiB(8) }));
    using table = hashTable({ key: u32, value: Wide, allocator, seed: 1 });
    for (let key = 0; key < 500; key++) table.set(key, wide(key));
    const live = allocator.liveBlocks;
    allocator.refuseAbove = 0;
    let key = 500;
    assert.throws(
      () => {
        for (; key < 5000; key++) table.set(key, wide(key));
      },
      { code: "out-of-memory" },
    );
    assert.ok(key < 500 + 3 * PAGE_FULL, "room of its own was used first");
    assert.equal(table.size, key);
    assert.equal(table.get(key), undefined);
    for (let old = 0; old < key; old++) assert.equal(table.get(old)?.[0], old & 255);
    assert.deepEqual(table.checkInvariants(), []);
    assert.equal(allocator.liveBlocks, live);
    allocator.refuseAbove = Number.POSITIVE_INFINITY;
    for (; key < 1000; key++) table.set(key, wide(key));
    assert.equal(table.size, 1000);
  });

  it("bears keys that were all chosen for one cell", () => {
    const seed = 7;
    const multiplier = oddMultiplier(seed);
    using table = hashTable({ key: u64, value: u32, memory: privateMemory(0, { maxByteLength: MiB(16) }), seed });
    const keys: bigint[] = [];
    // Low halves that cancel what the high halves add, so that all of them have one hash.
    const other = multiplier ^ 0x5bd1_e994;
    for (let high = 1; keys.length < 20_000; high++) {
      const folded = Math.imul(-Math.imul(high ^ (high >>> 16), other), inverse(multiplier));
      const low = folded ^ (folded >>> 16);
      keys.push((BigInt(high) << 32n) | BigInt(low >>> 0));
    }
    for (const [index, key] of keys.entries()) table.set(key, index);
    assert.equal(table.size, 20_000);
    for (const [index, key] of keys.entries()) assert.equal(table.get(key), index);
    assert.deepEqual(table.checkInvariants(), []);
    assert.ok(table.stats().averageProbeLength < 8);
  });
});

/** The number by which `odd` must be multiplied to give 1, modulo 2^32. */
function inverse(odd: number): number {
  let found = odd;
  for (let round = 0; round < 5; round++) found = Math.imul(found, 2 - Math.imul(odd, found));
  return found;
}
