/**
 * Making small values in an arena, beside objects on the heap that are kept as long, and what freeing all of them at once costs.
 *
 * The struct is two 32-bit floats. `alloc` and `place` give a pointer, `create` a view as well; where the view goes no further, the compiler leaves it out.
 * Each case makes 10,000 values and then resets its arena, or lets go of its objects; the reset is part of the time. The bar is 5 ns.
 *
 * The loops are functions of their own, without the reset: V8 compiles some 900 bytes of bytecode into one function, accessors last, and what does not
 * fit is called, with a view that must then be there.
 */
import { arena, bump, f32, privateMemory, slab, struct } from "offheap";
import { interleave, report, sink } from "./harness.ts";

const COUNT = 10_000;
const Point = struct("Point", { x: f32, y: f32 });
/** Made from objects. A type that is made in both ways takes about 4 ns more in each: V8 then compiles both into every loop, and has no room for accessors. */
const Vertex = struct("Vertex", { x: f32, y: f32 });

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
const points = Point.in(memory);

const loops = {
  rawAlloc: () => {
    for (let at = 0; at < COUNT; at++) {
      const word = raw.rawAlloc(8, 4) >>> 2;
      floats[word] = at;
      floats[word + 1] = 1;
    }
  },
  alloc: () => {
    for (let at = 0; at < COUNT; at++) {
      const word = checked.alloc(8, 4) >>> 2;
      floats[word] = at;
      floats[word + 1] = 1;
    }
  },
  place: () => {
    for (let at = 0; at < COUNT; at++) {
      const point = points.at(viewed.place(Point));
      point.x = at;
      point.y = 1;
    }
  },
  placeFrom: () => {
    for (let at = 0; at < COUNT; at++) viewed.place(Vertex, { x: at, y: 1 });
  },
  create: () => {
    let sum = 0;
    for (let at = 0; at < COUNT; at++) {
      const point = viewed.create(Point);
      point.x = at;
      point.y = 1;
      sum += point.x;
    }
    return sum;
  },
  createFrom: () => {
    let sum = 0;
    for (let at = 0; at < COUNT; at++) sum += viewed.create(Vertex, { x: at, y: 1 }).x;
    return sum;
  },
  objects: () => {
    for (let at = 0; at < COUNT; at++) kept[at] = new HeapPoint(at + 0.5, 1.5);
    sink(kept);
  },
};

const timings = interleave(
  {
    rawAlloc: () => {
      loops.rawAlloc();
      raw.reset();
    },
    alloc: () => {
      loops.alloc();
      checked.reset();
    },
    place: () => {
      loops.place();
      viewed.reset();
    },
    placeFrom: () => {
      loops.placeFrom();
      viewed.reset();
    },
    create: () => {
      const sum = loops.create();
      viewed.reset();
      return sum;
    },
    createFrom: () => {
      const sum = loops.createFrom();
      viewed.reset();
      return sum;
    },
    objects: loops.objects,
  },
  { operations: COUNT, rounds: 25, roundMs: 5 },
);

const bench = "arena";
const peer = timings.objects.bestNs;
const peerName = "new Point, kept";
for (const [name, title] of [
  ["rawAlloc", "a pointer: rawAlloc(8, 4), two stores"],
  ["alloc", "a pointer: alloc(8, 4), two stores"],
  ["place", "a pointer: place(Point), two fields through at(ptr)"],
  ["placeFrom", "a pointer: place(Vertex, { x, y })"],
  ["create", "a view: create(Point), two fields, one read"],
  ["createFrom", "a view: create(Vertex, { x, y }), one read"],
] as const) {
  report({ bench, case: title, unit: "ns", ours: timings[name].bestNs, peer, peerName });
}

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
