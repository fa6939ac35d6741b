import assert from "node:assert/strict";
import { test } from "node:test";
import { privateMemory } from "../../src/core/homes.ts";
import { canGenerate } from "../../src/layout/generation.ts";
import { Healing, PASS } from "../../src/layout/pass.ts";
import { u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";

test("the table of checks has one element, and nobody has written to it", () => {
  assert.deepEqual([...PASS], [0]);
});

test("failed checks heal at once up to 64 times, then at powers of two", () => {
  let healed = 0;
  const healing = new Healing(() => {
    healed += 1;
  });
  for (let failures = 1; failures <= 64; failures++) healing.failed();
  assert.equal(healed, 64);
  for (let failures = 65; failures <= 1_000_000; failures++) healing.failed();
  assert.equal(healed, 64 + 13, "128, 256, …, 524288");
});

test("a failed check gives a struct fresh accessors", { skip: canGenerate() ? false : "no code can be generated here" }, () => {
  using memory = privateMemory(64);
  const Point = struct("Point", { x: u32 });
  const getter = (view: object) => Object.getOwnPropertyDescriptor(Object.getPrototypeOf(view), "x")?.get;
  const lease = memory.openLease("arena");
  const [view, baked, rows] = [Point.view(lease, 0), Point.at(memory, 0), Point.cursor(memory, 0, 2)];
  const before = [getter(view), getter(baked), Object.getPrototypeOf(rows).at];
  assert.throws(() => rows.at(2));
  lease.end("was reset");
  assert.throws(() => view.x);
  const after = [getter(view), getter(baked), Object.getPrototypeOf(rows).at];
  after.forEach((accessor, index) => {
    assert.ok(typeof accessor === "function");
    assert.notEqual(accessor, before[index]);
  });
});
