import assert from "node:assert/strict";
import { test } from "node:test";
import { Bump } from "../../src/alloc/bump.ts";
import { privateMemory } from "../../src/core/homes.ts";
import { budget, expectBudget } from "../../src/debug/budget.ts";
import { track } from "../../src/debug/track.ts";

const memory = privateMemory(1 << 20);
const newHeap = () => track(new Bump(memory), { stackDepth: 0, leaks: false });

test("exact blocks, bytes and peak are asserted, in the program's bytes", () => {
  using heap = newHeap();
  const kept = heap.alloc(1000);
  const result = expectBudget(heap, { blocks: 3, bytes: 60, liveBlocks: 1, liveBytes: 30, peakBytes: 40, peakBlocks: 2 }, () => {
    const a = heap.alloc(10);
    const b = heap.alloc(20);
    heap.free(b, 20);
    const c = heap.alloc(30);
    heap.free(a, 10);
    return c;
  });
  heap.free(result, 30);
  heap.free(kept, 1000);
});

test("more than allowed throws over-budget and says what, how much and what was allowed; so does less", () => {
  using heap = newHeap();
  const work = () => heap.free(heap.alloc(64), 64);
  assert.throws(() => expectBudget(heap, { blocks: 2, bytes: { atMost: 63 }, liveBlocks: 0 }, work), {
    code: "over-budget",
    message:
      "tracked bump allocator did not keep to its budget (blocks=1 (allowed: exactly 2), bytes=64 (allowed: at most 63)). " +
      "Look with `report()` at what allocates, or change the budget.",
  });
  expectBudget(heap, { blocks: { atMost: 1 }, bytes: 64 }, work);
});

test("budgets overlap, and each counts from its own opening", () => {
  using heap = newHeap();
  const outer = budget(heap, { blocks: 3 });
  const a = heap.alloc(100);
  const inner = budget(heap, { blocks: 2, liveBytes: -90 });
  heap.free(a, 100);
  heap.alloc(4);
  outer.cancel();
  heap.alloc(6);
  assert.deepEqual(outer.spent, { blocks: 2, bytes: 104, liveBlocks: 1, liveBytes: 4, peakBlocks: 1, peakBytes: 100 });
  inner[Symbol.dispose]();
  assert.throws(() => outer.check(), { code: "over-budget" });
});

test("what resize and realloc add counts", () => {
  using heap = newHeap();
  expectBudget(heap, { blocks: 2, bytes: 10 + 20 + 50, liveBytes: 0, peakBytes: 30 + 40 }, () => {
    const ptr = heap.alloc(10);
    assert.ok(heap.resize(ptr, 10, 30));
    const moved = heap.realloc(ptr, 30, 40);
    assert.ok(heap.resize(moved, 40, 50));
    heap.free(moved, 50);
  });
});

test("an error of the work comes through, and nothing is asserted", () => {
  using heap = newHeap();
  assert.throws(
    () =>
      expectBudget(heap, { blocks: 5 }, () => {
        throw new RangeError("mine");
      }),
    RangeError,
  );
});

test("a sampling tracker cannot count", () => {
  using heap = track(new Bump(memory), { everyNth: 2 });
  assert.throws(() => budget(heap, { blocks: 1 }), { code: "invalid-argument" });
});
