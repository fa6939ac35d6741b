import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type RepairableAllocator, type SynchronizedAllocator, synchronized } from "../../src/alloc/around/synchronized.ts";
import { attachSlab, slab } from "../../src/alloc/heaps/slab.ts";
import { attachTlsf, tlsf } from "../../src/alloc/heaps/tlsf.ts";
import { attachStack, stack } from "../../src/alloc/stack.ts";
import { type Memory, NIL, type Ptr, privateMemory } from "../../src/index.ts";
import { randomFrom } from "../../src/testing/index.ts";
import { countSteps, diesAt, makeStoresSteps } from "./steps.ts";

const AT = 4096;
const PLACE = 64 as Ptr;
const BYTES = 256 * 1024;

interface Kind {
  readonly make: (memory: Memory) => RepairableAllocator;
  readonly attach: (memory: Memory) => RepairableAllocator;
  /** A block that there is room for when everything is freed but what the dead may have had in hand. */
  readonly room: number;
}

const KINDS: Readonly<Record<string, Kind>> = {
  slab: { make: (memory) => slab(memory, { byteOffset: AT }), attach: (memory) => attachSlab(memory, AT), room: 60_000 },
  tlsf: { make: (memory) => tlsf(memory, { byteOffset: AT }), attach: (memory) => attachTlsf(memory, AT), room: 60_000 },
  stack: { make: (memory) => stack(memory, { byteOffset: AT }), attach: (memory) => attachStack(memory, AT), room: 8 },
};

interface Block {
  readonly ptr: Ptr;
  readonly byteSize: number;
  readonly align: number;
}

/** One who lives and one who dies, at one allocator. */
class Stage implements Disposable {
  readonly memory: Memory = privateMemory(BYTES);
  readonly living: SynchronizedAllocator;
  readonly dying: SynchronizedAllocator;
  readonly blocks = new Set<Block>();

  readonly #room: number;

  constructor({ make, attach, room }: Kind) {
    this.#room = room;
    this.living = synchronized(make(this.memory), PLACE, { identity: 1, isAlive: (identity) => identity === 1, timeoutMs: 50 });
    this.dying = synchronized(attach(this.memory), PLACE, { identity: 2, timeoutMs: 50 });
  }

  make(heap: SynchronizedAllocator, byteSize: number, align = 8): void {
    const ptr = heap.tryAlloc(byteSize, align);
    if (ptr === NIL) return;
    this.memory.u8.fill(byteSize & 0xff, ptr, ptr + byteSize);
    this.blocks.add({ ptr, byteSize, align });
  }

  /** Who dies in it has given the block away. */
  free(heap: SynchronizedAllocator, block: Block): void {
    const { ptr, byteSize, align } = block;
    assert.ok(
      this.memory.u8.subarray(ptr, ptr + byteSize).every((byte) => byte === (byteSize & 0xff)),
      "somebody wrote there",
    );
    this.blocks.delete(block);
    heap.free(ptr, byteSize, align);
  }

  /** The heap is sound, nothing that is live is given out again, and all of it can be given back. */
  checkUsable(): void {
    const heap = this.living;
    for (let step = 0; step < 40; step++) this.make(heap, 8 + ((step * 97) % 3000), step % 7 === 0 ? 256 : 8);
    assert.deepEqual(heap.checkInvariants(), []);
    const places = [...this.blocks].sort((a, b) => a.ptr - b.ptr);
    for (const [at, { ptr }] of places.entries()) {
      const before = places[at - 1];
      assert.ok(before === undefined || before.ptr + before.byteSize <= ptr, "two blocks share bytes");
    }
    for (const block of places.reverse()) this.free(heap, block);
    assert.deepEqual(heap.checkInvariants(), []);
    assert.notEqual(heap.tryAlloc(this.#room), NIL, "too much is lost");
  }

  [Symbol.dispose](): void {
    this.memory.close();
  }
}

function prepare(kind: Kind): Stage {
  const stage = new Stage(kind);
  for (let at = 0; at < 30; at++) stage.make(stage.living, 8 + ((at * 56) % 1500));
  for (const block of [...stage.blocks].filter((_, at) => at % 3 === 0)) stage.free(stage.living, block);
  return stage;
}

/** What the one who dies does. */
const LIVES: Readonly<Record<string, (stage: Stage) => void>> = {
  "makes blocks of many sizes": (stage) => {
    for (let at = 0; at < 12; at++) stage.make(stage.dying, 8 + at * 170, at % 4 === 3 ? 128 : 8);
    stage.make(stage.dying, 70_000);
  },
  "frees blocks": (stage) => {
    for (const block of [...stage.blocks].reverse()) stage.free(stage.dying, block);
  },
  "makes one longer and shorter, and batches": ({ dying }) => {
    let byteSize = 9000;
    const ptr = dying.tryAlloc(byteSize);
    if (ptr === NIL) return;
    for (const wanted of [30_000, 12_000, 9000]) if (dying.resize(ptr, byteSize, wanted)) byteSize = wanted;
    const many = dying.tryAllocMany(5, 600) ?? [];
    dying.freeMany(many, 600);
    dying.free(ptr, byteSize);
  },
};

/** Every step of some, and of what takes many a sample that is the same every time. */
function stepsOf(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, at) => at);
  const random = randomFrom(count);
  return [...new Set(Array.from({ length: most }, () => random() % count))];
}

describe("one that dies at any step inside a synchronized", () => {
  for (const [title, kind] of Object.entries(KINDS)) {
    for (const [life, work] of Object.entries(LIVES)) {
      it(`${title}, while it ${life}: the next repairs it and goes on`, () => {
        using trial = prepare(kind);
        makeStoresSteps(trial.memory);
        const steps = countSteps(() => work(trial));
        for (const step of stepsOf(steps, 150)) {
          using stage = prepare(kind);
          makeStoresSteps(stage.memory);
          diesAt(step, () => work(stage));
          try {
            stage.checkUsable();
          } catch (error) {
            throw new Error(`after death at step ${step} of ${steps}`, { cause: error });
          }
        }
      });
    }
  }
});
