import { A_MEMORY, checkCall, having, OPTIONS } from "../../core/check-call.ts";
import type { Memory } from "../../core/memory.ts";
import type { Participant } from "../../core/participant.ts";
import type { SeatToken } from "../../core/seat-token.ts";
import { Seats, seatsByteLength } from "../../core/seats.ts";
import { checkWritableHome } from "../../core/writable.ts";
import { checkBeginning } from "../head-words.ts";

export interface RosterOptions extends Participant {
  /** Where in the memory it begins, a multiple of 64. Default 0. */
  readonly byteOffset?: number;
  /** How many can take part at the same time, 1 … 1021: the same number on all sides. Default 32. */
  readonly seats?: number;
}

export const A_ROSTER = having("a roster", "seats");
const SUBJECT = "roster";
const DEFAULT_SEATS = 32;

/** Bytes of a roster: 64 a seat, and 64. Zeros are an empty one. */
export function rosterByteLength(seats = DEFAULT_SEATS): number {
  return seatsByteLength({ seats });
}

/**
 * Who takes part in the locks of a memory: one roster in it, in which each thread or process has a seat. All locks of that memory name their holders by
 * seats, so that whoever waits can say whom for, and see that it is gone.
 *
 * A participant counts as gone when it has closed its roster, when `isAlive` says so, or when somebody has buried it. Its bytes: core/seats.ts.
 */
export class Roster implements Disposable {
  readonly memory: Memory;
  /** For structures that are built on it. */
  readonly seats: Seats;

  /** For `roster`. */
  constructor(memory: Memory, seats: Seats) {
    this.memory = memory;
    this.seats = seats;
  }

  /** The own seat, from 1. 0 when it was left. */
  get seat(): number {
    return this.seats.seat;
  }

  /** What names this participant for ever, to be told to others: see `bury`. 0 when its seat was left. */
  get token(): SeatToken {
    return this.seats.token;
  }

  /**
   * Makes known to all that a participant is dead, as who hears that a worker thread has ended knows: `worker.once("exit", () => roster.bury(token))`. False when
   * that one has left in good order.
   */
  bury(token: SeatToken): boolean {
    return this.seats.bury(token);
  }

  /** Empties the seats of the dead; returns how many. What they held is taken over by whoever waits for it, before or after. */
  recover(): number {
    return this.seats.deadSeats().filter((seat) => this.seats.recover(seat, () => {})).length;
  }

  /** What contradicts the invariants. */
  checkInvariants(): string[] {
    return this.seats.checkInvariants();
  }

  /** Leaves the seat. Locks that are still held then count as held by one that is gone: whoever comes next repairs what they protect. */
  close(): void {
    if (!this.memory.closed) this.seats.leave();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Takes part in the locks of a memory: takes a seat in the roster at `byteOffset`, where zeros are an empty one. Throws `out-of-memory` when all seats are
 * taken by the living, and `invalid-argument`.
 *
 * ```ts
 * using here = roster(memory, { identity: process.pid, isAlive });
 * using queue = mutex(here, { byteOffset: 4096 });
 * ```
 */
export function roster(memory: Memory, options: RosterOptions = {}): Roster {
  checkCall("roster(memory)", [A_MEMORY, memory], [OPTIONS, options]);
  const { byteOffset = 0, seats = DEFAULT_SEATS } = options;
  checkLockPlace(SUBJECT, memory, byteOffset);
  const taken = new Seats(memory, { byteOffset, seats }, SUBJECT, options);
  taken.sit(() => {});
  return new Roster(memory, taken);
}

/** Throws `read-only`, and `invalid-argument` for a place where nothing shared can begin. */
export function checkLockPlace(subject: string, memory: Memory, byteOffset: number): void {
  checkWritableHome(subject, memory);
  checkBeginning(subject, byteOffset);
}
