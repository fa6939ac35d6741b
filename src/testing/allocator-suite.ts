import type { CheckableAllocator } from "../alloc/around/wrapper.ts";
import { NIL, type Ptr } from "../core/brand.ts";
import type { MemoryErrorCode } from "../core/errors.ts";
import { u32 } from "../layout/scalars.ts";
import type { AllocatorUnderTest, BadFree, RegisterTest } from "./allocator-under-test.ts";
import { expect, expectEqual, expectRefusal, expectSound } from "./expect.ts";
import { FilledBlocks } from "./filled-blocks.ts";
import { type ProgramStep, randomFrom, randomProgram, runProgram, shrunk } from "./program.ts";

const WRONG_SIZES = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, -Number.MAX_SAFE_INTEGER, 2 ** 53];
const WRONG_ALIGNS = [0, -8, 3, 12, 0.5, Number.NaN, 2 ** 32];
const HUGE_SIZES = [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 8, 2 ** 40, Number.MAX_SAFE_INTEGER];
const BAD_FREE_CODES: readonly MemoryErrorCode[] = ["misuse", "invalid-argument", "out-of-bounds"];

/**
 * The conformance suite for allocators: registers one test for each thing that Allocator promises, and one of random programs.
 *
 * ```ts
 * import { test } from "node:test";
 * import { testAllocator } from "offheap/testing";
 *
 * testAllocator({ title: "mine", create: () => new Mine(privateMemory(MiB(1))), mostByteLength: MiB(1) }, test);
 * ```
 */
