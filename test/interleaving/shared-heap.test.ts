import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attachSharedHeap, type SharedHeap, sharedHeap } from "../../src/alloc/heaps/shared-heap.ts";
import { type Memory, NIL, type Ptr, privateMemory } from "../../src/index.ts";
import { randomFrom } from "../../src/testing/index.ts";
import { countSteps, diesAt, makeStoresSteps } from "./steps.ts";

const BYTES = 160 * 1024;

interface Block {
  readonly ptr: Ptr;
  readonly byteSize: number;
  readonly align: number;
}

/** A heap with two participants that stay, and others that may die; everybody's blocks, as their makers know them. */
class Stage implements Disposable {
  readonly memory: Memory = privateMemory(BYTES);
  readonly dead = new Set<number>();
  readonly first: SharedHeap;
  readonly second: SharedHeap;
  readonly blocks = new Set<Block>();
  #identity = 0;

  constructor() {
    this.first = sharedHeap(this.memory, { seats: 3, ...this.#participant() });
    this.second = this.join();
  }

  join(): SharedHeap {
    return attachSharedHeap(this.memory, 0, this.#participant());
  }

  killThird(): void {
    this.dead.add(3);
  }

  make(heap: SharedHeap, byteSize: number, align = 8): void {
    const ptr = heap.tryAlloc(byteSize, align);
    if (ptr === NIL) return;
    const block = { ptr, byteSize, align };
    this.memory.u8.fill(byteSize & 0xff, ptr, ptr + byteSize);
    this.blocks.add(block);
  }

  /** Who dies in it has given the block away. */
  free(heap: SharedHeap, block: Block): void {
    const { ptr, byteSize, align } = block;
    assert.ok(
      this.memory.u8.subarray(ptr, ptr + byteSize).every((byte) => byte === (byteSize & 0xff)),
      "somebody wrote there",
    );
    this.blocks.delete(block);
    heap.free(ptr, byteSize, align);
  }

  /** The heap is sound; nothing that is live was given out again; all of it can be given back, and then there is room, bar what a death may cost. */
  checkUsable(): void {
    assert.deepEqual(this.first.checkInvariants(), []);
    const heirs = [this.first, this.second, attachSharedHeap(this.memory)];
    for (let step = 0; step < 60; step++) this.make(heirs[step % 3], 8 + ((step * 97) % 9000), step % 7 === 0 ? 4096 : 8);
    assert.deepEqual(this.first.checkInvariants(), []);
    const places = [...this.blocks].sort((a, b) => a.ptr - b.ptr);
    for (const [at, { ptr }] of places.entries()) {
      const before = places[at - 1];
      assert.ok(before === undefined || before.ptr + before.byteSize <= ptr, "two blocks share bytes");
    }
    for (const [at, block] of places.entries()) this.free(heirs[at % 3], block);
    for (const heap of heirs) heap.collect();
    for (const heap of heirs) heap.trim();
    assert.deepEqual(this.first.checkInvariants(), []);
    // The block in hand, and a stack of each class at most, which holds its span.
    assert.ok(this.first.usedByteLength <= 48 * 1024, `${this.first.usedByteLength} bytes are lost`);
  }

  #participant() {
    this.#identity += 1;
    return { identity: this.#identity, timeoutMs: 50, isAlive: (asked: number) => !this.dead.has(asked) };
  }

  [Symbol.dispose](): void {
    this.memory.close();
  }
}

/** What everybody has done before the third begins what may kill it. */
function prepare(stage: Stage): SharedHeap {
  const third = stage.join();
  for (const heap of [stage.first, third]) {
    for (let at = 0; at < 24; at++) stage.make(heap, 8 + ((at * 56) % 700));
  }
  for (const block of [...stage.blocks].filter((_, at) => at % 3 === 0)) stage.free(stage.first, block);
  return third;
}

/** What the third participant does. */
const LIVES: Readonly<Record<string, (stage: Stage, heap: SharedHeap) => void>> = {
  "makes blocks of many sizes": (stage, heap) => {
    for (let at = 0; at < 14; at++) stage.make(heap, 8 + at * 70);
  },
  "frees its own blocks and those of others": (stage, heap) => {
    for (const block of [...stage.blocks]) stage.free(heap, block);
  },
  "makes and frees large ones": (stage, heap) => {
    for (const byteSize of [9000, 20_000, 9000]) stage.make(heap, byteSize);
    stage.make(heap, 5000, 16_384);
    const large = [...stage.blocks].filter(({ byteSize }) => byteSize >= 5000);
    for (const block of large) stage.free(heap, block);
  },
  "makes a large one longer and shorter": (_, heap) => {
    const ptr = heap.tryAlloc(9000);
    if (ptr === NIL) return;
    heap.resize(ptr, 9000, 30_000);
    heap.resize(ptr, 30_000, 12_000);
    heap.free(ptr, heap.resize(ptr, 12_000, 4097 * 2) ? 4097 * 2 : 12_000);
  },
  "takes in what others have freed, gives its pages back, and leaves": (_, heap) => {
    heap.collect();
    heap.close();
  },
  "looks for room where there is none": (stage, heap) => {
    while (heap.usedByteLength < BYTES && heap.tryAlloc(4096) !== NIL);
    stage.make(heap, 64);
  },
};

/** Every step of some, and of what takes thousands a sample that is the same every time. */
function stepsOf(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, at) => at);
  const random = randomFrom(count);
  return [...new Set(Array.from({ length: most }, () => random() % count))];
}

function killedAt(step: number, life: (stage: Stage, heap: SharedHeap) => void): Stage {
  const stage = new Stage();
  const third = prepare(stage);
  makeStoresSteps(stage.memory);
  diesAt(step, () => life(stage, third));
  stage.killThird();
  return stage;
}

describe("a participant of a shared heap that dies at any step", () => {
  for (const [title, life] of Object.entries(LIVES)) {
    it(`${title}: the others go on, and recover what it had`, () => {
      using trial = new Stage();
      const third = prepare(trial);
      makeStoresSteps(trial.memory);
      const steps = countSteps(() => life(trial, third));
      for (const step of stepsOf(steps, 120)) {
        using stage = killedAt(step, life);
        try {
          // The others need not know: they wait for nothing that it holds.
          stage.make(stage.first, 9000);
          stage.first.recoverDead();
          stage.checkUsable();
        } catch (error) {
          throw new Error(`after death at step ${step} of ${steps}`, { cause: error });
        }
      }
    });

    it(`${title}: who recovers it may die at any step too`, () => {
      for (const step of stepsOf(400, 4)) {
        using trial = killedAt(step, life);
        const steps = countSteps(() => trial.first.recoverDead());
        for (const other of stepsOf(steps, 30)) {
          using stage = killedAt(step, life);
          try {
            diesAt(other, () => stage.first.recoverDead());
            stage.dead.add(1);
            stage.second.recoverDead();
            assert.deepEqual(stage.second.checkInvariants(), []);
            const heir = stage.join();
            stage.make(heir, 40);
            for (const block of [...stage.blocks]) stage.free(heir, block);
            heir.trim();
            assert.deepEqual(heir.checkInvariants(), []);
          } catch (error) {
            throw new Error(`after death at step ${step}, and of its heir at step ${other} of ${steps}`, { cause: error });
          }
        }
      }
    });
  }
});
