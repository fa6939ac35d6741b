import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { arena } from "../../../src/alloc/arenas/arena.ts";
import { fallback } from "../../../src/alloc/around/fallback.ts";
import { limit } from "../../../src/alloc/around/limit.ts";
import { type AllocationEvent, logging } from "../../../src/alloc/around/logging.ts";
import { nullAllocator } from "../../../src/alloc/around/null-allocator.ts";
import { statistics } from "../../../src/alloc/around/statistics.ts";
import { synchronized, synchronizedByteLength } from "../../../src/alloc/around/synchronized.ts";
import { validating } from "../../../src/alloc/around/validating.ts";
import { AllocatorWrapper } from "../../../src/alloc/around/wrapper.ts";
import { bump } from "../../../src/alloc/bump.ts";
import { attachSlab, slab } from "../../../src/alloc/heaps/slab.ts";
import { tlsf } from "../../../src/alloc/heaps/tlsf.ts";
import { NIL, type Ptr } from "../../../src/core/brand.ts";
import { privateMemory, sharedMemory } from "../../../src/core/homes.ts";
import type { Memory } from "../../../src/core/memory.ts";
import { KiB, MiB } from "../../../src/core/size.ts";
import { u32 } from "../../../src/layout/scalars.ts";
import { refuses } from "../../conformance/allocators.ts";

const memoryOf = (byteLength = MiB(1)) => privateMemory(0, { maxByteLength: byteLength });

describe("limit", () => {
  it("refuses what would take its blocks over the limit, and counts what is given back", () => {
    const limited = limit(tlsf(memoryOf()), 1000);
    const a = limited.alloc(600);
    assert.equal(limited.tryAlloc(401), NIL);
    const b = limited.alloc(400);
    assert.equal(limited.allocatedByteLength, 1000);
    assert.match(refuses("out-of-memory", () => limited.alloc(1)).message, /allocated=1000, limit=1000/);
    assert.equal(limited.resize(b, 400, 401), false);
    assert.equal(limited.resize(b, 400, 300), true);
    limited.free(a, 600);
    assert.equal(limited.allocatedByteLength, 300);
    limited.limitByteLength = 100;
    assert.equal(limited.tryAlloc(1), NIL);
    refuses("invalid-argument", () => limit(limited, -1));
  });

  it("notices that an arena was reset, and that a scope has ended", () => {
    const scratch = arena({ upstream: bump(memoryOf()) });
    const limited = limit(scratch, 1000);
    const outer = limited.alloc(300);
    const scope = scratch.scope();
    limited.alloc(300);
    limited.free(outer, 300);
    assert.equal(limited.allocatedByteLength, 300);
    limited.alloc(200);
    scope.end();
    assert.ok(limited.allocatedByteLength <= 300);
    scratch.reset();
    assert.equal(limited.allocatedByteLength, 0);
    assert.notEqual(limited.tryAlloc(1000), NIL);
  });
});

describe("fallback", () => {
  it("asks the second where the first has no room, and gives each its own back", () => {
    const memory = memoryOf();
    const first = slab(memory, { byteLength: KiB(32) });
    const second = tlsf(memory, { byteOffset: KiB(32) });
    const both = fallback(first, second);
    const small = both.alloc(100);
    const large = both.alloc(KiB(100));
    assert.deepEqual([first.owns(small), first.owns(large), second.owns(large)], [true, false, true]);
    assert.ok(both.owns(small) && both.owns(large) && !both.owns((KiB(900) + 1) as Ptr));
    assert.equal(both.resize(large, KiB(100), KiB(120)), true);
    const moved = both.realloc(small, 100, KiB(60));
    assert.ok(second.owns(moved));
    both.free(large, KiB(120));
    both.free(moved, KiB(60));
    assert.deepEqual(both.checkInvariants(), []);
    assert.equal([...second.blocks()].length, 1);
    assert.equal(both.tryAlloc(MiB(2)), NIL);
    refuses("invalid-argument", () => fallback(first, slab(memoryOf())));
  });

  it("ends its views with those of either", () => {
    const memory = memoryOf();
    const scratch = arena({ upstream: bump(memory, { end: KiB(64) }), chunkByteLength: 1000 });
    const heap = tlsf(memory, { byteOffset: KiB(64) });
    const both = fallback(scratch, heap);
    const view = both.create(u32, 1);
    const scope = scratch.scope();
    const inner = both.create(u32, 2);
    scope.end();
    refuses("stale-view", () => inner.value);
    assert.equal(view.value, 1);
    scratch.reset();
    assert.match(refuses("stale-view", () => view.value).message, /below it was reset/);
    const again = both.create(u32, 3);
    heap.reset();
    refuses("stale-view", () => again.value);
    assert.equal(both.create(u32, 4).value, 4);
  });
});

