import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { attachSharedHashTable, sharedHashTable } from "../../../src/collections/tables/shared-hash-table.ts";
import { MemoryError } from "../../../src/core/errors.ts";
import { privateMemory } from "../../../src/core/homes.ts";
import { KiB, MiB } from "../../../src/core/size.ts";
import { f64, u32 } from "../../../src/layout/scalars.ts";
import { text } from "../../../src/layout/text.ts";
import { HOMES } from "../../conformance/homes.ts";
import { compare, type Model, programs, runStep } from "./record-model.ts";

const words = fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom("", "a", "b", "c", "d"));

for (const home of HOMES) {
  describe(`a shared table in ${home.title}`, () => {
    it("does what a Map does, whoever of two does it", () => {
      fc.assert(
        fc.property(programs(words, fc.string({ maxLength: 60 })), fc.array(fc.boolean(), { maxLength: 80 }), (program, turns) => {
          using memory = home.create(0, MiB(1));
          using one = sharedHashTable(memory, { key: text, value: text, shards: 4, seats: 2 });
          using two = attachSharedHashTable(memory, { key: text, value: text });
          const model: Model<string, string> = new Map();
          program.forEach((step, at) => {
            runStep(turns[at] ? one : two, step, model);
            assert.deepEqual((turns[at] ? two : one).checkInvariants(), []);
          });
          compare(one, model);
          compare(two, model);
        }),
        { numRuns: 10 },
      );
    });
  });
}

describe("a shared table", () => {
  it("lies behind other things, and says where", () => {
    using memory = privateMemory(KiB(1), { maxByteLength: MiB(1) });
    using table = sharedHashTable(memory, { key: u32, value: f64, byteOffset: 640, shards: 2 });
    for (let key = 0; key < 5000; key++) table.set(key, key / 2);
    using other = attachSharedHashTable(memory, { key: u32, value: f64, byteOffset: 640 });
    for (let key = 0; key < 5000; key++) assert.equal(other.get(key), key / 2);
    assert.ok(memory.u8.subarray(0, 640).every((byte) => byte === 0));
    assert.deepEqual(other.checkInvariants(), []);
  });

  it("refuses other types, and more participants than it has seats for", () => {
    using memory = privateMemory(0, { maxByteLength: MiB(1) });
    using table = sharedHashTable(memory, { key: u32, value: f64, seats: 1 });
    assert.throws(() => attachSharedHashTable(memory, { key: u32, value: u32 }), { code: "layout-mismatch" });
    assert.throws(() => attachSharedHashTable(memory, { key: u32, value: f64 }), { code: "out-of-memory" });
    table[Symbol.dispose]();
    attachSharedHashTable(memory, { key: u32, value: f64 })[Symbol.dispose]();
    assert.throws(() => table.get(1), { code: "closed" });
  });

  it("throws when it is full, and goes on when something was deleted", () => {
    using memory = privateMemory(0, { maxByteLength: KiB(64) });
    using table = sharedHashTable(memory, { key: u32, value: text, shards: 1, seats: 1 });
    let added = 0;
    assert.throws(() => {
      for (;;) table.set(added++, "x".repeat(100));
    }, isFull);
    added -= 1;
    assert.equal(table.size, added);
    assert.deepEqual(table.checkInvariants(), []);
    for (let key = 0; key < added; key += 2) assert.ok(table.delete(key));
    for (let key = 0; key < added; key += 2) table.set(key, "y".repeat(90));
    for (let key = 0; key < added; key++) assert.equal(table.get(key), key % 2 === 0 ? "y".repeat(90) : "x".repeat(100));
  });

  it("counts for several, without losing any", () => {
    using memory = privateMemory(0, { maxByteLength: MiB(1) });
    using table = sharedHashTable(memory, { key: text, value: u32 });
    assert.equal(table.add("hits", 2), 2);
    assert.equal(table.add("hits", 3), 5);
    assert.throws(() => table.add("hits", -6), { code: "bad-value" });
    assert.equal(table.get("hits"), 5);
  });

  it("lets nobody use the table from what update calls", () => {
    using memory = privateMemory(0, { maxByteLength: MiB(1) });
    using table = sharedHashTable(memory, { key: text, value: u32, shards: 1 });
    assert.throws(() => table.update("a", () => table.set("b", 1).size), { code: "invalid-argument" });
    assert.equal(table.size, 0);
    table.set("a", 1);
  });
});

function isFull(error: unknown): boolean {
  return error instanceof MemoryError && error.code === "out-of-memory";
}
