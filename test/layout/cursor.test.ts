import assert from "node:assert/strict";
import { test } from "node:test";
import { privateMemory } from "../../src/core/homes.ts";
import { f32, u8, u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { ptrOf } from "../../src/layout/view-parts.ts";
import { bothWays, mistake } from "./both-ways.ts";

bothWays("a cursor", (way) => {
  const { Point, Odd } = way(() => ({ Point: struct("Point", { x: f32, id: u32 }), Odd: struct("Odd", { a: u8, b: u8, c: u8 }) }));

  for (const [kind, memoriesBefore] of [
    ["in a memory with views of its own", 0],
    ["in a memory without", 3],
  ] as const) {
    const inMemory = (work: (memory: ReturnType<typeof privateMemory>) => void) => () => {
      const others = Array.from({ length: memoriesBefore }, () => privateMemory(64));
      for (const other of others) Point.at(other, 0);
      using memory = privateMemory(4096);
      work(memory);
      for (const other of others) other.close();
    };

    test(
      `${kind}, reads and writes record by record`,
      inMemory((memory) => {
        const rows = Point.cursor(memory, 80, 10);
        assert.equal(rows.length, 10);
        for (let i = 0; i < rows.length; i++) rows.at(i).id = i * i;
        for (let i = 0; i < rows.length; i++) rows.seek(i).x = i / 2;
        for (let i = 0; i < rows.length; i++) assert.deepEqual(Point.read(memory, 80 + i * 8), { x: i / 2, id: i * i });
        assert.deepEqual(
          Array.from(rows, (row) => row.id),
          [0, 1, 4, 9, 16, 25, 36, 49, 64, 81],
        );
      }),
    );

    test(
      `${kind}, gives views that stay with at, and one that moves with seek`,
      inMemory((memory) => {
        const rows = Point.cursor(memory, 8, 4);
        const [first, second] = [rows.at(0), rows.at(1)];
        assert.deepEqual([ptrOf(first), ptrOf(second)], [8, 16]);
        const moving = rows.seek(0);
        assert.equal(rows.seek(3), moving);
        assert.equal(ptrOf(moving), 32);
        const other = Point.cursor(memory, 8, 4);
        other.seek(1);
        assert.equal(ptrOf(moving), 32, "each cursor has its own");
        assert.equal(new Set(rows).size, 4, "iterating gives views that stay");
      }),
    );

    test(
      `${kind}, refuses every index that is none, again and again`,
      inMemory((memory) => {
        const rows = Point.cursor(memory, 8, 4);
        for (const index of [4, -1, 1.5, Number.NaN, 2 ** 32, 2 ** 32 + 1, -(2 ** 32), 2 ** 53, Number.NEGATIVE_INFINITY]) {
          for (let attempt = 0; attempt < 2; attempt++) {
            assert.throws(() => rows.at(index), mistake("out-of-bounds", /^Point has no such index \(index=.*, length=4\)/));
            assert.throws(() => rows.seek(index), mistake("out-of-bounds"));
          }
        }
        assert.equal(ptrOf(rows.at(3)), 32);
        assert.throws(() => Object.assign(rows, { length: 100 }), TypeError);
        assert.throws(() => rows.at(4), mistake("out-of-bounds"));
      }),
    );
  }

  test("may be empty, and of records of any size", () => {
    using memory = privateMemory(64);
    const empty = Point.cursor(memory, 64, 0);
    assert.deepEqual([empty.length, [...empty].length], [0, 0]);
    assert.throws(() => empty.at(0), mistake("out-of-bounds", /length=0/));
    const odd = Odd.cursor(memory, 1, 21);
    odd.at(20).c = 9;
    assert.equal(memory.u8[63], 9);
    assert.equal(u32.cursor(memory, 0, 16).at(15).value, 9 << 24);
  });

  test("must lie within the committed bytes, aligned, and have a whole number of records", () => {
    using memory = privateMemory(64, { maxByteLength: 128 });
    assert.throws(() => Point.cursor(memory, 0, 9), mistake("out-of-bounds", /committed=64/));
    memory.grow(128);
    Point.cursor(memory, 0, 9);
    assert.throws(() => Point.cursor(memory, 2, 1), mistake("invalid-argument", /misaligned/));
    for (const count of [-1, 0.5, Number.NaN, 2 ** 60]) {
      assert.throws(() => Point.cursor(memory, 0, count), mistake("invalid-argument", /was not given a number of records/));
    }
    assert.throws(() => Point.cursor(memory, -8, 1), mistake("out-of-bounds"));
  });
});