describe("nullAllocator", () => {
  it("refuses everything, and ends a chain", () => {
    const memory = memoryOf();
    const none = nullAllocator(memory);
    assert.equal(none.tryAlloc(0), NIL);
    refuses("out-of-memory", () => none.alloc(1));
    assert.equal(none.tryAllocMany(1, 8), undefined);
    assert.equal(none.tryCreate(u32, 1), undefined);
    assert.equal(none.owns(8 as Ptr), false);
    memory.grow(100);
    refuses("misuse", () => none.free(8 as Ptr, 8));
    refuses("out-of-memory", () => fallback(bump(memory, { end: 100 }), none).alloc(101));
  });
});

describe("logging", () => {
  it("tells of every operation, and of what was refused", () => {
    const events: AllocationEvent[] = [];
    const heap = logging(tlsf(memoryOf(KiB(64))), (event) => events.push(event));
    const ptr = heap.alloc(2000, 16);
    heap.resize(ptr, 2000, 1000, 16);
    heap.resize(ptr, 1000, MiB(1), 16);
    assert.equal(heap.tryAlloc(MiB(1)), NIL);
    heap.free(ptr, 1000, 16);
    assert.deepEqual(events, [
      { operation: "alloc", ptr, byteSize: 2000, align: 16 },
      { operation: "resize", ptr, byteSize: 2000, newByteSize: 1000, align: 16, done: true },
      { operation: "resize", ptr, byteSize: 1000, newByteSize: MiB(1), align: 16, done: false },
      { operation: "alloc", ptr: NIL, byteSize: MiB(1), align: 8 },
      { operation: "free", ptr, byteSize: 1000, align: 16 },
    ]);
  });
});

describe("statistics", () => {
  it("counts what was asked for and what it took", () => {
    const heap = statistics(slab(memoryOf()));
    const ptr = heap.alloc(100);
    const other = heap.alloc(1000);
    heap.resize(ptr, 100, 97);
    assert.equal(heap.tryAlloc(MiB(2)), NIL);
    heap.free(other, 1000);
    assert.deepEqual(heap.statistics(), {
      allocations: 2,
      frees: 1,
      resizes: 1,
      refusals: 1,
      liveBlocks: 1,
      liveByteLength: 97,
      liveUsableByteLength: 104,
      peakBlocks: 2,
      peakByteLength: 1100,
      peakUsableByteLength: 104 + 1024,
      totalByteLength: 1100,
      bySize: [
        { upToByteSize: 128, allocations: 1 },
        { upToByteSize: 1024, allocations: 1 },
      ],
    });
  });

  it("has nothing live after a reset", () => {
    const scratch = arena({ upstream: bump(memoryOf()) });
    const counted = statistics(scratch);
    counted.allocMany(10, 16);
    scratch.reset();
    const { liveBlocks, liveByteLength, peakBlocks, allocations } = counted.statistics();
    assert.deepEqual(
      { liveBlocks, liveByteLength, peakBlocks, allocations },
      { liveBlocks: 0, liveByteLength: 0, peakBlocks: 10, allocations: 10 },
    );
  });
});

describe("validating", () => {
  it("holds the caller to the contract before the allocator hears of it", () => {
    const heap = validating(bump(memoryOf()));
    const ptr = heap.alloc(64, 16);
    refuses("misuse", () => heap.free(ptr, 63, 16));
    refuses("misuse", () => heap.free(ptr, 64, 8));
    refuses("misuse", () => heap.rawResize(ptr, 60, 64, 16));
    refuses("misuse", () => heap.rawFree((ptr + 8) as Ptr, 56, 8));
    refuses("invalid-argument", () => heap.rawAlloc(0, 8));
    refuses("invalid-argument", () => heap.rawAlloc(8, 3));
    heap.free(ptr, 64, 16);
    refuses("misuse", () => heap.rawFree(ptr, 64, 16));
    assert.equal(heap.liveBlocks, 0);
  });

  it("forgets what a reset has freed, and refuses to have it freed again", () => {
    const scratch = arena({ upstream: bump(memoryOf()) });
    const heap = validating(scratch);
    const ptr = heap.alloc(64);
    scratch.reset();
    assert.equal(heap.liveBlocks, 0);
    assert.match(refuses("misuse", () => heap.free(ptr, 64)).message, /was reset/);
    assert.equal(heap.alloc(64), ptr);
    assert.equal(heap.liveBlocks, 1);
    heap.free(ptr, 64);
  });

  it("holds the allocator to the contract", () => {
    class Wrong extends AllocatorWrapper {
      readonly subject = "wrong allocator";
      next = 0;

      override rawAlloc(): Ptr {
        return this.next as Ptr;
      }

      override rawResize(): boolean {
        return true;
      }
    }
    const memory = memoryOf();
    memory.grow(KiB(4));
    const wrong = new Wrong(bump(memory, { end: KiB(4) }));
    const heap = validating(Object.assign(wrong, { rawOwns: () => true }));
    wrong.next = 64;
    heap.alloc(64);
    for (const [next, message] of [
      [64, /bytes of a live block/],
      [100, /misaligned/],
      [120, /bytes of a live block/],
      [KiB(4), /not there/],
    ] as const) {
      wrong.next = next;
      assert.match(refuses("corrupt", () => heap.alloc(64, next === 120 ? 8 : 64)).message, message);
    }
    wrong.next = 128;
    heap.alloc(64);
    assert.match(refuses("corrupt", () => heap.resize(64 as Ptr, 64, 65)).message, /bytes of a live block/);
    assert.match(refuses("corrupt", () => heap.resize(128 as Ptr, 64, MiB(1))).message, /past the bytes/);
  });
});

