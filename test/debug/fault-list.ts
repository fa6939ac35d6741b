import { Arena } from "../../src/alloc/arenas/arena.ts";
import { NIL, type Ptr } from "../../src/core/brand.ts";
import type { MistakeKind } from "../../src/debug/mistake.ts";
import type { Tracked } from "../../src/debug/tracked.ts";
import { f64, u8, u16 } from "../../src/layout/scalars.ts";
import { struct } from "../../src/layout/struct.ts";
import type { Place } from "./places.ts";

/** One deliberate mistake, and what it must be called. */
export interface Fault {
  readonly title: string;
  readonly kind: MistakeKind;
  /** Makes the mistake, and frees everything that it allocated unless that is the mistake. */
  make(heap: Tracked, place: Place): void;
}

export const Particle = struct("Particle", { x: f64, hp: u16, team: u8 });

const foreign = (byteOffset: number): Ptr => byteOffset as Ptr;

/** Does what must throw where a stale view is used; the tracker has told of it before. */
function ignoring(work: () => unknown): void {
  try {
    work();
  } catch {
    // Told.
  }
}

function scoped(place: Place, work: () => void): void {
  if (!(place.allocator instanceof Arena)) {
    work();
    place.reset();
    return;
  }
  const scope = place.allocator.scope();
  work();
  scope.end();
}

