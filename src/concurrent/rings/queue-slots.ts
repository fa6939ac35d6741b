import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import type { Seats } from "../../core/seats.ts";
import type { Type, ValueOf } from "../../layout/type.ts";
import {
  FREE,
  FULL,
  KIND_MASK,
  LAP_MASK,
  lapFrom,
  lapOf,
  nextPosition,
  type QueuePlan,
  READING,
  seatOf,
  seatState,
  slotOf,
  VOID,
  WRITING,
} from "./queue-layout.ts";

/** No position: those have 32 bits. */
export const NONE = 2 ** 32;
/** Asking who lives may take longer than all the rest. */
const ASK_ONCE_IN = 64;

/** The slots of a queue and how they change hands: see queue-layout.ts. */
export class QueueSlots<T extends Type<unknown, never>> {
  readonly plan: QueuePlan;
  readonly seats: Seats;
  /** What the dead were taking out. */
  readonly rescued: ValueOf<T>[] = [];
  readonly #memory: Memory;
  readonly #type: T;
  readonly #subject: string;
  /** How many slots in a row the last claim took. */
  claimed = 0;
  #obstacles = 0;

  constructor(memory: Memory, type: T, plan: QueuePlan, subject: string, seats: Seats) {
    this.plan = plan;
    this.seats = seats;
    this.#memory = memory;
    this.#type = type;
    this.#subject = subject;
  }

