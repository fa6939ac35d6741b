/**
 * What tracking costs: nothing where no tracker is, little in the sampling mode, a factor where every block is watched.
 *
 * The program keeps 10 000 blocks of 16 to 527 bytes live: it frees one at random, allocates another and writes all of its bytes; in a second form it also
 * reads each block once before it frees it, as programs do. Each way runs in processes of its own, several times and in turn, and its fastest
 * slice of a few thousand operations counts. That loading `offheap/debug` changes nothing is measured too, and
 * the machine code compared: an allocator does not know that trackers exist. A few
 * percent cannot be told from the noise of a shared machine.
 */
import { type Allocator, type Ptr, privateMemory, slab } from "offheap";
import { childTasks, option, report, sink } from "./harness.ts";
import { machineCode } from "./tracking/machine-code.ts";

const LIVE = 10_000;
const LEAST_BYTES = 16;
const MOST_BYTES = 512;
/** Of a slice; fewer where stacks are taken. */
const OPERATIONS = 4000;
const SLICES = option("slices", 400);
const REPEATS = option("repeats", 5);

const WAYS = ["bare", "loaded", "sampled", "tracked", "stacks"] as const;
type Way = (typeof WAYS)[number];

const child = await childTasks(import.meta.url, {
  /** Nanoseconds of one operation in the fastest slice. */
  churn: async ({ way, reads }: { way: Way; reads: boolean }) => {
    const heap = slab(privateMemory(0, { maxByteLength: 256 * 1024 ** 2 }));
    if (way === "bare") return churn(heap, reads, OPERATIONS);
    const { track } = await import("offheap/debug");
    switch (way) {
      case "loaded":
        return churn(heap, reads, OPERATIONS);
      case "sampled":
        return churn(track(heap, { everyNth: 8192, leaks: false }), reads, OPERATIONS);
      case "tracked":
        return churn(track(heap, { stackDepth: 0, leaks: false }), reads, OPERATIONS);
      case "stacks":
        return churn(track(heap, { leaks: false }), reads, OPERATIONS / 20);
    }
  },
});

for (const reads of [false, true]) {
  const best = new Map<Way, number>(WAYS.map((way) => [way, Number.POSITIVE_INFINITY]));
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (const way of WAYS) {
      const { result } = await child.run("churn", { way, reads });
      best.set(way, Math.min(best.get(way) ?? result, result));
    }
  }
  const ns = (way: Way): number => best.get(way) ?? Number.NaN;
  const tell = (what: string, way: Way, bar?: number): void => {
    const times = `${(ns(way) / ns("bare")).toFixed(2)} times the time without`;
    const note = bar === undefined ? times : `${times}; the bar is ${bar}`;
    const name = `${what}${reads ? ", blocks read" : ""}`;
    report({ bench: "tracking", case: name, unit: "ns", ours: ns(way), peer: ns("bare"), peerName: "slab alone", note });
  };
  tell("no tracker, debug loaded", "loaded", 1);
  tell("1 in 8192, stacks", "sampled", 1.05);
  tell("all, no stacks", "tracked", 3);
  tell("all, stacks", "stacks");
}

for (const method of ["rawAlloc", "rawTryFree"]) {
  const [bare, loaded] = [machineCode("bare", method), machineCode("loaded", method)];
  const isSame = bare.length > 0 && bare.join("\n") === loaded.join("\n");
  const note = isSame ? "the same instructions" : bare.length === 0 ? "this Node does not print machine code" : "NOT the same";
  report({
    ...{ bench: "tracking", case: `machine code of slab.${method}, debug loaded`, unit: "instructions" },
    ...{ ours: loaded.length, peer: bare.length, peerName: "not loaded", note },
  });
}

function churn(heap: Allocator, reads: boolean, operations: number): number {
  const ptrs: Ptr[] = [];
  const byteSizes: number[] = [];
  let random = 88_172_645;
  let sum = 0;
  let fastest = Number.POSITIVE_INFINITY;
  for (let block = 0; block < LIVE; block++) {
    byteSizes.push(LEAST_BYTES);
    ptrs.push(heap.alloc(LEAST_BYTES));
  }
  for (let round = 0; round < SLICES; round++) {
    const started = performance.now();
    for (let left = operations; left > 0; left--) {
      random ^= random << 13;
      random ^= random >>> 17;
      random ^= random << 5;
      const block = (random >>> 0) % LIVE;
      const byteSize = LEAST_BYTES + ((random >>> 8) & (MOST_BYTES - 1));
      if (reads) sum += read(heap.memory.u8, ptrs[block], byteSizes[block]);
      heap.free(ptrs[block], byteSizes[block]);
      const ptr = heap.alloc(byteSize);
      heap.memory.u8.fill(block, ptr, ptr + byteSize);
      ptrs[block] = ptr;
      byteSizes[block] = byteSize;
    }
    fastest = Math.min(fastest, ((performance.now() - started) * 1e6) / operations);
  }
  sink(sum);
  return fastest;
}

function read(u8: Uint8Array, ptr: number, byteSize: number): number {
  let sum = 0;
  for (let at = ptr; at < ptr + byteSize; at++) sum += u8[at];
  return sum;
}
