import assert from "node:assert/strict";
import { test } from "node:test";
import { privateMemory } from "../../src/core/homes.ts";
import { array } from "../../src/layout/array.ts";
import { bool } from "../../src/layout/bool.ts";
import { enumOf } from "../../src/layout/enum.ts";
import { optional } from "../../src/layout/optional.ts";
import { f32, f64, i32, i64, u8, u16 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import type { Type } from "../../src/layout/type.ts";
import { bothWays, mistake } from "./both-ways.ts";

bothWays("an array", (way) => {
  const { Numbers, Vec, Path, Mixed } = way(() => {
    const Vec = struct("Vec", { x: f32, y: f32 });
    return {
      Numbers: array(f64, 4),
      Vec,
      Path: array(Vec, 3),
      Mixed: struct("Mixed", {
        flags: array(bool, 3),
        sides: array(enumOf("buy", "sell"), 2),
        longs: array(i64, 2),
        holes: array(optional(u16), 2),
        grid: array(array(u8, 2), 2),
      }),
    };
  });
  const kinds = [
    ["leased", (type: typeof Numbers, memory: ReturnType<typeof privateMemory>) => type.view(memory.lease, 16)],
    ["baked", (type: typeof Numbers, memory: ReturnType<typeof privateMemory>) => type.at(memory, 16)],
  ] as const;

  for (const [kind, view] of kinds) {
    test(`its ${kind} view has a length, elements, an iterator and a copy`, () => {
      using memory = privateMemory(128);
      memory.f64.set([1, 2, 3, 4], 2);
      const numbers = view(Numbers, memory);
      assert.equal(numbers.length, 4);
      assert.equal(numbers.at(3), 4);
      numbers.set(1, 20);
      assert.deepEqual([...numbers], [1, 20, 3, 4]);
      assert.deepEqual(numbers.toArray(), [1, 20, 3, 4]);
      assert.equal(JSON.stringify(numbers), "[1,20,3,4]");
      const iterator = numbers[Symbol.iterator]();
      for (let left = 4; left > 0; left--) assert.equal(iterator.next().done, false);
      assert.deepEqual(iterator.next(), { value: undefined, done: true });
      assert.deepEqual(Object.keys(numbers), []);
      for (const _ in numbers) assert.fail("for … in lists nothing");
    });

    test(`its ${kind} view refuses every index that is none`, () => {
      using memory = privateMemory(128);
      const numbers = view(Numbers, memory);
      for (const index of [4, -1, 0.5, Number.NaN, 2 ** 32, 2 ** 53, Number.POSITIVE_INFINITY]) {
        assert.throws(() => numbers.at(index), mistake("out-of-bounds", /^f64\[4\] has no such index .*length=4/));
        assert.throws(() => numbers.set(index, 1), mistake("out-of-bounds"));
      }
      assert.equal(numbers.at(-0), 0);
      assert.ok(memory.u8.every((byte) => byte === 0));
    });

    test(`its ${kind} view is assigned from arrays, typed arrays and views of the right length`, () => {
      using memory = privateMemory(128);
      const numbers = view(Numbers, memory);
      numbers.assign([1, 2, 3, 4]);
      numbers.assign(new Float32Array([5, 6, 7, 8]));
      assert.deepEqual(Numbers.read(memory, 16), [5, 6, 7, 8]);
      Numbers.at(memory, 64).assign(numbers);
      assert.deepEqual(Numbers.read(memory, 64), [5, 6, 7, 8]);
      const loose: { assign(values: unknown): void } = numbers;
      for (const values of [[1, 2, 3], [1, 2, 3, 4, 5], "1234", null, { length: 4 }, new Set([1, 2, 3, 4])]) {
        assert.throws(() => loose.assign(values), mistake("bad-value", /^f64\[4\] cannot hold/));
      }
      assert.throws(() => loose.assign([1, 2, 3, "4"]), mistake("bad-value", /^f64\[4\]\[3\] cannot hold "4"/));
      assert.deepEqual(numbers.toArray(), [5, 6, 7, 8]);
    });
  }

  test("overlapping assignment copies what was there before", () => {
    using memory = privateMemory(128);
    memory.f64.set([1, 2, 3, 4, 5], 0);
    Numbers.at(memory, 8).assign(Numbers.at(memory, 0));
    assert.deepEqual([...memory.f64.subarray(0, 5)], [1, 1, 2, 3, 4]);
  });

  test("elements with parts are views of their own", () => {
    using memory = privateMemory(128);
    const path = Path.at(memory, 8);
    path.at(1).x = 3;
    const [first, second] = [path.at(0), path.at(1)];
    first.x = 1;
    assert.deepEqual([first.x, second.x], [1, 3]);
    path.set(2, { y: 9 });
    assert.deepEqual(path.toArray(), [
      { x: 1, y: 0 },
      { x: 3, y: 0 },
      { x: 0, y: 9 },
    ]);
    const loose: { set(index: number, value: unknown): void } = path;
    assert.throws(() => loose.set(2, { z: 1 }), mistake("bad-value", /^Vec\[3\]\[2\] has no field "z"/));
    assert.throws(() => loose.set(2, 5), mistake("bad-value", /^Vec\[3\]\[2\] cannot hold 5/));
    assert.deepEqual(Vec.copy(path.at(2)), { x: 0, y: 9 });
  });

  test("every type can be an element", () => {
    using memory = privateMemory(128);
    const value = {
      flags: [true, false, true],
      sides: ["sell" as const, "buy" as const],
      longs: [-1n, 2n],
      holes: [null, 7],
      grid: [
        [1, 2],
        [3, 4],
      ],
    };
    Mixed.write(memory, 16, value);
    assert.deepEqual(Mixed.read(memory, 16), value);
    for (const mixed of [Mixed.view(memory.lease, 16), Mixed.at(memory, 16)]) {
      assert.deepEqual(
        [...mixed.flags, ...mixed.sides, ...mixed.longs, ...mixed.holes],
        [true, false, true, "sell", "buy", -1n, 2n, null, 7],
      );
      assert.equal(mixed.grid.at(1).at(0), 3);
      mixed.holes.set(0, 5);
      mixed.sides.set(0, "buy");
      mixed.longs.set(1, 3n);
      assert.deepEqual([mixed.holes.at(0), mixed.sides.at(0), mixed.longs.at(1)], [5, "buy", 3n]);
      mixed.holes.set(0, null);
      mixed.sides.set(0, "sell");
      mixed.longs.set(1, 2n);
      const loose: { set(index: number, value: unknown): void } = mixed.sides;
      assert.throws(() => loose.set(1, "hold"), mistake("bad-value", /\[1\] cannot hold "hold"/));
    }
    assert.deepEqual(Mixed.read(memory, 16), value);
  });
});

test("an array needs a type and at least one element", () => {
  const loose: (element: unknown, length: number) => unknown = (element, length) => array(element as Type, length);
  assert.throws(() => loose(5, 5), mistake("invalid-argument", /was not given the type/));
  for (const length of [0, -1, 1.5, Number.NaN, 2 ** 53])
    assert.throws(() => array(i32, length), mistake("invalid-argument", /length/));
  assert.deepEqual([array(i32, 3).byteSize, array(i32, 3).align, array(array(f32, 2), 3).byteSize], [12, 4, 24]);
});
