import assert from "node:assert/strict";
import { test } from "node:test";
import { privateMemory } from "../../src/core/homes.ts";
import type { Cursor } from "../../src/layout/cursor.ts";
import { canGenerate, composed } from "../../src/layout/generation.ts";
import { kernel } from "../../src/layout/kernel.ts";
import { f32, u8, u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { mistake } from "./both-ways.ts";

const skip = canGenerate() ? false : "no code can be generated here";
const outside = 5;

function cursors(memory: ReturnType<typeof privateMemory>): Cursor<{ x: number }>[] {
  return [
    struct("A", { x: u32 }),
    struct("B", { pad: u8, x: u32 }),
    struct("C", { pad: u32, x: f32 }),
    struct("D", { x: u8 }),
    struct("E", { x: f32, y: f32 }),
  ].map((type, index) => type.cursor(memory, index * 64, 4));
}

test("a kernel does what its function does, for any number of types, and passes on all arguments", () => {
  using memory = privateMemory(1024);
  const fill = kernel((rows: Cursor<{ x: number }>, from: number, by: number) => {
    for (let i = 0; i < rows.length; i++) rows.at(i).x = from + i * by;
    return rows.length;
  });
  for (const rows of cursors(memory)) {
    assert.equal(fill(rows, 1, 2), 4);
    assert.deepEqual(
      Array.from(rows, ({ x }) => x),
      [1, 3, 5, 7],
    );
  }
});

test("each type gets a copy of its own, and keeps it", { skip }, () => {
  using memory = privateMemory(1024);
  const identify = kernel(function self(rows: object): unknown {
    return rows === null ? undefined : self;
  });
  const [a, b, c] = cursors(memory);
  assert.equal(identify(a), identify(a));
  assert.notEqual(identify(a), identify(b));
  assert.notEqual(identify(b), identify(c));
  assert.equal(identify(Object.create(null)), identify(Object.create(null)));
});

test("what a function uses of its surroundings is an error with its name, and can be captured", { skip }, () => {
  const closing = kernel(function addOutside(rows: { x: number }) {
    return rows.x + outside;
  });
  assert.throws(
    () => closing({ x: 1 }),
    mistake("invalid-argument", /^kernel addOutside uses something of its surroundings: outside is not defined/),
  );
  const captured = kernel((rows: { x: number }) => rows.x + outside, { captures: { outside } });
  assert.equal(captured({ x: 1 }), 6);
});

test("other errors of the function pass through unchanged", () => {
  const failing = kernel((rows: { x: number }) => {
    throw new RangeError(`no ${rows.x}`);
  });
  assert.throws(() => failing({ x: 3 }), { name: "RangeError", message: "no 3" });
});

test("arrow functions, function expressions, methods and async functions are all compiled", async () => {
  const methods = {
    double(rows: { x: number }) {
      return rows.x * 2;
    },
    async later(rows: { x: number }) {
      return rows.x * 3;
    },
    "odd name"(rows: { x: number }) {
      return rows.x * 4;
    },
  };
  const given = { x: 2 };
  assert.equal(kernel(methods.double)(given), 4);
  assert.equal(await kernel(methods.later)(given), 6);
  assert.equal(kernel(methods["odd name"])(given), 8);
  assert.equal(kernel((rows: { x: number }) => rows.x)(given), 2);
  assert.equal(await kernel(async (rows: { x: number }) => rows.x)(given), 2);
  const expression = kernel(function named(rows: { x: number }): number {
    return rows.x > 0 ? named({ x: rows.x - 1 }) + 1 : 0;
  });
  assert.equal(expression(given), 2);
});

test("functions without source text, classes and captures without a name are refused", { skip }, () => {
  const loose: (body: unknown, options?: { captures: Record<string, unknown> }) => unknown = (body, options) =>
    kernel(body as (rows: object) => unknown, options);
  assert.throws(() => loose(cursors.bind(null)), mistake("invalid-argument", /without source text/));
  assert.throws(() => loose(Math.max), mistake("invalid-argument", /without source text/));
  assert.throws(() => loose(class {}), mistake("invalid-argument", /given a class/));
  assert.throws(() => loose(5), mistake("invalid-argument", /not given a function/));
  assert.throws(() => loose(() => 1, { captures: { "a b": 1 } }), mistake("invalid-argument", /"a b"/));
  assert.throws(() => loose(() => 1, { captures: { class: 1 } }), mistake("invalid-argument", /cannot be compiled/));
});

test("where no code can be generated the function itself is called", () => {
  const add = (rows: { x: number }) => rows.x + outside;
  assert.equal(
    composed(() => kernel(add)),
    add,
  );
});
