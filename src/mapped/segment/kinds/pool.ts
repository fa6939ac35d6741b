import { attachSharedPool, sharedPool, sharedPoolByteLength } from "../../../concurrent/pools/make-shared-pool.ts";
import { SharedBlocks } from "../../../concurrent/pools/shared-blocks.ts";
import type { SharedPool } from "../../../concurrent/pools/shared-pool.ts";
import { BLOCKS, LINE, MAGIC, MOST_BLOCKS, planOf } from "../../../concurrent/pools/shared-pool-layout.ts";
import { fingerprintWords } from "../../../layout/fingerprint.ts";
import type { Type } from "../../../layout/type.ts";
import type { KindReader, SegmentKind } from "../kind.ts";
import { checkMark, sizeNeeded } from "./one-block.ts";

export interface SegmentPoolOptions {
  /** Records that there is room for from the start. Needed to make the pool; ignored where it is there. */
  readonly capacity?: number;
  /** The most records that it grows to, by further pages of the segment. Default: as many as there are handles, 2^25. */
  readonly maxCapacity?: number;
  /** The most threads and processes that use it at once. Default 32. */
  readonly seats?: number;
}

const KIND = "pool";
const FORMAT = 1;
/** The word of its header that tells its layout. */
const LAYOUT = 3;

/** Pools that threads and processes share: see `sharedPool`. */
export function poolKind<T extends Type<unknown, never>>(type: T, options: SegmentPoolOptions): SegmentKind<SharedPool<T>> {
  return {
    kind: KIND,
    format: FORMAT,
    signature: type.signature,
    typeName: type.name,
    create({ name, memory, allocator, participant }) {
      const { maxCapacity, seats } = options;
      const capacity = sizeNeeded("pool", name, "capacity", options.capacity);
      const shape = { capacity, ...(maxCapacity === undefined ? {} : { maxCapacity }), ...(seats === undefined ? {} : { seats }) };
      const made = sharedPool(memory, type, { ...shape, ...participant, allocator });
      return { made, byteOffset: made.byteOffset, byteLength: sharedPoolByteLength(type, shape) };
    },
    attach({ memory, allocator, participant }, byteOffset) {
      return attachSharedPool(memory, type, { ...participant, allocator, byteOffset });
    },
    close: (pool) => pool.close(),
    check: (pool) => pool.checkInvariants(),
  };
}

export const poolReader: KindReader = {
  kind: KIND,
  format: FORMAT,
  canMove: () => true,
  relocate({ u32 }, { to, placeOf }) {
    for (let entry = to / 4 + BLOCKS + 1; entry < to / 4 + BLOCKS + MOST_BLOCKS; entry++) {
      if (u32[entry] !== 0) u32[entry] = placeOf(u32[entry] * LINE) / LINE;
    }
  },
  *blocks(memory, byteOffset) {
    const plan = planOf(memory, byteOffset);
    yield { ptr: byteOffset, byteSize: plan.byteLength };
    yield* new SharedBlocks(memory, byteOffset, plan).blocks();
  },
  check(memory, byteOffset, _byteLength, fingerprint) {
    const layout = memory.i32[byteOffset / 4 + LAYOUT];
    const isOurs = layout === fingerprintWords(fingerprint)[0];
    return [...checkMark(memory, byteOffset, MAGIC), ...(isOurs ? [] : ["is laid out for another type than the directory says"])];
  },
};
