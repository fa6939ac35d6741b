import assert from "node:assert/strict";
import { test } from "node:test";
import { privateMemory } from "../../src/core/homes.ts";
import { byteOffsetOf, follow, positionOf, settled } from "../../src/layout/view-parts.ts";
import { mistake } from "./both-ways.ts";

test("positions are 32-bit integers up to 4 GiB and byte offsets beyond, and lead back to the offset they came from", () => {
  for (const byteOffset of [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
    const position = positionOf(byteOffset, false);
    assert.equal(position, position | 0);
    assert.equal(byteOffsetOf(position), byteOffset);
    assert.equal(byteOffsetOf(positionOf(byteOffset, true)), byteOffset);
  }
  assert.equal(byteOffsetOf(positionOf(2 ** 40 + 8, true)), 2 ** 40 + 8);
});

test("typed arrays that give nothing although nothing has moved are an error, not a search without end", () => {
  const memory = privateMemory(64);
  assert.equal(settled(memory), memory);
  assert.throws(() => follow(memory, memory.u8), mistake("out-of-bounds", /ends before the place that a view shows/));
  const { u8 } = memory;
  memory.close();
  assert.throws(() => follow(memory, u8), mistake("closed"));
});
