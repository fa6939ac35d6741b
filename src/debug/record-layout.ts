/*
 * The record of a block, 32 bytes. Numbers over 32 bits have the rest of their bits in HIGHS.
 *
 *     PTR          its address
 *     BYTE_SIZE    its size in the program's bytes
 *     HIGHS        bits from 32 on: 16 of the size's, then 16 of the address's
 *     STATUS       what has become of it, in 2 bits; what ended it, in 2; the power of two that its alignment is, in 6; the number of its books
 *     NEXT, PREV   the list that it is in; lists that are only taken from at their head do not keep PREV up
 *     SERIAL       which allocation of the tracker it was, from 1, in two words
 */
export const STRIDE = 8;
export const PTR = 0;
export const BYTE_SIZE = 1;
export const HIGHS = 2;
export const STATUS = 3;
export const NEXT = 4;
export const PREV = 5;
export const SERIAL = 6;
export const SERIAL_HIGH = 7;

export const STATE_BITS = 3;
export const ENDED_SHIFT = 2;
export const ALIGN_SHIFT = 4;
export const BOOKS_SHIFT = 10;

/** What has become of a block. */
export const LIVE = 1;
/** Given back by the program, kept from reuse, painted. */
export const QUARANTINED = 2;
/** Given back to the allocator: its address may be another block's by now. */
export const RETIRED = 3;

/** What ended a block. */
export const BY_FREE = 1;
export const BY_REALLOC = 2;
export const BY_LEASE = 3;

/** To a multiple of 8, where the redzone behind a block of this size has its own alignment. */
export function roundedUp(byteSize: number): number {
  return byteSize <= 0x3fff_ffff ? (byteSize + 7) & -8 : Math.ceil(byteSize / 8) * 8;
}
