import assert from "node:assert/strict";
import { it } from "node:test";
import { Pace } from "../../src/concurrent/pace.ts";

/** How long the pauses are after looks that found so many. */
function pauses(pace: Pace, found: readonly number[]): number[] {
  return found.map((count) => {
    pace.rest();
    assert.equal(pace.turns, 0);
    pace.took(count);
    pace.ranDry();
    return pace.turns;
  });
}

it("pauses grow while looks find little, up to a bound, and shrink when they find plenty", () => {
  for (const hasty of [true, false]) {
    assert.deepEqual(pauses(new Pace(1 << 16, hasty), [1, 1, 3, 3, 1, 1, 1]), [200, 400, 800, 1600, 3200, 4000, 4000]);
    assert.deepEqual(pauses(new Pace(1 << 16, hasty), [1, 1, 64, 256, 257, 1000, 9]), [200, 400, 400, 400, 200, 100, 200]);
  }
});

it("pauses grow further where things come thick and fast, and no longer than that", () => {
  const found = [5, 5, 5, 5, 5, 5, 20, 40, 63, 63, 63, 1, 1];
  const expected = [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 40_000, 40_000, 40_000, 4000, 4000];
  for (const hasty of [true, false]) assert.deepEqual(pauses(new Pace(1 << 16, hasty), found), expected);
});

it("a consumer that looked in vain takes the next item at once, a producer that found no room does not", () => {
  assert.deepEqual(pauses(new Pace(1 << 16, true), [1, 1, 0, 1, 0, 0, 1, 1]), [200, 400, 0, 0, 0, 200, 0, 200]);
  assert.deepEqual(pauses(new Pace(1 << 16, false), [0, 0, 1, 0]), [200, 400, 800, 1600]);
});

it("pauses are never as long as the other side takes for a small ring", () => {
  assert.deepEqual(pauses(new Pace(1, false), [0, 0, 0]), [2, 2, 2]);
  assert.deepEqual(pauses(new Pace(100, true), [1, 1, 1, 1, 1]), [200, 400, 800, 800, 800]);
});
