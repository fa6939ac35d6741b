import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { arena } from "../../src/alloc/arenas/arena.ts";
import type { CheckableAllocator } from "../../src/alloc/around/wrapper.ts";
import { bump } from "../../src/alloc/bump.ts";
import { emplace } from "../../src/alloc/emplacement.ts";
import { slab } from "../../src/alloc/heaps/slab.ts";
import { tlsf } from "../../src/alloc/heaps/tlsf.ts";
import { stack } from "../../src/alloc/stack.ts";
import { NIL } from "../../src/core/brand.ts";
import { privateMemory } from "../../src/core/homes.ts";
import type { Memory } from "../../src/core/memory.ts";
import { KiB } from "../../src/core/size.ts";
import { track } from "../../src/debug/track.ts";
import { u8, u16, u32 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import { refuses } from "../conformance/allocators.ts";
import { HOMES } from "../conformance/homes.ts";

const Pair = struct("Pair", { key: u32, tag: u16 });

const KINDS: Readonly<Record<string, (memory: Memory) => CheckableAllocator>> = {
  arena: (memory) => arena({ upstream: bump(memory), chunkByteLength: 100 }),
  bump: (memory) => bump(memory),
  slab: (memory) => slab(memory),
  stack: (memory) => stack(memory),
  tlsf: (memory) => tlsf(memory),
};

describe("emplace", () => {
  for (const home of HOMES) {
    for (const [title, make] of Object.entries(KINDS)) {
      it(`makes a row of a length that nobody knew, beside other blocks, with a ${title} in ${home.title}`, () => {
        const steps = fc.array(fc.constantFrom("push", "pop", "append", "reserve", "other"), { maxLength: 60 });
        fc.assert(
          fc.property(steps, fc.boolean(), (program, commits) => {
            using memory = home.create(KiB(64), KiB(256));
            const heap = make(memory);
            const row = emplace(heap, Pair);
            const model: { key: number; tag: number }[] = [];
            const others: number[] = [];
            for (const [at, step] of program.entries()) {
              if (step === "push") {
                row.push({ key: at, tag: 7 });
                model.push({ key: at, tag: 7 });
              } else if (step === "pop") assert.equal(row.pop(), model.pop() !== undefined);
              else if (step === "reserve") row.reserve(at);
              else if (step === "append") {
                row.append(new Uint8Array([at, 1, 0, 0, 9, 0, 0, 0]));
                model.push({ key: at + 256, tag: 9 });
              } else {
                const ptr = heap.alloc(24);
                memory.u8.fill(0xee, ptr, ptr + 24);
                others.push(ptr);
              }
              assert.equal(row.length, model.length);
              assert.deepEqual(heap.checkInvariants?.() ?? [], []);
            }
            const ptr = commits ? row.commit() : NIL;
            row[Symbol.dispose]();
            if (commits) {
              const rows =
                model.length === 0 ? [] : Array.from({ length: model.length }, (_, at) => Pair.read(memory, ptr + at * 8));
              assert.deepEqual(rows, model);
              heap.free(ptr, model.length * 8, 4);
            }
            for (const other of others) for (let at = 0; at < 24; at++) assert.equal(memory.u8[other + at], 0xee);
            assert.deepEqual(heap.checkInvariants?.() ?? [], []);
          }),
          { numRuns: 12 },
        );
      });
    }
  }

  it("leaves nothing behind when what fills it throws, and the arena where it was", () => {
    using scratch = arena(1000);
    scratch.alloc(8);
    const before = scratch.usedByteLength;
    const fill = () => {
      using row = emplace(scratch, u16);
      row.extend([1, 2, 3]);
      row.push(70_000);
    };
    refuses("bad-value", fill);
    assert.equal(scratch.usedByteLength, before);
  });

  it("gives back what it does not need", () => {
    using heap = track(slab(privateMemory(0, { maxByteLength: KiB(256) })));
    const row = emplace(heap, u8);
    row.reserve(1000);
    row.append(new TextEncoder().encode("of eleven b"));
    const ptr = row.commit();
    assert.equal(heap.counts.liveBytes, 11);
    assert.equal(new TextDecoder().decode(heap.memory.bytes(ptr, 11)), "of eleven b");
    heap.free(ptr, 11, 1);
    refuses("closed", () => row.push(1));
    refuses("closed", () => row.commit());
  });

  it("is as it was when there is no room", () => {
    const heap = slab(privateMemory(0, { maxByteLength: KiB(64) }));
    using row = emplace(heap, Pair);
    row.push({ key: 1 });
    refuses("out-of-memory", () => row.reserve(100_000));
    refuses("invalid-argument", () => row.reserve(-1));
    refuses("invalid-argument", () => row.append(new Uint8Array(9)));
    refuses("bad-value", () => row.push({ key: -1 }));
    // @ts-expect-error: what the type cannot be written from does not compile
    refuses("bad-value", () => row.push("a"));
    assert.equal(row.length, 1);
    assert.equal(Pair.read(heap.memory, row.commit()).key, 1);
  });

  it("ends with the scope that it was begun in, and does not grow into one inside", () => {
    using scratch = arena(1000);
    const row = emplace(scratch, u32);
    row.extend([1, 2, 3, 4, 5, 6, 7, 8]);
    const inner = scratch.scope();
    refuses("invalid-argument", () => row.push(9));
    inner.end();
    row.push(9);
    assert.equal(row.length, 9);
    scratch.reset();
    refuses("stale-view", () => row.push(10));
    row[Symbol.dispose]();
    assert.equal(scratch.usedByteLength, 0);
  });

  it("of nothing is a block of no bytes", () => {
    using heap = track(slab(privateMemory(0, { maxByteLength: KiB(256) })));
    const ptr = emplace(heap, Pair).commit();
    assert.notEqual(ptr, NIL);
    heap.free(ptr, 0, 4);
    emplace(heap, Pair)[Symbol.dispose]();
  });

  it("and place take what the type can be written from", () => {
    using scratch = arena(1000);
    assert.equal(Pair.read(scratch.memory, scratch.place(Pair, { key: 4 })).key, 4);
    // @ts-expect-error: no such field
    refuses("bad-value", () => scratch.place(Pair, { kee: 4 }));
    // @ts-expect-error: no number
    refuses("bad-value", () => scratch.place(Pair, { key: "4" }));
    refuses("out-of-memory", () => arena({ limitByteLength: 0 }).place(Pair));
    assert.equal(arena({ limitByteLength: 0 }).tryPlace(Pair), NIL);
    assert.equal(arena({ limitByteLength: 0 }).tryCreate(Pair), undefined);
  });
});
