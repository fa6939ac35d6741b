import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bump } from "../../../src/alloc/bump.ts";
import { StringHeap } from "../../../src/collections/strings/string-heap.ts";
import { KiB, MiB, privateMemory } from "../../../src/index.ts";

/** Adds a record of so many bytes; false when there is no room. */
function add(heap: StringHeap, byteLength: number, refs: number[]): boolean {
  const ref = heap.reserve(byteLength);
  if (ref === 0) return false;
  heap.memory.u8.fill(byteLength, heap.bytesOf(ref, byteLength), heap.bytesOf(ref, byteLength) + byteLength);
  assert.equal(heap.add(ref, byteLength), refs.length + 1);
  refs.push(ref);
  return true;
}

function checkAll(heap: StringHeap, refs: readonly number[]): void {
  for (const [at, ref] of refs.entries()) assert.equal(heap.uncheckedRefOf(at + 1), ref);
  assert.deepEqual(heap.checkInvariants(), []);
}

describe("refs of strings", () => {
  const byteLength = fc.oneof(
    { weight: 5, arbitrary: fc.nat(20) },
    { weight: 2, arbitrary: fc.integer({ min: 60, max: 300 }) },
    { weight: 1, arbitrary: fc.integer({ min: 1000, max: 70_000 }) },
  );

  it("tells where each record is, near the first of sixteen or far from it", () => {
    fc.assert(
      fc.property(fc.array(byteLength, { maxLength: 120 }), (lengths) => {
        const heap = new StringHeap(bump(privateMemory(MiB(10))), "strings", Number.MAX_SAFE_INTEGER);
        const refs: number[] = [];
        for (const length of lengths) assert.ok(add(heap, length, refs));
        checkAll(heap, refs);
      }),
      { numRuns: 200 },
    );
  });

  it("stays whole when there is no room for a table, and goes on when there is", () => {
    fc.assert(
      fc.property(fc.array(byteLength, { minLength: 20, maxLength: 60 }), fc.integer({ min: 8, max: 200 }), (lengths, step) => {
        const heap = new StringHeap(bump(privateMemory(MiB(10))), "strings", KiB(1));
        const refs: number[] = [];
        for (const length of lengths) {
          for (let tries = 0; !add(heap, length, refs); tries++) {
            checkAll(heap, refs);
            heap.maxByteLength += tries > 100 ? KiB(100) : step;
          }
        }
        checkAll(heap, refs);
      }),
      { numRuns: 60 },
    );
  });

  it("grows by segments, and copies none but the first", () => {
    const heap = new StringHeap(bump(privateMemory(MiB(10))), "strings", Number.MAX_SAFE_INTEGER);
    const refs: number[] = [];
    for (let id = 1; id <= 70_000; id++) assert.ok(add(heap, id % 7 === 0 ? 90 : 5, refs));
    checkAll(heap, refs);
  });

  it("takes less than a byte and a half for the ref of a short string", () => {
    const COUNT = 1 << 20;
    const heap = new StringHeap(bump(privateMemory(MiB(10))), "strings", Number.MAX_SAFE_INTEGER);
    for (let id = 1; id <= COUNT; id++) heap.add(heap.reserve(3), 3);
    // Four bytes are the record's, and at most one is what is free of the last chunk.
    assert.ok(heap.ownedByteLength / COUNT < 4 + 1 + 1.5, `${heap.ownedByteLength / COUNT}`);
  });
});
