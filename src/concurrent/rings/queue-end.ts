import type { Memory } from "../../core/memory.ts";
import type { QueuePlan } from "./queue-layout.ts";
import {
  claimState,
  endFrom,
  FREE,
  FULL,
  goneOn,
  lapFrom,
  lapOf,
  MOST_CLAIMED,
  PART,
  positionBefore,
  positionBehind,
  READING,
  slotOf,
  VOID,
  WRITING,
} from "./queue-states.ts";

/** Others are told where an end is when it has gone on by so many slots: they look from there, at a nanosecond a slot. */
const TOLD_ONCE_IN = 32;

/**
 * One end of a queue, as one participant sees it: the tail, where slots are claimed to be written, or the head, where they are claimed to be read.
 *
 * Where this one was last there is nothing to look for as long as no other came in between: then a claim is one compare-and-swap.
 */
export class QueueEnd {
  /** What the last claim took: its first slot, how many in a row, and the lap and the state of the first. */
  slot = 0;
  count = 0;
  lap = 0;
  state = 0;
  /** The state of the slot that stood in the way when there was nothing to claim. */
  obstacle = 0;
  readonly #memory: Memory;
  readonly #plan: QueuePlan;
  readonly #toWrite: boolean;
  /** The word that tells where this end is. */
  readonly #told: number;
  readonly #from: number;
  readonly #to: number;
  /** Seldom ahead of what is told, and never behind where the end is. */
  #position: number;

  constructor(memory: Memory, plan: QueuePlan, toWrite: boolean) {
    this.#memory = memory;
    this.#plan = plan;
    this.#toWrite = toWrite;
    this.#told = toWrite ? plan.tail : plan.head;
    this.#from = toWrite ? FREE : FULL;
    this.#to = toWrite ? WRITING : READING;
    this.#position = Atomics.load(memory.i32, this.#told);
  }

  /** Claims slots for a seat, at most `most` in a row and a power of two. False where the queue is full, or empty. */
  claim(seat: number, most: number): boolean {
    const position = this.#position;
    const plan = this.#plan;
    // All is read plainly, and only tells what to try. To try in vain would take the line from who is at it.
    const state = this.#memory.i32[plan.states + slotOf(position, plan)];
    const isHere = (state & ~PART) === (this.#from | lapOf(position, plan)) && this.#canBeAt(position);
    return (isHere && this.#take(position, state, seat, most)) || this.#search(seat, most);
  }

  #search(seat: number, most: number): boolean {
    const plan = this.#plan;
    for (;;) {
      const position = this.find();
      const lap = lapOf(position, plan);
      const word = plan.states + slotOf(position, plan);
      const state = Atomics.load(this.#memory.i32, word);
      if ((state & ~PART) === (this.#from | lap)) {
        if (this.#take(position, state, seat, most)) return true;
      } else if (goneOn(position, state, this.#toWrite, plan) === 0) {
        if (this.#toWrite || state !== (VOID | lap)) {
          this.obstacle = state;
          return false;
        }
        // A value that never came: its slot is free for the next lap.
        Atomics.compareExchange(this.#memory.i32, word, state, lapFrom(lap, 1, plan));
      }
    }
  }

  #take(position: number, found: number, seat: number, most: number): boolean {
    const plan = this.#plan;
    const slot = slotOf(position, plan);
    const lap = lapOf(position, plan);
    const run = most === 1 ? 0 : this.#runFrom(slot, lap, most);
    const state = claimState(this.#to, seat, run, lap);
    if (Atomics.compareExchange(this.#memory.i32, plan.states + slot, found, state) !== found) return false;
    this.slot = slot;
    this.count = 1 << run;
    this.lap = lap;
    this.state = state;
    this.goOn(positionBehind(position, 1 << run, plan));
    return true;
  }

  /** Where the end is, or was a moment ago. */
  find(): number {
    const told = Atomics.load(this.#memory.i32, this.#told);
    const from = this.#canBeAt(this.#position) ? this.#position : told;
    this.#position = endFrom(this.#memory.i32, from, this.#toWrite, this.#plan);
    return this.#position;
  }

  /** The end is there now: this participant has claimed all before it, and not let go. Others are told now and then; meanwhile nobody gets a lap ahead. */
  goOn(position: number): void {
    this.#position = position;
    const told = this.#memory.i32[this.#told];
    if (((position - told) | 0) >= TOLD_ONCE_IN) Atomics.compareExchange(this.#memory.i32, this.#told, told, position);
  }

  /**
   * Whether the end is not before a position: it has not been told to be behind, and somebody was at the slot before. Of one that has done nothing for 2^31 values
   * the first says nothing; the second holds in any case.
   */
  #canBeAt(position: number): boolean {
    const plan = this.#plan;
    if (((this.#memory.i32[this.#told] - position) | 0) > 0) return false;
    const before = positionBefore(position, plan);
    return goneOn(before, this.#memory.i32[plan.states + slotOf(before, plan)], this.#toWrite, plan) !== 0;
  }

  /** The binary logarithm of how many slots from one on can be claimed by the state of the first. While that is unclaimed nobody changes those behind it. */
  #runFrom(first: number, lap: number, most: number): number {
    const plan = this.#plan;
    const { i32 } = this.#memory;
    const longest = Math.min(most, MOST_CLAIMED, plan.capacity);
    let slot = first;
    let wanted = this.#from | lap;
    let count = 1;
    for (; count < longest; count++) {
      slot += 1;
      if (slot === plan.capacity) {
        slot = 0;
        wanted = this.#from | lapFrom(lap, 1, plan);
      }
      const state = i32[plan.states + slot];
      if ((state & ~PART) !== wanted) break;
      // Of the others of its run the state of the first has told.
      if (state === wanted) Atomics.load(i32, plan.states + slot);
    }
    return 31 - Math.clz32(count);
  }
}
