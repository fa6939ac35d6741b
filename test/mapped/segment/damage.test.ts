import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { flipBits } from "./flip-bits.ts";

describe("a segment with one bit flipped", () => {
  it("is refused, or is what it was, whichever bit of its first pages that is", () => {
    // Every bit of what is in use, and of the rest every 61st; `npm run soak -- segment-bits` flips all.
    const { flips, refused } = flipBits((bit, isZero) => !isZero || bit % 61 === 0);
    assert.ok(flips > 4000, `only ${flips}`);
    assert.ok(refused > 1000, `only ${refused} refused`);
  });
});
