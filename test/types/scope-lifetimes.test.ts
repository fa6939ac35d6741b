import assert from "node:assert/strict";
import { test } from "node:test";
import { Arena } from "../../src/alloc/arenas/arena.ts";
import type { Ptr } from "../../src/core/brand.ts";
import { f64 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";

const Vector = struct("Vector", { x: f64, y: f64 });

test("plain values and copies leave a scope", () => {
  using scratch = new Arena();
  const length: number = scratch.scope((s) => {
    const v = s.create(Vector, { x: 3, y: 4 });
    return Math.hypot(v.x, v.y);
  });
  assert.equal(length, 5);
  const copy: { x: number; y: number } = scratch.scope((s) => Vector.copy(s.create(Vector, { x: 1 })));
  assert.deepEqual(copy, { x: 1, y: 0 });
  const nothing: undefined = scratch.scope(() => undefined);
  assert.equal(nothing, undefined);
});

test("what was made in a scope can be used there as what it is", () => {
  using scratch = new Arena();
  const sum = ({ x, y }: { x: number; y: number }) => x + y;
  scratch.scope((s) => {
    const v = s.create(Vector, { x: 3, y: 4 });
    v.x = 10;
    assert.equal(sum(v), 14);
    const ptr: Ptr = s.dupe(Uint8Array.of(1, 2));
    assert.deepEqual([...scratch.memory.bytes(ptr, 2)], [1, 2]);
    assert.ok(s.allocator.owns(s.alloc(8)));
    assert.ok(s.allocator.owns(s.allocZeroed(8)));
    assert.ok(s.allocator.owns(s.tryAlloc(8)));
  });
});

test("views and pointers do not leave a scope: each of these is a compile error, and a stale view at run time", () => {
  using scratch = new Arena();
  // @ts-expect-error: a view of the scope
  const view: { x: number } = scratch.scope((s) => s.create(Vector));
  assert.throws(() => view.x, { code: "stale-view" });
  // @ts-expect-error: a view in an array
  const [inArray]: { x: number }[] = scratch.scope((s) => [s.create(Vector)]);
  assert.throws(() => inArray.x, { code: "stale-view" });
  // @ts-expect-error: a view in an object
  const { v }: { v: { x: number } } = scratch.scope((s) => ({ v: s.create(Vector) }));
  assert.throws(() => v.x, { code: "stale-view" });
  // @ts-expect-error: a view in a map
  const map: Map<string, { x: number }> = scratch.scope((s) => new Map([["v", s.create(Vector)]]));
  assert.throws(() => map.get("v")?.x, { code: "stale-view" });
  // @ts-expect-error: a function that returns a view
  const late: () => { x: number } = scratch.scope((s) => {
    const kept = s.create(Vector);
    return () => kept;
  });
  assert.throws(() => late().x, { code: "stale-view" });
  // @ts-expect-error: a pointer
  const ptr: number = scratch.scope((s) => s.alloc(8));
  assert.ok(ptr > 0);
  // @ts-expect-error: the place of a value
  const place: number = scratch.scope((s) => s.place(Vector));
  assert.ok(place > 0);
  // @ts-expect-error: the allocator of the scope
  scratch.scope((s) => s);
  // @ts-expect-error: the allocator of the scope, as structures take it
  scratch.scope((s) => s.allocator);
});

test("what belongs to a scope around may leave the scope inside, and not the other way round", () => {
  using scratch = new Arena();
  const x: number = scratch.scope((outer) => {
    const made = outer.create(Vector, { x: 7 });
    const kept = scratch.scope((inner) => {
      inner.create(Vector);
      return made;
    });
    // @ts-expect-error: it ended with the scope inside
    const lost: { x: number } = scratch.scope((inner) => inner.create(Vector));
    assert.throws(() => lost.x, { code: "stale-view" });
    scratch.scope((inner) => {
      let current = made;
      // @ts-expect-error: a life that is shorter does not fit
      current = inner.create(Vector, { x: 8 });
      assert.equal(current.x, 8);
    });
    return kept.x;
  });
  assert.equal(x, 7);
});

test("what the compiler cannot see throws: a variable outside, a closure", () => {
  using scratch = new Arena();
  let outside: { x: number } | undefined;
  const read = scratch.scope((s) => {
    const kept = s.create(Vector, { x: 1 });
    outside = kept;
    return () => kept.x;
  });
  assert.throws(() => outside?.x, { code: "stale-view", message: /used after the arena scope ended/ });
  assert.throws(read, { code: "stale-view" });
});

test("a scope with an asynchronous body is refused, and its result is of no type", () => {
  using scratch = new Arena();
  assert.throws(
    () => {
      const refused: never = scratch.scope(async (s) => s.create(Vector).x);
      return refused;
    },
    { code: "invalid-argument", message: /returns a promise/ },
  );
});

test("the scope ends when its body throws, and frees what it made", () => {
  using scratch = new Arena();
  scratch.alloc(8);
  const before = scratch.usedByteLength;
  assert.throws(
    () =>
      scratch.scope((s) => {
        s.alloc(1000);
        throw new RangeError("mine");
      }),
    RangeError,
  );
  assert.equal(scratch.usedByteLength, before);
  assert.deepEqual(scratch.checkInvariants(), []);
});