export function testAllocator(under: AllocatorUnderTest, test: RegisterTest): void {
  const on = (name: string, work: (allocator: CheckableAllocator, live: FilledBlocks) => void): unknown =>
    test(`${under.title} ${name}`, () => {
      const allocator = under.create();
      try {
        const live = new FilledBlocks(allocator);
        work(allocator, live);
        live.check("at the end");
      } finally {
        under.dispose?.(allocator);
      }
    });

  on("hands out aligned blocks for every alignment from 1 to 4096", (allocator, live) => {
    for (let align = 1; align <= 4096; align *= 2) {
      for (const byteSize of [1, 3, align, align + 1]) live.add(allocator.alloc(byteSize, align), byteSize, align);
      live.check(`after alignment ${align}`);
    }
  });

  on("gives blocks of size 0 a place of their own, and takes them back", (allocator, live) => {
    for (const align of [1, 8, 64]) live.add(allocator.alloc(0, align), 0, align);
    expect(allocator.dupe(new Uint8Array(0)) !== NIL, () => "a copy of nothing is NIL");
    expect(allocator.resize(live.blocks[2].ptr, 0, 0, 64), () => "nothing cannot stay nothing");
    for (let left = live.blocks.length; left > 0; left--) {
      const { ptr, align } = live.take(left - 1);
      allocator.free(ptr, 0, align);
    }
    allocator.free(NIL, 0);
  });

  on("refuses what cannot fit, and is as it was", (allocator, live) => {
    live.add(allocator.alloc(100), 100, 8);
    for (const byteSize of [under.mostByteLength, ...HUGE_SIZES.filter((size) => size > under.mostByteLength)]) {
      expectEqual(allocator.tryAlloc(byteSize), NIL, `tryAlloc(${byteSize})`);
      expectEqual(allocator.tryAlloc(byteSize, 4096), NIL, `tryAlloc(${byteSize}, 4096)`);
      expectEqual(allocator.tryAllocZeroed(byteSize), NIL, `tryAllocZeroed(${byteSize})`);
      expectEqual(allocator.tryAllocMany(3, byteSize), undefined, `tryAllocMany(3, ${byteSize})`);
      expectEqual(allocator.tryRealloc(live.blocks[0].ptr, 100, byteSize), NIL, `tryRealloc to ${byteSize}`);
      expectEqual(
        expectRefusal(["out-of-memory"], "alloc", () => allocator.alloc(byteSize)).numbers.byteSize,
        byteSize,
        "the error",
      );
      expectEqual(allocator.tryReallocZeroed(live.blocks[0].ptr, 100, byteSize), NIL, `tryReallocZeroed to ${byteSize}`);
      expectRefusal(["out-of-memory"], "realloc", () => allocator.realloc(live.blocks[0].ptr, 100, byteSize));
      expectRefusal(["out-of-memory"], "allocMany", () => allocator.allocMany(2, byteSize));
      live.check(`after ${byteSize} bytes`);
    }
    expectEqual(allocator.tryAlloc(8, 2 ** 31), NIL, "an alignment of 2^31");
    expectEqual(allocator.tryAllocMany(2 ** 40, 2 ** 20), undefined, "2^60 bytes in blocks");
    live.add(allocator.alloc(100), 100, 8);
  });

  on("is exhausted without harm: all blocks keep their bytes", (allocator, live) => {
    const made = exhaust(allocator, live);
    expectRefusal(["out-of-memory"], "one more byte", () => allocator.alloc(1, 1));
    live.check("when exhausted");
    if (!under.reuses) return;
    while (live.blocks.length > 0) {
      const { ptr, byteSize, align } = live.take(live.blocks.length >>> 1);
      allocator.free(ptr, byteSize, align);
    }
    live.check("when everything is freed");
    expect(exhaust(allocator, live) >= made * 0.9, () => `of ${made} bytes fewer than nine tenths could be had again`);
  });

  on("resizes where the block is, or refuses and leaves it", (allocator, live) => {
    for (const align of [1, 8, 256]) {
      live.add(allocator.alloc(64, align), 64, align);
      for (const byteSize of [64, 40, 41, 400, 1, 4000]) {
        const block = live.take(live.blocks.length - 1);
        const done = allocator.resize(block.ptr, block.byteSize, byteSize, align);
        live.expectWhole(block, block.ptr, done ? Math.min(block.byteSize, byteSize) : block.byteSize);
        live.add(block.ptr, done ? byteSize : block.byteSize, align);
        live.check(`after a resize to ${byteSize}`);
      }
    }
  });

  on("moves a block with its bytes and its alignment when it must", (allocator, live) => {
    for (const align of [1, 8, 64, 4096]) {
      let byteSize = 10;
      live.add(allocator.alloc(byteSize, align), byteSize, align);
      for (const wanted of [200, 100, 3000, 10, 6000]) {
        live.add(allocator.alloc(1, 1), 1, 1);
        const block = live.take(live.blocks.length - 2);
        const ptr = allocator.realloc(block.ptr, byteSize, wanted, align);
        live.expectWhole(block, ptr, Math.min(byteSize, wanted));
        live.add(ptr, wanted, align);
        byteSize = wanted;
        live.check(`after a realloc to ${wanted}`);
      }
    }
    live.add(allocator.realloc(NIL, 0, 40), 40, 8);
  });

  on("clears where it says so, whatever lay there", (allocator) => {
    for (const byteSize of [1, 4, 7, 16, 130, 1000, 5000]) {
      const junk = allocator.alloc(byteSize, 1);
      allocator.memory.u8.fill(255, junk, junk + byteSize);
      allocator.free(junk, byteSize, 1);
      const align = byteSize % 4 === 0 ? 4 : 1;
      const ptr = allocator.allocZeroed(byteSize, align);
      expectZero(allocator, ptr, byteSize);
      allocator.memory.u8.fill(255, ptr, ptr + byteSize);
      const longer = allocator.reallocZeroed(ptr, byteSize, byteSize + 300, align);
      expectZero(allocator, longer + byteSize, 300);
    }
  });

  on("makes and takes back batches, all or none", (allocator, live) => {
    expectEqual(allocator.allocMany(0, 8).length, 0, "a batch of none");
    for (const [count, byteSize, align] of [
      [1, 16, 8],
      [50, 24, 8],
      [20, 100, 64],
      [40, 1, 1],
    ]) {
      const ptrs = allocator.allocMany(count, byteSize, align);
      expectEqual(ptrs.length, count, "the length of the batch");
      for (const ptr of ptrs) live.add(ptr, byteSize, align);
      live.check(`with ${count} blocks of ${byteSize}`);
      for (const _ of ptrs) live.take(live.blocks.length - 1);
      allocator.freeMany(ptrs, byteSize, align);
      live.check("after freeMany");
    }
    for (const count of [-1, 0.5, Number.NaN])
      expectRefusal(["invalid-argument"], "allocMany", () => allocator.allocMany(count, 8));
  });

  on("says how many bytes of a block may be written", (allocator, live) => {
    const blocks = [1, 8, 100, 130, 5000].map((byteSize) => ({ ptr: allocator.alloc(byteSize), byteSize }));
    for (const { ptr, byteSize } of blocks) {
      const usable = allocator.usableByteLength(ptr, byteSize);
      expect(usable >= byteSize, () => `${usable} of ${byteSize} bytes may be written`);
      allocator.free(ptr, byteSize);
      live.add(allocator.alloc(byteSize), byteSize, 8);
    }
    for (const { ptr, byteSize, fill } of live.blocks) {
      allocator.memory.u8.fill(fill, ptr, ptr + allocator.usableByteLength(ptr, byteSize));
      live.check(`after writing all usable bytes of ${byteSize}`);
    }
  });

  on("knows what it owns", (allocator) => {
    const ptr = allocator.alloc(64);
    expect(allocator.owns(ptr), () => "it does not own its block");
    for (const other of [0, -8, 0.5, Number.NaN, Number.MAX_SAFE_INTEGER])
      expect(!allocator.owns(other as Ptr), () => `it owns ${other}`);
  });

  on("makes values with views, and destroys them", (allocator) => {
    const view = allocator.create(u32, 7);
    const other = allocator.create(u32);
    expectEqual(view.value, 7, "the value");
    expectEqual(other.value, 0, "a value without an input");
    allocator.destroy(u32, view);
    expectRefusal(["stale-view"], "reading a destroyed value", () => view.value);
    expectRefusal(["stale-view"], "destroying it again", () => allocator.destroy(u32, view));
    expectEqual(other.value, 0, "the other value");
    expectRefusal(["bad-value"], "a value that does not fit", () => allocator.create(u32, -1));
    expectSound(allocator, "after destroy");
  });

  on("places values without a view, and takes them back", (allocator, live) => {
    const ptr = allocator.place(u32, 7);
    expectEqual(u32.read(allocator.memory, ptr), 7, "the value");
    const empty = allocator.tryPlace(u32);
    expectEqual(u32.read(allocator.memory, empty), 0, "a value without an input");
    for (const place of [ptr, empty]) live.add(place, 4, 4);
    expectRefusal(["bad-value"], "a value that does not fit", () => allocator.place(u32, -1));
    const copy = allocator.tryDupe(Uint8Array.of(1, 2, 3));
    expectEqual(allocator.memory.u8[copy + 2], 3, "the copy");
    allocator.free(copy, 3, 1);
    for (const _ of [0, 1]) allocator.destroyAt(u32, live.take(live.blocks.length - 1).ptr);
    expectSound(allocator, "after destroyAt");
  });

  on("refuses sizes, alignments and blocks that are none, and is as it was", (allocator, live) => {
    const ptr = allocator.alloc(64);
    live.add(ptr, 64, 8);
    for (const wrong of WRONG_SIZES) {
      for (const work of [
        () => allocator.alloc(wrong),
        () => allocator.tryAlloc(wrong),
        () => allocator.allocMany(2, wrong),
        () => allocator.resize(ptr, 64, wrong),
        () => allocator.realloc(ptr, 64, wrong),
        () => allocator.free(ptr, wrong),
      ]) {
        expectRefusal(["invalid-argument"], `a size of ${wrong}`, work);
      }
    }
    for (const wrong of WRONG_ALIGNS) {
      expectRefusal(["invalid-argument"], `an alignment of ${wrong}`, () => allocator.alloc(8, wrong));
      expectRefusal(["invalid-argument"], `freeing with an alignment of ${wrong}`, () => allocator.free(ptr, 64, wrong));
    }
    expectRefusal(["invalid-argument"], "a misaligned block", () => allocator.free((ptr + 1) as Ptr, 8));
    expectRefusal(["out-of-bounds"], "a block past the memory", () => allocator.free((2 ** 50) as Ptr, 8));
    expectRefusal(["out-of-bounds"], "a negative block", () => allocator.resize(-8 as Ptr, 8, 16));
    expectRefusal(["out-of-bounds", "invalid-argument"], "a block that is no number", () => allocator.free(Number.NaN as Ptr, 8));
  });

  for (const mistake of under.notices ?? []) {
    on(`notices a bad free (${mistake}) before it does harm`, (allocator, live) => {
      for (const byteSize of [16, 64, 200, 3000, 9000]) live.add(allocator.alloc(byteSize), byteSize, 8);
      for (const { ptr, byteSize } of [...live.blocks]) {
        expectRefusal(BAD_FREE_CODES, `${mistake}, ${byteSize} bytes`, () => badFree(allocator, mistake, ptr, byteSize));
        live.check(`after a bad free (${mistake})`);
      }
    });
  }

  const { programs = 200, seed = 1 } = under;
  test(`${under.title} keeps blocks apart and whole through ${programs} random programs`, () => {
    for (let at = seed; at < seed + programs; at++) runRandomProgram(under, at);
  });
}

