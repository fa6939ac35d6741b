import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stack } from "../../src/alloc/stack.ts";
import { privateMemory } from "../../src/core/homes.ts";
import { KiB } from "../../src/core/size.ts";
import { refuses } from "../conformance/allocators.ts";

const fresh = () => stack(privateMemory(0, { maxByteLength: KiB(64) }));

describe("a stack", () => {
  it("gives blocks that are freed in the opposite order back at once, the padding too", () => {
    const blocks = fresh();
    const a = blocks.alloc(100);
    const used = blocks.usedByteLength;
    const b = blocks.alloc(7, 1024);
    const c = blocks.alloc(50);
    blocks.free(c, 50);
    blocks.free(b, 7, 1024);
    assert.equal(blocks.usedByteLength, used);
    blocks.free(a, 100);
    assert.equal(blocks.usedByteLength, 0);
  });

  it("remembers a block whose turn has not come, and gives it back with those above it", () => {
    const blocks = fresh();
    const [a, b, c] = [blocks.alloc(8), blocks.alloc(8), blocks.alloc(8)];
    blocks.free(b, 8);
    blocks.free(a, 8);
    assert.ok(blocks.usedByteLength > 0);
    assert.deepEqual(blocks.checkInvariants(), []);
    assert.match(refuses("misuse", () => blocks.free(b, 8)).message, /free already/);
    blocks.free(c, 8);
    assert.equal(blocks.usedByteLength, 0);
    refuses("misuse", () => blocks.free(c, 8));
    refuses("misuse", () => blocks.free(a, 8));
    assert.equal(blocks.alloc(8), a);
  });

  it("goes back to a mark", () => {
    const blocks = fresh();
    const kept = blocks.alloc(30);
    const mark = blocks.mark();
    const used = blocks.usedByteLength;
    for (let at = 0; at < 50; at++) blocks.alloc(at);
    blocks.release(mark);
    assert.equal(blocks.usedByteLength, used);
    blocks.release(mark);
    assert.deepEqual(blocks.checkInvariants(), []);
    blocks.free(kept, 30);
    refuses("invalid-argument", () => blocks.release(mark));
    blocks.alloc(64);
    refuses("invalid-argument", () => blocks.release(mark));
    refuses("invalid-argument", () => blocks.release({ top: Number.NaN, last: 0 }));
    assert.deepEqual(blocks.checkInvariants(), []);
  });

  it("goes below a mark when what it held has been freed meanwhile", () => {
    const blocks = fresh();
    const below = blocks.alloc(8);
    const mark = blocks.mark();
    blocks.alloc(8);
    blocks.free(below, 8);
    blocks.release(mark);
    assert.equal(blocks.usedByteLength, 0);
    assert.deepEqual(blocks.checkInvariants(), []);
  });

  it("tells of what is broken", () => {
    const blocks = fresh();
    const ptrs = [blocks.alloc(8), blocks.alloc(100), blocks.alloc(8)];
    const { i32 } = blocks.memory;
    for (const ptr of ptrs) {
      for (let word = ptr / 4 - 4; word < ptr / 4; word++) {
        const right = i32[word];
        i32[word] = right ^ 0x40;
        assert.notDeepEqual(blocks.checkInvariants(), [], `word ${word}`);
        i32[word] = right;
      }
    }
    assert.deepEqual(blocks.checkInvariants(), []);
  });
});
