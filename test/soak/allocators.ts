// Random programs for every allocator, many: npm run soak -- allocators [--programs=100000] [--seed=1] [--only=slab]
import { arena } from "../../src/alloc/arenas/arena.ts";
import { fallback } from "../../src/alloc/around/fallback.ts";
import { limit } from "../../src/alloc/around/limit.ts";
import { statistics } from "../../src/alloc/around/statistics.ts";
import { validating } from "../../src/alloc/around/validating.ts";
import type { CheckableAllocator } from "../../src/alloc/around/wrapper.ts";
import { bump } from "../../src/alloc/bump.ts";
import { attachSharedHeap, sharedHeap } from "../../src/alloc/heaps/shared-heap.ts";
import { slab } from "../../src/alloc/heaps/slab.ts";
import { tlsf } from "../../src/alloc/heaps/tlsf.ts";
import { sharedBump } from "../../src/alloc/shared-bump.ts";
import { stack } from "../../src/alloc/stack.ts";
import { privateMemory } from "../../src/core/homes.ts";
import type { Memory } from "../../src/core/memory.ts";
import { KiB } from "../../src/core/size.ts";
import { runRandomProgram } from "../../src/testing/index.ts";

const MOST_BYTES = KiB(256);

const KINDS: Readonly<Record<string, (memory: Memory) => CheckableAllocator>> = {
  bump: (memory) => bump(memory),
  arena: (memory) => arena({ upstream: bump(memory), chunkByteLength: 1000 }),
  stack: (memory) => stack(memory),
  slab: (memory) => slab(memory),
  tlsf: (memory) => tlsf(memory),
  sharedBump: (memory) => sharedBump(memory, { byteLength: MOST_BYTES }),
  sharedHeap: (memory) => {
    sharedHeap(memory, { byteLength: MOST_BYTES, seats: 2 });
    return attachSharedHeap(memory);
  },
  arenaOverTlsf: (memory) => arena({ upstream: tlsf(memory), chunkByteLength: 1000 }),
  wrapped: (memory) => {
    const first = slab(memory, { byteLength: MOST_BYTES / 2 });
    const second = tlsf(memory, { byteOffset: MOST_BYTES / 2, byteLength: MOST_BYTES / 2 });
    return validating(statistics(limit(fallback(first, second), KiB(200))));
  },
};

function option(name: string, otherwise: string): string {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? otherwise : given.slice(name.length + 3);
}

const programs = Number(option("programs", "10000"));
const seed = Number(option("seed", "1"));
const only = option("only", "");
for (const [title, make] of Object.entries(KINDS)) {
  if (only !== "" && only !== title) continue;
  const started = performance.now();
  // One buffer for all programs, with what the last one left in it: allocators must not rely on zeros.
  const memory = privateMemory(0, { maxByteLength: MOST_BYTES });
  let steps = 0;
  for (let at = seed; at < seed + programs; at++) steps += runRandomProgram({ title, create: () => make(memory) }, at);
  memory.close();
  const seconds = (performance.now() - started) / 1000;
  const pace = `${seconds.toFixed(1)} s, ${(programs / seconds).toFixed(0)} programs a second`;
  console.log(`${title.padEnd(14)} ${programs} programs from seed ${seed}, ${steps} steps, checked after each: sound (${pace})`);
}
