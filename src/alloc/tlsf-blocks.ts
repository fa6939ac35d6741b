/** The shortest block: a header, and room for the links of a free one. */
export const LEAST_UNITS = 2;
export const MOST_UNITS = 2 ** 30;
export const REGION_HEAD_UNITS = 2;

/** What stands in a header while the block before it is live: negative, and another for each place. */
export function sealOf(block: number): number {
  return Math.imul(block, 0x9e37_79b1) | 0x8000_0000;
}
