import { type Holder, holderOf, identityIn, isOver, LEFT_HOLDER, NO_HOLDER, stampIn } from "./holder.ts";
import type { Memory } from "./memory.ts";
import { identityOf, type Participant } from "./participant.ts";
import { waitUntil } from "./patience.ts";
import { NO_TOKEN, type SeatToken, seatIn, TURN_MASK, tokenIn, tokenOf, turnIn } from "./seat-token.ts";
import { throwNoSeat, throwSeatsTaken } from "./seats-mistakes.ts";
import { checkSeatsPlace, SEAT_OWN_WORDS, type SeatsPlace, seatsByteLength } from "./seats-place.ts";

export { SEAT_OWN_WORDS, type SeatsPlace, seatsByteLength } from "./seats-place.ts";

/** i64 words of a seat. */
const HOLDER = 0;
/** i32 words of a seat. */
const TURN = 2;
const MEDIC = 3;

/** Ends what the dead holder of a seat has left undone. May run again, from the beginning, when who runs it dies: it must bear that. */
export type Repair = (seat: number) => void;

/**
 * Who takes part in a structure: seats in the memory, each taken by one thread or process at a time, that tell who has died and what is to be ended for it.
 *
 *     seat s at byteOffset + (s − 1) · stride, s from 1; behind the last one a spare seat
 *
 *     0    holder i64   who sits there: see holder.ts; 0 empty; identity −1: left, its affairs are to be ended
 *     8    turn   i32   how often the seat was emptied, in 20 bits
 *     12   medic  i32   token of who ends the affairs of a dead holder, 0: nobody
 *     16   …            the structure's
 *
 * Invariants:
 * 1. A seat is taken and left by one atomic write, of its holder; there is no half taken seat.
 * 2. The turn changes once for each holder, before its seat is empty, so that seat and turn together name one holder for ever: a token of another turn
 *    is of one that is gone (a number comes back after a million holders of the same seat).
 * 3. Only who has its token in `medic` repairs and empties the seat of a dead holder. A medic that dies is replaced by the next.
 * 4. From the spare seat nothing is ever held but the right to be a medic: from it a newcomer makes room when all others are taken.
 */
export class Seats {
  readonly memory: Memory;
  /** How many there are. The spare one is `count + 1`. */
  readonly count: number;
  /** The own seat, from 1; 0: none. */
  seat = 0;
  /** Own seat and turn in one word, 0: none. For the words of locks and the like. */
  token = NO_TOKEN;
  readonly #byteOffset: number;
  readonly #stride: number;
  readonly #subject: string;
  readonly #holder: Holder;
  readonly #isAlive: Participant["isAlive"];

  /** Takes no seat yet: see `sit`. `subject` is the structure, for errors. */
  constructor(memory: Memory, place: SeatsPlace, subject: string, participant: Participant = {}) {
    const { byteOffset, seats, strideByteLength = 64 } = place;
    const { identity, stamp } = identityOf(participant, subject);
    checkSeatsPlace(place, strideByteLength, subject);
    memory.checkRange(byteOffset, seatsByteLength(place));
    this.memory = memory;
    this.count = seats;
    this.#byteOffset = byteOffset;
    this.#stride = strideByteLength;
    this.#subject = subject;
    this.#holder = holderOf(identity, stamp);
    this.#isAlive = participant.isAlive;
  }

  /** The first i32 word of a seat that is the structure's. */
  wordOf(seat: number): number {
    return this.#word(seat) + SEAT_OWN_WORDS;
  }

