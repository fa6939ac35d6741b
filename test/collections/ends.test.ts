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

function filled<Made>(made: Made, fill: (made: Made) => unknown): Made {
  fill(made);
  return made;
}

/** Every collection with something in it, in blocks of `allocator`. */
const MAKERS: Readonly<Record<string, (allocator: Allocator) => Disposable & { close(): void }>> = {
  columns: (allocator) => filled(columns(Point, { allocator }), (made) => made.append({ x: 1 })),
  "chunked columns": (allocator) => filled(chunkedColumns(Point, { allocator }), (made) => made.append({ x: 1 })),
  "a column buffer": (allocator) => filled(columnBuffer(allocator, "u32"), (made) => made.append(7)),
  "a pool": (allocator) => filled(pool(Point, { allocator }), (made) => made.add({ x: 1 })),
  "a slot map": (allocator) => filled(slotMap(Point, { allocator }), (made) => made.add({ x: 1 })),
  "a secondary map": (allocator) => {
    const particles = pool(Point);
    return filled(secondaryMap(particles, u32, { allocator }), (made) => made.set(particles.add(), 7));
  },
  "a sparse set": (allocator) => filled(sparseSet(10, { allocator }), (made) => made.add(7)),
  "a hash table of numbers": (allocator) => hashTable({ key: u32, value: u32, allocator }).set(1, 2),
  "a hash table of records": (allocator) => hashTable({ key: text, value: u32, allocator }).set("a", 2),
  "a hash set": (allocator) => hashSet({ key: text, allocator }).add("a"),
  "a hash multimap": (allocator) => hashMultimap({ key: text, value: u32, allocator }).add("a", 2),
  "an interner": (allocator) => filled(interner({ allocator, name: "countries" }), (made) => made.intern("Andorra")),
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