/** Runs the random program of a seed. Returns how many steps it has. What it throws tells the seed and the shortest program found that fails. */
export function runRandomProgram(under: Pick<AllocatorUnderTest, "title" | "create" | "dispose">, seed: number): number {
  const run = (steps: readonly ProgramStep[]): unknown => {
    const allocator = under.create();
    try {
      runProgram(allocator, steps);
      return undefined;
    } catch (error) {
      return error;
    } finally {
      under.dispose?.(allocator);
    }
  };
  const steps = randomProgram(randomFrom(seed));
  if (run(steps) === undefined) return steps.length;
  const shortest = shrunk(steps, (shorter) => run(shorter) !== undefined);
  throw new Error(`${under.title} fails the program of seed ${seed}: ${JSON.stringify(shortest)}`, { cause: run(shortest) });
}

/** Takes blocks until nothing is left. Returns their bytes. */
function exhaust(allocator: CheckableAllocator, live: FilledBlocks): number {
  let made = 0;
  for (let byteSize = 16_384; byteSize >= 1; byteSize = Math.floor(byteSize / 2)) {
    for (let ptr = allocator.tryAlloc(byteSize, 1); ptr !== NIL; ptr = allocator.tryAlloc(byteSize, 1)) {
      live.add(ptr, byteSize, 1);
      made += byteSize;
    }
  }
  return made;
}

function badFree(allocator: CheckableAllocator, mistake: BadFree, ptr: Ptr, byteSize: number): void {
  switch (mistake) {
    case "freed": {
      const other = allocator.alloc(byteSize);
      allocator.free(other, byteSize);
      allocator.free(other, byteSize);
      break;
    }
    case "interior":
      allocator.free((ptr + 8) as Ptr, byteSize - 8);
      break;
    case "foreign":
      allocator.free((allocator.memory.byteLength - 8) as Ptr, 8);
      break;
    case "size":
      allocator.free(ptr, byteSize * 4);
  }
}

function expectZero(allocator: CheckableAllocator, byteOffset: number, byteLength: number): void {
  const { u8 } = allocator.memory;
  for (let at = byteOffset; at < byteOffset + byteLength; at++) expect(u8[at] === 0, () => `byte ${at} is ${u8[at]}, not 0`);
}
