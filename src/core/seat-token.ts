export const SEAT_BITS = 10;
export const SEAT_MASK = (1 << SEAT_BITS) - 1;
export const TURN_MASK = (1 << 20) - 1;
/** All bits of a {@link SeatToken}; the other two of 32 are free for who stores one. */
export const TOKEN_MASK = (TURN_MASK << SEAT_BITS) | SEAT_MASK;

/** A seat and which of its holders is meant, in 30 bits, never 0: bits 0 … 9 the seat, 10 … 29 its turn. */
export type SeatToken = number & { readonly __brand: "SeatToken" };

/** A token of a seat that never is: who finds it finds its holder gone. */
export const NOBODY = SEAT_MASK as SeatToken;

/** Who sits in a seat: identity and stamp in one word. */
export function holderOf(identity: number, stamp: number): bigint {
  return BigInt.asIntN(64, (BigInt(stamp) << 32n) | BigInt(identity >>> 0));
}
