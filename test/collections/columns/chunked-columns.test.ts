import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { arena } from "../../../src/alloc/arenas/arena.ts";
import { chunkedColumns } from "../../../src/collections/columns/chunked-columns.ts";
import { privateMemory } from "../../../src/core/homes.ts";
import { MiB } from "../../../src/core/size.ts";
import { optional } from "../../../src/layout/optional.ts";
import { f64, u16 } from "../../../src/layout/scalars.ts";
import { struct } from "../../../src/layout/struct.ts";
import { utf8 } from "../../../src/layout/utf8.ts";
import { refuses } from "../../conformance/allocators.ts";
import { HOMES } from "../../conformance/homes.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

const Row = struct("Row", { x: f64, hp: optional(u16), name: utf8(5) });
type Plain = { x: number; hp: number | null; name: string };

const ROW: fc.Arbitrary<Plain> = fc.record(
  { x: fc.double({ noNaN: true }), hp: fc.option(fc.nat(65_535)), name: fc.constantFrom("", "a", "ab", "ö€") },
  { noNullPrototype: true },
);
const STEP = fc.tuple(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant("append") },
    { weight: 3, arbitrary: fc.constantFrom("set", "assign", "swapRemove") },
    { weight: 1, arbitrary: fc.constantFrom("resize", "clear") },
  ),
  ROW,
  fc.nat(60),
);

function fresh(chunkCapacity = 4) {
  const allocator = new TestAllocator(privateMemory(0, { maxByteLength: MiB(1) }));
  return { allocator, table: chunkedColumns(Row, { allocator, chunkCapacity }) };
}

for (const home of HOMES) {
  it(`columns in chunks keep rows as an array of objects does, and nothing moves: ${home.title}`, () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 60, size: "max" }), fc.constantFrom(1, 4, 16), (program, chunkCapacity) => {
        using memory = home.create(0, MiB(1));
        const allocator = new TestAllocator(memory);
        {
          using table = chunkedColumns(Row, { allocator, chunkCapacity });
          const model: Plain[] = [];
          for (const [name, row, place] of program) {
            const index = model.length === 0 ? 0 : place % model.length;
            const starts = table.chunks().map(({ byteOffset }) => byteOffset);
            if (name === "append") assert.equal(table.append(row), model.push(row) - 1);
            else if (name === "clear") {
              table.clear();
              model.length = 0;
            } else if (name === "resize") {
              table.resize(place);
              while (model.length < place) model.push({ x: 0, hp: null, name: "" });
              model.length = place;
            } else if (model.length > 0 && name === "swapRemove") {
              table.swapRemove(index);
              const last = model.pop();
              if (index < model.length && last !== undefined) model[index] = last;
            } else if (model.length > 0) {
              if (name === "set") table.set(index, row);
              else Object.assign(place % 2 === 0 ? table.rows.at(index) : table.rows.seek(index), row);
              model[index] = row;
            }
            assert.deepEqual(table.checkInvariants(), []);
            assert.deepEqual([table.size, table.rows.length], [model.length, model.length]);
            assert.deepEqual(
              table
                .chunks()
                .map(({ byteOffset }) => byteOffset)
                .slice(0, starts.length),
              starts.slice(0, table.chunks().length),
            );
          }
          model.forEach((row, index) => {
            assert.deepEqual({ ...table.get(index) }, row);
          });
          assert.deepEqual(
            table.chunks().flatMap((chunk) => [...chunk.column("x")]),
            model.map(({ x }) => x),
          );
        }
        assert.equal(allocator.liveBlocks, 0);
      }),
      { numRuns: 15 },
    );
  });
}

describe("columns in chunks", () => {
  it("take many rows at once or none, and give back the last", () => {
    const { allocator, table } = fresh();
    const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, k) => ({ x: from + k, hp: null, name: "" }));
    assert.equal(table.appendMany(rows(1, 3)), 0);
    assert.equal(table.appendMany(rows(3, 12)), 2);
    assert.throws(() => table.appendMany([{ x: 1 }, { hp: -1 }]), { code: "bad-value", message: /Row\[1\]\.hp/ });
    allocator.refuseAbove = 10;
    assert.throws(() => table.appendMany(rows(0, 10)), { code: "out-of-memory" });
    assert.equal(table.size, 11);
    for (let x = 11; x > 0; x--) assert.deepEqual(table.pop(), { x, hp: null, name: "" });
    assert.equal(table.pop(), undefined);
    assert.deepEqual(table.checkInvariants(), []);
  });

  it("leave typed arrays and rows good, however much they grow", () => {
    const { table } = fresh(4);
    table.append({ x: 1 });
    const column = table.chunks()[0].column("x");
    const row = table.rows.at(0);
    for (let x = 2; x <= 100; x++) table.append({ x });
    column[0] = 7;
    assert.deepEqual([row.x, table.get(0).x, table.get(99).x, table.chunks().length], [7, 7, 100, 25]);
  });

  it("refuse what is no row, and stay as they are where there is no room", () => {
    const { allocator, table } = fresh(4);
    for (let x = 0; x < 6; x++) table.append({ x });
    for (const index of [-1, 6, 0.5, Number.NaN, 2 ** 32]) {
      for (const use of [
        () => table.get(index),
        () => table.set(index, {}),
        () => table.swapRemove(index),
        () => table.rows.at(index),
        () => table.rows.seek(index),
      ]) {
        refuses("out-of-bounds", use);
      }
    }
    refuses("bad-value", () => table.append({ hp: -1 }));
    refuses("invalid-argument", () => table.resize(-1));
    refuses("invalid-argument", () => table.resize(2 ** 33));
    allocator.refuseAbove = 16;
    refuses("out-of-memory", () => table.resize(100));
    table.resize(8);
    refuses("out-of-memory", () => table.append({ x: 9 }));
    assert.deepEqual([table.size, allocator.liveBlocks, table.checkInvariants()], [8, 2, []]);
    refuses("invalid-argument", () => chunkedColumns(Row, { allocator, chunkCapacity: 100 }));
    refuses("invalid-argument", () => chunkedColumns(Row, { allocator, chunkCapacity: 0 }));
    using scratch = arena(1024);
    const early = chunkedColumns(Row, { allocator: scratch, chunkCapacity: 1 });
    early.append({ x: 1 });
    using _inner = scratch.scope();
    refuses("invalid-argument", () => early.append({ x: 2 }));
    assert.equal(early.size, 1);
  });

  it("take in rows that append while they are read", () => {
    const { table } = fresh(2);
    let depth = 0;
    const nested = {
      get x() {
        if (depth++ < 3) table.append(nested);
        return depth;
      },
    };
    assert.equal(table.append(nested), 3);
    assert.deepEqual([table.size, table.checkInvariants()], [4, []]);
    assert.deepEqual(
      Array.from(table, ({ x }) => x),
      [4, 4, 4, 4],
    );
  });

  it("say that they have ended", () => {
    const { allocator, table } = fresh();
    table.append({ x: 1 });
    const row = table.rows.at(0);
    const { rows } = table;
    table[Symbol.dispose]();
    table[Symbol.dispose]();
    assert.equal(allocator.liveBlocks, 0);
    for (const use of [
      () => row.x,
      () => rows.at(0),
      () => rows.length,
      () => table.size,
      () => table.append({}),
      () => table.chunks(),
    ]) {
      refuses("closed", use);
    }
  });
});
