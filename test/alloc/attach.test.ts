import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attachSharedHeap, sharedHeap } from "../../src/alloc/heaps/shared-heap.ts";
import { attachSlab, slab } from "../../src/alloc/heaps/slab.ts";
import { attachTlsf, tlsf } from "../../src/alloc/heaps/tlsf.ts";
import type { ResidentAllocator } from "../../src/alloc/resident.ts";
import { attachSharedBump, sharedBump } from "../../src/alloc/shared-bump.ts";
import { attachStack, stack } from "../../src/alloc/stack.ts";
import { privateMemory } from "../../src/core/homes.ts";
import { type Backing, Memory } from "../../src/core/memory.ts";
import { KiB, MiB } from "../../src/core/size.ts";
import { u32 } from "../../src/layout/scalars.ts";
import { refuses } from "../conformance/allocators.ts";

interface Kind {
  readonly title: string;
  make(memory: Memory, byteOffset?: number, byteLength?: number): ResidentAllocator;
  attach(memory: Memory, byteOffset?: number): ResidentAllocator;
}

const region = (byteOffset?: number, byteLength?: number) => ({
  ...(byteOffset === undefined ? {} : { byteOffset }),
  ...(byteLength === undefined ? {} : { byteLength }),
});

const KINDS: readonly Kind[] = [
  { title: "slab", make: (memory, at, length) => slab(memory, region(at, length)), attach: attachSlab },
  { title: "TLSF heap", make: (memory, at, length) => tlsf(memory, region(at, length)), attach: attachTlsf },
  { title: "stack", make: (memory, at, length) => stack(memory, region(at, length)), attach: attachStack },
  { title: "shared bump", make: (memory, at, length) => sharedBump(memory, region(at, length)), attach: attachSharedBump },
  {
    title: "shared heap",
    make: (memory, at, length) => sharedHeap(memory, { ...region(at, length), seats: 3 }),
    attach: attachSharedHeap,
  },
];

/** The error of a constructor that must not have changed a byte. */
function refusesUntouched(code: Parameters<typeof refuses>[0], memory: Memory, work: () => unknown): void {
  const before = memory.u8.slice();
  refuses(code, work);
  assert.deepEqual(memory.u8, before, "bytes were changed");
}

for (const { title, make, attach } of KINDS) {
  describe(`a ${title} that is attached to`, () => {
    it("is the same allocator through every handle, wherever the bytes have been moved to", () => {
      const memory = privateMemory(MiB(1));
      const first = make(memory, 4096, KiB(256));
      const ptr = first.alloc(100);
      memory.u8.fill(9, ptr, ptr + 100);
      const second = attach(memory, 4096);
      const other = second.alloc(100);
      assert.notEqual(other, ptr);
      assert.deepEqual(second.checkInvariants(), []);

      const elsewhere = privateMemory(MiB(2));
      elsewhere.u8.set(memory.u8.subarray(4096, 4096 + KiB(256)), MiB(1));
      const moved = attach(elsewhere, MiB(1));
      const shift = MiB(1) - 4096;
      assert.deepEqual(moved.checkInvariants(), []);
      assert.ok(elsewhere.u8.subarray(ptr + shift, ptr + shift + 100).every((byte) => byte === 9));
      const third = moved.alloc(100);
      assert.ok(third !== ptr + shift && third !== other + shift);
      moved.free(third, 100);
      assert.deepEqual(moved.checkInvariants(), []);
      assert.equal(moved.byteOffset, MiB(1));
      assert.equal(moved.byteLength, KiB(256));
    });

    it("works over bytes that were something else before", () => {
      const memory = privateMemory(KiB(512));
      memory.u8.fill(0xff);
      const allocator = make(memory);
      for (let at = 0; at < 200; at++) allocator.alloc(at * 7);
      assert.deepEqual(allocator.checkInvariants(), []);
    });

    it("refuses bytes that are none, and says what they are", () => {
      const memory = privateMemory(KiB(256));
      assert.match(refuses("corrupt", () => attach(memory)).message, /does not lie there/);
      make(memory);
      const { u32: words } = memory;
      const refusesWith = (code: Parameters<typeof refuses>[0], word: number, value: number, message: RegExp) => {
        const right = words[word];
        words[word] = value;
        assert.match(refuses(code, () => attach(memory)).message, message);
        words[word] = right;
      };
      refusesWith("corrupt", 0, 1, /does not lie there/);
      refusesWith("unsupported-format", 1, 2, /another version/);
      refusesWith("layout-mismatch", 2, 1, /other constants/);
      refusesWith("corrupt", 3, 0, /never finished/);
      refusesWith("corrupt", 4, 0xffff_ffff, /claims more bytes/);
      refuses("invalid-argument", () => attach(memory, 4));
      refuses("out-of-bounds", () => attach(memory, KiB(256)));
      attach(memory);
    });

    it("cannot be made where it has no room, and has then changed nothing", () => {
      const memory = privateMemory(KiB(256));
      for (const [byteOffset, byteLength] of [
        [0, 8],
        [0, KiB(256) + 8],
        [4096, KiB(256)],
        [4, KiB(128)],
        [-4096, KiB(128)],
        [0, Number.NaN],
        [0, -8],
        [0.5, KiB(128)],
      ]) {
        refusesUntouched("invalid-argument", memory, () => make(memory, byteOffset, byteLength));
      }
    });

    it("refuses a memory that is read-only", () => {
      const buffer = new ArrayBuffer(KiB(256));
      const backing: Backing = {
        home: "private",
        subject: "still memory",
        readOnly: true,
        maxByteLength: KiB(256),
        buffer: () => buffer,
        byteLength: () => KiB(256),
        commit: () => {},
        release: () => {},
        ticket: () => assert.fail(),
      };
      const memory = new Memory(backing);
      refuses("read-only", () => make(memory));
      refuses("read-only", () => attach(memory));
    });

    it("throws at every use after close, and ends its views", () => {
      const memory = privateMemory(KiB(256));
      const allocator = make(memory);
      const ptr = allocator.alloc(16);
      const view = allocator.create(u32, 5);
      allocator.close();
      allocator.close();
      refuses("stale-view", () => view.value);
      for (const work of [
        () => allocator.alloc(16),
        () => allocator.alloc(16, 64),
        () => allocator.alloc(100_000),
        () => allocator.free(ptr, 16),
        () => allocator.resize(ptr, 16, 20),
      ]) {
        assert.match(refuses("closed", work).message, /used after close/);
      }
      assert.equal(memory.closed, false);
      assert.notEqual(attach(memory).alloc(16), 0);
    });

    it("throws `closed` when its memory is closed", () => {
      const memory = privateMemory(KiB(256));
      const allocator = make(memory);
      const ptr = allocator.alloc(16);
      memory.close();
      refuses("closed", () => allocator.alloc(16));
      refuses("closed", () => allocator.alloc(20_000));
      refuses("closed", () => allocator.free(ptr, 16));
      assert.deepEqual(allocator.checkInvariants(), []);
      allocator.close();
    });
  });
}