describe("synchronized", () => {
  const setting = () => {
    const memory = sharedMemory(MiB(1));
    return { memory, heap: slab(memory, { byteOffset: 4096 }), place: 64 as Ptr };
  };

  it("lets nobody in while another is inside, and says who that is", () => {
    const { memory, heap, place } = setting();
    const alive = new Set([1, 2]);
    const isAlive = (identity: number) => alive.has(identity);
    const mine = synchronized(heap, place, { identity: 1, isAlive, timeoutMs: 20 });
    const other = synchronized(attachSlab(memory, 4096), place, { identity: 2, isAlive });
    assert.deepEqual([mine.participant, other.participant, mine.heldBy], [1, 2, 0]);
    const wall = logging(heap, () => refuses("locked", () => mine.alloc(8)));
    using outer = synchronized(wall, place, { identity: 2, isAlive });
    assert.notEqual(outer.alloc(8), NIL);
    assert.notEqual(mine.alloc(8), NIL);
    assert.equal(mine.heldBy, 0);
  });

  it("is not re-entrant, and open again after an error inside", () => {
    const { heap, place } = setting();
    let reenter = (): unknown => undefined;
    const mine = synchronized(
      logging(heap, () => reenter()),
      place,
    );
    reenter = () => mine.alloc(8);
    refuses("invalid-argument", () => mine.alloc(8));
    reenter = () => undefined;
    assert.notEqual(mine.alloc(8), NIL);
    assert.equal(mine.heldBy, 0);
  });

  it("has as many places as it was made with, and frees those of the closed and the dead", () => {
    const { heap, place } = setting();
    const mine = synchronized(heap, place, { seats: 2 });
    const other = synchronized(heap, place, { seats: 2 });
    refuses("out-of-memory", () => synchronized(heap, place, { seats: 2 }));
    assert.equal(mine.recover(1), false, "oneself is not dead");
    assert.equal(mine.recover(3), false);
    assert.equal(mine.recover(2), true);
    assert.equal(mine.recover(2), false);
    mine.close();
    mine.close();
    assert.equal(mine.participant, 0);
    assert.equal(synchronized(heap, place, { seats: 2 }).participant, 1);
    refuses("layout-mismatch", () => synchronized(heap, place, { seats: 3 }));
    assert.equal(other.heldBy, 0);
  });

  it("repairs what one that died inside has left, or says that it cannot", () => {
    for (const [title, make] of [
      ["slab", (memory: Memory) => slab(memory, { byteOffset: 4096 })],
      ["bump allocator", (memory: Memory) => bump(memory, { start: 4096 })],
    ] as const) {
      using memory = sharedMemory(MiB(1));
      const heap = make(memory);
      const mine = synchronized(heap, 64 as Ptr, { identity: 1, isAlive: (identity) => identity === 1, timeoutMs: 100 });
      assert.equal(synchronized(heap, 64 as Ptr, { identity: 2 }).participant, 2);
      const kept = mine.alloc(40);
      // It dies inside: the lock names seat 2, in its first turn.
      memory.i32[64 / 4 + 1] = 2;
      if (title === "slab") memory.i32.fill(77, 4096 / 4 + 8, 4096 / 4 + 40);
      assert.notEqual(mine.alloc(40), kept);
      assert.deepEqual(mine.checkInvariants(), []);
      mine.free(kept, 40);
    }
    using memory = sharedMemory(MiB(1));
    const broken = Object.assign(bump(memory, { start: 4096 }), { checkInvariants: () => ["it is broken"] });
    const mine = synchronized(broken, 64 as Ptr, { identity: 1, isAlive: (identity) => identity === 1 });
    synchronized(broken, 64 as Ptr, { identity: 2 });
    memory.i32[64 / 4 + 1] = 2;
    for (let attempt = 0; attempt < 2; attempt++) assert.match(refuses("corrupt", () => mine.alloc(8)).message, /it is broken/);
  });

  it("needs a place that can be one", () => {
    const { heap, memory } = setting();
    refuses("invalid-argument", () => synchronized(heap, 66 as Ptr));
    refuses("out-of-bounds", () => synchronized(heap, memory.byteLength as Ptr));
    refuses("invalid-argument", () => synchronized(heap, 64 as Ptr, { seats: 0 }));
    refuses("invalid-argument", () => synchronized(heap, 64 as Ptr, { identity: 0 }));
    refuses("invalid-argument", () => synchronized(heap, 64 as Ptr, { timeoutMs: Number.NaN }));
    memory.i32[16] = 5;
    refuses("corrupt", () => synchronized(heap, 64 as Ptr));
    assert.equal(synchronizedByteLength({ seats: 2 }), 64 + 3 * 64);
  });
});
