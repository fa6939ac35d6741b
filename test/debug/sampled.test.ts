import assert from "node:assert/strict";
import { test } from "node:test";
import { Bump } from "../../src/alloc/bump.ts";
import type { Ptr } from "../../src/core/brand.ts";
import { privateMemory } from "../../src/core/homes.ts";
import { track } from "../../src/debug/track.ts";
import { TestAllocator } from "../conformance/test-allocator.ts";
import { Particle } from "./fault-list.ts";

function watchedOf(seed: number): number[] {
  using memory = privateMemory(1 << 20);
  using heap = track(new Bump(memory), { everyNth: 10, seed, leaks: false, stackDepth: 0 });
  const found: number[] = [];
  for (let allocation = 0; allocation < 5000; allocation++) {
    const before = heap.counts.blocks;
    if (allocation % 2 === 0) heap.alloc(16);
    else heap.create(Particle);
    if (heap.counts.blocks > before) found.push(allocation);
  }
  return found;
}

test("one allocation in everyNth is watched on average, others with another seed, the same with the same", () => {
  const first = watchedOf(1);
  assert.ok(first.length > 420 && first.length < 580, `${first.length} of 5000`);
  assert.ok(first.some((at) => at % 2 === 0) && first.some((at) => at % 2 === 1), "no rhythm of the program hides a place");
  assert.deepEqual(watchedOf(1), first);
  assert.notDeepEqual(watchedOf(2), first);
});

test("mistakes with watched blocks are told, others go through to the allocator below", () => {
  using memory = privateMemory(1 << 20);
  const heap = track(new TestAllocator(memory), { everyNth: 5, onMistake: "collect", quarantineByteLength: 1000 });
  let watched = 0;
  for (let left = 300; left > 0; left--) {
    const before = heap.counts.blocks;
    const ptr = heap.alloc(40);
    if (heap.counts.blocks === before) {
      heap.free(ptr, 40);
      continue;
    }
    watched += 1;
    memory.u8[ptr + 40] = 1;
    heap.free(ptr, 40);
    heap.free(ptr, 40);
  }
  heap.close();
  const kinds = (kind: string) => heap.mistakes.filter((mistake) => mistake.kind === kind).length;
  assert.ok(watched > 30);
  assert.equal(kinds("overflow"), watched);
  assert.equal(kinds("double-free"), watched);
  assert.equal(heap.mistakes.length, 2 * watched);
});

test("the address of a watched block that has left quarantine may be another's: freeing that is no mistake", () => {
  using memory = privateMemory(1 << 16);
  using heap = track(new TestAllocator(memory), { everyNth: 2, quarantineByteLength: 0 });
  for (let round = 0; round < 500; round++) {
    const ptrs = Array.from({ length: 6 }, (_, at): [Ptr, number] => [heap.alloc(8 + at * 8), 8 + at * 8]);
    for (const [ptr, byteSize] of ptrs) heap.free(ptr, byteSize);
  }
  assert.deepEqual(heap.mistakes, []);
});

test("watched blocks move at realloc and stay watched; others stay what they are", () => {
  using memory = privateMemory(1 << 16);
  using heap = track(new TestAllocator(memory), { everyNth: 3 });
  for (let left = 200; left > 0; left--) {
    const before = heap.counts.liveBlocks;
    let ptr = heap.alloc(16);
    const watched = heap.counts.liveBlocks > before;
    memory.u8[ptr] = 77;
    ptr = heap.realloc(ptr, 16, 48);
    assert.equal(memory.u8[ptr], 77);
    assert.equal(heap.counts.liveBlocks > before, watched);
    heap.free(ptr, 48);
    assert.equal(heap.counts.liveBlocks, before);
  }
});

test("after close every allocation is refused", () => {
  using memory = privateMemory(4096);
  const heap = track(new Bump(memory), { everyNth: 1000, leaks: false });
  heap.close();
  for (let left = 3; left > 0; left--) assert.throws(() => heap.alloc(8), { code: "closed" });
});
