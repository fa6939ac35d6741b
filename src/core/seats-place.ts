import { MemoryError } from "./errors.ts";
import { NOBODY } from "./seat-token.ts";

/** Where the words of the structure begin, in i32 words from the beginning of a seat. */
export const SEAT_OWN_WORDS = 4;
/** Seats of one table. The spare one is one more, and that of NOBODY never is. */
export const MOST_SEATS = NOBODY - 2;

export interface SeatsPlace {
  /** Where the table begins, a multiple of 8; of 64 where seats are not to share cache lines. Zeros are an empty table. */
  readonly byteOffset: number;
  /** How many take part at the same time: 1 … 1021. */
  readonly seats: number;
  /** From one seat to the next, a multiple of 8, at least 16: what is more belongs to the structure. Default 64. */
  readonly strideByteLength?: number;
}

/** Bytes of a table. */
export function seatsByteLength({ seats, strideByteLength = 64 }: Omit<SeatsPlace, "byteOffset">): number {
  return (seats + 1) * strideByteLength;
}

/** Throws `invalid-argument`. */
export function checkSeatsPlace({ byteOffset, seats }: SeatsPlace, stride: number, subject: string): void {
  const whole = Number.isInteger(seats) && seats >= 1 && seats <= MOST_SEATS;
  if (whole && byteOffset % 8 === 0 && stride % 8 === 0 && stride >= SEAT_OWN_WORDS * 4) return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: "cannot have such seats",
    numbers: { seats: String(seats), most: MOST_SEATS, byteOffset: String(byteOffset), strideByteLength: String(stride), align: 8 },
    cure: "Pass a whole number of seats in that range, and places that are multiples of 8.",
  });
}
