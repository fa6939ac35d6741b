import type { Allocator } from "../../src/alloc/allocator.ts";
import { Arena } from "../../src/alloc/arenas/arena.ts";
import { Bump } from "../../src/alloc/bump.ts";
import { slab } from "../../src/alloc/heaps/slab.ts";
import { tlsf } from "../../src/alloc/heaps/tlsf.ts";
import type { Memory } from "../../src/core/memory.ts";
import { HOMES } from "../conformance/homes.ts";
import { TestAllocator } from "../conformance/test-allocator.ts";

/** An allocator in a home, with what ends all of its blocks at once. */
export interface Place {
  readonly allocator: Allocator;
  readonly memory: Memory;
  reset(): void;
}

/** Each kind of allocator in each home. */
export const PLACES: readonly { readonly title: string; make(): Place }[] = HOMES.flatMap((home) => [
  {
    title: `bump in ${home.title}`,
    make: () => {
      const memory = home.create(1 << 20);
      const allocator = new Bump(memory);
      return { allocator, memory, reset: () => allocator.reset() };
    },
  },
  {
    title: `arena in ${home.title}`,
    make: () => {
      const memory = home.create(1 << 20);
      const allocator = new Arena({ upstream: new Bump(memory), chunkByteLength: 4096 });
      return { allocator, memory, reset: () => allocator.reset() };
    },
  },
  {
    title: `slab in ${home.title}`,
    make: () => {
      const memory = home.create(1 << 20);
      const allocator = slab(memory);
      return { allocator, memory, reset: () => allocator.reset() };
    },
  },
  {
    title: `TLSF heap in ${home.title}`,
    make: () => {
      const memory = home.create(1 << 20);
      const allocator = tlsf(memory);
      return { allocator, memory, reset: () => allocator.reset() };
    },
  },
  {
    title: `first fit in ${home.title}`,
    make: () => {
      const memory = home.create(1 << 20);
      const allocator = new TestAllocator(memory);
      return { allocator, memory, reset: () => allocator.reset() };
    },
  },
]);
