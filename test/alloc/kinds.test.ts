import { attachSharedHeap, sharedHeap } from "../../src/alloc/heaps/shared-heap.ts";
import { slab } from "../../src/alloc/heaps/slab.ts";
import { tlsf } from "../../src/alloc/heaps/tlsf.ts";
import { attachSharedBump, sharedBump } from "../../src/alloc/shared-bump.ts";
import { stack } from "../../src/alloc/stack.ts";
import { MOST_BYTES, testAllocator } from "../conformance/allocators.ts";
import { HOMES } from "../conformance/homes.ts";

const ALL = ["freed", "interior", "foreign", "size"] as const;

testAllocator({ title: "slab", create: (memory) => slab(memory), reuses: true, notices: ALL }, HOMES);
testAllocator({ title: "TLSF heap", create: (memory) => tlsf(memory), reuses: true, notices: ALL }, HOMES);
testAllocator({ title: "stack", create: (memory) => stack(memory), reuses: true, notices: ALL }, HOMES);
testAllocator(
  { title: "shared bump", create: (memory) => sharedBump(memory, { byteLength: MOST_BYTES }), resizesLast: true },
  HOMES,
);
testAllocator(
  {
    title: "second handle of a shared bump",
    create: (memory) => {
      sharedBump(memory, { byteOffset: 4096, byteLength: MOST_BYTES - 4096 });
      return attachSharedBump(memory, 4096);
    },
  },
  HOMES.slice(1, 2),
);
testAllocator(
  { title: "shared heap", create: (memory) => sharedHeap(memory, { byteLength: MOST_BYTES }), reuses: true, notices: ALL },
  HOMES,
);
testAllocator(
  {
    title: "second participant of a shared heap",
    create: (memory) => {
      sharedHeap(memory, { byteOffset: 4096, byteLength: MOST_BYTES - 4096, seats: 2 });
      return attachSharedHeap(memory, 4096);
    },
    reuses: true,
    notices: ALL,
  },
  HOMES.slice(1, 2),
);
for (const byteOffset of [4096, 8192]) {
  const region = { byteOffset, byteLength: MOST_BYTES - byteOffset };
  testAllocator(
    { title: `slab at ${byteOffset}`, create: (memory) => slab(memory, region), reuses: true, notices: ALL },
    HOMES.slice(0, 1),
  );
  testAllocator(
    { title: `TLSF heap at ${byteOffset + 8}`, create: (memory) => tlsf(memory, { byteOffset: byteOffset + 8 }), reuses: true },
    HOMES.slice(0, 1),
  );
}
