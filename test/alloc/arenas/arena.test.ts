import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Arena, arena } from "../../../src/alloc/arenas/arena.ts";
import type { ArenaScope } from "../../../src/alloc/arenas/arena-scope.ts";
import { Bump, bump } from "../../../src/alloc/bump.ts";
import { NIL } from "../../../src/core/brand.ts";
import { KiB, MiB } from "../../../src/core/size.ts";
import { MOST_BYTES, refuses, testAllocator } from "../../conformance/allocators.ts";
import { cell } from "../../conformance/cell.ts";
import { HOMES } from "../../conformance/homes.ts";
import { TestAllocator } from "../../conformance/test-allocator.ts";

const small = (memory: Parameters<typeof bump>[0]): Arena => arena({ upstream: bump(memory), chunkByteLength: 256 });

testAllocator({ title: "arena over bump", create: small, resizesLast: true }, HOMES);
testAllocator(
  {
    title: "arena with a limit in private memory of its own",
    create: () => arena({ chunkByteLength: 100, limitByteLength: MOST_BYTES }),
    resizesLast: true,
  },
  HOMES.slice(0, 1),
);
testAllocator(
  {
    title: "arena in a scope, over chunks that cannot grow",
    create: (memory) => {
      const made = arena({ upstream: new TestAllocator(memory), chunkByteLength: KiB(1) });
      made.alloc(200);
      made.scope();
      return made;
    },
    // A chunk's border may come between.
    resizesLast: false,
  },
  HOMES,
);
testAllocator(
  {
    title: "arena of whole cache lines",
    create: (memory) => arena({ upstream: bump(memory), chunkByteLength: 500, leastAlign: 64 }),
    resizesLast: false,
  },
  HOMES.slice(0, 1),
);
testAllocator({ title: "arena over an arena", create: (memory) => arena({ upstream: small(memory) }), resizesLast: true }, HOMES);

type View = ReturnType<typeof cell.rawView>;

interface Made {
  readonly view: View;
  readonly value: number;
  readonly depth: number;
}

