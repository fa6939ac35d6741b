import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Arena } from "../../src/alloc/arenas/arena.ts";
import type { Ptr } from "../../src/core/brand.ts";
import { track } from "../../src/debug/track.ts";
import type { Tracked } from "../../src/debug/tracked.ts";
import { Particle } from "./fault-list.ts";
import { PLACES, type Place } from "./places.ts";

interface Block {
  ptr: Ptr;
  byteSize: number;
  readonly align: number;
  fill: number;
  readonly depth: number;
}

/** What a correct program may hold: each live block has its bytes, each live value its fields. */
class Program {
  readonly #heap: Tracked;
  readonly #place: Place;
  #blocks: Block[] = [];
  #values: { readonly view: { x: number; hp: number }; readonly x: number; readonly depth: number }[] = [];
  readonly #scopes: { end(): void; rewind(): boolean }[] = [];
  #fill = 1;

  constructor(heap: Tracked, place: Place) {
    this.#heap = heap;
    this.#place = place;
  }

  step([kind, a, b]: readonly [number, number, number]): void {
    const heap = this.#heap;
    const depth = this.#scopes.length;
    const align = 2 ** (b % 8);
    if (kind < 6) {
      const ptr = heap.tryAlloc(a, align);
      if (ptr !== 0) this.#blocks.push(this.#written({ ptr, byteSize: a, align, fill: 0, depth }));
    } else if (kind < 8) {
      this.#values.push({ view: heap.create(Particle, { x: a, hp: b }), x: a, depth });
    } else if (kind < 10 && this.#values.length > 0) {
      const [{ view, x }] = this.#values.splice(a % this.#values.length, 1);
      assert.equal(view.x, x);
      heap.destroy(Particle, view);
    } else if (kind < 13 && this.#blocks.length > 0) {
      const [block] = this.#blocks.splice(a % this.#blocks.length, 1);
      this.#expectBytes(block);
      heap.free(block.ptr, block.byteSize, block.align);
    } else if (kind < 14 && this.#blocks.length > 0) {
      const block = this.#blocks[a % this.#blocks.length];
      if (heap.resize(block.ptr, block.byteSize, b, block.align)) this.#written(block, b);
    } else if (kind < 15 && this.#blocks.length > 0) {
      // A block that realloc moves belongs to the scope that is open then.
      const at = a % this.#blocks.length;
      const block = this.#blocks[at];
      this.#expectBytes(block);
      const ptr = heap.tryRealloc(block.ptr, block.byteSize, b, block.align);
      if (ptr !== 0) this.#blocks[at] = this.#written({ ...block, ptr, byteSize: b, depth });
    } else if (kind < 16) {
      heap.check();
    } else if (kind < 17 && this.#place.allocator instanceof Arena && depth < 4) {
      this.#scopes.push(this.#place.allocator.scope());
    } else if (kind < 18 && depth > 0) {
      this.#endFrom(depth);
      this.#scopes[depth - 1].rewind();
    } else if (kind < 19 && depth > 0) {
      this.#endFrom(depth);
      this.#scopes.pop()?.end();
    } else if (kind === 19 && a < 40) {
      this.#endFrom(0);
      this.#scopes.length = 0;
      this.#place.reset();
    }
  }

  /** Frees what is left and says how much there was. */
  finish(): void {
    if (this.#heap.everyNth === 1) {
      const { liveBlocks, liveBytes } = this.#heap.counts;
      assert.equal(liveBlocks, this.#blocks.length + this.#values.length);
      const bytes = this.#blocks.reduce(
        (sum, { byteSize }) => sum + Math.max(byteSize, 1),
        this.#values.length * Particle.byteSize,
      );
      assert.equal(liveBytes, bytes);
    }
    for (const block of this.#blocks) {
      this.#expectBytes(block);
      this.#heap.free(block.ptr, block.byteSize, block.align);
    }
    for (const { view, x } of this.#values) {
      assert.equal(view.x, x);
      this.#heap.destroy(Particle, view);
    }
  }

  #endFrom(depth: number): void {
    this.#blocks = this.#blocks.filter((block) => block.depth < depth);
    this.#values = this.#values.filter((value) => value.depth < depth);
  }

  #written(block: Block, byteSize = block.byteSize): Block {
    block.byteSize = byteSize;
    block.fill = this.#fill = (this.#fill % 250) + 1;
    this.#heap.memory.u8.fill(block.fill, block.ptr, block.ptr + byteSize);
    return block;
  }

  #expectBytes({ ptr, byteSize, fill, align }: Block): void {
    assert.equal(ptr % align, 0);
    const bytes = this.#heap.memory.bytes(ptr, byteSize);
    assert.ok(
      bytes.every((byte) => byte === fill),
      `block at ${ptr}`,
    );
  }
}

const steps = fc.array(fc.tuple(fc.nat(19), fc.nat(300), fc.nat(300)), { maxLength: 60 });
const options = fc.record({
  quarantineByteLength: fc.constantFrom(0, 500, 5000, 1 << 20),
  redzoneByteLength: fc.constantFrom(8, 16, 64),
  everyNth: fc.constantFrom(1, 1, 3),
  seed: fc.nat(1000),
});

for (const { title, make } of PLACES.slice(0, 5)) {
  test(`${title}: correct programs raise no alarm`, () => {
    fc.assert(
      fc.property(steps, options, (program, how) => {
        const place = make();
        const heap = track(place.allocator, { ...how, stackDepth: 0, leaks: true });
        const run = new Program(heap, place);
        for (const step of program) run.step(step);
        run.finish();
        heap.check();
        heap.close();
        assert.deepEqual(heap.mistakes, []);
        place.memory.close();
      }),
      { numRuns: 1000 },
    );
  });
}
