/**
 * Making small values in an arena, beside objects on the heap that are kept as long, and what freeing all of them at once costs.
 *
 * The struct is two 32-bit floats. `alloc` gives a pointer, `create` a view as well; where the view is not kept, the compiler leaves it out. Each case
 * makes 10,000 values and then resets its arena, or lets go of its objects; the reset is part of the time.
 */
import { arena, bump, f32, privateMemory, slab, struct } from "offheap";
import { interleave, report, sink } from "./harness.ts";

const COUNT = 10_000;
const Point = struct("Point", { x: f32, y: f32 });

class HeapPoint {
  x: number;
  y: number;

  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
}

const memory = privateMemory(0, { maxByteLength: 64 * 1024 ** 2 });
const raw = arena({ upstream: bump(memory, { end: 2 ** 24 }) });
const checked = arena({ upstream: bump(memory, { start: 2 ** 24, end: 2 ** 25 }) });
const viewed = arena({ upstream: bump(memory, { start: 2 ** 25, end: 3 * 2 ** 24 }) });
const kept: HeapPoint[] = new Array(COUNT).fill(new HeapPoint(0.5, 0.5));

const { f32: floats } = memory;
const timings = interleave(
  {
    rawAlloc: () => {
      for (let at = 0; at < COUNT; at++) {
        const word = raw.rawAlloc(8, 4) >>> 2;
        floats[word] = at;
        floats[word + 1] = 1;
      }
      raw.reset();
    },
    alloc: () => {
      for (let at = 0; at < COUNT; at++) {
        const word = checked.alloc(8, 4) >>> 2;
        floats[word] = at;
        floats[word + 1] = 1;
      }
      checked.reset();
    },
    create: () => {
      let sum = 0;
      for (let at = 0; at < COUNT; at++) {
        const point = viewed.create(Point);
        point.x = at;
        point.y = 1;
        sum += point.x;
      }
      viewed.reset();
      return sum;
    },
    createFrom: () => {
      let sum = 0;
      for (let at = 0; at < COUNT; at++) sum += viewed.create(Point, { x: at, y: 1 }).x;
      viewed.reset();
      return sum;
    },
    objects: () => {
      for (let at = 0; at < COUNT; at++) kept[at] = new HeapPoint(at + 0.5, 1.5);
      sink(kept);
    },
  },
  { operations: COUNT, rounds: 15 },
);

const bench = "arena";
const peer = timings.objects.bestNs;
const peerName = "new Point, kept";
report({ bench, case: "a pointer: rawAlloc(8, 4), two stores", unit: "ns", ours: timings.rawAlloc.bestNs, peer, peerName });
report({ bench, case: "a pointer: alloc(8, 4), two stores", unit: "ns", ours: timings.alloc.bestNs, peer, peerName });
report({ bench, case: "a view: create(Point), two stores", unit: "ns", ours: timings.create.bestNs, peer, peerName });
report({ bench, case: "a view: create(Point, { x, y })", unit: "ns", ours: timings.createFrom.bestNs, peer, peerName });

/** Nanoseconds of a reset of an arena that holds so many blocks, and how many chunks that are. */
function resetOf(blocks: number): { readonly ns: number; readonly chunks: number } {
  let ns = Number.POSITIVE_INFINITY;
  let chunks = 0;
  for (let round = 0; round < 60; round++) {
    const own = privateMemory(0, { maxByteLength: 16 * 1024 ** 2 });
    const scratch = arena({ upstream: slab(own), chunkByteLength: 4096 });
    for (let at = 0; at < blocks; at++) scratch.rawAlloc(8, 8);
    chunks = [...scratch.chunks()].length;
    const started = performance.now();
    scratch.reset();
    ns = Math.min(ns, (performance.now() - started) * 1e6);
    own.close();
  }
  return { ns, chunks };
}

for (const blocks of [1000, 30_000, 1_000_000]) {
  const { ns, chunks } = resetOf(blocks);
  report({ bench, case: `reset of ${blocks.toLocaleString("en-US")} blocks`, unit: "ns", ours: ns, note: `${chunks} chunks` });
}
