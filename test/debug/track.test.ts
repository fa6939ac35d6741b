import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "../../src/alloc/arenas/arena.ts";
import { Bump } from "../../src/alloc/bump.ts";
import { slab } from "../../src/alloc/heaps/slab.ts";
import { pool } from "../../src/collections/pools/pool.ts";
import { hashTable } from "../../src/collections/tables/make-hash-table.ts";
import { NIL, type Ptr } from "../../src/core/brand.ts";
import { MemoryError } from "../../src/core/errors.ts";
import { privateMemory, wasmMemory } from "../../src/core/homes.ts";
import { type Mistake, MistakeError } from "../../src/debug/mistake.ts";
import { track } from "../../src/debug/track.ts";
import { f64, u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { text } from "../../src/layout/text.ts";
import { Particle } from "./fault-list.ts";

declare const WebAssembly: {
  readonly Memory: new (limits: {
    initial: number;
    maximum: number;
  }) => { readonly buffer: ArrayBuffer; grow(pages: number): number };
};

function allocatesHere(heap: { alloc(byteSize: number): Ptr }): Ptr {
  return heap.alloc(24);
}

function freesHere(heap: { free(ptr: Ptr, byteSize: number): void }, ptr: Ptr): void {
  heap.free(ptr, 24);
}

function freesAgainHere(heap: { free(ptr: Ptr, byteSize: number): void }, ptr: Ptr): void {
  heap.free(ptr, 24);
}

function thrownBy(work: () => unknown): MistakeError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof MistakeError, `${error}`);
    return error;
  }
  return assert.fail("nothing was thrown");
}

test("a double free is told with all three stacks, each beginning in the program and not in offheap", () => {
  using memory = privateMemory(4096);
  const heap = track(new Bump(memory));
  const ptr = allocatesHere(heap);
  freesHere(heap, ptr);
  const error = thrownBy(() => freesAgainHere(heap, ptr));
  assert.equal(error.code, "misuse");
  const [mistake] = error.mistakes;
  assert.match(mistake.allocated?.[0] ?? "", /allocatesHere/);
  assert.match(mistake.ended?.[0] ?? "", /freesHere/);
  assert.match(mistake.here?.[0] ?? "", /freesAgainHere/);
  assert.match(
    error.message,
    /^double-free: bump allocator had a block freed after it was freed \(ptr=\d+, byteSize=24, allocation=1\)\. Free each block once.*\n {2}allocated\n {4}at .*allocatesHere[\s\S]*\n {2}first freed\n {4}at .*freesHere[\s\S]*\n {2}freed again\n {4}at .*freesAgainHere/,
  );
  heap.close();
});

test("a leak is told at close with the place that allocated it, and blocks of one place together", () => {
  using memory = privateMemory(4096);
  const heap = track(new Bump(memory));
  for (let left = 3; left > 0; left--) allocatesHere(heap);
  heap.alloc(100);
  assert.deepEqual(
    heap.leaks().map(({ numbers }) => [numbers.blocks, numbers.bytes]),
    [
      [1, 100],
      [3, 72],
    ],
  );
  const error = thrownBy(() => heap.close());
  assert.deepEqual(
    error.mistakes.map(({ kind, numbers }) => [kind, numbers.blocks, numbers.bytes]),
    [
      ["leak", 1, 100],
      ["leak", 3, 72],
    ],
  );
  assert.match(error.mistakes[1].allocated?.[0] ?? "", /allocatesHere/);
  heap.close();
});

test("what structs and collections allocate is told with the line of the program that asked for it", () => {
  const Point = struct("Point", { x: f64, y: f64 });
  const heap = track(slab(privateMemory(1 << 20)), { stackDepth: 2 });
  const makes = [
    function views() {
      heap.create(Point, { x: 1 });
    },
    function pools() {
      pool(Point, { allocator: heap, capacity: 100 }).add({ x: 1 });
    },
    function tables() {
      hashTable({ key: text, value: u32, allocator: heap }).set("a", 1);
    },
  ];
  for (const make of makes) make();
  const places = heap.leaks().map(({ allocated }) => /^\w+/.exec(allocated?.[0] ?? "")?.[0]);
  assert.deepEqual([...new Set(places)].sort(), ["pools", "tables", "views"]);
  thrownBy(() => heap.close());
});

