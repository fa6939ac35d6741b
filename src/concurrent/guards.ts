import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";
import { FIRST_GUARD, GUARD_COUNT, GUARDS, SEAT_WORDS } from "./shared-pool-layout.ts";

/*
 * Guards are hazard pointers (Michael, 2004): who reads a slot writes its number into a word of its own seat, and looks then whether the record is
 * there still; who removes a record changes its word, and looks at the guards before the slot is used again. Whichever comes first, one sees the other.
 */

/** Writes a guard at a seat and tells its number, or -1 when the record of that generation is over. Throws `out-of-memory` when all are in use. */
export function writeGuard({ i32 }: Memory, seat: number, slot: number, word: number, generation: number): number {
  for (let guard = seat + FIRST_GUARD; guard < seat + SEAT_WORDS; guard++) {
    if (i32[guard] !== 0) continue;
    Atomics.store(i32, seat + GUARD_COUNT, i32[seat + GUARD_COUNT] + 1);
    Atomics.store(i32, guard, slot + 1);
    if (Atomics.load(i32, word) >>> 8 === generation) return guard;
    Atomics.store(i32, guard, 0);
    Atomics.store(i32, seat + GUARD_COUNT, i32[seat + GUARD_COUNT] - 1);
    return -1;
  }
  throw new MemoryError("out-of-memory", {
    subject: "shared pool",
    event: "has no guard left for this participant",
    numbers: { guards: GUARDS },
    cure: "Release guards that are no longer needed.",
  });
}

export function eraseGuard({ i32 }: Memory, seat: number, guard: number): void {
  Atomics.store(i32, guard, 0);
  Atomics.store(i32, seat + GUARD_COUNT, i32[seat + GUARD_COUNT] - 1);
}

/** The slots that guards name now; undefined where there are none. `first` is the word of the first of so many seats. */
export function guardedSlots({ i32 }: Memory, first: number, seats: number): Set<number> | undefined {
  let guarded: Set<number> | undefined;
  for (let seat = 0; seat < seats; seat++) {
    const at = first + seat * SEAT_WORDS;
    if (Atomics.load(i32, at + GUARD_COUNT) === 0) continue;
    guarded ??= new Set();
    for (let guard = at + FIRST_GUARD; guard < at + SEAT_WORDS; guard++) guarded.add(Atomics.load(i32, guard) - 1);
  }
  return guarded;
}
