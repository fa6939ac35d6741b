import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Allocator } from "../../src/alloc/allocator.ts";
import { NIL, type Ptr } from "../../src/core/brand.ts";
import { MemoryError, type MemoryErrorCode } from "../../src/core/errors.ts";
import { KiB } from "../../src/core/size.ts";
import type { Home } from "./homes.ts";

/** An allocator, and what the suite may expect of it beyond the interface. */
export interface AllocatorUnderTest {
  readonly title: string;
  /** A new one over a memory of its own, from which it may take at most `MOST_BYTES`. */
  create(memory: ReturnType<Home["create"]>): Allocator & { checkInvariants?(): string[] };
  /** Whether the block made last can be made larger and smaller where it is, and be given back for the next. */
  readonly resizesLast: boolean;
}

/** What memories for the suite can grow to. */
export const MOST_BYTES = KiB(256);

/** Throws unless `work` throws a MemoryError with this code; returns it. */
export function refuses(code: MemoryErrorCode, work: () => unknown): MemoryError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof MemoryError, `not a MemoryError: ${error}`);
    assert.equal(error.code, code, error.message);
    return error;
  }
  assert.fail(`nothing was thrown, expected ${code}`);
}

interface Block {
  readonly ptr: Ptr;
  readonly byteSize: number;
  readonly align: number;
  readonly fill: number;
}

/** What an allocator's blocks should look like: each filled with a byte of its own, so that any overlap or loss shows. */
class Ledger {
  readonly blocks: Block[] = [];
  readonly #allocator: Allocator & { checkInvariants?(): string[] };
  #nextFill = 0;

  constructor(allocator: Allocator & { checkInvariants?(): string[] }) {
    this.#allocator = allocator;
  }

  add(ptr: Ptr, byteSize: number, align: number): void {
    const { memory } = this.#allocator;
    assert.notEqual(ptr, NIL);
    assert.equal(ptr % align, 0, `${ptr} is not a multiple of ${align}`);
    assert.ok(ptr + Math.max(byteSize, 1) <= memory.byteLength, `${ptr} + ${byteSize} is past ${memory.byteLength}`);
    const end = ptr + Math.max(byteSize, 1);
    for (const other of this.blocks) {
      assert.ok(end <= other.ptr || ptr >= other.ptr + Math.max(other.byteSize, 1), `${ptr} … ${end} overlaps ${other.ptr}`);
    }
    this.#nextFill = (this.#nextFill % 255) + 1;
    memory.u8.fill(this.#nextFill, ptr, ptr + byteSize);
    this.blocks.push({ ptr, byteSize, align, fill: this.#nextFill });
  }

  take(pick: number): Block {
    const [block] = this.blocks.splice(pick % this.blocks.length, 1);
    this.#holds(block, block.byteSize);
    return block;
  }

  /** The first `kept` bytes of `block`, wherever they are now, are what they were. */
  moved(block: Block, ptr: Ptr, kept: number): void {
    this.#holds({ ...block, ptr }, kept);
  }

  check(): void {
    assert.deepEqual(this.#allocator.checkInvariants?.() ?? [], []);
    for (const block of this.blocks) this.#holds(block, block.byteSize);
  }

  #holds({ ptr, fill }: Block, byteSize: number): void {
    const { u8 } = this.#allocator.memory;
    for (let at = ptr; at < ptr + byteSize; at++) if (u8[at] !== fill) assert.fail(`byte ${at} is ${u8[at]}, was ${fill}`);
  }
}

const SIZES = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 9000 }) },
);
const ALIGNS = fc.integer({ min: 0, max: 12 }).map((power) => 2 ** power);
const STEPS = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("alloc" as const), byteSize: SIZES, align: ALIGNS }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("free" as const), pick: fc.nat(), last: fc.boolean() }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("resize" as const), pick: fc.nat(), last: fc.boolean(), byteSize: SIZES }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("realloc" as const), pick: fc.nat(), last: fc.boolean(), byteSize: SIZES }),
    },
  ),
  { maxLength: 80 },
);

