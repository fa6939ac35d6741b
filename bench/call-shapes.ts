/**
 * What the shape of a call costs: the same sum over a field of 2000 records, and the same making of 2000 values, written in the ways that programs are.
 *
 * Each beside the fastest way, in one process and in turn. In a program that has seen many types and many shapes of code each of them can only get slower;
 * what is asked is which of them V8 sees through at best.
 */
import { arena, f32, privateMemory, slab, statistics, struct, type ViewOf } from "offheap";
import { track } from "offheap/debug";
import { interleave, report } from "./harness.ts";

const COUNT = 2000;
const Particle = struct("Particle", { x: f32, y: f32, vx: f32, vy: f32 });
type ParticleView = ViewOf<typeof Particle>;

const memory = privateMemory(COUNT * Particle.byteSize);
const rows = Particle.cursor(memory, 0, COUNT);
const stored: ParticleView[] = Array.from({ length: COUNT }, (_, index) => Particle.view(memory.lease, index * Particle.byteSize));

function* walk(): Generator<ParticleView> {
  for (let index = 0; index < COUNT; index++) yield rows.at(index);
}

function each(visit: (row: ParticleView) => void): void {
  for (let index = 0; index < COUNT; index++) visit(rows.at(index));
}

const sums = interleave(
  {
    at: () => {
      let sum = 0;
      for (let index = 0; index < COUNT; index++) sum += rows.at(index).x;
      return sum;
    },
    seek: () => {
      let sum = 0;
      for (let index = 0; index < COUNT; index++) sum += rows.seek(index).x;
      return sum;
    },
    forOf: () => {
      let sum = 0;
      for (const row of rows) sum += row.x;
      return sum;
    },
    callback: () => {
      let sum = 0;
      each((row) => {
        sum += row.x;
      });
      return sum;
    },
    generator: () => {
      let sum = 0;
      for (const row of walk()) sum += row.x;
      return sum;
    },
    stored: () => {
      let sum = 0;
      for (let index = 0; index < COUNT; index++) sum += stored[index].x;
      return sum;
    },
    copied: () => {
      let sum = 0;
      for (let index = 0; index < COUNT; index++) sum += Particle.copy(rows.at(index)).x;
      return sum;
    },
    read: () => {
      let sum = 0;
      for (let index = 0; index < COUNT; index++) sum += Particle.read(memory, index * Particle.byteSize).x;
      return sum;
    },
  },
  { operations: COUNT, rounds: 15, roundMs: 5 },
);

const heap = slab(privateMemory(0, { maxByteLength: 1 << 24 }));
const counted = statistics(heap);
const tracked = track(heap, { stackDepth: 0, leaks: false });
const scratch = arena(64 * 1024);
const shown = Particle.in(scratch.memory);

/** Makes and frees, or resets. */
const makings = interleave(
  {
    pointer: () => {
      for (let index = 0; index < COUNT; index++) scratch.alloc(Particle.byteSize, Particle.align);
      scratch.reset();
    },
    place: () => {
      for (let index = 0; index < COUNT; index++) shown.at(scratch.place(Particle)).x = index;
      scratch.reset();
    },
    create: () => {
      for (let index = 0; index < COUNT; index++) scratch.create(Particle).x = index;
      scratch.reset();
    },
    scope: () => {
      for (let index = 0; index < COUNT; index++) {
        const scope = scratch.scope();
        scratch.alloc(Particle.byteSize, Particle.align);
        scope.end();
      }
    },
    slab: () => {
      for (let index = 0; index < COUNT; index++) heap.free(heap.alloc(16), 16);
    },
    statistics: () => {
      for (let index = 0; index < COUNT; index++) counted.free(counted.alloc(16), 16);
    },
    tracked: () => {
      for (let index = 0; index < COUNT; index++) tracked.free(tracked.alloc(16), 16);
    },
  },
  { operations: COUNT, rounds: 15, roundMs: 5 },
);

const bench = "call-shapes";
const ofSum = { bench, unit: "ns/record", peer: sums.at.bestNs, peerName: "rows.at(i).x" };
for (const [name, title] of [
  ["seek", "sum: rows.seek(i).x"],
  ["forOf", "sum: for (const row of rows)"],
  ["callback", "sum: each((row) => …)"],
  ["generator", "sum: for (const row of generator())"],
  ["stored", "sum: an array of views"],
  ["copied", "sum: Particle.copy(rows.at(i)).x"],
  ["read", "sum: Particle.read(memory, ptr).x"],
] as const) {
  report({ ...ofSum, case: title, ours: sums[name].bestNs });
}
const ofMaking = { bench, unit: "ns/value", peer: makings.pointer.bestNs, peerName: "arena.alloc" };
for (const [name, title] of [
  ["place", "make: at(arena.place(Particle)).x = …"],
  ["create", "make: arena.create(Particle).x = …"],
  ["scope", "make: in an arena's scope of its own"],
  ["slab", "make: slab.alloc and free"],
  ["statistics", "make: statistics(slab).alloc and free"],
  ["tracked", "make: track(slab, no stacks).alloc and free"],
] as const) {
  report({ ...ofMaking, case: title, ours: makings[name].bestNs });
}