export const FAULTS: readonly Fault[] = [
  { title: "one block is never freed", kind: "leak", make: (heap) => void heap.alloc(24) },
  { title: "a block of no bytes is never freed", kind: "leak", make: (heap) => void heap.alloc(0) },
  {
    title: "blocks of one place are never freed",
    kind: "leak",
    make: (heap) => {
      for (let left = 10; left > 0; left--) heap.alloc(24);
    },
  },
  { title: "a value is never destroyed", kind: "leak", make: (heap) => void heap.create(Particle) },
  { title: "blocks of a batch are never freed", kind: "leak", make: (heap) => void heap.allocMany(3, 16) },
  {
    title: "what realloc returned is never freed",
    kind: "leak",
    make: (heap) => void heap.realloc(heap.alloc(16), 16, 32),
  },
  { title: "a copy of bytes is never freed", kind: "leak", make: (heap) => void heap.dupe(Uint8Array.of(1, 2, 3)) },
  {
    title: "a block is freed twice",
    kind: "double-free",
    make: (heap) => {
      const ptr = heap.alloc(24);
      heap.free(ptr, 24);
      heap.free(ptr, 24);
    },
  },
  {
    title: "a block is freed twice with others freed in between",
    kind: "double-free",
    make: (heap) => {
      const [first, second] = [heap.alloc(24), heap.alloc(24)];
      heap.free(first, 24);
      heap.free(second, 24);
      heap.free(first, 24);
    },
  },
  {
    title: "a block is freed twice, the second time as one of another size",
    kind: "double-free",
    make: (heap) => {
      const ptr = heap.alloc(24);
      heap.free(ptr, 24);
      heap.free(ptr, 48);
    },
  },
  {
    title: "a block is freed again after it has left quarantine",
    kind: "double-free",
    make: (heap) => {
      const ptr = heap.alloc(24);
      const keep = heap.alloc(8);
      heap.free(ptr, 24);
      // More than the quarantine holds, larger than the hole.
      for (let left = 100; left > 0; left--) heap.free(heap.alloc(4000), 4000);
      heap.free(ptr, 24);
      heap.free(keep, 8);
    },
  },
  {
    title: "a block larger than the quarantine is freed twice",
    kind: "double-free",
    make: (heap) => {
      const ptr = heap.alloc(100_000);
      heap.free(ptr, 100_000);
      heap.free(ptr, 100_000);
    },
  },
  {
    title: "a value is destroyed twice",
    kind: "double-free",
    make: (heap) => {
      const view = heap.create(Particle);
      heap.destroy(Particle, view);
      heap.destroy(Particle, view);
    },
  },
  {
    title: "a batch holds the same block twice",
    kind: "double-free",
    make: (heap) => {
      const [first, second] = heap.allocMany(2, 32);
      heap.freeMany([first, second, first], 32);
    },
  },
  { title: "a made-up pointer is freed", kind: "foreign-free", make: (heap) => heap.free(foreign(0x8000), 8) },
  { title: "a pointer past the memory is freed", kind: "foreign-free", make: (heap) => heap.free(foreign(1e12), 8) },
  { title: "a negative pointer is freed", kind: "foreign-free", make: (heap) => heap.free(foreign(-8), 8) },
  { title: "NaN is freed", kind: "foreign-free", make: (heap) => heap.free(foreign(Number.NaN), 8) },
  { title: "a fractional pointer is freed", kind: "foreign-free", make: (heap) => heap.free(foreign(1.5), 8) },
  {
    title: "a block of the allocator below is freed",
    kind: "foreign-free",
    make: (heap, place) => {
      const ptr = place.allocator.alloc(64);
      heap.free(ptr, 64);
      place.allocator.free(ptr, 64);
    },
  },
  {
    title: "a pointer to the middle of a block is freed",
    kind: "interior-free",
    make: (heap) => {
      const ptr = heap.alloc(64);
      heap.free(foreign(ptr + 32), 32);
      heap.free(ptr, 64);
    },
  },
  {
    title: "a pointer one byte into a block is freed",
    kind: "interior-free",
    make: (heap) => {
      const ptr = heap.alloc(64, 16);
      heap.free(foreign(ptr + 1), 63, 1);
      heap.free(ptr, 64, 16);
    },
  },
  {
    title: "a pointer just before a block is freed, as by who hides a header there",
    kind: "interior-free",
    make: (heap) => {
      const ptr = heap.alloc(64);
      heap.free(foreign(ptr - 8), 72);
      heap.free(ptr, 64);
    },
  },
  {
    title: "a pointer into a block that was freed is freed",
    kind: "interior-free",
    make: (heap) => {
      const ptr = heap.alloc(64);
      heap.free(ptr, 64);
      heap.free(foreign(ptr + 8), 56);
    },
  },
  {
    title: "a block is freed as a smaller one",
    kind: "wrong-size",
    make: (heap) => heap.free(heap.alloc(64), 32),
  },
  { title: "a block is freed as a larger one", kind: "wrong-size", make: (heap) => heap.free(heap.alloc(64), 65) },
  { title: "a block is freed as one of no bytes", kind: "wrong-size", make: (heap) => heap.free(heap.alloc(64), 0) },
  { title: "a block is freed as one of NaN bytes", kind: "wrong-size", make: (heap) => heap.free(heap.alloc(64), Number.NaN) },
  {
    title: "a block is freed with the size that it had before a resize",
    kind: "wrong-size",
    make: (heap) => {
      const ptr = heap.alloc(64);
      if (heap.resize(ptr, 64, 32)) heap.free(ptr, 64);
      else heap.free(ptr, 32);
    },
  },
  {
    title: "a block is reallocated as one of another size",
    kind: "wrong-size",
    make: (heap) => heap.free(heap.realloc(heap.alloc(64), 60, 128), 128),
  },
  {
    title: "a block is resized as one of another size",
    kind: "wrong-size",
    make: (heap) => {
      const ptr = heap.alloc(64);
      heap.free(ptr, heap.resize(ptr, 63, 40) ? 40 : 64);
    },
  },
  { title: "a block is freed with a smaller alignment", kind: "wrong-align", make: (heap) => heap.free(heap.alloc(64, 64), 64, 8) },
  { title: "a block is freed with a larger alignment", kind: "wrong-align", make: (heap) => heap.free(heap.alloc(64, 8), 64, 128) },
  {
    title: "a block is freed with an alignment that is none",
    kind: "wrong-align",
    make: (heap) => heap.free(heap.alloc(64), 64, 3),
  },
  overrun("one byte past a block of 24", 24, 24, 25),
  overrun("one byte past a block of 23, within its rounding", 23, 23, 24),
  overrun("past a block of one byte", 1, 1, 2),
  overrun("a loop one element too long", 64, 0, 72),
  overrun("far past the end, but inside the redzone", 40, 52, 53),
  overrun("past the end of a large block", 5000, 5000, 5004),
  {
    title: "the write runs on into the block behind",
    kind: "overflow",
    make: (heap) => {
      const ptr = heap.alloc(16, 8);
      const behind = heap.alloc(16, 8);
      heap.memory.u8.fill(1, ptr, behind);
      heap.free(ptr, 16, 8);
      heap.free(behind, 16, 8);
    },
  },
  {
    title: "the write past the end happened long before, and the block shrank since",
    kind: "overflow",
    make: (heap) => {
      const ptr = heap.alloc(64);
      heap.memory.u8[ptr + 64] = 7;
      heap.free(ptr, heap.resize(ptr, 64, 32) ? 32 : 64);
    },
  },
  {
    title: "the write was past the end of what resize left",
    kind: "overflow",
    make: (heap) => {
      const ptr = heap.alloc(64);
      const byteSize = heap.resize(ptr, 64, 32) ? 32 : 64;
      heap.memory.u8[ptr + byteSize] = 7;
      heap.free(ptr, byteSize);
    },
  },
  {
    title: "the write past the end is found when the block moves",
    kind: "overflow",
    make: (heap) => {
      const ptr = heap.alloc(64);
      heap.memory.u8[ptr + 66] = 7;
      heap.free(heap.realloc(ptr, 64, 100), 100);
    },
  },
  {
    title: "the write past the end is found at the reset",
    kind: "overflow",
    make: (heap, place) => {
      const ptr = heap.alloc(64);
      heap.memory.u8[ptr + 64] = 7;
      place.reset();
    },
  },
  {
    title: "the byte before a block is written",
    kind: "underflow",
    make: (heap) => {
      const ptr = heap.alloc(24);
      heap.memory.u8[ptr - 1] = 0;
      heap.free(ptr, 24);
    },
  },
  {
    title: "the word at index -1 is written",
    kind: "underflow",
    make: (heap) => {
      const ptr = heap.alloc(32);
      heap.memory.u32[ptr / 4 - 1] = 5;
      heap.free(ptr, 32);
    },
  },
  {
    title: "the record of a block is overwritten",
    kind: "underflow",
    make: (heap) => {
      const ptr = heap.alloc(32);
      heap.memory.u32[ptr / 4 - 4] ^= 0x55;
      heap.free(ptr, 32);
    },
  },
  {
    title: "the byte before an aligned block is written",
    kind: "underflow",
    make: (heap) => {
      const ptr = heap.alloc(64, 256);
      heap.memory.u8[ptr - 1] = 1;
      heap.free(ptr, 64, 256);
    },
  },
  {
    title: "a freed block is written",
    kind: "write-after-free",
    make: (heap) => {
      const ptr = heap.alloc(48);
      heap.free(ptr, 48);
      heap.memory.f64[ptr / 8 + 2] = 1.5;
    },
  },
  {
    title: "one bit of a freed block is changed",
    kind: "write-after-free",
    make: (heap) => {
      const ptr = heap.alloc(48);
      heap.free(ptr, 48);
      heap.memory.u8[ptr + 47] ^= 1;
    },
  },
  {
    title: "a freed block is written and found when it leaves quarantine",
    kind: "write-after-free",
    make: (heap) => {
      const ptr = heap.alloc(48);
      heap.free(ptr, 48);
      heap.memory.u8[ptr] = 1;
      for (let left = 100; left > 0; left--) heap.free(heap.alloc(1000), 1000);
    },
  },
  {
    title: "a freed block is written past its end",
    kind: "write-after-free",
    make: (heap) => {
      const ptr = heap.alloc(48);
      heap.free(ptr, 48);
      heap.memory.u8[ptr + 48] = 1;
    },
  },
  {
    title: "a view is read after its block was freed",
    kind: "use-after-free",
    make: (heap) => {
      const view = heap.create(Particle, { x: 1 });
      heap.destroy(Particle, view);
      ignoring(() => view.x);
      ignoring(() => view.x);
    },
  },
  {
    title: "another view of a value is written after the value was destroyed",
    kind: "use-after-free",
    make: (heap) => {
      const view = heap.create(Particle, { x: 1 });
      heap.destroy(Particle, view);
      ignoring(() => {
        view.hp = 3;
      });
    },
  },
  {
    title: "a freed block is resized",
    kind: "use-after-free",
    make: (heap) => {
      const ptr = heap.alloc(64);
      heap.free(ptr, 64);
      heap.resize(ptr, 64, 32);
    },
  },
  {
    title: "a freed block is reallocated",
    kind: "use-after-free",
    make: (heap) => {
      const ptr = heap.alloc(64);
      heap.free(ptr, 64);
      heap.free(heap.realloc(ptr, 64, 128), 128);
    },
  },
  {
    title: "the old place of a block is written after realloc",
    kind: "use-after-realloc",
    make: (heap) => {
      const old = heap.alloc(64);
      const moved = heap.realloc(old, 64, 128);
      heap.memory.u8[old + 5] = 1;
      heap.free(moved, 128);
    },
  },
  {
    title: "the old place of a block is freed after realloc",
    kind: "use-after-realloc",
    make: (heap) => {
      const old = heap.alloc(64);
      const moved = heap.realloc(old, 64, 32);
      heap.free(old, 64);
      heap.free(moved, 32);
    },
  },
  {
    title: "the old place of a block is reallocated again",
    kind: "use-after-realloc",
    make: (heap) => {
      const old = heap.alloc(64);
      heap.free(heap.realloc(old, 64, 72), 72);
      heap.free(heap.realloc(old, 64, 80), 80);
    },
  },
  {
    title: "a pointer from before the reset is freed",
    kind: "use-after-reset",
    make: (heap, place) => {
      const ptr = heap.alloc(64);
      place.reset();
      heap.free(ptr, 64);
    },
  },
  {
    title: "a view from before the reset is read",
    kind: "use-after-reset",
    make: (heap, place) => {
      const view = heap.create(Particle);
      place.reset();
      ignoring(() => view.hp);
    },
  },
  {
    title: "a pointer from a scope is freed after the scope",
    kind: "use-after-reset",
    make: (heap, place) => {
      let ptr: Ptr = NIL;
      scoped(place, () => {
        ptr = heap.alloc(40);
      });
      heap.free(ptr, 40);
    },
  },
  {
    title: "a view from a scope is written after the scope",
    kind: "use-after-reset",
    make: (heap, place) => {
      const kept: { hp: number }[] = [];
      scoped(place, () => kept.push(heap.create(Particle)));
      ignoring(() => {
        kept[0].hp = 1;
      });
    },
  },
  {
    title: "a block from before the reset is resized",
    kind: "use-after-reset",
    make: (heap, place) => {
      const ptr = heap.alloc(64);
      place.reset();
      heap.resize(ptr, 64, 32);
    },
  },
];

/** Writes bytes `[from, to)` of a block of `byteSize` bytes, then frees it. */
function overrun(title: string, byteSize: number, from: number, to: number): Fault {
  return {
    title,
    kind: "overflow",
    make: (heap) => {
      const ptr = heap.alloc(byteSize);
      for (let at = from; at < to; at++) heap.memory.u8[ptr + at] = 0x41;
      heap.free(ptr, byteSize);
    },
  };
}
