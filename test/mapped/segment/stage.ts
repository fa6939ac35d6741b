import { sharedMemory } from "../../../src/core/homes.ts";
import type { Memory } from "../../../src/core/memory.ts";
import { f64 } from "../../../src/layout/scalars.ts";
import { struct } from "../../../src/layout/struct.ts";
import { joinSegment, type Presence } from "../../../src/mapped/segment/join.ts";
import type { KindReader, SegmentKind } from "../../../src/mapped/segment/kind.ts";
import { openSegment } from "../../../src/mapped/segment/open-segment.ts";
import type { Segment } from "../../../src/mapped/segment/segment.ts";

export const Particle = struct("Particle", { x: f64, y: f64 });
export const Root = struct("Root", { n: f64 });

const PAGE = 4096;
/** A disk writes this much at once, or not. */
const SECTOR = 512;

/** For tests in which at most one participant is there, and whoever came before is dead. */
const ALONE: Presence = {
  enter(first, then) {
    first();
    then();
  },
  leave: (last) => last(),
  withoutReaders: (work) => work(),
};

/** A random number generator (mulberry32): the same bits for the same seed. */
export function bits(seed: number): () => boolean {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) & 1) === 1;
  };
}

/** A machine with one segment in its memory and on its disk, whose processes can die and which can lose its power. */
export class Machine implements Disposable {
  readonly memory: Memory;
  /** What is on the disk for certain. */
  disk: Uint8Array;
  #boots = 1;

  constructor(maxByteLength = 1 << 19) {
    this.memory = sharedMemory(0, { maxByteLength });
    openSegment(this.memory, { seats: 4 }).close();
    this.disk = this.image();
  }

  /** All bytes as they are now. */
  image(): Uint8Array {
    return this.memory.u8.slice(0, this.memory.byteLength);
  }

  /** The bytes become these. */
  load(image: Uint8Array): void {
    this.memory.u8.set(image);
  }

  /** A process opens the segment; whoever had it open before has died. */
  open(): Segment {
    const flush = (): void => {
      this.disk = this.image();
    };
    // What has no blocks any more is zeros, on the disk too.
    const takeBack = (from: number, to: number): void => {
      this.memory.u8.fill(0, from, to);
      this.disk.fill(0, from, to);
    };
    return joinSegment({
      memory: this.memory,
      participant: {},
      readers: [CHAIN_READER],
      presence: ALONE,
      blocks: { give: () => {}, takeBack },
      flush,
      flushAsync: async () => flush(),
      end: () => {},
    });
  }

  /** The power fails: of what was stored since the last flush each sector is on the disk, or not, as `isSaved` says. The machine starts anew. */
  losePower(isSaved: (sector: number) => boolean): void {
    const now = this.image();
    const kept = this.disk.slice();
    for (let sector = 0; sector * SECTOR < now.byteLength; sector++) {
      if (isSaved(sector)) kept.set(now.subarray(sector * SECTOR, (sector + 1) * SECTOR), sector * SECTOR);
    }
    this.load(kept);
    // Another run of the machine than the one that the session names.
    if (this.memory.i64[8] !== 0n) this.memory.i64[8] = BigInt(this.#boots++);
    this.disk = this.image();
  }

  [Symbol.dispose](): void {
    this.memory.close();
  }
}

/** A chain of blocks: `add` takes one more and links it, `trim` unlinks the last and gives it back. The first word of a block is the next one, in pages. */
export interface Chain {
  readonly add: () => void;
  readonly trim: () => void;
  readonly length: () => number;
}

/** A kind whose structures take more blocks as they live. */
export const CHAIN: SegmentKind<Chain> = {
  kind: "chain",
  format: 1,
  signature: "chain",
  typeName: "",
  create(home) {
    const byteOffset = home.allocator.allocZeroed(PAGE);
    return { made: chainAt(home.memory, byteOffset, home.allocator), byteOffset, byteLength: PAGE };
  },
  attach: ({ memory, allocator }, byteOffset) => chainAt(memory, byteOffset, allocator),
  close: () => {},
  check: () => [],
};

export const CHAIN_READER: KindReader = {
  kind: "chain",
  format: 1,
  *blocks({ i32 }, byteOffset) {
    for (let ptr = byteOffset; ptr !== 0; ptr = i32[ptr / 4] * PAGE) yield { ptr, byteSize: PAGE };
  },
  check: () => [],
};

function chainAt(memory: Memory, head: number, allocator: Parameters<typeof CHAIN.create>[0]["allocator"]): Chain {
  const { i32 } = memory;
  const ptrs = (): number[] => [...CHAIN_READER.blocks(memory, head, PAGE)].map(({ ptr }) => ptr);
  return {
    add() {
      const last = ptrs().at(-1) ?? head;
      const ptr = allocator.allocZeroed(PAGE);
      Atomics.store(i32, last / 4, ptr / PAGE);
    },
    trim() {
      const [before, last] = ptrs().slice(-2);
      if (last === undefined) return;
      Atomics.store(i32, before / 4, 0);
      allocator.free(last as Parameters<typeof allocator.free>[0], PAGE);
    },
    length: () => ptrs().length,
  };
}
