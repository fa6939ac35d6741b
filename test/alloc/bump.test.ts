import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bump } from "../../src/alloc/bump.ts";
import { NIL, type Ptr } from "../../src/core/brand.ts";
import { MemoryError } from "../../src/core/errors.ts";
import { privateMemory } from "../../src/core/homes.ts";
import { type Backing, Memory } from "../../src/core/memory.ts";
import { GiB, KiB, MiB } from "../../src/core/size.ts";
import { MOST_BYTES, refuses, testAllocator } from "../conformance/allocators.ts";
import { cell } from "../conformance/cell.ts";
import { HOMES } from "../conformance/homes.ts";

testAllocator({ title: "bump", create: (memory) => bump(memory), resizesLast: true }, HOMES);
testAllocator(
  { title: "bump over a region", create: (memory) => bump(memory, { start: 1000, end: MOST_BYTES - 1001 }), resizesLast: true },
  HOMES,
);

/** A private memory whose system refuses to commit beyond `room` bytes, in its own way. */
function reluctant(
  maxByteLength: number,
  room: number,
  code: "disk-full" | "out-of-memory",
): { memory: Memory; commits: number[] } {
  const buffer = new ArrayBuffer(maxByteLength);
  const commits: number[] = [];
  let committed = 0;
  const backing: Backing = {
    home: "private",
    subject: "reluctant memory",
    readOnly: false,
    maxByteLength,
    buffer: () => buffer,
    byteLength: () => committed,
    commit(byteLength) {
      if (byteLength > room) throw new MemoryError(code, { subject: "reluctant memory", event: "is full", cure: "None." });
      commits.push(byteLength);
      committed = byteLength;
    },
    release: () => {},
    ticket: () => assert.fail(),
  };
  return { memory: new Memory(backing), commits };
}

describe("a bump allocator", () => {
  it("never hands out 0, and stays in its region", () => {
    const memory = privateMemory(128);
    assert.equal(bump(memory).alloc(1, 1), 1);
    assert.equal(bump(memory).alloc(1), 8);
    const region = bump(memory, { start: 32, end: 64 });
    assert.equal(region.alloc(8), 32);
    assert.equal(region.tryAlloc(25, 1), NIL);
    assert.equal(region.alloc(24, 1), 40);
    assert.equal(region.freeByteLength, 0);
    assert.equal(region.usedByteLength, 32);
    assert.equal(region.tryAlloc(0, 1), NIL);
    const empty = bump(memory, { start: 32 });
    empty.free(24 as Ptr, 8);
    assert.equal(empty.alloc(8), 32);
    assert.deepEqual(region.checkInvariants(), []);
  });

  it("has regions of no bytes, and none that are no regions", () => {
    const memory = privateMemory(64);
    for (const region of [
      bump(privateMemory(0)),
      bump(memory, { end: 0 }),
      bump(memory, { start: 64 }),
      bump(memory, { start: 5, end: 5 }),
    ]) {
      assert.equal(region.tryAlloc(1, 1), NIL);
      assert.equal(region.usedByteLength, 0);
      assert.deepEqual(region.checkInvariants(), []);
    }
    for (const options of [{ start: 65 }, { end: 65 }, { start: 9, end: 8 }, { start: -1 }, { start: 0.5 }, { end: Number.NaN }]) {
      refuses("invalid-argument", () => bump(memory, options));
    }
  });

  it("commits late and in steps that grow with what is in use", () => {
    const { memory, commits } = reluctant(MiB(64), MiB(64), "disk-full");
    const allocator = bump(memory);
    assert.deepEqual(commits, []);
    while (allocator.tryAlloc(KiB(7)) !== NIL) assert.ok(allocator.usedByteLength <= memory.byteLength);
    assert.ok(commits.length < 14, `${commits.length} commits for 64 MiB`);
    assert.equal(commits[0], KiB(64));
    assert.equal(commits[commits.length - 1], MiB(64));
    for (const [at, byteLength] of commits.slice(0, -1).entries()) assert.equal(byteLength, KiB(64) * 2 ** at);
  });

  it("asks for exactly what it needs where a generous step is refused", () => {
    const { memory, commits } = reluctant(MiB(1), 70_000, "disk-full");
    const allocator = bump(memory);
    allocator.alloc(65_000);
    const ptr = allocator.alloc(4000);
    assert.equal(commits[commits.length - 1], ptr + 4000);
    assert.deepEqual(allocator.checkInvariants(), []);
  });

  it("tells a full disk and returns NIL for a full memory, and is as it was", () => {
    for (const code of ["disk-full", "out-of-memory"] as const) {
      const { memory } = reluctant(MiB(1), 100_000, code);
      const allocator = bump(memory);
      const ptr = allocator.alloc(90_000);
      if (code === "disk-full") {
        refuses(code, () => allocator.tryAlloc(20_000));
        refuses(code, () => allocator.resize(ptr, 90_000, 120_000));
      } else {
        assert.equal(allocator.tryAlloc(20_000), NIL);
        assert.equal(allocator.resize(ptr, 90_000, 120_000), false);
        refuses(code, () => allocator.alloc(20_000));
      }
      assert.equal(allocator.usedByteLength, ptr + 90_000 - 1);
      assert.notEqual(allocator.tryAlloc(5000), NIL);
      assert.deepEqual(allocator.checkInvariants(), []);
    }
  });

  it("uses bytes that others have committed in the meantime", () => {
    const { memory, commits } = reluctant(MiB(1), MiB(1), "disk-full");
    const allocator = bump(memory);
    memory.grow(KiB(200));
    allocator.alloc(KiB(150));
    assert.deepEqual(commits, [KiB(200)]);
  });

  it("refuses a memory that is read-only", () => {
    const { memory } = reluctant(64, 64, "disk-full");
    refuses("read-only", () => bump(Object.create(memory, { readOnly: { value: true }, subject: { value: "file" } })));
  });

  it("works beyond 4 GiB", (t) => {
    let memory: Memory;
    try {
      memory = privateMemory(GiB(6));
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
      return t.skip("this engine has no buffers of 6 GiB");
    }
    const start = GiB(4) + GiB(1) - 3;
    const allocator = bump(memory, { start });
    const a = allocator.alloc(5, 1);
    const b = allocator.alloc(8, 4096);
    assert.equal(a, start);
    assert.equal(b, GiB(5) + 4096);
    const view = allocator.create(cell, 77);
    assert.equal(view.value, 77);
    assert.equal(memory.i32[(b + 8) / 4], 77);
    assert.equal(allocator.resize((b + 8) as typeof b, 8, 16, 4), true);
    assert.equal(allocator.tryAlloc(GiB(1)), NIL);
    assert.deepEqual(allocator.checkInvariants(), []);
    memory.close();
  });
});

