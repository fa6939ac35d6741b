import assert from "node:assert/strict";
import { test } from "node:test";
import { Allocator } from "../../src/alloc/allocator.ts";
import { AllocatorWrapper, type CheckableAllocator } from "../../src/alloc/around/wrapper.ts";
import { slab } from "../../src/alloc/heaps/slab.ts";
import { NIL, type Ptr } from "../../src/core/brand.ts";
import { privateMemory } from "../../src/core/homes.ts";
import { KiB } from "../../src/core/size.ts";
import { runRandomProgram, testAllocator } from "../../src/testing/index.ts";

/** Names of the tests of the suite that an allocator fails. */
function failures(create: () => CheckableAllocator): string[] {
  const failed: string[] = [];
  testAllocator(
    {
      title: "it",
      create,
      mostByteLength: KiB(256),
      reuses: true,
      notices: ["freed", "interior", "foreign", "size"],
      programs: 30,
    },
    (name, work) => {
      try {
        work();
      } catch {
        failed.push(name);
      }
    },
  );
  return failed;
}

const fresh = () => slab(privateMemory(0, { maxByteLength: KiB(256) }));

/** A slab with one method made wrong. */
function broken(
  methods: Partial<
    Pick<Allocator, "rawAlloc" | "rawFree" | "rawResize" | "rawOwns" | "rawUsableByteLength" | "rawCheckLive" | "rawAllocMany">
  >,
) {
  class Broken extends AllocatorWrapper {
    readonly subject = "broken allocator";
  }
  return () => Object.assign(new Broken(fresh()), methods);
}

/** For blocks that the slab below has not made: it must not hear of them. */
const detached = {
  rawFree: () => {},
  rawResize: () => false,
  rawCheckLive: () => {},
  rawUsableByteLength: (_ptr: Ptr, byteSize: number) => byteSize,
};

test("a sound allocator passes", () => {
  assert.deepEqual(failures(fresh), []);
  assert.deepEqual(failures(broken({})), []);
});

test("each way to break the contract is noticed", () => {
  const breaks: Record<string, () => CheckableAllocator> = {
    "overlapping blocks": broken({ ...detached, rawAlloc: () => 256 as Ptr }),
    "misaligned blocks": () => {
      const inner = fresh();
      return Object.assign(broken(detached)(), {
        rawAlloc: (byteSize: number, align: number) => (inner.rawAlloc(byteSize + 1, align) + 1) as Ptr,
      });
    },
    "resize that says yes and does nothing": broken({ rawResize: () => true }),
    "blocks past the end": broken({ ...detached, rawAlloc: () => (KiB(256) * 8) as Ptr }),
    "never an end": () => {
      let top = 8;
      return Object.assign(broken(detached)(), {
        rawAlloc: (byteSize: number, align: number) => {
          top = Math.ceil((top + byteSize) / align) * align;
          return top as Ptr;
        },
      });
    },
    "never a block": broken({ rawAlloc: () => NIL }),
    "free that forgets": broken({ rawFree: () => {} }),
    "owns everything": broken({ rawOwns: () => false }),
    "usable bytes of the neighbour": broken({ rawUsableByteLength: (_ptr, byteSize) => byteSize + 4096 }),
    "usable bytes fewer than asked for": broken({ rawUsableByteLength: () => 0 }),
    "bad frees unnoticed": broken({ rawCheckLive: () => {} }),
    "a batch that is not all": broken({ rawAllocMany: () => true }),
  };
  for (const [what, create] of Object.entries(breaks)) assert.notDeepEqual(failures(create), [], what);
});

test("a program that fails is told by its seed and made short", () => {
  const create = () => {
    const inner = fresh();
    let calls = 0;
    return Object.assign(broken({})(), {
      rawAlloc: (byteSize: number, align: number) => (++calls === 3 ? (256 as Ptr) : inner.rawAlloc(byteSize, align)),
      rawFree: (ptr: Ptr, byteSize: number, align: number) => inner.rawFree(ptr, byteSize, align),
      rawResize: () => false,
      rawCheckLive: () => {},
      checkInvariants: () => (calls >= 3 ? ["it went wrong"] : []),
    });
  };
  assert.throws(
    () => runRandomProgram({ title: "it", create }, 5),
    (error: Error) => {
      assert.match(error.message, /^it fails the program of seed 5: \[/);
      const steps: unknown[] = JSON.parse(error.message.slice(error.message.indexOf("[")));
      assert.ok(steps.length <= 3, error.message);
      assert.match(String(error.cause), /it went wrong|Error/);
      return true;
    },
  );
});

test("the class of allocators is what users extend", () => {
  assert.ok(fresh() instanceof Allocator);
});
