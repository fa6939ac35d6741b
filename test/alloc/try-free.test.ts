import assert from "node:assert/strict";
import { test } from "node:test";
import { type Allocator, type Ptr, privateMemory, slab, tlsf } from "../../src/index.ts";

const MiB = 1024 ** 2;

for (const [kind, make] of Object.entries({ slab, tlsf })) {
  test(`${kind}: rawTryFree frees what is live, once, and nothing that is not`, () => {
    using memory = privateMemory(0, { maxByteLength: 4 * MiB });
    const heap: Allocator & { checkInvariants(): string[]; close(): void } = make(memory);
    const ptr = heap.alloc(40);
    const neighbour = heap.alloc(40);
    const wrong: readonly (readonly [number, number, number])[] = [
      [ptr + 8, 40, 8],
      [ptr + 1, 40, 8],
      [ptr + 0.5, 40, 8],
      [ptr - 8, 40, 8],
      [-ptr, 40, 8],
      [Number.NaN, 40, 8],
      [0, 40, 8],
      [8, 40, 8],
      [2 * MiB, 40, 8],
      [2 ** 32 + ptr, 40, 8],
      [2 ** 60, 40, 8],
      [ptr, 80, 8],
      [ptr, 8, 8],
      [ptr, 0, 8],
      [ptr, -40, 8],
      [ptr, 39.5, 8],
      [ptr, Number.NaN, 8],
      [ptr, 40, 3],
    ];
    for (const [at, byteSize, align] of wrong) {
      assert.equal(heap.rawTryFree(at as Ptr, byteSize, align), false, `(${at}, ${byteSize}, ${align})`);
      assert.deepEqual(heap.checkInvariants(), []);
    }
    assert.equal(heap.rawTryFree(ptr, 40, 8), true);
    assert.equal(heap.rawTryFree(ptr, 40, 8), false);
    assert.throws(() => heap.free(ptr, 40), { code: "misuse" });
    assert.deepEqual(heap.checkInvariants(), []);
    assert.equal(heap.alloc(40), ptr);
    heap.close();
    assert.equal(heap.rawTryFree(neighbour, 40, 8), false);
    assert.throws(() => heap.free(neighbour, 40), { code: "closed" });
  });
}
