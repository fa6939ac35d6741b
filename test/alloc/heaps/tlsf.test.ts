import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tlsf } from "../../../src/alloc/heaps/tlsf.ts";
import { NIL } from "../../../src/core/brand.ts";
import { privateMemory } from "../../../src/core/homes.ts";
import { KiB, MiB } from "../../../src/core/size.ts";
import { u32 } from "../../../src/layout/scalars.ts";
import { refuses } from "../../conformance/allocators.ts";

const fresh = (byteLength = MiB(4)) => tlsf(privateMemory(0, { maxByteLength: byteLength }));

describe("a TLSF heap", () => {
  it("grows a block into what is free behind it, and past the end of the heap into new memory", () => {
    const heap = fresh();
    const first = heap.alloc(5000);
    const second = heap.alloc(5000);
    assert.equal(heap.resize(first, 5000, 6000), false);
    heap.free(second, 5000);
    assert.equal(heap.resize(first, 5000, 9000), true);
    assert.equal(heap.resize(first, 9000, MiB(3)), true);
    assert.deepEqual(heap.checkInvariants(), []);
    assert.equal(heap.resize(first, MiB(3), MiB(5)), false);
    assert.equal(heap.resize(first, MiB(3), 10), true);
    assert.deepEqual(heap.checkInvariants(), []);
    const kept = heap.alloc(100);
    heap.free(kept, 100);
    assert.equal(heap.resize(first, 10, 1000), true, "a small block that is only kept is not in the way");
    assert.deepEqual(heap.checkInvariants(), []);
  });

  it("merges freed neighbours in any order, so that all can be had again as one", () => {
    const heap = fresh();
    const blocks = Array.from({ length: 50 }, () => heap.alloc(3000));
    const before = heap.freeByteLength;
    for (let at = 0; at < 50; at++) heap.free(blocks[(at * 7) % 50], 3000);
    assert.deepEqual(heap.checkInvariants(), []);
    assert.ok(heap.freeByteLength >= before + 150_000);
    assert.equal([...heap.blocks()].length, 1);
    assert.equal(heap.alloc(150_000), blocks[0]);
  });

  it("walks through all blocks, live and free", () => {
    const heap = fresh();
    const a = heap.alloc(2000);
    const b = heap.alloc(3000);
    heap.free(a, 2000);
    const blocks = [...heap.blocks()];
    assert.deepEqual(blocks[0], { ptr: a, byteLength: 2000, isFree: true });
    assert.deepEqual(blocks[1], { ptr: b, byteLength: 3000, isFree: false });
    assert.equal(blocks[2].isFree, true);
    assert.equal(blocks.length, 3);
  });

  it("takes further regions, and gives those back in which nothing is live", () => {
    const memory = privateMemory(MiB(2));
    const heap = tlsf(memory, { byteLength: KiB(64) });
    const own = heap.allocatedByteLength;
    assert.equal(heap.tryAlloc(KiB(100)), NIL);
    heap.addRegion(KiB(512) + 3, KiB(256));
    assert.deepEqual(heap.checkInvariants(), []);
    assert.ok(heap.allocatedByteLength > own + KiB(255));
    const ptr = heap.alloc(KiB(100));
    assert.ok(ptr > KiB(512) && heap.owns(ptr));
    assert.equal(heap.owns((KiB(512) - 8) as typeof ptr), false);
    assert.equal(heap.removeRegion(KiB(512) + 3), false, "a block is live there");
    heap.free(ptr, KiB(100));
    assert.equal(heap.removeRegion(KiB(512)), false, "there is none there");
    assert.equal(heap.removeRegion(KiB(512) + 3), true);
    assert.equal(heap.removeRegion(KiB(512) + 3), false);
    assert.equal(heap.allocatedByteLength, own);
    assert.equal(heap.tryAlloc(KiB(100)), NIL);
    assert.deepEqual(heap.checkInvariants(), []);
    assert.equal(heap.removeRegion(heap.byteOffset), false, "its own region stays");
    heap.addRegion(MiB(1), KiB(16));
    for (const [byteOffset, byteLength] of [
      [0, KiB(64)],
      [KiB(32), KiB(64)],
      [MiB(1) + 8, KiB(8)],
      [MiB(1) - 8, KiB(8)],
      [KiB(600), 16],
    ]) {
      refuses("invalid-argument", () => heap.addRegion(byteOffset, byteLength));
    }
    refuses("out-of-bounds", () => heap.addRegion(MiB(2) - 8, 64));
    refuses("out-of-bounds", () => heap.addRegion(Number.NaN, 64));
    heap.reset();
    assert.deepEqual(heap.checkInvariants(), []);
    heap.addRegion(MiB(1), KiB(16));
    assert.deepEqual(heap.checkInvariants(), []);
  });

  it("forgets everything on reset, and ends its views", () => {
    const heap = fresh();
    const view = heap.create(u32, 3);
    for (let at = 0; at < 500; at++) heap.alloc(at * 10);
    heap.reset();
    refuses("stale-view", () => view.value);
    assert.equal([...heap.blocks()].length, 1);
    assert.deepEqual(heap.checkInvariants(), []);
  });

  it("does not take bytes for a block that look like one", () => {
    const heap = fresh();
    const ptr = heap.alloc(4000);
    const { i32 } = heap.memory;
    // What a header of a live block of 100 bytes says, in the middle of a live block, and of its end.
    for (let word = ptr / 4; word < ptr / 4 + 900; word += 2) {
      i32[word] = (14 * 2) | 0;
      i32[word + 1] = -1;
    }
    for (let at = ptr + 8; at < ptr + 2000; at += 8) refuses("misuse", () => heap.free(at as typeof ptr, 100));
    heap.free(ptr, 4000);
    assert.deepEqual(heap.checkInvariants(), []);
  });

  it("tells of what is broken", () => {
    const heap = fresh();
    const blocks = Array.from({ length: 12 }, () => heap.alloc(2000));
    for (let at = 0; at < 12; at += 2) heap.free(blocks[at], 2000);
    const { i32 } = heap.memory;
    const words: number[] = [];
    for (const ptr of blocks) words.push(ptr / 4 - 2, ptr / 4 - 1);
    for (const word of words) {
      const right = i32[word];
      i32[word] = right ^ 0x10;
      assert.notDeepEqual(heap.checkInvariants(), [], `word ${word}`);
      i32[word] = right;
    }
    assert.deepEqual(heap.checkInvariants(), []);
  });
});