for (const home of HOMES) {
  describe(`a bump allocator in ${home.title}`, () => {
    it("starts again after reset, and views made before say so", () => {
      using memory = home.create(KiB(64));
      const allocator = bump(memory);
      const before = allocator.create(cell, 42);
      assert.equal(before.value, 42);
      allocator.reset();
      assert.equal(allocator.usedByteLength, 0);
      const error = refuses("stale-view", () => before.value);
      assert.match(error.message, /bump allocator was reset/);
      const after = allocator.create(cell, 84);
      assert.equal(after.value, 84);
      refuses("stale-view", () => {
        before.value = 1;
      });
      assert.equal(after.value, 84);
    });

    it("ends with close, which leaves the memory open", () => {
      using memory = home.create(KiB(64));
      const allocator = bump(memory);
      const view = allocator.create(cell, 1);
      {
        using _ = allocator;
      }
      refuses("stale-view", () => view.value);
      refuses("closed", () => allocator.alloc(8));
      refuses("closed", () => allocator.reset());
      allocator.close();
      assert.equal(memory.u8.length > 0, true);
      assert.notEqual(bump(memory).alloc(8), NIL);
    });

    it("ends with its memory", () => {
      const memory = home.create(KiB(64));
      const allocator = bump(memory);
      const view = allocator.create(cell, 1);
      memory.close();
      refuses("closed", () => view.value);
      refuses("closed", () => allocator.alloc(8));
      refuses("closed", () => allocator.create(cell, 1));
      allocator.close();
    });

    it("leaves nothing behind when a value does not fit its type", () => {
      using memory = home.create(KiB(64));
      const allocator = bump(memory);
      refuses("bad-value", () => allocator.create(cell, 0.5));
      assert.equal(allocator.create(cell).value, 0);
      assert.equal(allocator.create(cell, 3).value, 3);
    });
  });
}
