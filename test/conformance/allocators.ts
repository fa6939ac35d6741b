import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { CheckableAllocator } from "../../src/alloc/around/wrapper.ts";
import { MemoryError, type MemoryErrorCode } from "../../src/core/errors.ts";
import type { Memory } from "../../src/core/memory.ts";
import { KiB } from "../../src/core/size.ts";
import { type BadFree, type ProgramStep, runProgram, testAllocator as suite } from "../../src/testing/index.ts";
import type { Home } from "./homes.ts";

/** An allocator, and what the suite may expect of it beyond the interface. */
export interface AllocatorUnderTest {
  readonly title: string;
  /** A new one over a memory of its own, from which it may take at most `MOST_BYTES`. */
  create(memory: Memory): CheckableAllocator;
  /** Whether the block made last can be made larger and smaller where it is, and be given back for the next. */
  readonly resizesLast?: boolean;
  readonly reuses?: boolean;
  readonly notices?: readonly BadFree[];
}

/** What memories for the suite can grow to. */
export const MOST_BYTES = KiB(256);
/** Random programs in the first home, and in each other, where making memories takes most of the time; `npm run soak -- allocators` runs many more. */
const PROGRAMS = 40;
const PROGRAMS_ELSEWHERE = 8;

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

/** The conformance suite for one kind of allocator, in each home, and programs that fast-check makes shorter when they fail. */
export function testAllocator(under: AllocatorUnderTest, homes: readonly Home[]): void {
  const { title, reuses = false, notices = [] } = under;
  for (const home of homes) {
    const programs = home === homes[0] ? PROGRAMS : PROGRAMS_ELSEWHERE;
    describe(`${title} in ${home.title}`, () => {
      const create = () => under.create(home.create(KiB(64), MOST_BYTES));
      const dispose = (allocator: CheckableAllocator) => allocator.memory.close();
      suite({ title, create, dispose, mostByteLength: MOST_BYTES + 1, reuses, notices, programs }, (name, work) => {
        it(name.slice(title.length + 1), work);
      });

      if (under.resizesLast) {
        it("resizes and frees the last block where it is", () => {
          const allocator = create();
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
          dispose(allocator);
        });
      }

      it("keeps blocks apart and whole through programs that are made shorter when they fail", () => {
        fc.assert(
          fc.property(STEPS, (steps) => {
            const allocator = create();
            runProgram(allocator, steps);
            dispose(allocator);
          }),
          { numRuns: programs / 2 },
        );
      });
    });
  }
}

const SIZES = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 9000 }) },
);
const ALIGNS = fc.integer({ min: 0, max: 12 }).map((power) => 2 ** power);
const STEPS: fc.Arbitrary<ProgramStep[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("alloc" as const), byteSize: SIZES, align: ALIGNS }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("free" as const), pick: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("resize" as const), pick: fc.nat(), byteSize: SIZES }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("realloc" as const), pick: fc.nat(), byteSize: SIZES }) },
  ),
  { maxLength: 80 },
);
