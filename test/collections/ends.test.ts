import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Allocator } from "../../src/alloc/allocator.ts";
import { statistics } from "../../src/alloc/around/statistics.ts";
import { tlsf } from "../../src/alloc/heaps/tlsf.ts";
import { chunkedColumns } from "../../src/collections/columns/chunked-columns.ts";
import { columnBuffer } from "../../src/collections/columns/column-buffer.ts";
import { columns } from "../../src/collections/columns/columns.ts";
import { pool } from "../../src/collections/pools/pool.ts";
import { secondaryMap } from "../../src/collections/pools/secondary-map.ts";
import { slotMap } from "../../src/collections/pools/slot-map.ts";
import { sparseSet } from "../../src/collections/pools/sparse-set.ts";
import { interner } from "../../src/collections/strings/interner.ts";
import { hashMultimap } from "../../src/collections/tables/hash-multimap.ts";
import { hashSet } from "../../src/collections/tables/hash-set.ts";
import { hashTable } from "../../src/collections/tables/make-hash-table.ts";
import { privateMemory } from "../../src/core/homes.ts";
import { f32, u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { text } from "../../src/layout/text.ts";

const Point = struct("Point", { x: f32, hits: u32 });

/** Every collection with something in it, in blocks of `allocator`. */
const MAKERS: Readonly<Record<string, (allocator: Allocator) => Disposable & { close(): void }>> = {
  columns: (allocator) => {
    const made = columns(Point, { allocator });
    made.append({ x: 1 });
    return made;
  },
  "chunked columns": (allocator) => {
    const made = chunkedColumns(Point, { allocator });
    made.append({ x: 1 });
    return made;
  },
  "a column buffer": (allocator) => {
    const made = columnBuffer(allocator, "u32");
    made.append(7);
    return made;
  },
  "a pool": (allocator) => {
    const made = pool(Point, { allocator });
    made.add({ x: 1 });
    return made;
  },
  "a slot map": (allocator) => {
    const made = slotMap(Point, { allocator });
    made.add({ x: 1 });
    return made;
  },
  "a secondary map": (allocator) => {
    const particles = pool(Point);
    const made = secondaryMap(particles, u32, { allocator });
    made.set(particles.add(), 7);
    return made;
  },
  "a sparse set": (allocator) => {
    const made = sparseSet(10, { allocator });
    made.add(7);
    return made;
  },
  "a hash table of numbers": (allocator) => hashTable({ key: u32, value: u32, allocator }).set(1, 2),
  "a hash table of records": (allocator) => hashTable({ key: text, value: u32, allocator }).set("a", 2),
  "a hash set": (allocator) => hashSet({ key: text, allocator }).add("a"),
  "a hash multimap": (allocator) => hashMultimap({ key: text, value: u32, allocator }).add("a", 2),
  "an interner": (allocator) => {
    const made = interner({ allocator, name: "countries" });
    made.intern("Andorra");
    return made;
  },
};

describe("every collection", () => {
  for (const [title, make] of Object.entries(MAKERS)) {
    it(`${title}: gives back all it has at close(), as at the end of a block, and twice is harmless`, () => {
      const heap = statistics(tlsf(privateMemory(1 << 20)));
      const made = make(heap);
      assert.ok(heap.statistics().liveBlocks > 0);
      made.close();
      made.close();
      assert.equal(heap.statistics().liveBlocks, 0);
      {
        using again = make(heap);
        assert.ok(again !== made && heap.statistics().liveBlocks > 0);
      }
      assert.equal(heap.statistics().liveBlocks, 0);
    });
  }
});
