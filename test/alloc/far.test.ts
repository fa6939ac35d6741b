import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { arena } from "../../src/alloc/arenas/arena.ts";
import { bump } from "../../src/alloc/bump.ts";
import { emplace } from "../../src/alloc/emplacement.ts";
import { sharedHeap } from "../../src/alloc/heaps/shared-heap.ts";
import { slab } from "../../src/alloc/heaps/slab.ts";
import { tlsf } from "../../src/alloc/heaps/tlsf.ts";
import type { ResidentAllocator } from "../../src/alloc/resident.ts";
import { sharedBump } from "../../src/alloc/shared-bump.ts";
import { stack } from "../../src/alloc/stack.ts";
import { privateMemory } from "../../src/core/homes.ts";
import type { Memory } from "../../src/core/memory.ts";
import { GiB, KiB } from "../../src/core/size.ts";
import { track } from "../../src/debug/track.ts";
import { f64, u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { runRandomProgram } from "../../src/testing/index.ts";

/** A memory that reaches beyond 4 GiB, where the engine has them. Its pages take no room until they are touched. */
function farMemory(): Memory | undefined {
  try {
    return privateMemory(0, { maxByteLength: GiB(6) });
  } catch {
    return undefined;
  }
}

const Pair = struct("Pair", { key: u32, tag: f64 });
const memory = farMemory();
const skip = memory === undefined ? "this engine has no buffers over 4 GiB" : false;

const KINDS: Readonly<Record<string, (memory: Memory, byteOffset: number, byteLength: number) => ResidentAllocator>> = {
  slab: (far, byteOffset, byteLength) => slab(far, { byteOffset, byteLength }),
  tlsf: (far, byteOffset, byteLength) => tlsf(far, { byteOffset, byteLength }),
  stack: (far, byteOffset, byteLength) => stack(far, { byteOffset, byteLength }),
  sharedBump: (far, byteOffset, byteLength) => sharedBump(far, { byteOffset, byteLength }),
  sharedHeap: (far, byteOffset, byteLength) => sharedHeap(far, { byteOffset, byteLength, seats: 2 }),
};

describe("beyond 4 GiB", { skip }, () => {
  for (const [title, make] of Object.entries(KINDS)) {
    it(`a ${title} runs random programs`, () => {
      assert.ok(memory !== undefined);
      for (let seed = 1; seed <= 40; seed++) {
        runRandomProgram({ title, create: () => make(memory, GiB(5), KiB(256)) }, seed);
      }
    });
  }

  it("a tracker watches blocks there", () => {
    assert.ok(memory !== undefined);
    for (const title of ["slab", "tlsf"] as const) {
      for (let seed = 1; seed <= 10; seed++) {
        const create = () =>
          track(KINDS[title](memory, GiB(5), KiB(256)), { stackDepth: 0, quarantineByteLength: KiB(4), leaks: false });
        runRandomProgram({ title: `tracked ${title}`, create }, seed);
      }
    }
    const heap = track(KINDS.slab(memory, GiB(5), KiB(256)), { onMistake: "collect" });
    const ptr = heap.alloc(21);
    memory.u8[ptr + 23] = 1;
    heap.free(ptr, 21);
    heap.free(ptr, 21);
    assert.deepEqual(
      heap.mistakes.map(({ kind, numbers }) => ({ kind, ptr: numbers.ptr })),
      [
        { kind: "overflow", ptr },
        { kind: "double-free", ptr },
      ],
    );
  });

  it("an arena places blocks, values and rows there, in chunks on both sides", () => {
    assert.ok(memory !== undefined);
    for (const start of [GiB(2) - KiB(3), GiB(4) - KiB(3), GiB(5)]) {
      using made = arena({ upstream: bump(memory, { start, end: start + KiB(256) }), chunkByteLength: KiB(1) });
      for (let seed = 1; seed <= 10; seed++) {
        runRandomProgram(
          { title: "arena", create: () => arena({ upstream: bump(memory, { start, end: start + KiB(256) }) }) },
          seed,
        );
      }
      const views = Array.from({ length: 500 }, (_, key) => made.create(Pair, { key, tag: key + 0.5 }));
      const row = emplace(made, Pair);
      for (let key = 0; key < 500; key++) row.push({ key });
      const ptr = row.commit();
      for (const [key, view] of views.entries()) assert.deepEqual([view.key, view.tag], [key, key + 0.5]);
      for (let key = 0; key < 500; key++) assert.equal(Pair.read(memory, ptr + key * Pair.byteSize).key, key);
      assert.deepEqual(Pair.read(memory, made.place(Pair)), { key: 0, tag: 0 });
      assert.deepEqual(made.checkInvariants(), []);
    }
  });

  it("a bump allocator places blocks there", () => {
    assert.ok(memory !== undefined);
    const region = bump(memory, { start: GiB(5), end: GiB(5) + 1000 });
    assert.equal(region.alloc(100), GiB(5));
    assert.equal(region.alloc(100), GiB(5) + 104);
  });

  for (const title of ["slab", "tlsf", "stack"] as const) {
    it(`a ${title} of 6 GiB has blocks on both sides, and one that is longer than 4 GiB`, () => {
      assert.ok(memory !== undefined);
      const heap = KINDS[title](memory, 0, GiB(6));
      const huge = heap.alloc(GiB(4) + KiB(512));
      const far = Array.from({ length: 200 }, (_, at) => heap.alloc(at * 9, at % 3 === 0 ? 64 : 8));
      for (const [at, ptr] of far.entries()) memory.u8.fill(at, ptr, ptr + at * 9);
      const beyond = far.filter((ptr) => ptr > GiB(4));
      assert.ok(beyond.length >= 100, `${beyond.length} blocks are beyond 4 GiB`);
      assert.deepEqual(heap.checkInvariants(), []);
      for (const [at, ptr] of far.entries()) {
        for (const byte of [0, at * 9 - 1]) if (byte >= 0 && at > 0) assert.equal(memory.u8[ptr + byte], at);
        heap.free(ptr, at * 9, at % 3 === 0 ? 64 : 8);
      }
      assert.deepEqual(heap.checkInvariants(), []);
      heap.free(huge, GiB(4) + KiB(512));
      assert.deepEqual(heap.checkInvariants(), []);
      heap.close();
    });
  }
});
