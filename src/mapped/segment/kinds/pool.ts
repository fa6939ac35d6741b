import { attachSharedPool, type SharedPool, sharedPool, sharedPoolByteLength } from "../../../concurrent/shared-pool.ts";
import { MAGIC } from "../../../concurrent/shared-pool-layout.ts";
import type { Type } from "../../../layout/type.ts";
import type { KindReader, SegmentKind } from "../kind.ts";
import { checkMark, oneBlock, sizeNeeded } from "./one-block.ts";

export interface SegmentPoolOptions {
  /** The most records. Needed to make the pool; ignored where it is there. */
  readonly capacity?: number;
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
      const capacity = sizeNeeded("pool", name, "capacity", options.capacity);
      const shape = { capacity, ...(options.seats === undefined ? {} : { seats: options.seats }) };
      const byteLength = sharedPoolByteLength(type, shape);
      const byteOffset = allocator.alloc(byteLength, 64);
      return { made: sharedPool(memory, type, { ...shape, ...participant, byteOffset }), byteOffset, byteLength };
    },
    attach: ({ memory, participant }, byteOffset) => attachSharedPool(memory, type, { ...participant, byteOffset }),
    close: (pool) => pool.close(),
    check: (pool) => pool.checkInvariants(),
  };
}

export const poolReader: KindReader = oneBlock(KIND, FORMAT, true, (memory, byteOffset, _byteLength, fingerprint) => {
  const layout = memory.i32[byteOffset / 4 + LAYOUT];
  // Half of the fingerprint that the directory has.
  const isOurs = layout === (Number.parseInt(fingerprint.slice(8), 16) | 0);
  return [...checkMark(memory, byteOffset, MAGIC), ...(isOurs ? [] : ["is laid out for another type than the directory says"])];
});
