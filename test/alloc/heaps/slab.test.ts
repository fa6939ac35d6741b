import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CLASS_BYTES, CLASS_COUNT, CLASS_OF_GRAINS, LEAST_SPAN_PAGES, PAGE_BYTES } from "../../../src/alloc/heaps/size-classes.ts";
import { slab } from "../../../src/alloc/heaps/slab.ts";
import { NIL, type Ptr } from "../../../src/core/brand.ts";
import { privateMemory } from "../../../src/core/homes.ts";
import { KiB, MiB } from "../../../src/core/size.ts";
import { u32 } from "../../../src/layout/scalars.ts";
import { randomFrom } from "../../../src/testing/index.ts";
import { refuses } from "../../conformance/allocators.ts";

const fresh = (byteLength = MiB(4)) => slab(privateMemory(0, { maxByteLength: byteLength }));

describe("the size classes", () => {
  it("hold every size up to 8 KiB in a block at most an eighth larger, and 8 bytes for the smallest", () => {
    assert.equal(CLASS_COUNT, 64);
    for (let byteSize = 1; byteSize <= 8192; byteSize++) {
      const of = CLASS_OF_GRAINS[(byteSize + 7) >>> 3];
      assert.ok(CLASS_BYTES[of] >= byteSize && (of === 0 || CLASS_BYTES[of - 1] < byteSize), `${byteSize}`);
      assert.ok(CLASS_BYTES[of] - byteSize < Math.max(8, byteSize / 8), `${byteSize} in ${CLASS_BYTES[of]}`);
    }
  });

  it("have spans of which at most a sixteenth is left over", () => {
    for (let of = 0; of < CLASS_COUNT; of++) {
      const bytes = LEAST_SPAN_PAGES[of] * PAGE_BYTES;
      assert.ok((bytes % CLASS_BYTES[of]) * 16 <= bytes && bytes >= CLASS_BYTES[of] * 4, `${CLASS_BYTES[of]}`);
    }
  });
});

