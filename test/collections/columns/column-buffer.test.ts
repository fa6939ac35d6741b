import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type ColumnBuffer, columnBuffer } from "../../../src/collections/columns/column-buffer.ts";
import { privateMemory } from "../../../src/core/homes.ts";
import { MiB } from "../../../src/core/size.ts";
import { HOMES } from "../../conformance/homes.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

function elements(buffer: ColumnBuffer<"f64" | "f32" | "u8" | "i8" | "u16" | "i16" | "u32" | "i32">): number[] {
  return [...buffer.chunks()].flatMap((chunk) => [...chunk]);
}

const VALUES = {
  u8: fc.integer({ min: 0, max: 255 }),
  i8: fc.integer({ min: -128, max: 127 }),
  u16: fc.integer({ min: 0, max: 65_535 }),
  i16: fc.integer({ min: -32_768, max: 32_767 }),
  u32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  i32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  f32: fc.float(),
  f64: fc.double(),
} as const;
const NUMBER_VIEWS = ["u8", "i8", "u16", "i16", "u32", "i32", "f32", "f64"] as const;

for (const home of HOMES) {
  describe(`columnBuffer in ${home.title}`, () => {
    for (const view of NUMBER_VIEWS) {
      it(`keeps ${view} elements in order, however they are appended`, () => {
        const values = fc.array(VALUES[view], { maxLength: 700 });
        const steps = fc.array(fc.tuple(fc.constantFrom("each", "many", "room"), values), { maxLength: 12 });
        fc.assert(
          fc.property(steps, (program) => {
            using memory = home.create(65_536, MiB(1));
            using buffer = columnBuffer(new TestAllocator(memory), view);
            const model: number[] = [];
            for (const [how, batch] of program) {
              if (how === "each") for (const value of batch) buffer.append(value);
              if (how === "many") buffer.appendMany(batch);
              if (how === "room") {
                const at = buffer.room(batch.length);
                batch.forEach((value, index) => {
                  buffer.memory[view][at + index] = value;
                });
                buffer.commit(batch.length);
              }
              model.push(...batch);
              assert.deepEqual(buffer.checkInvariants(), []);
              assert.equal(buffer.length, model.length);
            }
            assert.deepEqual(elements(buffer), model);
          }),
          { numRuns: 40 },
        );
      });
    }

    for (const view of ["i64", "u64"] as const) {
      it(`keeps ${view} elements as bigint`, () => {
        using memory = home.create(65_536, MiB(1));
        using buffer = columnBuffer(new TestAllocator(memory), view);
        const model = Array.from({ length: 3000 }, (_, index) => BigInt(index) ** 5n);
        for (const value of model.slice(0, 1000)) buffer.append(value);
        buffer.appendMany(model.slice(1000));
        assert.deepEqual(
          [...buffer.chunks()].flatMap((chunk) => [...chunk]),
          model,
        );
        assert.deepEqual(buffer.checkInvariants(), []);
      });
    }
  });
}

describe("columnBuffer", () => {
  it("doubles its chunks up to 1 MiB and never moves one", () => {
    using memory = privateMemory(MiB(8));
    using buffer = columnBuffer(new TestAllocator(memory), "u32");
    buffer.append(7);
    const [first] = buffer.chunks();
    const { byteOffset } = first;
    for (let index = 0; index < 700_000; index++) buffer.append(index);
    const lengths = [...buffer.chunks()].map((chunk) => chunk.byteLength);
    assert.deepEqual(lengths.slice(0, -1), [4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144, 524_288, MiB(1)]);
    const [again] = buffer.chunks();
    assert.equal(again.byteOffset, byteOffset);
    assert.equal(again[0], 7);
  });

  it("says out-of-memory and keeps what it has when the allocator is full", () => {
    using memory = privateMemory(16_384);
    using buffer = columnBuffer(new TestAllocator(memory), "f64");
    let appended = 0;
    assert.throws(
      () => {
        for (;;) {
          buffer.append(appended);
          appended += 1;
        }
      },
      { code: "out-of-memory" },
    );
    assert.throws(() => buffer.appendMany(new Float64Array(4000)), { code: "out-of-memory" });
    assert.deepEqual(
      elements(buffer),
      Array.from({ length: appended }, (_, index) => index),
    );
    assert.deepEqual(buffer.checkInvariants(), []);
  });

  it("clear gives every chunk back, last first, and the buffer can be filled again", () => {
    using memory = privateMemory(MiB(4));
    const allocator = new TestAllocator(memory);
    using buffer = columnBuffer(allocator, "u8");
    buffer.appendMany(new Uint8Array(100_000).fill(1));
    buffer.append(2);
    assert.ok(buffer.byteLength >= 100_001);
    buffer.clear();
    assert.equal(allocator.liveBlocks, 0);
    assert.equal(buffer.length, 0);
    assert.equal(buffer.byteLength, 0);
    assert.deepEqual([...buffer.chunks()], []);
    buffer.append(3);
    assert.deepEqual(elements(buffer), [3]);
  });

  it("refuses a bigint in a number column and a number in a bigint column, and appends nothing", () => {
    using memory = privateMemory(MiB(1));
    const allocator = new TestAllocator(memory);
    using numbers = columnBuffer(allocator, "f64");
    using bigints = columnBuffer(allocator, "i64");
    numbers.append(1);
    const wrong: unknown = 5n;
    assert.throws(() => Reflect.apply(numbers.append, numbers, [wrong]), {
      code: "bad-value",
      message: "columnBuffer of f64 was given a bigint (value=5). i64 and u64 take a bigint, the other views a number.",
    });
    assert.throws(() => Reflect.apply(numbers.appendMany, numbers, [[2, 3, wrong]]), { code: "bad-value" });
    assert.throws(() => Reflect.apply(bigints.append, bigints, [5]), { code: "bad-value" });
    assert.deepEqual(elements(numbers), [1]);
    assert.equal(bigints.length, 0);
  });

  it("refuses to commit more than there is room for", () => {
    using memory = privateMemory(MiB(1));
    using buffer = columnBuffer(new TestAllocator(memory), "u8");
    assert.throws(() => buffer.commit(1), { code: "invalid-argument" });
    buffer.room(10);
    assert.throws(() => buffer.commit(4097), { code: "invalid-argument" });
    assert.throws(() => buffer.commit(-1), { code: "invalid-argument" });
    assert.throws(() => buffer.room(1.5), { code: "invalid-argument" });
    assert.equal(buffer.length, 0);
  });

  it("refuses a view that does not exist", () => {
    using memory = privateMemory(MiB(1));
    assert.throws(() => Reflect.apply(columnBuffer, undefined, [new TestAllocator(memory), "u24"]), {
      code: "invalid-argument",
      message: /u24/,
    });
  });

  it("throws closed after its memory was closed, and stale-view after its allocator was reset", () => {
    const memory = privateMemory(MiB(1));
    const allocator = new TestAllocator(memory);
    const buffer = columnBuffer(allocator, "u8");
    buffer.append(1);
    allocator.reset();
    assert.throws(() => buffer.append(2), { code: "stale-view" });
    assert.throws(() => [...buffer.chunks()], { code: "stale-view" });
    const other = columnBuffer(allocator, "u8");
    other.append(1);
    memory.close();
    assert.throws(() => other.append(2), { code: "closed" });
    other[Symbol.dispose]();
  });
});
