import type { Memory } from "../../core/memory.ts";
import type { Seats } from "../../core/seats.ts";
import { Signal } from "../signal.ts";
import { throwRevoked } from "./message-mistakes.ts";
import {
  claimedBy,
  FREE,
  freeAt,
  GRANULE,
  granulesOf,
  KIND_MASK,
  type MessageRingPlan,
  PADDING,
  paddingAt,
  REVOKED,
} from "./message-ring-layout.ts";

/** No position: those have 32 bits. */
export const NO_ROOM = 2 ** 32;

/**
 * How a producer takes granules, and passes on what it has written there or gives them back.
 *
 * A claim is of some granules in a row. What lies in it, one message or several, is nobody else's until the state of its first granule says so, which is written
 * last; so states behind that one are plain stores.
 */
export class MessageGranules {
  /** Who waits for messages. */
  readonly messages: Signal;
  readonly #memory: Memory;
  readonly #plan: MessageRingPlan;
  readonly #seats: Seats;
  readonly #alone: boolean;
  readonly #mask: number;
  /** Where the head was when it was last looked at. */
  #head = 0;
  /** Of one that is alone. */
  #tail = 0;

  constructor(memory: Memory, plan: MessageRingPlan, seats: Seats) {
    this.#memory = memory;
    this.#plan = plan;
    this.#seats = seats;
    this.messages = new Signal(memory, plan.messages);
    this.#alone = plan.producers === 1;
    this.#mask = plan.granules - 1;
  }