describe("a slab", () => {
  it("hands out first what was freed last", () => {
    const heap = fresh();
    const [a, b, c] = heap.allocMany(3, 40);
    heap.free(b, 40);
    heap.free(a, 40);
    assert.deepEqual([heap.alloc(40), heap.alloc(33)], [a, b]);
    heap.free(c, 40);
  });

  it("gives the spans of a class back that is used no more, for other classes", () => {
    const heap = fresh(MiB(1));
    const blocks: Ptr[] = [];
    for (let ptr = heap.tryAlloc(24); ptr !== NIL; ptr = heap.tryAlloc(24)) blocks.push(ptr);
    assert.equal(heap.tryAlloc(1000), NIL);
    const full = heap.usedByteLength;
    for (const ptr of blocks) heap.free(ptr, 24);
    assert.deepEqual(heap.checkInvariants(), []);
    assert.ok(heap.usedByteLength <= KiB(64), `${heap.usedByteLength} of ${full} bytes are kept`);
    let others = 0;
    while (heap.tryAlloc(1000) !== NIL) others += 1000;
    assert.ok(others > full * 0.9, `${others} of ${full} bytes could be had by another class`);
    assert.deepEqual(heap.checkInvariants(), []);
  });

  it("gives everything back on trim, and takes little to begin with", () => {
    const heap = fresh();
    for (let byteSize = 8; byteSize <= 8192; byteSize += 8) heap.free(heap.alloc(byteSize), byteSize);
    assert.ok(heap.usedByteLength > 0);
    const kept = heap.usedByteLength;
    assert.equal(heap.trim(), kept);
    assert.equal(heap.usedByteLength, 0);
    assert.equal(heap.trim(), 0);
    heap.alloc(16);
    assert.equal(heap.usedByteLength, PAGE_BYTES, "one block takes one page");
    assert.deepEqual(heap.checkInvariants(), []);
  });

  it("takes blocks over 8 KiB as runs of pages, which grow and shrink where they are", () => {
    const heap = fresh();
    const first = heap.alloc(20_000);
    const second = heap.alloc(100_000);
    assert.equal(heap.usableByteLength(first, 20_000), 20_480);
    assert.equal(heap.resize(first, 20_000, 30_000), false, "the next run is in the way");
    assert.equal(heap.resize(second, 100_000, 300_000), true, "at the end there is room");
    assert.equal(heap.resize(second, 300_000, 9000), true);
    assert.equal(heap.resize(second, 9000, 100), false, "small blocks lie elsewhere");
    heap.free(second, 9000);
    assert.equal(heap.resize(first, 20_000, 30_000), true);
    heap.free(first, 30_000);
    assert.deepEqual(heap.checkInvariants(), []);
    assert.equal(heap.usedByteLength, 0);
  });

  it("merges runs of pages that are freed in any order", () => {
    const heap = fresh();
    const runs = Array.from({ length: 20 }, () => heap.alloc(100_000));
    for (const at of [3, 1, 2, 19, 0, 10, 12, 11, 5, 4, 18]) heap.free(runs[at], 100_000);
    assert.deepEqual(heap.checkInvariants(), []);
    assert.equal(heap.alloc(600_000), runs[0], "six freed neighbours are one run");
    assert.deepEqual(heap.checkInvariants(), []);
  });

  it("aligns beyond a page, and gives what lies before and behind back", () => {
    const heap = fresh();
    heap.alloc(10);
    for (const align of [8192, 65_536, 262_144]) {
      const ptr = heap.alloc(10_000, align);
      assert.equal(ptr % align, 0);
      assert.deepEqual(heap.checkInvariants(), []);
      heap.free(ptr, 10_000, align);
    }
    assert.deepEqual(heap.checkInvariants(), []);
  });

  it("does not take bytes that look like the mark of a free block for one", () => {
    const heap = fresh();
    const ptr = heap.alloc(64);
    const other = heap.alloc(64);
    heap.free(other, 64);
    heap.memory.u8.copyWithin(ptr, other, other + 64);
    heap.free(ptr, 64);
    assert.deepEqual(heap.checkInvariants(), []);
    refuses("misuse", () => heap.free(ptr, 64));
  });

  it("tells all live blocks, whatever was freed between them", () => {
    const heap = fresh();
    const random = randomFrom(7);
    const live = new Map<Ptr, number>();
    for (let step = 0; step < 3000; step++) {
      const [oldest] = live;
      if (random() % 5 < 2 && oldest !== undefined) {
        heap.free(...oldest);
        live.delete(oldest[0]);
        continue;
      }
      const byteSize = 1 + (random() % (random() % 20 === 0 ? 40_000 : 500));
      const ptr = heap.tryAlloc(byteSize);
      if (ptr !== NIL) live.set(ptr, byteSize);
      if (step % 500 === 0) heap.trim();
    }
    const told = [...heap.blocks()];
    assert.deepEqual(
      told.map(({ ptr }) => ptr),
      [...live.keys()].sort((a, b) => a - b),
    );
    for (const { ptr, byteLength } of told) assert.equal(byteLength, heap.usableByteLength(ptr, live.get(ptr) ?? 0));
    heap.reset();
    assert.deepEqual([...heap.blocks()], []);
  });

  it("forgets everything on reset, and ends its views", () => {
    const heap = fresh();
    const view = heap.create(u32, 3);
    for (let at = 0; at < 500; at++) heap.alloc(at * 10);
    heap.reset();
    refuses("stale-view", () => view.value);
    assert.equal(heap.usedByteLength, 0);
    assert.deepEqual(heap.checkInvariants(), []);
    assert.equal(heap.create(u32, 4).value, 4);
  });

  it("tells of what is broken", () => {
    const heap = fresh();
    const ptrs = heap.allocMany(20, 48);
    for (const ptr of ptrs.slice(0, 15)) heap.free(ptr, 48);
    const { i32 } = heap.memory;
    let told = 0;
    for (let word = 8; word < 2600 / 4 + 600; word++) {
      const right = i32[word];
      if (right === 0) continue;
      i32[word] = right ^ 1;
      if (heap.checkInvariants().length > 0) told += 1;
      i32[word] = right;
    }
    assert.deepEqual(heap.checkInvariants(), []);
    assert.ok(told >= 8, `${told} of the words that matter`);
  });
});
