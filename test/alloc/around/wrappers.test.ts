import { arena } from "../../../src/alloc/arenas/arena.ts";
import { fallback } from "../../../src/alloc/around/fallback.ts";
import { limit } from "../../../src/alloc/around/limit.ts";
import { logging } from "../../../src/alloc/around/logging.ts";
import { nullAllocator } from "../../../src/alloc/around/null-allocator.ts";
import { statistics } from "../../../src/alloc/around/statistics.ts";
import { synchronized } from "../../../src/alloc/around/synchronized.ts";
import { validating } from "../../../src/alloc/around/validating.ts";
import { bump } from "../../../src/alloc/bump.ts";
import { slab } from "../../../src/alloc/heaps/slab.ts";
import { tlsf } from "../../../src/alloc/heaps/tlsf.ts";
import type { Ptr } from "../../../src/core/brand.ts";
import { KiB } from "../../../src/core/size.ts";
import { MOST_BYTES, testAllocator } from "../../conformance/allocators.ts";
import { HOMES } from "../../conformance/homes.ts";

const ALL = ["freed", "interior", "foreign", "size"] as const;
const SOME_HOMES = HOMES.slice(0, 3);

testAllocator({ title: "limited TLSF", create: (memory) => limit(tlsf(memory), KiB(200)), reuses: true, notices: ALL }, SOME_HOMES);
testAllocator({ title: "limited arena", create: (memory) => limit(arena({ upstream: bump(memory) }), KiB(200)) }, SOME_HOMES);
testAllocator(
  { title: "logging slab", create: (memory) => logging(slab(memory), () => {}), reuses: true, notices: ALL },
  SOME_HOMES,
);
testAllocator({ title: "counting TLSF", create: (memory) => statistics(tlsf(memory)), reuses: true, notices: ALL }, SOME_HOMES);
testAllocator({ title: "validating slab", create: (memory) => validating(slab(memory)), reuses: true, notices: ALL }, SOME_HOMES);
testAllocator(
  { title: "validating bump", create: (memory) => validating(bump(memory)), resizesLast: true, notices: ALL },
  SOME_HOMES,
);
testAllocator(
  { title: "validating arena", create: (memory) => validating(arena({ upstream: bump(memory) })), notices: ALL },
  SOME_HOMES,
);
testAllocator(
  {
    title: "synchronized slab",
    create: (memory) => {
      memory.grow(4096);
      return synchronized(slab(memory, { byteOffset: 4096, byteLength: MOST_BYTES - 4096 }), 64 as Ptr, { timeoutMs: 50 });
    },
    reuses: true,
    notices: ALL,
  },
  SOME_HOMES,
);
testAllocator(
  {
    title: "slab with a fallback to TLSF, limited and validated",
    create: (memory) => {
      const half = MOST_BYTES / 2;
      const first = slab(memory, { byteLength: half });
      return validating(limit(fallback(first, tlsf(memory, { byteOffset: half, byteLength: half })), KiB(200)));
    },
    reuses: true,
    notices: ALL,
  },
  SOME_HOMES,
);
testAllocator(
  { title: "bump with nothing behind it", create: (memory) => fallback(bump(memory), nullAllocator(memory)) },
  SOME_HOMES,
);
testAllocator(
  { title: "arena over a slab", create: (memory) => arena({ upstream: slab(memory), chunkByteLength: 1000 }) },
  SOME_HOMES,
);
testAllocator(
  { title: "arena over a TLSF heap", create: (memory) => arena({ upstream: tlsf(memory), chunkByteLength: 1000 }) },
  SOME_HOMES,
);
