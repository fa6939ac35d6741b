import assert from "node:assert/strict";
import { test } from "node:test";
import { arena } from "../../src/alloc/arenas/arena.ts";
import { limit } from "../../src/alloc/around/limit.ts";
import { slab } from "../../src/alloc/heaps/slab.ts";
import { hashMultimap } from "../../src/collections/tables/hash-multimap.ts";
import { hashSet } from "../../src/collections/tables/hash-set.ts";
import { ring } from "../../src/concurrent/rings/ring.ts";
import { privateMemory, sharedMemory } from "../../src/core/homes.ts";
import { INSPECT } from "../../src/core/inspect.ts";
import { track } from "../../src/debug/track.ts";
import { u32 } from "../../src/layout/scalars.ts";
import { text } from "../../src/layout/text.ts";

test("the console shows a set by its size, and a multimap by its table", () => {
  assert.equal(hashSet({ key: u32 }).add(7)[INSPECT](), "<hash set, size 1>");
  const routes = hashMultimap({ key: text, value: u32 }).add("VIE", 7);
  assert.equal(routes[INSPECT](), "<hash multimap to u32 in <hash table of text to blob, size 1>>");
});

test("the console shows an allocator by its name and its memory, and what is around another by both", () => {
  const memory = privateMemory(65_536);
  const heap = slab(memory);
  const inner = "<slab allocator in <private memory, 65536 of at most 65536 bytes>>";
  assert.equal(heap[INSPECT](), inner);
  assert.equal(limit(heap, 100)[INSPECT](), `<LimitedAllocator around ${inner}>`);
  assert.equal(track(heap)[INSPECT](), `<tracked ${inner}>`);
  assert.equal(arena()[INSPECT](), "<arena in <memory of the arena, 0 bytes>>");
  memory.close();
  assert.equal(heap[INSPECT](), "<slab allocator in <private memory, closed>>");
});

test("the console shows the ends of a ring by what they are, and not by how they work", () => {
  const memory = sharedMemory(4096);
  const numbers = ring(memory, u32, { capacity: 4 });
  const place = "<shared memory, 4096 of at most 4096 bytes>";
  assert.equal(numbers.producer()[INSPECT](), `<producer of a ring of u32 in ${place}>`);
  assert.equal(numbers.consumer()[INSPECT](), `<consumer of a ring of u32 in ${place}>`);
});
