import type { Allocator } from "../../alloc/allocator.ts";
import { type Placement, placed } from "../../alloc/own-memory.ts";
import { alignUp } from "../../core/align.ts";
import { having } from "../../core/check-call.ts";
import { checkCount } from "../../core/check-count.ts";
import { type HandleForm, handleBits } from "../../core/handle.ts";
import { privateMemory } from "../../core/homes.ts";
import type { Memory } from "../../core/memory.ts";
import type { Type } from "../../layout/type.ts";
import type { LeasedClass } from "../../layout/view-parts.ts";
import { layoutSlot } from "./pool-slots.ts";

/** A type whose records a pool can hold: every one. */
export interface Poolable extends Type<unknown, never> {
  leasedClass(wide: boolean, moves: boolean): LeasedClass<unknown>;
  rawWrite(memory: Memory, byteOffset: number, value: unknown): void;
}

export interface PoolOptions extends Placement {
  /** Records of a block, which are taken and given back together. Default 100, or the capacity where that is less. */
  readonly blockLength?: number;
  /** The most records there can be. Default: as many as there are handles, 2^25 wide ones or 2^20 narrow ones. */
  readonly capacity?: number;
  /**
   * `wide` handles (default) are safe integers: a slot is used again four million times before it retires. `narrow` ones have 32 bits, for storing
   * many of them: a million records, and a slot retires after 2048 uses, so that a pool can give out 2^31 of them in its life.
   */
  readonly handles?: HandleForm;
}

/** Options with all defaults. */
export interface PoolPlan {
  readonly subject: string;
  readonly allocator: Allocator;
  readonly blockLength: number;
  readonly capacity: number;
  readonly form: HandleForm;
  /** Nothing but the pool takes blocks of the allocator, so they lie one behind the other: see invariant 6 of pool-slots.ts. */
  readonly inRow: boolean;
}

export const A_POOL = having("a pool", "firstHandle");

const DEFAULT_BLOCK_LENGTH = 100;
/** Room for the first block to be aligned in. */
const SLACK_BYTES = 4096;

/** Throws `invalid-argument`. */
export function planPool(subject: string, type: Type<unknown, never>, options: PoolOptions): PoolPlan {
  const form = options.handles ?? "wide";
  const bits = handleBits(subject, form);
  const most = bits.indexMask - 1;
  const { capacity = most } = options;
  checkCount(subject, "capacity", capacity, 1, most);
  const { blockLength = Math.min(DEFAULT_BLOCK_LENGTH, capacity) } = options;
  checkCount(subject, "blockLength", blockLength, 1, most);
  const makeMemory = options.capacity === undefined ? undefined : () => privateMemory(0, { maxByteLength: room() });
  const inRow = options.allocator === undefined;
  return { subject, blockLength, capacity, form, inRow, allocator: placed(subject, options, makeMemory) };

  function room(): number {
    const { slotWords, align } = layoutSlot(bits, type.byteSize, type.align);
    const block = alignUp(blockLength * slotWords * bits.byteSize, align);
    return Math.ceil(capacity / blockLength) * block + align + SLACK_BYTES;
  }
}
