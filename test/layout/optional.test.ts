import assert from "node:assert/strict";
import { test } from "node:test";
import { privateMemory } from "../../src/core/homes.ts";
import { array } from "../../src/layout/array.ts";
import { optional } from "../../src/layout/optional.ts";
import { f32, f64, u16, u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import type { Type } from "../../src/layout/type.ts";
import { utf8 } from "../../src/layout/utf8.ts";
import { bothWays, mistake } from "./both-ways.ts";

bothWays("an optional value", (way) => {
  const { Maybe } = way(() => {
    const Vec = struct("Vec", { x: f32, y: f32 });
    return {
      Maybe: struct("Maybe", {
        n: optional(u32),
        name: optional(utf8(4)),
        vec: optional(Vec),
        list: optional(array(u16, 2)),
        twice: optional(optional(f64)),
      }),
    };
  });
  const kinds = [
    ["leased", (memory: ReturnType<typeof privateMemory>) => Maybe.view(memory.lease, 16)],
    ["baked", (memory: ReturnType<typeof privateMemory>) => Maybe.at(memory, 16)],
  ] as const;

  for (const [kind, view] of kinds) {
    test(`of a ${kind} view is null until it is assigned, and null again`, () => {
      using memory = privateMemory(256);
      const maybe = view(memory);
      assert.deepEqual(Maybe.copy(maybe), { n: null, name: null, vec: null, list: null, twice: null });
      maybe.n = 0;
      maybe.name = "";
      maybe.vec = { x: 0, y: 1 };
      Object.assign(maybe, { list: [1, 2], twice: 1.5 });
      assert.deepEqual([maybe.n, maybe.name, maybe.vec?.y, maybe.list?.at(1), maybe.twice], [0, "", 1, 2, 1.5]);
      if (maybe.vec !== null) maybe.vec.x = 7;
      assert.deepEqual(Maybe.read(memory, 16), { n: 0, name: "", vec: { x: 7, y: 1 }, list: [1, 2], twice: 1.5 });
      Object.assign(maybe, { n: null, name: null, vec: null, list: null, twice: null });
      assert.ok(
        memory.u8.every((byte) => byte === 0),
        "a value that is gone leaves no bytes",
      );
      assert.throws(() => Object.assign(maybe, { n: "1" }), mistake("bad-value", /^Maybe\.n cannot hold "1"/));
      assert.throws(() => Object.assign(maybe, { n: undefined }), mistake("bad-value", /^Maybe\.n cannot hold undefined/));
    });
  }

  test("any byte but 0 reads as present", () => {
    using memory = privateMemory(256);
    memory.u8[16 + 4] = 200;
    assert.equal(Maybe.at(memory, 16).n, 0);
    assert.equal(Maybe.view(memory.lease, 16).n, 0);
    assert.equal(Maybe.read(memory, 16).n, 0);
  });
});

test("the layout is C's struct { T value; uint8_t present; }", () => {
  assert.deepEqual([optional(u32).byteSize, optional(u32).align], [8, 4]);
  assert.deepEqual([optional(utf8(5)).byteSize, optional(utf8(5)).align], [6, 1]);
  assert.deepEqual([optional(f64).byteSize, optional(f64).align], [16, 8]);
  assert.equal(optional(u32).inner, u32);
  const loose: (inner: unknown) => unknown = (inner) => optional(inner as Type);
  assert.throws(() => loose(null), mistake("invalid-argument", /was not given a type/));
});