describe("an arena", () => {
  it("aligns every block to what it was told at least", () => {
    using made = arena({ leastAlign: 64, chunkByteLength: 500 });
    for (const [byteSize, align] of [
      [1, 1],
      [70, 8],
      [3, 128],
      [600, 16],
      [8, 8],
    ]) {
      assert.equal(made.alloc(byteSize, align) % Math.max(align, 64), 0);
      assert.deepEqual(made.checkInvariants(), []);
    }
    const [first, second] = [made.place(cell, 1), made.place(cell, 2)];
    assert.equal(second - first, 64);
    for (const bad of [0, 3, -8, Number.NaN]) refuses("invalid-argument", () => arena({ leastAlign: bad }));
  });

  it("goes on in its first chunk after a reset and the end of a scope that was opened before it, as if nothing had been", () => {
    using made = arena({ chunkByteLength: 1000 });
    const outer = made.scope();
    const inner = made.scope();
    const ptr = made.alloc(100);
    inner.end();
    assert.deepEqual(made.checkInvariants(), []);
    assert.equal(made.alloc(100), ptr);
    outer.end();
    assert.deepEqual(made.checkInvariants(), []);
    assert.equal(made.usedByteLength, 0);
    assert.equal(made.alloc(100), ptr);
    made.reset();
    assert.equal(made.alloc(1000), ptr);
    assert.equal(made.allocatedByteLength, 1000);
    made.reset({ retainByteLength: 0 });
    assert.equal(made.allocatedByteLength, 0);
    made.alloc(8);
    assert.deepEqual(made.checkInvariants(), []);
  });

  it("takes nothing before its first block, and then one chunk", () => {
    using made = arena(1000);
    assert.equal(made.allocatedByteLength, 0);
    assert.deepEqual([...made.chunks()], []);
    made.alloc(24);
    assert.equal(made.allocatedByteLength, 1000);
    const [chunk, ...others] = made.chunks();
    assert.deepEqual({ ...chunk, byteOffset: 0 }, { byteOffset: 0, byteLength: 1000, usedByteLength: 24 });
    assert.deepEqual(others, []);
  });

  it("doubles its chunks where they cannot grow in place, and makes room for a block of any size", () => {
    using memory = HOMES[0].create(KiB(64), MiB(4));
    const upstream = new TestAllocator(memory);
    using made = arena({ upstream, chunkByteLength: 128 });
    for (let at = 0; at < 100; at++) made.alloc(100);
    const lengths = [...made.chunks()].map(({ byteLength }) => byteLength);
    assert.deepEqual(lengths.slice(0, 4), [128, 256, 512, 1024]);
    assert.ok(upstream.liveBlocks < 10);
    const large = made.alloc(MiB(1), 4096);
    assert.equal(large % 4096, 0);
    assert.deepEqual(made.checkInvariants(), []);
  });

  it("falls back to what a block needs where upstream refuses more", () => {
    using memory = HOMES[0].create(KiB(64), MiB(1));
    const upstream = new TestAllocator(memory);
    using made = arena({ upstream, chunkByteLength: 4096 });
    upstream.refuseAbove = 500;
    assert.notEqual(made.tryAlloc(400), NIL);
    assert.equal(made.allocatedByteLength, 400);
    assert.equal(made.tryAlloc(501), NIL);
    upstream.refuseAbove = 0;
    assert.equal(made.tryAlloc(8), NIL);
    assert.match(refuses("out-of-memory", () => made.alloc(8)).message, /allocated=400/);
    upstream.refuseAbove = 10_000;
    assert.notEqual(made.tryAlloc(8), NIL);
    assert.deepEqual(made.checkInvariants(), []);
  });

  it("never takes more than its limit, which can be changed and outlives a reset", () => {
    using made = arena({ chunkByteLength: 64, limitByteLength: 1000 });
    while (made.tryAlloc(10, 1) !== NIL) assert.ok(made.allocatedByteLength <= 1000);
    assert.equal(made.allocatedByteLength, 1000);
    assert.equal(made.usedByteLength, 1000);
    assert.equal(refuses("out-of-memory", () => made.alloc(1)).numbers.limit, 1000);
    made.limitByteLength = 1500;
    assert.notEqual(made.tryAlloc(400, 1), NIL);
    made.limitByteLength = 10;
    made.reset({ retainByteLength: 0 });
    assert.equal(made.limitByteLength, 10);
    assert.equal(made.tryAlloc(11), NIL);
    assert.notEqual(made.tryAlloc(10), NIL);
    for (const bad of [-1, 0.5, Number.NaN]) {
      refuses("invalid-argument", () => {
        made.limitByteLength = bad;
      });
      refuses("invalid-argument", () => arena(bad));
      refuses("invalid-argument", () => arena({ limitByteLength: bad }));
      refuses("invalid-argument", () => made.reset({ retainByteLength: bad }));
    }
  });

  it("keeps all, some or none of its chunks over a reset", () => {
    using memory = HOMES[0].create(KiB(64), MiB(1));
    const upstream = new TestAllocator(memory);
    using made = arena({ upstream, chunkByteLength: 128 });
    const fill = (): void => {
      for (let at = 0; at < 20; at++) made.alloc(100);
    };
    fill();
    const all = made.allocatedByteLength;
    const lengths = [...made.chunks()].map(({ byteLength }) => byteLength);
    made.reset();
    assert.equal(made.allocatedByteLength, all);
    assert.equal(made.usedByteLength, 0);
    const blocks = upstream.liveBlocks;
    upstream.refuseAbove = 0;
    fill();
    assert.equal(upstream.liveBlocks, blocks);
    upstream.refuseAbove = Number.POSITIVE_INFINITY;
    const largest = Math.max(...lengths);
    made.reset({ retainByteLength: largest + 127 });
    assert.equal(made.allocatedByteLength, largest);
    made.reset({ retainByteLength: 127 });
    assert.equal(made.allocatedByteLength, 0);
    assert.equal(upstream.liveBlocks, 0);
    fill();
    assert.deepEqual(made.checkInvariants(), []);
    made.close();
    assert.equal(upstream.liveBlocks, 0);
  });

  it("gives its chunks back in the order in which an allocator that takes back its last block alone can take them", () => {
    class Rigid extends Bump {
      override rawResize(): boolean {
        return false;
      }
    }
    using memory = HOMES[0].create(KiB(8));
    const upstream = new Rigid(memory, { start: 64, end: KiB(6) });
    const made = arena({ upstream, chunkByteLength: KiB(4) });
    made.alloc(KiB(4));
    made.alloc(1000);
    assert.deepEqual(
      [...made.chunks()].map(({ byteLength }) => byteLength),
      [KiB(4), 1000],
    );
    made.close();
    assert.equal(upstream.usedByteLength, 0);
  });

  it("gives everything back when it is closed, and says closed from then on", () => {
    using memory = HOMES[0].create(KiB(64));
    const upstream = bump(memory);
    let view: View;
    const made = arena({ upstream });
    {
      using scratch = made;
      view = scratch.create(cell, 5);
      scratch.scope();
    }
    assert.equal(upstream.usedByteLength < 16, true);
    const error = refuses("stale-view", () => view.value);
    assert.match(error.message, /arena was closed/);
    for (const use of [
      () => made.alloc(8),
      () => made.create(cell),
      () => made.reset(),
      () => made.scope(),
      () => made.tryAlloc(1),
    ]) {
      assert.match(refuses("closed", use).message, /arena was used after it was closed/);
    }
    made.close();
    assert.notEqual(upstream.alloc(8), NIL);
  });

  it("in memory of its own: ends that memory with it, and its views still tell the story of the arena", () => {
    const made = arena(64);
    const view = made.create(cell, 5);
    const { memory } = made;
    made.close();
    assert.equal(memory.closed, true);
    assert.match(refuses("stale-view", () => view.value).message, /arena was closed/);
    refuses("closed", () => made.alloc(8));
  });

  it("in memory of its own: keeps values and views while that memory moves", () => {
    using made = arena(64);
    const views = Array.from({ length: 20_000 }, (_, value) => made.create(cell, value));
    assert.ok(made.memory.byteLength >= 160_000);
    views.forEach((view, value) => {
      assert.equal(view.value, value);
    });
  });

  it("is over when what its chunks came from is reset, closed, or a scope that ended", () => {
    using memory = HOMES[0].create(KiB(64));
    const upstream = bump(memory);
    const inner = arena({ upstream });
    const view = inner.create(cell, 1);
    upstream.reset();
    assert.match(
      refuses("stale-view", () => view.value).message,
      /arena lost its chunks, because the bump allocator below it was reset/,
    );
    assert.match(refuses("closed", () => inner.alloc(8)).message, /lost its chunks/);
    assert.deepEqual(inner.checkInvariants(), []);
    inner.close();

    const outer = arena({ upstream });
    const scope = outer.scope();
    const nested = arena({ upstream: outer });
    const deep = nested.create(cell, 2);
    scope.end();
    assert.match(refuses("stale-view", () => deep.value).message, /the arena below it ended/);
    refuses("closed", () => nested.scope());

    const last = arena({ upstream });
    const seen = last.create(cell, 3);
    memory.close();
    refuses("closed", () => seen.value);
    refuses("closed", () => last.alloc(8));
  });

  it("refuses to take chunks from a scope of its upstream that ends before it", () => {
    using outer = arena(64);
    using inner = arena({ upstream: outer, chunkByteLength: 64 });
    inner.alloc(60);
    const scope = outer.scope();
    const error = refuses("invalid-argument", () => inner.alloc(60));
    assert.match(error.message, /cannot grow inside a scope of its arena/);
    scope.end();
    assert.notEqual(inner.tryAlloc(60), NIL);
  });
});

