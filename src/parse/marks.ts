/**
 * The top bits of the four bytes of a word, as bits 0 to 3 in the order of the bytes. The word has no other bits set.
 *
 * The product puts each of the bits 0, 8, 16 and 24 to one of the top four, and no two of the others meet, so nothing is carried.
 */
export function gatherTops(word: number): number {
  return Math.imul(word >>> 7, 0x1020_4080) >>> 28;
}
