import assert from "node:assert/strict";
import { test } from "node:test";
import type { Allocator } from "../../src/alloc/allocator.ts";
import { Arena } from "../../src/alloc/arenas/arena.ts";
import { Bump } from "../../src/alloc/bump.ts";
import { columnBuffer } from "../../src/collections/columns/column-buffer.ts";
import { interner } from "../../src/collections/strings/interner.ts";
import { NIL, type Ptr } from "../../src/core/brand.ts";
import { privateMemory } from "../../src/core/homes.ts";
import { checkAllAllocationFailures } from "../../src/debug/allocation-failures.ts";
import { failAfter } from "../../src/debug/fail-after.ts";

const backing = (): Allocator => new Bump(privateMemory(0, { maxByteLength: 1 << 16 }));

/** Two blocks, or none. */
function pair(allocator: Allocator): [Ptr, Ptr] {
  const first = allocator.alloc(16);
  try {
    return [first, allocator.alloc(32)];
  } catch (error) {
    allocator.free(first, 16);
    throw error;
  }
}

test("the allocation after the first n fails, and so do all after it; with `once` it alone", () => {
  const failing = failAfter(backing(), 2);
  const made = Array.from({ length: 5 }, () => failing.tryAlloc(8) !== NIL);
  assert.deepEqual(made, [true, true, false, false, false]);
  assert.deepEqual([failing.allocations, failing.failures], [5, 3]);
  const once = failAfter(backing(), 2, { once: true });
  assert.deepEqual(
    Array.from({ length: 5 }, () => once.tryAlloc(8) !== NIL),
    [true, true, false, true, true],
  );
  assert.throws(() => failing.alloc(8), { code: "out-of-memory" });
});

test("resizing in place is refused when that is wanted, and growth when memory has run out", () => {
  const willing = failAfter(backing(), 1);
  const ptr = willing.alloc(16);
  assert.ok(willing.resize(ptr, 16, 32));
  assert.equal(willing.tryAlloc(8), NIL);
  assert.ok(!willing.resize(ptr, 32, 64));
  assert.ok(willing.resize(ptr, 32, 8));
  const refusing = failAfter(backing(), 9, { refuseResize: true });
  assert.ok(!refusing.resize(refusing.alloc(16), 16, 8));
});

test("code that frees on the way out passes, and every allocation was made to fail in each way", () => {
  const summary = checkAllAllocationFailures(
    (allocator) => {
      const [first, second] = pair(allocator);
      const grown = allocator.resize(first, 16, 24) ? 24 : 16;
      allocator.free(second, 32);
      allocator.free(first, grown);
    },
    { backing },
  );
  // Twice without a failure, two allocations in two ways, one past the end; the same again without resize.
  assert.deepEqual(summary, { allocations: 2, allocationsWithoutResize: 2, runs: 14 });
});

const WRONG: readonly { title: string; work(allocator: Allocator): void; says: RegExp }[] = [
  {
    title: "a leak on the way out",
    work: (allocator) => {
      const first = allocator.alloc(16);
      const second = allocator.alloc(16);
      allocator.free(second, 16);
      allocator.free(first, 16);
    },
    says: /allocation 2 of 2 failing: leak: bump allocator has a block that was never freed/,
  },
  {
    title: "a swallowed failure",
    work: (allocator) => {
      try {
        allocator.free(allocator.alloc(16), 16);
      } catch {
        // Nobody learns of it.
      }
    },
    says: /allocation 1 of 1 failing: went on as if nothing had happened/,
  },
  {
    title: "an unlooked-at NIL",
    work: (allocator) => {
      const ptr = allocator.tryAlloc(16);
      allocator.memory.slice("u32", ptr - 4, 1);
      allocator.free(ptr, 16);
    },
    says: /allocation 1 of 1 failing: threw something else than out-of-memory: MemoryError: private memory has no such range/,
  },
  {
    title: "an allocation count that changes from run to run",
    work: (() => {
      let runs = 0;
      return (allocator: Allocator) => {
        runs += 1;
        for (let left = 1 + (runs % 2); left > 0; left--) allocator.free(allocator.alloc(8), 8);
      };
    })(),
    says: /not the same from run to run/,
  },
  {
    title: "a double free on the way out",
    work: (allocator) => {
      const first = allocator.alloc(16);
      try {
        allocator.free(allocator.alloc(8), 8);
      } catch (error) {
        allocator.free(first, 16);
        throw error;
      } finally {
        allocator.free(first, 16);
      }
    },
    says: /allocation 2 of 2 failing: double-free/,
  },
  {
    title: "realloc in a way that loses the block",
    work: (allocator) => {
      let ptr: Ptr = allocator.alloc(16);
      ptr = allocator.tryRealloc(ptr, 16, 64);
      if (ptr === NIL) allocator.alloc(64);
      allocator.free(ptr, 64);
    },
    says: /without resize in place: leak/,
  },
];

for (const { title, work, says } of WRONG) {
  test(`${title} is found`, () => {
    assert.throws(() => checkAllAllocationFailures(work, { backing }), { code: "allocation-failure", message: says });
  });
}

test("half-done state is found by the check that the user gives", () => {
  interface Table {
    names: number;
    ptrs: Ptr[];
  }
  const prepare = (): Table => ({ names: 0, ptrs: [] });
  const cleanup = (allocator: Allocator, { ptrs }: Table) => {
    for (const ptr of ptrs) allocator.free(ptr, 8);
  };
  const check = ({ names, ptrs }: Table) => (names === ptrs.length ? [] : [`${names} names, ${ptrs.length} blocks`]);
  const careless = (allocator: Allocator, table: Table) => {
    table.names += 1;
    table.ptrs.push(allocator.alloc(8));
  };
  const careful = (allocator: Allocator, table: Table) => {
    table.ptrs.push(allocator.alloc(8));
    table.names += 1;
  };
  assert.throws(() => checkAllAllocationFailures({ prepare, work: careless, check, cleanup }, { backing }), {
    code: "allocation-failure",
    message: /allocation 1 of 1 failing: 1 names, 0 blocks/,
  });
  checkAllAllocationFailures({ prepare, work: careful, check, cleanup }, { backing });
});

test("code that can do without may go on", () => {
  const work = (allocator: Allocator) => {
    const ptr = allocator.tryAlloc(64);
    if (ptr !== NIL) allocator.free(ptr, 64);
  };
  assert.throws(() => checkAllAllocationFailures(work, { backing }), { code: "allocation-failure" });
  checkAllAllocationFailures(work, { backing, mayDoWithout: true });
});

test("the collections and the arena survive it", () => {
  checkAllAllocationFailures((upstream) => {
    using scratch = new Arena({ upstream, chunkByteLength: 64 });
    for (let left = 20; left > 0; left--) scratch.alloc(40);
  });
  const strings = checkAllAllocationFailures((allocator) => {
    using names = interner(allocator);
    for (let at = 0; at < 200; at++) names.intern(`name ${at}`);
  });
  assert.ok(strings.allocations > 3);
  const columns = checkAllAllocationFailures((allocator) => {
    const numbers = columnBuffer(allocator, "u32");
    try {
      for (let at = 0; at < 20_000; at++) numbers.append(at);
    } finally {
      numbers.clear();
    }
  });
  assert.ok(columns.allocations > 1);
});