test("writes past either end are told to the byte", () => {
  using memory = privateMemory(4096);
  const heap = track(new Bump(memory), { onMistake: "collect" });
  const ptr = heap.alloc(21);
  memory.u8[ptr + 23] = 0x41;
  memory.u8[ptr + 25] = 0x42;
  memory.u8[ptr - 2] = 0x43;
  const found = heap.check();
  assert.deepEqual(
    found.map(({ kind, numbers: { bytesPast, bytesBefore, reach, value } }) => ({ kind, bytesPast, bytesBefore, reach, value })),
    [
      { kind: "underflow", bytesPast: undefined, bytesBefore: 2, reach: 1, value: "0x43" },
      { kind: "overflow", bytesPast: 3, bytesBefore: undefined, reach: 3, value: "0x41" },
    ],
  );
  heap.free(ptr, 21);
  heap.close();
  assert.equal(heap.mistakes.length, 2);
});

test("every byte of a redzone is watched, whatever the size and the alignment of the block", () => {
  using memory = privateMemory(1 << 16);
  const heap = track(new Bump(memory), { onMistake: "collect", stackDepth: 0, redzoneByteLength: 16 });
  for (const align of [1, 8, 32]) {
    for (let byteSize = 1; byteSize <= 17; byteSize++) {
      const ptr = heap.alloc(byteSize, align);
      const [block] = [...heap.blocks()].filter((one) => one.ptr === ptr);
      for (let at = block.byteOffset; at < block.byteOffset + block.byteLength; at++) {
        const inside = at >= ptr && at < ptr + byteSize;
        memory.u8[at] ^= 0x80;
        assert.equal(heap.check().length, inside ? 0 : 1, `align ${align}, size ${byteSize}, byte ${at - ptr}`);
      }
      heap.free(ptr, byteSize, align);
    }
  }
});

test("a free looks at every byte of a redzone", () => {
  using memory = privateMemory(1 << 16);
  const heap = track(new Bump(memory), { onMistake: "collect", stackDepth: 0 });
  for (const byteSize of [1, 8, 13, 300, 4464]) {
    const place = heap.alloc(byteSize);
    const [block] = [...heap.blocks()].filter((one) => one.ptr === place);
    heap.free(place, byteSize);
    for (let at = block.byteOffset; at < block.byteOffset + block.byteLength; at++) {
      if (at >= place && at < place + byteSize) continue;
      const before = heap.mistakes.length;
      const ptr = heap.alloc(byteSize);
      memory.u8[ptr + at - place] ^= 0x80;
      heap.free(ptr, byteSize);
      assert.equal(heap.mistakes.length, before + 1, `size ${byteSize}, byte ${at - place}`);
      assert.match(heap.mistakes[before].kind, at < place ? /underflow/ : /overflow/);
    }
  }
  heap.close();
});

test("a block that leaves the quarantine is looked at: its first bytes, its last ones, and what lies around it", () => {
  using memory = privateMemory(1 << 22);
  for (const paintedByteLength of [undefined, 0, 40, 400]) {
    const options = { onMistake: "collect", stackDepth: 0, quarantineByteLength: 400 } as const;
    const heap = track(new Bump(memory), paintedByteLength === undefined ? options : { ...options, paintedByteLength });
    const painted = paintedByteLength ?? 128;
    for (const byteSize of [1, 7, 8, 45, 150, 301]) {
      for (let at = -16; at < byteSize + 16; at++) {
        const before = heap.mistakes.length;
        const ptr = heap.alloc(byteSize);
        heap.free(ptr, byteSize);
        memory.u8[ptr + at] ^= 0x40;
        heap.free(heap.alloc(360), 360);
        const seen = at < Math.min(painted, byteSize) || at >= byteSize - (byteSize % 8);
        const kinds = heap.mistakes.slice(before).map(({ kind }) => kind);
        assert.deepEqual(kinds, seen ? ["write-after-free"] : [], `size ${byteSize}, byte ${at}, painted ${painted}`);
      }
    }
    heap.close();
  }
});