function runProgram(
  allocator: Allocator & { checkInvariants?(): string[] },
  steps: typeof STEPS extends fc.Arbitrary<infer T> ? T : never,
): void {
  const ledger = new Ledger(allocator);
  for (const step of steps) {
    const place = "last" in step && step.last ? ledger.blocks.length - 1 : "pick" in step ? step.pick : 0;
    if (step.kind === "alloc") {
      const ptr = allocator.tryAlloc(step.byteSize, step.align);
      if (ptr !== NIL) ledger.add(ptr, step.byteSize, step.align);
    } else if (ledger.blocks.length > 0) {
      const block = ledger.take(place);
      const { ptr, byteSize, align } = block;
      if (step.kind === "free") {
        allocator.free(ptr, byteSize, align);
      } else if (step.kind === "resize") {
        const done = allocator.resize(ptr, byteSize, step.byteSize, align);
        ledger.moved(block, ptr, done ? Math.min(byteSize, step.byteSize) : byteSize);
        ledger.add(ptr, done ? step.byteSize : byteSize, align);
      } else {
        const kept = Math.min(byteSize, step.byteSize);
        try {
          const moved = allocator.realloc(ptr, byteSize, step.byteSize, align);
          ledger.moved(block, moved, kept);
          ledger.add(moved, step.byteSize, align);
        } catch (error) {
          assert.ok(error instanceof MemoryError && error.code === "out-of-memory", String(error));
          ledger.moved(block, ptr, byteSize);
          ledger.add(ptr, byteSize, align);
        }
      }
    }
    ledger.check();
  }
}

