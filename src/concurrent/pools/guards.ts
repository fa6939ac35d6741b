import { MemoryError } from "../../core/errors.ts";
import type { Seats } from "../../core/seats.ts";
import { AFTER_GUARDS, BUSY, FIRST_GUARD, GUARD_COUNT, GUARDS, generationIn } from "./shared-pool-layout.ts";

/*
 * Guards are hazard pointers (Michael, 2004): who reads a slot writes its number into a word of its own seat, and looks then whether the record is
 * there still; who removes a record changes its word, and looks at the guards before the slot is used again. Whichever comes first, one sees the other.
 */

/** Writes a guard at the own seat and tells its word, or -1 when the record of that generation is over. Throws `out-of-memory` when all are in use. */
export function writeGuard(seats: Seats, slot: number, word: number, generation: number): number {
  const { i32 } = seats.memory;
  const own = seats.wordOf(seats.seat);
  for (let guard = own + FIRST_GUARD; guard < own + AFTER_GUARDS; guard++) {
    if (i32[guard] !== 0) continue;
    Atomics.store(i32, own + GUARD_COUNT, i32[own + GUARD_COUNT] + 1);
    Atomics.store(i32, guard, slot + 1);
    if (generationIn(Atomics.load(i32, word)) === generation) return guard;
    eraseGuard(seats, guard);
    return -1;
  }
  throw new MemoryError("out-of-memory", {
    subject: "shared pool",
    event: "has no guard left for this participant",
    numbers: { guards: GUARDS },
    cure: "Release guards that are no longer needed.",
  });
}

export function eraseGuard(seats: Seats, guard: number): void {
  const { i32 } = seats.memory;
  const own = seats.wordOf(seats.seat);
  Atomics.store(i32, guard, 0);
  Atomics.store(i32, own + GUARD_COUNT, i32[own + GUARD_COUNT] - 1);
}

/** The slots that guards name now; undefined where there are none. */
export function guardedSlots(seats: Seats): Set<number> | undefined {
  const { i32 } = seats.memory;
  let guarded: Set<number> | undefined;
  for (let seat = 1; seat <= seats.count; seat++) {
    const own = seats.wordOf(seat);
    if (Atomics.load(i32, own + GUARD_COUNT) === 0) continue;
    guarded ??= new Set();
    for (let guard = own + FIRST_GUARD; guard < own + AFTER_GUARDS; guard++) guarded.add(Atomics.load(i32, guard) - 1);
  }
  return guarded;
}

/** Empties the words of a seat, whose holder is gone or is about to leave. */
export function clearSeat(seats: Seats, seat: number): void {
  const { i32 } = seats.memory;
  const own = seats.wordOf(seat);
  for (let word = own + BUSY; word < own + AFTER_GUARDS; word++) Atomics.store(i32, word, 0);
}