test("a stale view throws at every use, tells the story, and is counted once", () => {
  using memory = privateMemory(4096);
  const heap = track(new Bump(memory));
  const view = heap.create(Particle, { x: 1.5, hp: 7 });
  assert.equal(view.x, 1.5);
  heap.destroy(Particle, view);
  for (let left = 3; left > 0; left--) {
    const error = thrownBy(() => view.x);
    assert.equal(error.code, "stale-view");
    assert.match(error.message, /^use-after-free: bump allocator had a view used after its block was freed/);
  }
  assert.equal(heap.mistakes.length, 1);
  heap.close();
});

test("views that were made before a scope ended tell that it was the scope, after a reset that it was the reset", () => {
  using scratch = new Arena();
  using heap = track(scratch);
  const outer = heap.create(Particle);
  const scope = scratch.scope();
  const inner = heap.create(Particle);
  scope.end();
  assert.match(
    thrownBy(() => inner.x).message,
    /^use-after-reset: arena had a view used after its block ended: a scope of the arena ended/,
  );
  assert.equal(outer.x, 0);
  scratch.reset();
  assert.match(thrownBy(() => outer.x).message, /its block ended: the arena was reset/);
});

test("realloc always moves, keeps bytes and alignment, and the old bytes are painted over", () => {
  using memory = privateMemory(1 << 16);
  using heap = track(new Bump(memory));
  const ptr = heap.dupe(Uint8Array.of(1, 2, 3, 4), 64);
  const larger = heap.realloc(ptr, 4, 100, 64);
  assert.notEqual(larger, ptr);
  assert.equal(larger % 64, 0);
  assert.deepEqual([...memory.bytes(larger, 4)], [1, 2, 3, 4]);
  assert.deepEqual([...memory.bytes(ptr, 4)], [0xdf, 0xdf, 0xdf, 0xdf]);
  const smaller = heap.realloc(larger, 100, 2, 64);
  assert.deepEqual([...memory.bytes(smaller, 2)], [1, 2]);
  heap.free(smaller, 2, 64);
});

test("a realloc without room leaves the block as it was", () => {
  using memory = privateMemory(4096);
  using heap = track(new Bump(memory), { quarantineByteLength: 0 });
  const ptr = heap.dupe(Uint8Array.of(9), 1);
  assert.throws(() => heap.realloc(ptr, 1, 8192, 1), { code: "out-of-memory" });
  assert.equal(heap.tryRealloc(ptr, 1, 8192, 1), NIL);
  assert.equal(memory.u8[ptr], 9);
  assert.deepEqual([heap.counts.liveBlocks, heap.counts.liveBytes], [1, 1]);
  heap.free(ptr, 1, 1);
});

test("when there is no room, quarantine is given back before an allocation fails", () => {
  using scratch = new Arena({ limitByteLength: 1024, chunkByteLength: 1024 });
  using heap = track(scratch, { leaks: true });
  for (let left = 50; left > 0; left--) heap.free(heap.alloc(800), 800);
  assert.equal(heap.tryAlloc(2000), NIL);
  assert.equal(heap.counts.liveBlocks, 0);
});

test("what is found while quarantine is emptied for room is told at once and thrown at the next check", () => {
  using scratch = new Arena({ limitByteLength: 1024, chunkByteLength: 1024 });
  using heap = track(scratch);
  const ptr = heap.alloc(800);
  heap.free(ptr, 800);
  heap.memory.u8[ptr + 3] = 1;
  const next = heap.alloc(800);
  assert.equal(heap.mistakes.length, 1);
  assert.equal(thrownBy(() => heap.check()).mistakes[0].kind, "write-after-free");
  heap.check();
  heap.free(next, 800);
});

test("counts stay right through mistakes", () => {
  using memory = privateMemory(1 << 16);
  using heap = track(new Bump(memory), { onMistake: "collect" });
  const [a, b] = [heap.alloc(10), heap.alloc(20)];
  heap.free(a, 11);
  heap.free(a, 10);
  heap.free((b + 8) as Ptr, 8);
  heap.free(0x7000 as Ptr, 8);
  const { liveBlocks, liveBytes, peakBlocks, peakBytes, blocks, bytes, mistakes } = heap.counts;
  assert.deepEqual([liveBlocks, liveBytes, peakBlocks, peakBytes, blocks, bytes, mistakes], [1, 20, 2, 30, 2, 30, 4]);
  heap.free(b, 20);
});