  /**
   * Takes one of the seats `from` … `to`, by default of all. Where these are taken, ends the affairs of the dead in all seats first. Throws `out-of-memory` when all
   * holders live, as far as is known, and `participant-lost` when somebody else is ending theirs and does not come to an end.
   */
  sit(repair: Repair, from = 1, to = this.count): number {
    if (this.seat === 0) waitUntil(() => this.#trySit(repair, from, to), this.#subject, undefined);
    return this.seat;
  }

  /** Takes this very seat. False where somebody has it, or where one is taken already. */
  sitAt(seat: number): boolean {
    this.#checkSeat(seat);
    return this.seat === 0 && this.#claim(seat, NO_HOLDER);
  }

  /** Leaves the own seat to others. Nothing must be held from it any more. */
  leave(): void {
    if (this.seat === 0) return;
    this.#empty(this.seat);
    this.#forget();
  }

  /** Leaves the seat to whoever ends what is still held from it. */
  leaveUnsettled(): void {
    if (this.seat === 0) return;
    Atomics.store(this.memory.i64, this.#word(this.seat) / 2 + HOLDER, LEFT_HOLDER);
    this.#forget();
  }

  /** Whether the holder that a token names has left or is known to be dead. One look at the memory where it has left, and a question to `isAlive` else. */
  isGone(token: SeatToken): boolean {
    const seat = seatIn(token);
    if (token === this.token) return false;
    if (!this.#isSeat(seat) || this.#turnOf(seat) !== turnIn(token)) return true;
    const holder = this.#holderAt(seat);
    // The turn last: the holder looked at may be the next one's.
    return holder === NO_HOLDER || this.#isDead(holder) || this.#turnOf(seat) !== turnIn(token);
  }

  /** The token of who sits there now, to name that one later. 0 where the seat is empty. */
  tokenOf(seat: number): SeatToken {
    this.#checkSeat(seat);
    const token = this.#tokenOf(seat);
    return this.#holderAt(seat) === NO_HOLDER ? NO_TOKEN : token;
  }

  /** Who sits there, as it has told: for errors and reports. Undefined where the seat is empty. */
  holderOf(seat: number): { readonly identity: number; readonly stamp: number } | undefined {
    const holder = this.#holderAt(seat);
    if (holder === NO_HOLDER) return undefined;
    return { identity: identityIn(holder), stamp: stampIn(holder) };
  }

  /** Seats that are taken, the own one and the spare one not among them. */
  others(): number[] {
    return this.#where((holder) => holder !== NO_HOLDER);
  }

  /** Seats whose holders have left affairs to be ended, or are known to be dead. */
  deadSeats(): number[] {
    return this.#where((holder) => holder !== NO_HOLDER && this.#isDead(holder));
  }

  /**
   * Makes known to all that the holder that a token names is dead, as who heard its thread end knows. Whoever meets what it held takes that over from
   * now on. False where it has left already, is the own one, or was recovered.
   */
  bury(token: SeatToken): boolean {
    const seat = seatIn(token);
    this.#checkSeat(seat);
    // As a medic, so that nobody else empties the seat meanwhile.
    if (token === this.token || !this.#becomeMedic(seat)) return false;
    const holder = this.#holderAt(seat);
    const isThere = holder !== NO_HOLDER && holder !== LEFT_HOLDER && this.#turnOf(seat) === turnIn(token);
    if (isThere) Atomics.store(this.memory.i64, this.#word(seat) / 2 + HOLDER, LEFT_HOLDER);
    this.#stopMedic(seat);
    return isThere;
  }

  /**
   * Ends the affairs of the dead holder of a seat through `repair`, and empties it. True when this call did. False where the holder is not known to be
   * dead (see `bury`), and where somebody else does it. When `repair` throws, the seat stays as it was, for the next to try.
   */
  recover(seat: number, repair: Repair): boolean {
    this.#checkSeat(seat);
    const turn = this.#turnOf(seat);
    const holder = this.#holderAt(seat);
    if (seat === this.seat || holder === NO_HOLDER || !this.#isDead(holder) || !this.#becomeMedic(seat)) return false;
    try {
      // Another medic may have been through with it since.
      if (this.#turnOf(seat) !== turn || this.#holderAt(seat) !== holder) return false;
      repair(seat);
      this.#empty(seat);
      return true;
    } finally {
      this.#stopMedic(seat);
    }
  }

  /** `bury` and `recover` for a caller that knows a participant by its seat alone. False for the own seat, and where there is none or nobody in it. */
  buryAndRecover(seat: number, repair: Repair): boolean {
    if (!this.#has(seat) || seat === this.seat) return false;
    const token = this.tokenOf(seat);
    if (token === NO_TOKEN) return false;
    this.bury(token);
    return this.recover(seat, repair);
  }

  /** What contradicts the invariants. */
  checkInvariants(): string[] {
    const found: string[] = [];
    for (let seat = 1; seat <= this.count + 1; seat++) {
      const turn = this.#turnOf(seat);
      if (turn !== (turn & TURN_MASK)) found.push(`seat ${seat} has turn ${turn}, which is more than 20 bits`);
      const medic = Atomics.load(this.memory.i32, this.#word(seat) + MEDIC);
      if (medic !== 0 && !this.#isSeat(seatIn(tokenIn(medic))))
        found.push(`seat ${seat} has a medic in a seat that is not there: ${medic}`);
    }
    if (this.seat === 0) return found;
    if (this.#holderAt(this.seat) !== this.#holder) found.push(`seat ${this.seat} is taken by another than its holder`);
    if (this.token !== this.#tokenOf(this.seat)) found.push(`seat ${this.seat} is at another turn than its holder`);
    return found;
  }

  #word(seat: number): number {
    return (this.#byteOffset + (seat - 1) * this.#stride) / 4;
  }

  /** Or the spare one. */
  #isSeat(seat: number): boolean {
    return seat >= 1 && seat <= this.count + 1;
  }

  #holderAt(seat: number): Holder {
    return Atomics.load(this.memory.i64, this.#word(seat) / 2 + HOLDER) as Holder;
  }

  #turnOf(seat: number): number {
    return Atomics.load(this.memory.i32, this.#word(seat) + TURN);
  }

  #tokenOf(seat: number): SeatToken {
    return tokenOf(seat, this.#turnOf(seat));
  }

  #isDead(holder: Holder): boolean {
    return isOver(holder, this.#isAlive);
  }

  #where(holds: (holder: Holder) => boolean): number[] {
    const found: number[] = [];
    for (let seat = 1; seat <= this.count; seat++) if (seat !== this.seat && holds(this.#holderAt(seat))) found.push(seat);
    return found;
  }

  #trySit(repair: Repair, from: number, to: number): boolean {
    for (let seat = from; seat <= to; seat++) if (this.#claim(seat, NO_HOLDER)) return true;
    const dead = this.deadSeats();
    if (dead.length === 0) {
      // One that was seen taken may have been left since.
      if (this.others().filter((seat) => seat >= from && seat <= to).length > to - from)
        throwSeatsTaken(this.#subject, to - from + 1);
      return false;
    }
    if (!this.#sitSpare()) return false;
    try {
      for (const seat of dead) this.recover(seat, repair);
    } finally {
      this.leave();
    }
    return false;
  }

  #sitSpare(): boolean {
    const spare = this.count + 1;
    const before = this.#holderAt(spare);
    if ((before !== NO_HOLDER && !this.#isDead(before)) || !this.#claim(spare, before)) return false;
    if (before !== NO_HOLDER) this.#nextTurn(spare);
    this.token = this.#tokenOf(spare);
    return true;
  }

  #claim(seat: number, before: Holder): boolean {
    if (Atomics.compareExchange(this.memory.i64, this.#word(seat) / 2 + HOLDER, before, this.#holder) !== before) return false;
    this.seat = seat;
    this.token = this.#tokenOf(seat);
    return true;
  }

  /** The turn before the holder: see invariant 2. */
  #empty(seat: number): void {
    this.#nextTurn(seat);
    Atomics.store(this.memory.i64, this.#word(seat) / 2 + HOLDER, NO_HOLDER);
  }

  /** By who alone may: the holder, or the medic of a dead one. */
  #nextTurn(seat: number): void {
    Atomics.store(this.memory.i32, this.#word(seat) + TURN, (this.#turnOf(seat) + 1) & TURN_MASK);
  }

  #forget(): void {
    this.seat = 0;
    this.token = NO_TOKEN;
  }

  #becomeMedic(seat: number): boolean {
    if (this.token === 0) return false;
    const at = this.#word(seat) + MEDIC;
    const before = Atomics.load(this.memory.i32, at);
    if (before !== 0 && !this.isGone(tokenIn(before))) return false;
    return Atomics.compareExchange(this.memory.i32, at, before, this.token) === before;
  }

  #stopMedic(seat: number): void {
    Atomics.store(this.memory.i32, this.#word(seat) + MEDIC, 0);
  }

  #has(seat: number): boolean {
    return Number.isInteger(seat) && seat >= 1 && seat <= this.count;
  }

  #checkSeat(seat: number): void {
    if (!this.#has(seat)) throwNoSeat(this.#subject, seat, this.count);
  }
}
