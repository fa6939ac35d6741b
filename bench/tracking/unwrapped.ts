/** Run by `machineCode`: uses a slab that nobody wraps, with `offheap/debug` loaded or not. */
import { privateMemory, slab } from "offheap";

if (process.argv[2] === "loaded") await import("offheap/debug");

const heap = slab(privateMemory(0, { maxByteLength: 2 ** 26 }));

function work(): void {
  const ptrs = Array.from({ length: 64 }, (_, at) => heap.alloc(16 + at));
  for (let round = 0; round < 5000; round++) {
    const at = (round * 7) % 64;
    heap.free(ptrs[at], 16 + at);
    ptrs[at] = heap.alloc(16 + at);
  }
  for (const [at, ptr] of ptrs.entries()) heap.free(ptr, 16 + at);
}

for (let repeat = 0; repeat < 30; repeat++) work();