test("growth that moves the bytes is followed by views and by the books", () => {
  using memory = wasmMemory(new WebAssembly.Memory({ initial: 1, maximum: 8 }));
  using heap = track(new Bump(memory));
  const view = heap.create(Particle, { x: 4 });
  const large = heap.alloc(200_000);
  assert.equal(view.x, 4);
  view.x = 5;
  heap.check();
  heap.free(large, 200_000);
  heap.destroy(Particle, view);
});

test("after the memory was closed views throw closed, and nothing more is told", () => {
  const memory = privateMemory(4096);
  const heap = track(new Bump(memory));
  const view = heap.create(Particle);
  const ptr = heap.alloc(8);
  memory.close();
  assert.throws(() => view.x, { code: "closed" });
  assert.throws(() => heap.alloc(8), { code: "closed" });
  assert.throws(() => heap.free(ptr, 8), { code: "closed" });
  assert.deepEqual(heap.check(), []);
  heap.close();
  assert.deepEqual(heap.mistakes, []);
});

test("after close it throws closed, its views are stale, and the allocator below is as usable as before", () => {
  using memory = privateMemory(4096);
  const below = new Bump(memory);
  const heap = track(below, { leaks: false });
  const view = heap.create(Particle);
  heap.close();
  assert.throws(
    () => heap.alloc(8),
    (error) => error instanceof MemoryError && error.code === "closed",
  );
  assert.throws(() => heap.free(8 as Ptr, 8), { code: "closed" });
  assert.throws(() => view.x, { code: "stale-view" });
  assert.notEqual(below.alloc(8), NIL);
});

test("blocks that are live when an arena is tracked are no leaks, unless one asks", () => {
  using scratch = new Arena();
  const quiet = track(scratch);
  quiet.alloc(8);
  quiet.close();
  const strict = track(scratch, { leaks: true });
  strict.alloc(8);
  assert.equal(thrownBy(() => strict.close()).mistakes[0].kind, "leak");
});

test("a function gets each mistake, and the program goes on", () => {
  using memory = privateMemory(4096);
  const told: Mistake[] = [];
  const heap = track(new Bump(memory), { onMistake: (mistake) => void told.push(mistake) });
  const ptr = heap.alloc(8);
  heap.free(ptr, 8);
  heap.free(ptr, 8);
  heap.free(heap.alloc(8), 9);
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ["double-free", "wrong-size"],
  );
  heap.close();
});

test("trackers stack: each sees what goes through it", () => {
  using memory = privateMemory(1 << 16);
  using below = track(new Bump(memory), { stackDepth: 0 });
  {
    using above = track(below, { stackDepth: 0, quarantineByteLength: 200 });
    for (let left = 20; left > 0; left--) above.free(above.alloc(40, 32), 40, 32);
    assert.ok(below.counts.liveBlocks > 0, "what waits above is live below");
  }
  assert.equal(below.counts.liveBlocks, 0);
});

test("wrong options are refused", () => {
  using memory = privateMemory(4096);
  const heap = new Bump(memory);
  for (const options of [
    { redzoneByteLength: 4 },
    { redzoneByteLength: 24 },
    { redzoneByteLength: 4096 },
    { quarantineByteLength: -1 },
    { everyNth: 0 },
    { everyNth: 1.5 },
    { stackDepth: -1 },
    { paintedByteLength: 1.5 },
    { seed: Number.NaN },
  ]) {
    assert.throws(() => track(heap, options), { code: "invalid-argument" }, JSON.stringify(options));
  }
});

test("sizes and alignments that are none are refused, and sizes that no memory has find no room", () => {
  using memory = privateMemory(4096);
  using heap = track(new Bump(memory));
  for (const byteSize of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => heap.alloc(byteSize), { code: "invalid-argument" });
  }
  for (const align of [0, 3, -8, Number.NaN]) assert.throws(() => heap.alloc(8, align), { code: "invalid-argument" });
  for (const byteSize of [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 7, 2 ** 52, 2 ** 32, 0x7fff_ffff, 0xffff_ffff]) {
    assert.equal(heap.tryAlloc(byteSize), NIL);
  }
  assert.equal(heap.counts.blocks, 0);
});
