import { MOST_INT32 } from "../../core/align.ts";
import type { Ptr } from "../../core/brand.ts";

const UNIT_BYTES = 8;
/** The shortest block: a header, and room for the links of a free one. */
export const LEAST_UNITS = 2;
export const MOST_UNITS = 2 ** 30;
export const REGION_HEAD_UNITS = 2;

/** What stands in a header while the block before it is live: negative, and another for each place. */
export function sealOf(block: number): number {
  return Math.imul(block, 0x9e37_79b1) | 0x8000_0000;
}

/** One block of a heap, for tools that look. */
export interface TlsfBlock {
  readonly ptr: Ptr;
  /** Without the 8 bytes of its header. */
  readonly byteLength: number;
  readonly isFree: boolean;
}

/** Units of a block of so many bytes, its header included. */
export function unitsOf(byteSize: number): number {
  return byteSize <= MOST_INT32 - UNIT_BYTES ? ((byteSize + 7) >>> 3) + 1 : Math.ceil(byteSize / UNIT_BYTES) + 1;
}