  /**
   * The position of a slot that is this participant's to write, or to read, and of nobody else; of `claimed` of them in a row, at most `most`. NONE where the
   * queue is full, or empty.
   */
  claim(toWrite: boolean, most = 1): number {
    const { i32 } = this.#memory;
    const plan = this.plan;
    const end = toWrite ? plan.tail : plan.head;
    const from = toWrite ? FREE : FULL;
    const to = toWrite ? WRITING : READING;
    for (let isFirst = true; ; isFirst = false) {
      // What is read plainly may be old, and only tells what to try. An atomic load takes as long as ten plain ones.
      const position = isFirst ? i32[end] : Atomics.load(i32, end);
      const lap = lapOf(position, plan);
      const word = plan.states + slotOf(position, plan);
      // To try in vain would take the line from who is at it.
      const seen = isFirst ? i32[word] : Atomics.load(i32, word);
      const isHere = seen === (from | lap);
      const found = isHere ? Atomics.compareExchange(i32, word, seen, seatState(to, this.seats.seat, lap)) : seen;
      if (isHere && found === seen) {
        this.#moveEnd(end, position, this.#claimMore(position, from, to, most));
        return position;
      }
      // Who has claimed it has not come to moving this end.
      if (this.#isPast(position, found, toWrite)) Atomics.compareExchange(i32, end, position, nextPosition(position, plan));
      // A value that never came: its slot is free for the next lap.
      if (!toWrite && found === (VOID | lap)) Atomics.compareExchange(i32, word, found, lapFrom(lap, 1, plan));
      else if (Atomics.load(i32, end) === position && this.#staysAt(word, found)) return NONE;
    }
  }

  /** Claims slots behind the first one, up to one that is not there, and tells the position behind them. */
  #claimMore(first: number, from: number, to: number, most: number): number {
    const { i32 } = this.#memory;
    const plan = this.plan;
    let position = nextPosition(first, plan);
    let count = 1;
    for (; count < most; count++) {
      const lap = lapOf(position, plan);
      const word = plan.states + slotOf(position, plan);
      if (i32[word] !== (from | lap)) break;
      if (Atomics.compareExchange(i32, word, from | lap, seatState(to, this.seats.seat, lap)) !== (from | lap)) break;
      position = nextPosition(position, plan);
    }
    this.claimed = count;
    return position;
  }

  /** Moves an end behind what was claimed. Others may have come with it, and not so far. */
  #moveEnd(end: number, from: number, to: number): void {
    for (let at = from; ((to - at) | 0) > 0; ) {
      const found = Atomics.compareExchange(this.#memory.i32, end, at, to);
      if (found === at) return;
      at = found;
    }
  }

  /** Whether the slot at the tail holds a value of the lap before. */
  get isFull(): boolean {
    const { plan } = this;
    const tail = Atomics.load(this.#memory.i32, plan.tail);
    return Atomics.load(this.#memory.i32, plan.states + slotOf(tail, plan)) === (FULL | lapFrom(lapOf(tail, plan), -1, plan));
  }

  /** Whether a slot keeps this end from going on. Ends what one that is known to be dead has left there. */
  #staysAt(word: number, state: number): boolean {
    const kind = state & KIND_MASK;
    if ((kind === WRITING || kind === READING) && ++this.#obstacles % ASK_ONCE_IN === 0) this.#recoverSeat(seatOf(state));
    return Atomics.load(this.#memory.i32, word) === state;
  }

  /** Whether somebody has been here with this end, and has died or not come to moving it. */
  #isPast(position: number, state: number, toWrite: boolean): boolean {
    const lap = lapOf(position, this.plan);
    if ((state & LAP_MASK) === lapFrom(lap, 1, this.plan)) return true;
    return (state & LAP_MASK) === lap && (toWrite ? (state & KIND_MASK) !== FREE : (state & KIND_MASK) === READING);
  }

  /** Moves both ends to where those that died should have moved them. */
  catchUp(): void {
    const { i32 } = this.#memory;
    const { plan } = this;
    for (const toWrite of [true, false]) {
      const end = toWrite ? plan.tail : plan.head;
      for (let moves = 0; moves < 2 * plan.capacity; moves++) {
        const position = Atomics.load(i32, end);
        if (!this.#isPast(position, Atomics.load(i32, plan.states + slotOf(position, plan)), toWrite)) break;
        Atomics.compareExchange(i32, end, position, nextPosition(position, plan));
      }
    }
  }

  #recoverSeat(seat: number): void {
    if (seat >= 1 && seat <= this.plan.seats && seat !== this.seats.seat) this.seats.recover(seat, (gone) => this.repair(gone));
  }

  /** Puts a value into a claimed slot, and tells of it. */
  write(position: number, checked: unknown): void {
    const plan = this.plan;
    const lap = lapOf(position, plan);
    const slot = slotOf(position, plan);
    this.#type.rawStore(this.#memory, plan.slots + slot * this.#type.byteSize, checked);
    const mine = seatState(WRITING, this.seats.seat, lap);
    if (Atomics.compareExchange(this.#memory.i32, plan.states + slot, mine, FULL | lap) !== mine) this.#throwLost();
  }

  /** Takes the value out; the slot becomes free of the next lap, or this one's to write in it. */
  read(position: number, next: typeof FREE | typeof WRITING): ValueOf<T> {
    const plan = this.plan;
    const lap = lapOf(position, plan);
    const slot = slotOf(position, plan);
    const value = this.#type.rawRead(this.#memory, plan.slots + slot * this.#type.byteSize) as ValueOf<T>;
    const mine = seatState(READING, this.seats.seat, lap);
    const then = next === FREE ? lapFrom(lap, 1, plan) : seatState(WRITING, this.seats.seat, lapFrom(lap, 1, plan));
    if (Atomics.compareExchange(this.#memory.i32, plan.states + slot, mine, then) !== mine) this.#throwLost();
    return value;
  }

  repair(seat: number): void {
    const { i32 } = this.#memory;
    const plan = this.plan;
    for (let slot = 0; slot < plan.capacity; slot++) {
      const word = plan.states + slot;
      const state = Atomics.load(i32, word);
      const kind = state & KIND_MASK;
      if ((kind !== WRITING && kind !== READING) || seatOf(state) !== seat) continue;
      const lap = state & LAP_MASK;
      if (kind === WRITING) Atomics.store(i32, word, VOID | lap);
      else {
        const value = this.#type.rawRead(this.#memory, plan.slots + slot * this.#type.byteSize) as ValueOf<T>;
        Atomics.store(i32, word, lapFrom(lap, 1, plan));
        this.rescued.push(value);
      }
    }
  }

  #throwLost(): never {
    throw new MemoryError("participant-lost", {
      subject: this.#subject,
      event: "has recovered this participant's seat, believing it dead",
      numbers: { seat: this.seats.seat },
      cure: "Attach again. Name only those dead that are.",
    });
  }
}
