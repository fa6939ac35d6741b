import type { CheckableAllocator } from "../alloc/around/wrapper.ts";
import { NIL, type Ptr } from "../core/brand.ts";
import { MemoryError } from "../core/errors.ts";
import { expect } from "./expect.ts";
import { FilledBlocks } from "./filled-blocks.ts";

/** One operation of a program. `pick` chooses a block among those that are live then. */
export type ProgramStep =
  | { readonly kind: "alloc"; readonly byteSize: number; readonly align: number }
  | { readonly kind: "many"; readonly count: number; readonly byteSize: number; readonly align: number }
  | { readonly kind: "free"; readonly pick: number }
  | { readonly kind: "resize"; readonly pick: number; readonly byteSize: number }
  | { readonly kind: "realloc"; readonly pick: number; readonly byteSize: number }
  | { readonly kind: "clear" };

/** Runs a program. After every step the allocator checks itself, and every live block must still hold its bytes. Throws where something is wrong. */
export function runProgram(allocator: CheckableAllocator, steps: readonly ProgramStep[]): void {
  const live = new FilledBlocks(allocator);
  for (const [at, step] of steps.entries()) {
    runStep(allocator, live, step);
    live.check(`after step ${at}, ${step.kind}`);
  }
  clear(allocator, live);
  live.check("after everything was freed");
}

/** A random program of at most `most` steps. `random` gives numbers from 0 to 2^32 − 1. */
export function randomProgram(random: () => number, most = 60): ProgramStep[] {
  const sizes = random() % 4;
  return Array.from({ length: 1 + (random() % most) }, () => randomStep(random, sizes));
}

/** Numbers from 0 to 2^32 − 1, the same for the same seed. Marsaglia's xorshift. */
export function randomFrom(seed: number): () => number {
  let state = Math.imul(seed, 0x9e37_79b1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

/** The shortest program that still fails as `steps` does, as far as leaving out steps finds one. */
export function shrunk(steps: readonly ProgramStep[], fails: (steps: readonly ProgramStep[]) => boolean): readonly ProgramStep[] {
  let now = steps;
  for (let length = now.length >>> 1; length > 0; length >>>= 1) {
    for (let from = 0; from < now.length; ) {
      const shorter = [...now.slice(0, from), ...now.slice(from + length)];
      if (shorter.length < now.length && fails(shorter)) now = shorter;
      else from += length;
    }
  }
  return now;
}

function runStep(allocator: CheckableAllocator, live: FilledBlocks, step: ProgramStep): void {
  switch (step.kind) {
    case "alloc": {
      const ptr = allocator.tryAlloc(step.byteSize, step.align);
      if (ptr !== NIL) live.add(ptr, step.byteSize, step.align);
      return;
    }
    case "many": {
      for (const ptr of allocator.tryAllocMany(step.count, step.byteSize, step.align) ?? [])
        live.add(ptr, step.byteSize, step.align);
      return;
    }
    case "clear":
      clear(allocator, live);
      return;
    default:
      if (live.blocks.length > 0) changeBlock(allocator, live, step);
  }
}

function changeBlock(allocator: CheckableAllocator, live: FilledBlocks, step: Extract<ProgramStep, { pick: number }>): void {
  const block = live.take(step.pick);
  const { ptr, byteSize, align } = block;
  if (step.kind === "free") {
    allocator.free(ptr, byteSize, align);
    return;
  }
  const wanted = step.byteSize;
  let now: Ptr = ptr;
  if (step.kind === "resize") now = allocator.resize(ptr, byteSize, wanted, align) ? ptr : NIL;
  else {
    try {
      now = allocator.realloc(ptr, byteSize, wanted, align);
    } catch (error) {
      expect(error instanceof MemoryError && error.code === "out-of-memory", () => `realloc threw ${String(error)}`);
      now = NIL;
    }
  }
  live.expectWhole(block, now === NIL ? ptr : now, now === NIL ? byteSize : Math.min(byteSize, wanted));
  if (now === NIL) live.add(ptr, byteSize, align);
  else live.add(now, wanted, align);
}

function clear(allocator: CheckableAllocator, live: FilledBlocks): void {
  while (live.blocks.length > 0) {
    const { ptr, byteSize, align } = live.take(live.blocks.length - 1);
    allocator.free(ptr, byteSize, align);
  }
}

function randomStep(random: () => number, sizes: number): ProgramStep {
  const roll = random() % 100;
  if (roll < 45) return { kind: "alloc", byteSize: randomSize(random, sizes), align: randomAlign(random) };
  if (roll < 50) return { kind: "many", count: random() % 12, byteSize: randomSize(random, 0), align: randomAlign(random) };
  const pick = random();
  if (roll < 75) return { kind: "free", pick };
  if (roll < 86) return { kind: "resize", pick, byteSize: randomSize(random, sizes) };
  if (roll < 98) return { kind: "realloc", pick, byteSize: randomSize(random, sizes) };
  return { kind: "clear" };
}

/** Mostly small, of one size again and again in some programs, now and then too large for anything. */
function randomSize(random: () => number, sizes: number): number {
  const roll = random() % 100;
  if (sizes === 3) return 24;
  if (roll < 2) return 2 ** (20 + (random() % 30));
  if (roll < 70 || sizes === 0) return random() % 200;
  return random() % (sizes === 1 ? 3000 : 30_000);
}

function randomAlign(random: () => number): number {
  return random() % 4 === 0 ? 2 ** (random() % 13) : 8;
}
