import type { Brand } from "./brand.ts";

const SEAT_BITS = 10;
export const SEAT_MASK = (1 << SEAT_BITS) - 1;
export const TURN_MASK = (1 << 20) - 1;
const TOKEN_MASK = (TURN_MASK << SEAT_BITS) | SEAT_MASK;

/** A seat and which of its holders is meant, in 30 bits, 0: none. Bits 0 … 9 the seat, 10 … 29 its turn; the other two of 32 are free for who stores one. */
export type SeatToken = Brand<number, "SeatToken">;

export const NO_TOKEN = 0 as SeatToken;
/** A token of a seat that never is: who finds it finds its holder gone. */
export const NOBODY = SEAT_MASK as SeatToken;

export function tokenOf(seat: number, turn: number): SeatToken {
  return ((turn << SEAT_BITS) | seat) as SeatToken;
}

/** The token in an i32 word, whatever its other two bits are. */
export function tokenIn(word: number): SeatToken {
  return (word & TOKEN_MASK) as SeatToken;
}

export function seatIn(token: SeatToken): number {
  return token & SEAT_MASK;
}

export function turnIn(token: SeatToken): number {
  return token >>> SEAT_BITS;
}
