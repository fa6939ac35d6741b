import assert from "node:assert/strict";
import { test } from "node:test";
import { framesOf, Place } from "../../src/debug/place.ts";

function deep(left: number, depth: number): Place {
  return left === 0 ? new Place(depth) : deep(left - 1, depth);
}

test("a place has as many frames as were wanted, the innermost first, and can be read twice", () => {
  const place = deep(20, 5);
  assert.equal(place.frames.length, 5);
  for (const frame of place.frames) assert.match(frame, /^deep \(.*place\.test\.\w+:\d+:\d+\)$/);
  assert.equal(place.frames, place.frames);
});

test("taking a place leaves the limit of stack traces as it was", () => {
  const before = Error.stackTraceLimit;
  deep(2, 50);
  assert.equal(Error.stackTraceLimit, before);
});

test("the stacks of other engines are understood", () => {
  const stack = "alloc@https://a.example/x.js:1:2\nload@https://a.example/y.js:3:4\n@https://a.example/y.js:9:1\n";
  assert.deepEqual(framesOf(stack, 2), ["alloc@https://a.example/x.js:1:2", "load@https://a.example/y.js:3:4"]);
  assert.deepEqual(framesOf("Error\n    at f (a.js:1:2)\n    at g (a.js:3:4)", 9), ["f (a.js:1:2)", "g (a.js:3:4)"]);
  assert.deepEqual(framesOf("", 4), []);
});
