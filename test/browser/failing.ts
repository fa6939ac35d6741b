import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

/** Run in a page by browser.test.ts, to show that what fails there is seen. Every test here fails but those that say `passes`. */
test("equal", () => assert.equal(1, 2));
test("deepEqual", () => assert.deepEqual(new Float64Array([0]), new Float64Array([-0])));
test("throws the wrong", () =>
  assert.throws(
    () => {
      throw new RangeError("a");
    },
    { name: "RangeError", message: /b/ },
  ));
test("throws nothing", () => assert.throws(() => 1));
test("rejects", () => assert.rejects(async () => Promise.reject(new Error("a")), /b/));
test("parent", async (t) => {
  await t.test("child", () => assert.ok(0));
});
describe("a hook's suite", () => {
  let count = 0;
  beforeEach(() => {
    count += 1;
  });
  test("match", () => assert.match(String(count), /0/));
  test("hook passes", () => assert.equal(count, 2));
});
test("passes", () => {
  assert.throws(
    () => {
      throw new TypeError("abc");
    },
    { name: "TypeError", message: /b/ },
  );
  assert.deepEqual([{ a: [1n, new Set([1])] }], [{ a: [1n, new Set([1])] }]);
});
test("skipped passes", { skip: "on purpose" }, () => assert.equal(1, 2));
