import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deepEqual } from "./deep-equal.ts";

function nodeSays(a: unknown, b: unknown): boolean {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

const value = fc.anything({
  withBigInt: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  // Without dates: releases of Node disagree on whether two invalid ones are equal. Valid ones are among the pairs below.
  withSparseArray: true,
  maxDepth: 2,
});

test("the browser's deepEqual agrees with Node's on random values, their copies and slightly other copies", () => {
  fc.assert(
    fc.property(fc.clone(value, 2), ([a, b]) => assert.equal(deepEqual(a, b), nodeSays(a, b))),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(value, value, (a, b) => assert.equal(deepEqual([a], [b]), nodeSays([a], [b]))),
    { numRuns: 300 },
  );
});

test("the browser's deepEqual agrees with Node's on what is nearly the same", () => {
  const pairs: [unknown, unknown][] = [
    [0, -0],
    [Number.NaN, Number.NaN],
    [1, 1n],
    [
      [1, 2],
      [1, 2, undefined],
    ],
    [{ a: undefined }, {}],
    [{}, Object.create(null)],
    [new Uint8Array([1]), new Int8Array([1])],
    [new Uint8Array([1, 2]), new Uint8Array([1, 3])],
    [new Uint8Array([1, 2]).buffer, new Uint8Array([1, 3]).buffer],
    [new Map([[{ a: 1 }, 1]]), new Map([[{ a: 2 }, 1]])],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new Set([[1]]), new Set([[2]])],
    [new Set([[1]]), new Set([[1]])],
    [new Error("a"), new Error("b")],
    [new Error("a"), new TypeError("a")],
    [/a/g, /a/],
    [new Date(1), new Date(2)],
    [new Date(1), new Date(1)],
  ];
  for (const [a, b] of pairs) {
    assert.equal(deepEqual(a, b), nodeSays(a, b), String(a));
    assert.equal(deepEqual([{ a }], [{ a: b }]), nodeSays([{ a }], [{ a: b }]));
  }
});
