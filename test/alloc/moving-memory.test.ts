import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { movingMemory } from "../../src/alloc/moving-memory.ts";

const MIB = 1024 ** 2;

describe("moving memory", () => {
  it("keeps its bytes when it moves to a larger buffer", () => {
    const memory = movingMemory("test memory");
    memory.grow(1000);
    memory.u8.fill(7, 0, 1000);
    const { buffer } = memory;
    memory.grow(100_000);
    assert.notEqual(memory.buffer, buffer);
    assert.ok(memory.bytes(0, 1000).every((byte) => byte === 7));
    assert.ok(memory.bytes(1000, 99_000).every((byte) => byte === 0));
    memory.close();
  });

  it("grows in place once it is large, and keeps its bytes on the way there", () => {
    const memory = movingMemory("test memory");
    memory.grow(8 * MIB);
    memory.u32[0] = 0xfeed_f00d;
    memory.u32[2 * MIB - 1] = 0xdead_beef;
    memory.grow(17 * MIB);
    const { buffer } = memory;
    assert.equal(memory.u32[0], 0xfeed_f00d);
    assert.equal(memory.u32[2 * MIB - 1], 0xdead_beef);
    memory.u32[17 * (MIB / 4) - 1] = 1;
    for (let mib = 32; mib <= 1024; mib *= 2) {
      memory.grow(mib * MIB);
      assert.equal(memory.buffer, buffer);
      assert.ok(memory.byteLength >= mib * MIB);
    }
    assert.equal(memory.u32[17 * (MIB / 4) - 1], 1);
    assert.equal(memory.u32[256 * MIB - 1], 0);
    memory.close();
  });

  it("gives its bytes back when it is closed", () => {
    const memory = movingMemory("test memory");
    memory.grow(100);
    memory.close();
    assert.throws(() => memory.grow(200), { code: "closed" });
  });
});
