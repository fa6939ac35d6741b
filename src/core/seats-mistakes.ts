import { MemoryError } from "./errors.ts";

export function throwNoSeat(subject: string, seat: number, seats: number): never {
  throw new MemoryError("out-of-bounds", {
    subject,
    event: "has no such seat",
    numbers: { seat: String(seat), seats },
    cure: "Pass the number of a seat, from 1.",
  });
}

export function throwSeatsTaken(subject: string, seats: number): never {
  throw new MemoryError("out-of-memory", {
    subject,
    event: "has no seat left for another participant",
    numbers: { seats },
    cure: "Close those that are done, recover those that are dead, or make it with more seats.",
  });
}
