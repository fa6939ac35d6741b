import assert from "node:assert/strict";
import { test } from "node:test";
import { privateMemory } from "../../src/core/homes.ts";
import { bool } from "../../src/layout/bool.ts";
import { Place } from "../../src/layout/place.ts";
import { f32, f64, i8, i16, i32, i64, u8, u16, u32, u64 } from "../../src/layout/scalars.ts";
import type { Type } from "../../src/layout/type.ts";
import { bothWays, mistake } from "./both-ways.ts";

const WHOLE = [
  { type: u8, least: 0, most: 255 },
  { type: i8, least: -128, most: 127 },
  { type: u16, least: 0, most: 65_535 },
  { type: i16, least: -32_768, most: 32_767 },
  { type: u32, least: 0, most: 4_294_967_295 },
  { type: i32, least: -2_147_483_648, most: 2_147_483_647 },
];
const LONG = [
  { type: i64, least: -(2n ** 63n), most: 2n ** 63n - 1n },
  { type: u64, least: 0n, most: 2n ** 64n - 1n },
];

for (const { type, least, most } of WHOLE) {
  test(`${type.name} holds the whole numbers from ${least} to ${most}, and nothing else is ever stored`, () => {
    using memory = privateMemory(64);
    const at = type.byteSize;
    for (const value of [least, most, 0, 1, 100]) {
      type.write(memory, at, value);
      assert.equal(type.read(memory, at), value);
    }
    for (const value of [least - 1, most + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      assert.throws(
        () => type.write(memory, at, value),
        mistake("bad-value", new RegExp(`^${type.name} cannot hold .*least=${least}, most=${most}`)),
      );
    }
    const loose: Type<unknown, unknown> = type;
    for (const value of ["1", 1n, null, undefined, true, {}]) {
      assert.throws(() => loose.write(memory, at, value), mistake("bad-value"));
    }
    assert.equal(type.read(memory, at), 100);
    assert.deepEqual([...memory.u8.subarray(0, at)], Array(at).fill(0), "the bytes before");
    assert.deepEqual([...memory.u8.subarray(2 * at)], Array(64 - 2 * at).fill(0), "the bytes behind");
  });
}

for (const { type, least, most } of LONG) {
  test(`${type.name} holds the bigints from ${least} to ${most}`, () => {
    using memory = privateMemory(64);
    for (const value of [least, most, 0n, 1n, 2n ** 53n + 1n]) {
      type.write(memory, 8, value);
      assert.equal(type.read(memory, 8), value);
    }
    for (const value of [least - 1n, most + 1n]) assert.throws(() => type.write(memory, 8, value), mistake("bad-value", /least=/));
    const loose: Type<unknown, unknown> = type;
    assert.throws(() => loose.write(memory, 8, 5), mistake("bad-value", /cannot hold 5 .*Pass a bigint: 5n\./));
    assert.throws(() => loose.write(memory, 8, 1.5), mistake("bad-value", /Pass a bigint/));
    assert.equal(type.read(memory, 8), 2n ** 53n + 1n);
  });
}

test("floats hold every number; an f32 rounds, and refuses what would become infinite", () => {
  using memory = privateMemory(64);
  for (const value of [0, -0, 1.5, Number.MIN_VALUE, Number.MAX_VALUE, Number.NaN, Number.NEGATIVE_INFINITY]) {
    f64.write(memory, 8, value);
    assert.ok(Object.is(f64.read(memory, 8), value));
  }
  for (const value of [0, -0, 1.1, 3.4028234663852886e38, 1e-50, Number.NaN, Number.POSITIVE_INFINITY]) {
    f32.write(memory, 4, value);
    assert.ok(Object.is(f32.read(memory, 4), Math.fround(value)));
  }
  for (const value of [1e39, -1e39, Number.MAX_VALUE])
    assert.throws(() => f32.write(memory, 4, value), mistake("bad-value", /or use f64/));
});

test("bool holds true and false, and any byte but 0 reads as true", () => {
  using memory = privateMemory(8);
  bool.write(memory, 1, true);
  assert.deepEqual([...memory.u8], [0, 1, 0, 0, 0, 0, 0, 0]);
  memory.u8[1] = 255;
  assert.equal(bool.read(memory, 1), true);
  bool.write(memory, 1, false);
  assert.equal(bool.read(memory, 1), false);
  const loose: Type<unknown, unknown> = bool;
  for (const value of [1, 0, "true", null])
    assert.throws(() => loose.write(memory, 1, value), mistake("bad-value", /Pass true or false/));
});

test("a place outside the memory, a misaligned one and a closed memory are refused before anything is read or written", () => {
  const memory = privateMemory(16);
  assert.throws(() => u32.read(memory, 16), mistake("out-of-bounds"));
  assert.throws(() => u32.write(memory, 14, 1), mistake("out-of-bounds"));
  assert.throws(() => u32.read(memory, -4), mistake("out-of-bounds"));
  assert.throws(() => u32.read(memory, Number.NaN), mistake("out-of-bounds"));
  assert.throws(
    () => u32.read(memory, 2),
    mistake("invalid-argument", /^u32 cannot lie at a misaligned offset \(byteOffset=2, align=4\)/),
  );
  assert.throws(() => f64.write(memory, 4, 1), mistake("invalid-argument", /align=8/));
  memory.close();
  assert.throws(() => u32.read(memory, 0), mistake("closed"));
  assert.throws(() => u32.write(memory, 0, 1), mistake("closed"));
});

bothWays("a box", () => {
  test("shows the value, and wraps what it is assigned as a typed array does", () => {
    using memory = privateMemory(64);
    const box = u16.view(memory.lease, 2);
    box.value = 70_000;
    assert.equal(box.value, 70_000 - 65_536);
    assert.equal(u16.read(memory, 2), 4464);
    assert.equal(u16.copy(box), 4464);
    const long = u64.view(memory.lease, 8);
    long.value = -1n;
    assert.equal(long.value, 2n ** 64n - 1n);
    assert.equal(JSON.stringify({ box }), '{"box":4464}');
  });
});

test("raw methods are what structures are built on: check, then store", () => {
  using memory = privateMemory(8);
  const place = new Place(new Place(new Place(undefined, "Grid"), "cells"), 3);
  u8.rawStore(memory, 3, u8.rawCheck(5, place));
  assert.equal(u8.rawRead(memory, 3), 5);
  assert.throws(() => u8.rawCheck(-5, place), mistake("bad-value", /^Grid\.cells\[3\] cannot hold -5/));
});