/** The suite for every allocator: one line for each, in each home. */
export function testAllocator(under: AllocatorUnderTest, homes: readonly Home[]): void {
  for (const home of homes) {
    describe(`${under.title} in ${home.title}`, () => {
      const withAllocator = (work: (allocator: Allocator & { checkInvariants?(): string[] }) => void): void => {
        using memory = home.create(KiB(64), MOST_BYTES);
        work(under.create(memory));
      };

      it("hands out aligned blocks for every alignment from 1 to 4096", () => {
        withAllocator((allocator) => {
          const ledger = new Ledger(allocator);
          for (let align = 1; align <= 4096; align *= 2) {
            for (const byteSize of [1, 3, align, align + 1]) ledger.add(allocator.alloc(byteSize, align), byteSize, align);
            ledger.check();
          }
        });
      });

      it("gives blocks of size 0 a place of their own, and takes them back", () => {
        withAllocator((allocator) => {
          const a = allocator.alloc(0);
          const b = allocator.alloc(0, 1);
          assert.ok(a !== NIL && b !== NIL && a !== b);
          allocator.free(b, 0, 1);
          allocator.free(a, 0);
          allocator.free(NIL, 0);
          assert.equal(allocator.dupe(new Uint8Array(0)) === NIL, false);
        });
      });

      it("refuses what cannot fit, and is as it was", () => {
        withAllocator((allocator) => {
          const ledger = new Ledger(allocator);
          ledger.add(allocator.alloc(100), 100, 8);
          for (const byteSize of [MOST_BYTES + 1, 2 ** 31, 2 ** 32, 2 ** 32 + 8, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
            assert.equal(allocator.tryAlloc(byteSize), NIL);
            assert.equal(allocator.tryAlloc(byteSize, 4096), NIL);
            assert.equal(refuses("out-of-memory", () => allocator.alloc(byteSize)).numbers.byteSize, byteSize);
            refuses("out-of-memory", () => allocator.realloc(ledger.blocks[0].ptr, 100, byteSize));
            ledger.check();
          }
          assert.equal(allocator.tryAlloc(8, 2 ** 31), NIL);
          ledger.add(allocator.alloc(100), 100, 8);
          ledger.check();
        });
      });

      it("is exhausted without harm: all blocks keep their bytes, and what is freed can be used again", () => {
        withAllocator((allocator) => {
          const ledger = new Ledger(allocator);
          for (let byteSize = KiB(16); byteSize >= 1; byteSize = Math.floor(byteSize / 2)) {
            for (let ptr = allocator.tryAlloc(byteSize, 1); ptr !== NIL; ptr = allocator.tryAlloc(byteSize, 1)) {
              if (ledger.blocks.length < 500) ledger.add(ptr, byteSize, 1);
            }
          }
          refuses("out-of-memory", () => allocator.alloc(1, 1));
          ledger.check();
          if (!under.resizesLast) return;
          const { ptr, byteSize } = ledger.blocks[ledger.blocks.length - 1];
          assert.equal(allocator.resize(ptr, byteSize, MOST_BYTES * 2, 1), false);
          ledger.check();
        });
      });

      if (under.resizesLast) {
        it("resizes and frees the last block where it is", () => {
          withAllocator((allocator) => {
            const first = allocator.alloc(16);
            const last = allocator.alloc(16);
            allocator.memory.u8.fill(7, last, last + 16);
            assert.equal(allocator.resize(last, 16, 5000), true);
            assert.equal(allocator.realloc(last, 5000, 24), last);
            assert.deepEqual([...allocator.memory.u8.subarray(last, last + 16)], new Array(16).fill(7));
            const next = allocator.alloc(8);
            assert.equal(next, last + 24);
            assert.equal(allocator.resize(first, 16, 17), false);
            allocator.free(next, 8);
            allocator.free(last, 24);
            assert.equal(allocator.alloc(8), last);
          });
        });
      }

      it("moves a block with its bytes and its alignment when it must", () => {
        withAllocator((allocator) => {
          for (const align of [1, 8, 64, 4096]) {
            const ptr = allocator.alloc(10, align);
            allocator.memory.u8.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], ptr);
            allocator.alloc(1, 1);
            const moved = allocator.realloc(ptr, 10, 200, align);
            assert.equal(moved % align, 0);
            assert.deepEqual([...allocator.memory.u8.subarray(moved, moved + 10)], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
          }
          assert.notEqual(allocator.realloc(NIL, 0, 40), NIL);
        });
      });

      it("copies and clears where it says so", () => {
        withAllocator((allocator) => {
          for (const byteSize of [1, 4, 7, 16, 130, 1000]) {
            const junk = allocator.alloc(byteSize, 1);
            allocator.memory.u8.fill(255, junk, junk + byteSize);
            allocator.free(junk, byteSize, 1);
            const ptr = allocator.allocZeroed(byteSize, byteSize % 4 === 0 ? 4 : 1);
            assert.deepEqual([...allocator.memory.u8.subarray(ptr, ptr + byteSize)], new Array(byteSize).fill(0));
          }
          const copy = allocator.dupe(new Uint8Array([9, 8, 7]));
          assert.deepEqual([...allocator.memory.u8.subarray(copy, copy + 3)], [9, 8, 7]);
        });
      });

      it("refuses sizes, alignments and blocks that are none, and is as it was", () => {
        withAllocator((allocator) => {
          const ledger = new Ledger(allocator);
          const ptr = allocator.alloc(64);
          ledger.add(ptr, 64, 8);
          for (const bad of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, -Number.MAX_SAFE_INTEGER, 2 ** 53]) {
            refuses("invalid-argument", () => allocator.alloc(bad));
            refuses("invalid-argument", () => allocator.tryAlloc(bad));
            refuses("invalid-argument", () => allocator.resize(ptr, 64, bad));
            refuses("invalid-argument", () => allocator.realloc(ptr, 64, bad));
            refuses("invalid-argument", () => allocator.free(ptr, bad));
          }
          for (const bad of [0, -8, 3, 12, 0.5, Number.NaN, 2 ** 32]) {
            refuses("invalid-argument", () => allocator.alloc(8, bad));
            refuses("invalid-argument", () => allocator.free(ptr, 64, bad));
          }
          refuses("invalid-argument", () => allocator.free((ptr + 1) as Ptr, 8));
          refuses("out-of-bounds", () => allocator.free((MOST_BYTES * 4) as Ptr, 8));
          refuses("out-of-bounds", () => allocator.resize(-8 as Ptr, 8, 16));
          ledger.check();
        });
      });

      it("keeps blocks apart and whole through random programs", () => {
        fc.assert(
          fc.property(STEPS, (steps) => withAllocator((allocator) => runProgram(allocator, steps))),
          { numRuns: 40 },
        );
      });
    });
  }
}