for (const home of HOMES) {
  describe(`arena scopes in ${home.title}`, () => {
    it("free what was made inside, whose views say so; what was made before lives on, in its place and with its bytes", () => {
      using memory = home.create(KiB(64));
      using made = small(memory);
      const before = made.create(cell, 1);
      const used = made.usedByteLength;
      let inside: View;
      {
        using _ = made.scope();
        inside = made.create(cell, 2);
        {
          using _inner = made.scope();
          assert.equal(made.create(cell, 3).value, 3);
          assert.equal(inside.value, 2);
        }
        assert.equal(inside.value, 2);
        for (let at = 0; at < 100; at++) made.create(cell, at);
      }
      assert.equal(made.usedByteLength, used);
      assert.equal(before.value, 1);
      assert.match(refuses("stale-view", () => inside.value).message, /arena scope ended/);
      assert.equal(made.create(cell, 4).value, 4);
      refuses("stale-view", () => inside.value);
      assert.equal(before.value, 1);
    });
  });
}

describe("an arena scope", () => {
  it("can be rewound again and again, as a checkpoint", () => {
    using made = arena(100);
    const before = made.create(cell, 7);
    const scope = made.scope();
    for (let round = 0; round < 5; round++) {
      const used = made.usedByteLength;
      const view = made.create(cell, round);
      for (let at = 0; at < 50; at++) made.create(cell, at);
      assert.equal(view.value, round);
      assert.equal(scope.rewind(), true);
      assert.match(refuses("stale-view", () => view.value).message, /was rewound/);
      assert.equal(made.usedByteLength, used);
      assert.equal(scope.isOpen, true);
      assert.deepEqual(made.checkInvariants(), []);
    }
    scope.end();
    assert.equal(scope.rewind(), false);
    assert.equal(before.value, 7);
  });

  it("ends with the scope around it, and ending it again then ends nothing else", () => {
    using made = arena(100);
    const outer = made.scope();
    const inner = made.scope();
    outer.end();
    assert.equal(inner.isOpen, false);
    const next = made.scope();
    const view = made.create(cell, 1);
    inner.end();
    outer.end();
    inner[Symbol.dispose]();
    assert.equal(inner.rewind(), false);
    assert.equal(next.isOpen, true);
    assert.equal(view.value, 1);
    made.reset();
    assert.equal(next.isOpen, false);
    next.end();
    assert.deepEqual(made.checkInvariants(), []);
  });

  it("cannot free or grow blocks of the scopes around it, so that its end takes nothing from them", () => {
    using made = arena(1000);
    const outer = made.alloc(16);
    made.memory.u8.fill(1, outer, outer + 16);
    const scope = made.scope();
    assert.equal(made.resize(outer, 16, 32), false);
    made.free(outer, 16);
    const inside = made.alloc(16);
    assert.notEqual(inside, outer);
    assert.equal(made.resize(outer, 16, 32), false);
    assert.equal(made.resize(outer, 16, 8), true);
    made.free(inside, 16);
    assert.equal(made.alloc(16), inside);
    scope.end();
    assert.equal(made.alloc(16), inside);
    assert.deepEqual([...made.memory.u8.subarray(outer, outer + 16)], new Array(16).fill(1));
    assert.deepEqual(made.checkInvariants(), []);
  });

  it("leaves the blocks of the scope around it to that scope, which can free and grow them again", () => {
    using made = arena(1000);
    using _ = made.scope();
    const last = made.alloc(16);
    made.scope().end();
    assert.equal(made.resize(last, 16, 24), true);
    made.free(last, 24);
    assert.equal(made.alloc(16), last);
  });

  it("opened before the first block goes back to before the first block", () => {
    using made = arena(100);
    const scope = made.scope();
    const view = made.create(cell, 1);
    scope.rewind();
    refuses("stale-view", () => view.value);
    made.create(cell, 2);
    scope.end();
    assert.equal(made.usedByteLength, 0);
    assert.equal(made.create(cell, 3).value, 3);
    assert.deepEqual(made.checkInvariants(), []);
  });

  it("agrees with a model through random programs of scopes, rewinds, resets and values", () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 8, arbitrary: fc.record({ kind: fc.constant("create" as const), value: fc.integer({ min: -9, max: 9 }) }) },
        { weight: 2, arbitrary: fc.record({ kind: fc.constant("bytes" as const), value: fc.integer({ min: 0, max: 400 }) }) },
        { weight: 2, arbitrary: fc.record({ kind: fc.constant("open" as const), value: fc.constant(0) }) },
        { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("end" as const, "rewind" as const), value: fc.nat(20) }) },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant("reset" as const), value: fc.constantFrom(0, 300, 10_000) }) },
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, fc.boolean(), (program, chunksGrow) => {
        using memory = HOMES[0].create(KiB(64), MiB(1));
        using made = arena({ upstream: chunksGrow ? bump(memory) : new TestAllocator(memory), chunkByteLength: 128 });
        let live: Made[] = [];
        const gone: Made[] = [];
        const open: ArenaScope[] = [];
        const drop = (depth: number): void => {
          gone.push(...live.filter((item) => item.depth >= depth));
          live = live.filter((item) => item.depth < depth);
        };
        for (const { kind, value } of program) {
          if (kind === "create") live.push({ view: made.create(cell, value), value, depth: open.length });
          if (kind === "bytes") made.memory.u8.fill(0xee, ...span(made, value));
          if (kind === "open") open.push(made.scope());
          if (kind === "reset") {
            made.reset({ retainByteLength: value });
            drop(0);
            open.length = 0;
          }
          if ((kind === "end" || kind === "rewind") && open.length > 0) {
            const at = value % open.length;
            drop(at + 1);
            if (kind === "end") open[at].end();
            else assert.equal(open[at].rewind(), true);
            open.length = kind === "end" ? at : at + 1;
          }
          assert.deepEqual(made.checkInvariants(), []);
          for (const item of live) assert.equal(item.view.value, item.value);
          for (const item of gone.splice(0)) refuses("stale-view", () => item.view.value);
        }
      }),
      { numRuns: 150 },
    );
  });
});

/** A block of junk. */
function span(made: Arena, byteSize: number): [number, number] {
  const ptr = made.alloc(byteSize, 1);
  return [ptr, ptr + byteSize];
}
