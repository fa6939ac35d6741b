import type { Memory } from "../../core/memory.ts";
import type { Seats } from "../../core/seats.ts";
import type { Type, ValueOf } from "../../layout/type.ts";
import { QueueEnd } from "./queue-end.ts";
import type { QueuePlan } from "./queue-layout.ts";
import { throwLost } from "./queue-mistakes.ts";
import {
  claimState,
  FULL,
  KIND_MASK,
  LAP_MASK,
  lapFrom,
  lapOf,
  PART,
  positionBehind,
  READING,
  runOf,
  seatOf,
  slotOf,
  VOID,
  WRITING,
} from "./queue-states.ts";

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
  readonly #tail: QueueEnd;
  readonly #head: QueueEnd;
  #obstacles = 0;

  constructor(memory: Memory, type: T, plan: QueuePlan, subject: string, seats: Seats) {
    this.plan = plan;
    this.seats = seats;
    this.#memory = memory;
    this.#type = type;
    this.#subject = subject;
    this.#tail = new QueueEnd(memory, plan, true);
    this.#head = new QueueEnd(memory, plan, false);
  }

  /** Claims slots to write, at most `most` in a row, and returns how many: 0 where the queue is full. */
  claimFree(most: number): number {
    return this.#claim(this.#tail, most);
  }

  /** Claims slots to read, at most `most` in a row, and returns how many: 0 where the queue is empty. */
  claimFull(most: number): number {
    return this.#claim(this.#head, most);
  }

  #claim(end: QueueEnd, most: number): number {
    if (end.claim(this.seats.seat, most)) return end.count;
    return this.#removes(end.obstacle) && end.claim(this.seats.seat, most) ? end.count : 0;
  }

  /** Whether the slot at the tail holds a value of the lap before. */
  get isFull(): boolean {
    const { plan } = this;
    const tail = this.#tail.find();
    const state = Atomics.load(this.#memory.i32, plan.states + slotOf(tail, plan));
    return (state & ~PART) === (FULL | lapFrom(lapOf(tail, plan), -1, plan));
  }

  /** Ends what one that is known to be dead has left in the way. */
  #removes(state: number): boolean {
    const kind = state & KIND_MASK;
    const seat = seatOf(state);
    if ((kind !== WRITING && kind !== READING) || seat < 1 || seat > this.plan.seats || seat === this.seats.seat) return false;
    return ++this.#obstacles % ASK_ONCE_IN === 0 && this.seats.recover(seat, (gone) => this.repair(gone));
  }

  /** Puts a value into the claimed slot, and tells of it. */
  write(checked: unknown): void {
    const { slot, lap, state } = this.#tail;
    this.#type.rawStore(this.#memory, this.plan.slots + slot * this.#type.byteSize, checked);
    this.#settle(slot, state, FULL | lap);
  }

  /** Takes the value out of the claimed slot. */
  read(): ValueOf<T> {
    const { slot, lap, state } = this.#head;
    const value = this.#valueIn(slot);
    this.#settle(slot, state, lapFrom(lap, 1, this.plan));
    return value;
  }

  /** `write` to all slots of the claim, of the values from `first` on. */
  writeRun(checked: readonly unknown[], first: number): void {
    const plan = this.plan;
    const { byteSize } = this.#type;
    let { slot } = this.#tail;
    for (let at = 0; at < this.#tail.count; at++) {
      this.#type.rawStore(this.#memory, plan.slots + slot * byteSize, checked[first + at]);
      slot = slot + 1 === plan.capacity ? 0 : slot + 1;
    }
    this.#settleRun(this.#tail, FULL | this.#tail.lap);
  }

  /** `read` of all slots of the claim, to `target` from `first` on. */
  readRun(target: { [index: number]: ValueOf<T> }, first: number): void {
    const plan = this.plan;
    let { slot } = this.#head;
    for (let at = 0; at < this.#head.count; at++) {
      target[first + at] = this.#valueIn(slot);
      slot = slot + 1 === plan.capacity ? 0 : slot + 1;
    }
    this.#settleRun(this.#head, lapFrom(this.#head.lap, 1, plan));
  }

  /**
   * Takes the value out of the slot that was claimed to be read, and puts another in its place if the tail has come to it: that cannot pass before this one lets
   * go, so the slot goes from its reader to its writer, and nobody comes in between. If not, only takes it out.
   */
  replace(checked: unknown): { readonly value: ValueOf<T>; readonly isReplaced: boolean } {
    const { plan } = this;
    const { slot, lap, state } = this.#head;
    const behind = lapFrom(lap, 1, plan);
    const tail = this.#tail.find();
    if (slotOf(tail, plan) !== slot || lapOf(tail, plan) !== behind) return { value: this.read(), isReplaced: false };
    const value = this.#valueIn(slot);
    const mine = claimState(WRITING, this.seats.seat, 0, behind);
    this.#settle(slot, state, mine);
    this.#tail.goOn(positionBehind(tail, 1, plan));
    this.#type.rawStore(this.#memory, plan.slots + slot * this.#type.byteSize, checked);
    this.#settle(slot, mine, FULL | behind);
    return { value, isReplaced: true };
  }

  /** Lets go what a claim took. The first state is changed last, which tells of the others. */
  #settleRun({ slot: first, count, state }: QueueEnd, then: number): void {
    const { i32 } = this.#memory;
    const plan = this.plan;
    if (count > 1) {
      // Who was taken for dead must not touch what others have by now.
      if (Atomics.load(i32, plan.states + first) !== state) this.#throwLost();
      let slot = first;
      let next = then | PART;
      for (let at = 1; at < count; at++) {
        slot += 1;
        if (slot === plan.capacity) {
          slot = 0;
          next = (next & ~LAP_MASK) | lapFrom(next, 1, plan);
        }
        if (at < count - 1) i32[plan.states + slot] = next;
        // Who comes behind this run may have looked at no more of it than this.
        else Atomics.store(i32, plan.states + slot, next);
      }
    }
    this.#settle(first, state, then);
  }

  #settle(slot: number, mine: number, then: number): void {
    if (Atomics.compareExchange(this.#memory.i32, this.plan.states + slot, mine, then) !== mine) this.#throwLost();
  }

  /** Ends the claims of one that is dead. May run again from the beginning: the first state of a run is changed last. */
  repair(seat: number): void {
    const { i32 } = this.#memory;
    const plan = this.plan;
    for (let slot = 0; slot < plan.capacity; slot++) {
      const word = plan.states + slot;
      const state = Atomics.load(i32, word);
      const kind = state & KIND_MASK;
      if ((kind !== WRITING && kind !== READING) || seatOf(state) !== seat) continue;
      const lap = state & LAP_MASK;
      const count = runOf(state);
      if (kind === READING) for (let at = 0; at < count; at++) this.rescued.push(this.#valueIn((slot + at) % plan.capacity));
      for (let at = count - 1; at >= 0; at--) {
        const its = lapFrom(lap, slot + at < plan.capacity ? 0 : 1, plan);
        Atomics.store(i32, plan.states + ((slot + at) % plan.capacity), kind === WRITING ? VOID | its : lapFrom(its, 1, plan));
      }
    }
  }

  #valueIn(slot: number): ValueOf<T> {
    return this.#type.rawRead(this.#memory, this.plan.slots + slot * this.#type.byteSize) as ValueOf<T>;
  }

  #throwLost(): never {
    throwLost(this.#subject, this.seats.seat);
  }
}