  /** To be called first, from a seat. `isFirst` where there never was a producer before. */
  begin(isFirst: boolean): void {
    if (this.#alone) this.#findTail(isFirst);
  }

  /** So many granules in a row: the position of the first, or `NO_ROOM`. */
  claim(granules: number): number {
    return this.#alone ? this.#claimAlone(granules) : this.#claimAmong(granules);
  }

  byteOffsetAt(position: number): number {
    return this.#plan.bytes + (position & this.#mask) * GRANULE;
  }

  /** Of a message that begins there, inside a claim. A line that is as it should be is left to who reads it. */
  setType(position: number, type: number): void {
    const { i32 } = this.#memory;
    const word = this.#plan.types + (position & this.#mask);
    if (i32[word] !== type) i32[word] = type;
  }

  /** The state of a message inside a claim, behind the first. */
  place(position: number, state: number): void {
    this.#memory.i32[this.#plan.states + (position & this.#mask)] = state;
  }

  /** Passes on what lies in the first `used` granules of a claim; `first` is the state of the first of them. Throws `participant-lost`. */
  commit(position: number, claimed: number, used: number, first: number): void {
    const { i32 } = this.#memory;
    const at = this.#plan.states + (position & this.#mask);
    if (this.#alone) {
      Atomics.store(i32, at, first);
      this.#moveTail(used);
    } else {
      if (used < claimed) this.place(position + used, PADDING | (claimed - used));
      const mine = claimedBy(this.#seats.seat, claimed);
      if (Atomics.compareExchange(i32, at, mine, first) !== mine) {
        this.#letGo(at, claimed);
        throwRevoked();
      }
    }
    this.messages.raise();
  }

  /** Gives back what was claimed. */
  abort(position: number, claimed: number): void {
    if (this.#alone) {
      this.#clear(position, claimed);
      return;
    }
    const at = this.#plan.states + (position & this.#mask);
    const mine = claimedBy(this.#seats.seat, claimed);
    if (Atomics.compareExchange(this.#memory.i32, at, mine, PADDING | claimed) !== mine) this.#letGo(at, claimed);
    // Behind it there may be messages.
    else this.messages.raise();
  }

  #claimAlone(granules: number): number {
    const padding = paddingAt(this.#tail, granules, this.#plan);
    if (!this.#hasRoom(this.#tail, padding + granules)) return NO_ROOM;
    if (padding > 0) {
      Atomics.store(this.#memory.i32, this.#plan.states + (this.#tail & this.#mask), PADDING | padding);
      this.#moveTail(padding);
    }
    return this.#tail;
  }

  #claimAmong(granules: number): number {
    const { i32 } = this.#memory;
    const plan = this.#plan;
    for (;;) {
      const tail = Atomics.load(i32, plan.tail);
      const index = tail & this.#mask;
      const padding = paddingAt(index, granules, plan);
      if (!this.#hasRoom(tail, padding + granules)) {
        // A claim there whose owner has not moved the tail looks like a full ring.
        const state = Atomics.load(i32, plan.states + index);
        if ((state & KIND_MASK) !== FREE && (tail - this.#head) >>> 0 < plan.granules) {
          Atomics.compareExchange(i32, plan.tail, tail, (tail + granulesOf(state)) | 0);
        } else if (Atomics.load(i32, plan.tail) === tail) return NO_ROOM;
        continue;
      }
      const free = freeAt(tail, plan);
      const wanted = padding > 0 ? PADDING | padding : claimedBy(this.#seats.seat, granules);
      const found = Atomics.compareExchange(i32, plan.states + index, free, wanted);
      // Who came first may not have moved the tail yet, and may never do so.
      const taken = found === free ? wanted : found;
      if ((taken & KIND_MASK) !== FREE) Atomics.compareExchange(i32, plan.tail, tail, (tail + granulesOf(taken)) | 0);
      if (found === free && padding === 0) return tail;
    }
  }

  /** Whether `granules` from `tail` on are free. */
  #hasRoom(tail: number, granules: number): boolean {
    const { i32 } = this.#memory;
    const plan = this.#plan;
    const room = plan.granules - granules;
    const last = (tail + granules - 1) | 0;
    // The head that was looked at long ago may be that of 2^32 granules before; the state is that of its lap.
    const word = plan.states + (last & this.#mask);
    const free = freeAt(last, plan);
    if ((tail - this.#head) >>> 0 <= room && i32[word] === free) return true;
    this.#head = Atomics.load(i32, plan.head);
    return (tail - this.#head) >>> 0 <= room && i32[word] === free;
  }

  /** What was revoked: from now on its granules can be used again. */
  #letGo(at: number, claimed: number): void {
    const revoked = REVOKED | (claimedBy(this.#seats.seat, claimed) & ~KIND_MASK);
    Atomics.compareExchange(this.#memory.i32, at, revoked, PADDING | claimed);
  }

  /** A plain store: whoever needs the tail of one that is alone goes on from there by the states. */
  #moveTail(granules: number): void {
    this.#tail = (this.#tail + granules) | 0;
    this.#memory.i32[this.#plan.tail] = this.#tail;
  }

  /** One that died may have passed on more than the tail says, and have placed states of a batch behind that. The consumer reads meanwhile. */
  #findTail(isFirst: boolean): void {
    const { i32 } = this.#memory;
    const plan = this.#plan;
    this.#tail = Atomics.load(i32, plan.tail);
    for (;;) {
      const head = Atomics.load(i32, plan.head);
      const freeing = Atomics.load(i32, plan.freeing);
      if (((freeing - this.#tail) | 0) > 0) this.#tail = freeing;
      const room = (head + plan.granules - this.#tail) | 0;
      const state = Atomics.load(i32, plan.states + (this.#tail & this.#mask));
      // Free in this lap is the end; free in the next one was read meanwhile. A full ring has no free granule at its end.
      if (room <= 0 || state === freeAt(this.#tail, plan)) {
        if (!isFirst) this.#clear(this.#tail, room);
        return;
      }
      if ((state & KIND_MASK) !== FREE) this.#moveTail(granulesOf(state));
    }
  }

  /** Free granules have the states of such again, whatever was placed there. */
  #clear(position: number, granules: number): void {
    for (let ahead = 0; ahead < granules; ahead++) this.place(position + ahead, freeAt((position + ahead) | 0, this.#plan));
  }
}
