import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { recordTable } from "../../../src/collections/tables/make-record-table.ts";
import { MiB } from "../../../src/core/size.ts";
import { blob } from "../../../src/layout/blob.ts";
import { bytes } from "../../../src/layout/bytes.ts";
import { f32, f64, i16, i64, u8, u32 } from "../../../src/layout/scalars.ts";
import { struct } from "../../../src/layout/struct.ts";
import { text } from "../../../src/layout/text.ts";
import type { Type } from "../../../src/layout/type.ts";
import { utf8 } from "../../../src/layout/utf8.ts";
import { HOMES } from "../../conformance/homes.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";
import { programs, runProgram } from "./record-model.ts";

const Point = struct("Point", { x: i16, name: utf8(5), y: f64 });
const point = fc.record(
  { x: fc.integer({ min: 0, max: 2 }), name: fc.constantFrom("", "a", "é"), y: fc.constantFrom(0, 0.5) },
  { noNullPrototype: true },
);
const word = fc.oneof(
  fc.string({ maxLength: 3, unit: "grapheme" }),
  fc.string({ maxLength: 40 }),
  fc.constantFrom("", "a", "b", "c"),
);
const chunk = fc.uint8Array({ maxLength: 30 });

interface Case<Key, Value> {
  readonly key: Type<Key>;
  readonly value: Type<Value>;
  readonly keys: fc.Arbitrary<Key>;
  readonly values: fc.Arbitrary<Value>;
}

/** Takes the types of a case apart for once, and gives back what runs it. */
function caseOf<Key, Value>({ key, value, keys, values }: Case<Key, Value>) {
  return {
    title: `${key.name} keys and ${value.name} values`,
    check: (home: (typeof HOMES)[number]) =>
      fc.assert(
        fc.property(
          programs(keys, values),
          fc.constantFrom(1, 4),
          fc.integer({ min: 0, max: 2 ** 32 - 1 }),
          (program, shards, seed) => {
            using memory = home.create(0, MiB(2));
            const allocator = new TestAllocator(memory);
            {
              using table = recordTable({ key, value, allocator, shards, seed });
              runProgram(table, program);
              assert.equal([...table.blocks()].length, allocator.liveBlocks);
            }
            assert.equal(allocator.liveBlocks, 0);
          },
        ),
        { numRuns: 8 },
      ),
  };
}

const CASES = [
  caseOf({ key: text, value: u32, keys: word, values: fc.nat(9) }),
  caseOf({ key: text, value: text, keys: word, values: fc.string({ maxLength: 200 }) }),
  caseOf({ key: blob, value: blob, keys: chunk, values: fc.uint8Array({ maxLength: 3000 }) }),
  caseOf({ key: utf8(6), value: f64, keys: fc.string({ maxLength: 3 }).filter((of) => !of.endsWith("\0")), values: fc.double() }),
  caseOf({ key: bytes(3), value: u8, keys: fc.uint8Array({ minLength: 3, maxLength: 3, max: 1 }), values: fc.nat(3) }),
  caseOf({ key: Point, value: Point, keys: point, values: point }),
  caseOf({ key: u32, value: text, keys: fc.nat(20), values: word }),
  caseOf({ key: i64, value: blob, keys: fc.bigInt(-3n, 3n), values: chunk }),
  caseOf({ key: f32, value: text, keys: fc.constantFrom(0, -0, Number.NaN, 1.5, -1.5, Number.POSITIVE_INFINITY), values: word }),
  caseOf({ key: f64, value: text, keys: fc.constantFrom(0, -0, Number.NaN, 0.1, 5e-324), values: word }),
];

for (const home of HOMES) {
  describe(`a table of records in ${home.title}`, () => {
    for (const { title, check } of CASES) it(`does what a Map does, with ${title}`, () => check(home));
  });
}
