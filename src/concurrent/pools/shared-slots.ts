import type { BlockSource } from "../../core/block-source.ts";
import { HANDLE_BITS } from "../../core/handle.ts";
import type { Memory } from "../../core/memory.ts";
import type { Participant } from "../../core/participant.ts";
import { waitUntil } from "../../core/patience.ts";
import { type SeatToken, tokenIn } from "../../core/seat-token.ts";
import { Seats } from "../../core/seats.ts";
import { clearSeat, eraseGuard, guardedSlots, writeGuard } from "./guards.ts";
import { SharedBlocks } from "./shared-blocks.ts";
import { checkSharedPool } from "./shared-pool-check.ts";
import {
  BUSY,
  GATE,
  GENERATION,
  generationIn,
  HEAD,
  isLive,
  ORPHAN,
  ownerIn,
  RETIRED,
  SEAT_BYTES,
  SEATS,
  type SharedPoolPlan,
} from "./shared-pool-layout.ts";
import { TaggedList } from "./tagged-list.ts";

/** How many slots go to and from the free list at once. */
const BATCH = 64;
const SUBJECT = "shared pool";
const { generations } = HANDLE_BITS.wide;
const LAST_GENERATION = generations - 1;

/** What was taken back from the dead: `orphans` are slots whose records are there still. */
export interface TakenBack {
  readonly seats: number;
  readonly slots: number;
  readonly orphans: readonly number[];
}

/** One participant's hand in the slots of a shared pool: its seat, its cache, and the free list. Types and handles are for SharedPool. */
export class SharedSlots {
  readonly memory: Memory;
  readonly blocks: SharedBlocks;
  readonly byteOffset: number;
  readonly seats: Seats;
  readonly #gate: number;
  readonly #list: TaggedList;
  /** Slots of this seat that can be given out. */
  readonly #cache: number[] = [];
  /** Slots that this seat removed: given out again when no guard names them. */
  readonly #limbo: number[] = [];

  constructor(memory: Memory, byteOffset: number, plan: SharedPoolPlan, participant: Participant, source?: BlockSource) {
    this.memory = memory;
    this.byteOffset = byteOffset;
    this.blocks = new SharedBlocks(memory, byteOffset, plan, source);
    this.#gate = byteOffset / 4 + GATE;
    this.#list = new TaggedList(memory, byteOffset / 8 + HEAD, this.blocks);
    const place = { byteOffset: byteOffset + SEATS, seats: plan.seats, strideByteLength: SEAT_BYTES };
    this.seats = new Seats(memory, place, SUBJECT, participant);
    this.seats.sit((seat) => void this.#repair(seat));
  }

  /** A slot that is this seat's alone, or -1 when there is none. */
  take(): number {
    const { length } = this.#cache;
    return length > 0 ? (this.#cache.pop() ?? -1) : this.#refill();
  }

  /** Makes a slot of this seat live: whoever sees the new word sees what was written to the record before. Returns its generation. */
  publish(slot: number): number {
    const { i32 } = this.memory;
    const word = i32[this.blocks.wordOf(slot)] + GENERATION;
    Atomics.store(i32, this.blocks.wordOf(slot), word);
    return generationIn(word);
  }

  /** Ends the record of that generation. False when it is over already: of any number of threads that try, one gets true. */
  end(slot: number, generation: number): boolean {
    const { i32 } = this.memory;
    const at = this.blocks.wordOf(slot);
    const spent = generation === LAST_GENERATION;
    const ended = spent ? RETIRED : ((generation + 1) * GENERATION) | this.seats.seat;
    for (;;) {
      const word = Atomics.load(i32, at);
      if (generationIn(word) !== generation) return false;
      // It can only fail where another ended it, or where its owner has changed.
      if (Atomics.compareExchange(i32, at, word, ended) === word) break;
    }
    if (!spent) this.#limbo.push(slot);
    if (this.#limbo.length >= BATCH) this.#reclaim();
    return true;
  }

  /** Makes this seat the owner of an orphan of that generation. False when it is none, or another was first. */
  adopt(slot: number, generation: number): boolean {
    const orphan = (generation * GENERATION) | ORPHAN | 0;
    const adopted = orphan - ORPHAN + this.seats.seat;
    return Atomics.compareExchange(this.memory.i32, this.blocks.wordOf(slot), orphan, adopted) === orphan;
  }

  /** Writes a guard and tells its word, or -1 when the record of that generation is over. Throws `out-of-memory` when all guards are in use. */
  guard(slot: number, generation: number): number {
    return writeGuard(this.seats, slot, this.blocks.wordOf(slot), generation);
  }

  unguard(guard: number): void {
    eraseGuard(this.seats, guard);
  }

  /** Gives everything back and leaves the seat. What it has added stays, as nobody's. */
  leave(): void {
    const { seats } = this;
    for (const slot of this.blocks.used()) this.#disown(slot, seats.seat, 0);
    this.#cache.push(...this.#limbo.splice(0));
    while (this.#cache.length > 0) this.#giveBack();
    clearSeat(seats, seats.seat);
    seats.leave();
  }

  /** Takes back what the dead held. `dead` are tokens of those that are known to be; others are asked about. */
  recover(dead: readonly SeatToken[] = []): TakenBack {
    for (const token of dead) this.seats.bury(token);
    return this.#recoverDead();
  }

  /** Slots in the hands of this participant. */
  get held(): number {
    return this.#cache.length + this.#limbo.length;
  }

  /** What contradicts the invariants. For moments when nobody else is at work. */
  checkInvariants(): string[] {
    const mine = [...this.#cache, ...this.#limbo];
    const gate = Atomics.load(this.memory.i32, this.#gate);
    return [
      ...this.seats.checkInvariants(),
      ...checkSharedPool(this.seats, this.blocks, this.#list.list(), mine),
      ...(gate === 0 ? [] : [`the holder of ${gate} holds the gate`]),
    ];
  }

  #recoverDead(): TakenBack {
    const orphans: number[] = [];
    let seats = 0;
    let slots = 0;
    for (const seat of this.seats.deadSeats()) {
      const recovered = this.seats.recover(seat, () => {
        const taken = this.#repair(seat);
        slots += taken.slots;
        orphans.push(...taken.orphans);
      });
      if (recovered) seats += 1;
    }
    return { seats, slots, orphans };
  }

  /**
   * Takes back what the dead holder of a seat held: slots go to the free list, records become orphans. Those that live go on meanwhile, but for their ways
   * to the free list. Throws `participant-lost` when one of them hangs there.
   */
  #repair(dead: number): Omit<TakenBack, "seats"> {
    this.#closeGate();
    try {
      for (const seat of this.seats.others()) if (seat !== dead) this.#awaitIdle(seat);
      clearSeat(this.seats, dead);
      const listed = this.#list.list();
      const orphans: number[] = [];
      const lost: number[] = [];
      for (const slot of this.blocks.used()) {
        const { i32 } = this.memory;
        const word = Atomics.load(i32, this.blocks.wordOf(slot));
        const owner = ownerIn(word);
        if (word === RETIRED || (owner !== dead && owner !== 0)) continue;
        if (isLive(word)) {
          if (owner === dead && this.#disown(slot, dead, ORPHAN)) orphans.push(slot);
        } else if (owner === dead || !listed.has(slot)) {
          Atomics.store(i32, this.blocks.wordOf(slot), word - owner);
          lost.push(slot);
        }
      }
      // Guards that still name one of them are looked at by who takes it off again.
      if (lost.length > 0) this.#list.push(lost);
      return { slots: lost.length, orphans };
    } finally {
      Atomics.store(this.memory.i32, this.#gate, 0);
    }
  }

  /** Another owner for the record of a slot, if there is one and `seat` is its owner. */
  #disown(slot: number, seat: number, owner: number): boolean {
    const { i32 } = this.memory;
    const at = this.blocks.wordOf(slot);
    const word = Atomics.load(i32, at);
    if (!isLive(word) || ownerIn(word) !== seat) return false;
    // Only removing it can have changed it.
    return Atomics.compareExchange(i32, at, word, word - seat + owner) === word;
  }

  #busyWord(seat: number): number {
    return this.seats.wordOf(seat) + BUSY;
  }

  /** Waits until who sits there is not at the free list, or is gone. */
  #awaitIdle(seat: number): void {
    const busy = this.#busyWord(seat);
    const token = this.seats.tokenOf(seat);
    const idle = () => Atomics.load(this.memory.i32, busy) === 0 || token === 0 || this.seats.isGone(token);
    waitUntil(idle, SUBJECT, seat);
  }

  #closeGate(): void {
    const { i32 } = this.memory;
    const { seats } = this;
    const closed = () => {
      const holder = Atomics.compareExchange(i32, this.#gate, 0, seats.token);
      if (holder === 0 || holder === seats.token) return true;
      return seats.isGone(tokenIn(holder)) && Atomics.compareExchange(i32, this.#gate, holder, seats.token) === holder;
    };
    waitUntil(closed, SUBJECT, undefined);
  }

  /** Announces a way to the free list. */
  #enter(): void {
    if (this.#tryEnter()) return;
    const entered = () => {
      const holder = Atomics.load(this.memory.i32, this.#gate);
      if (holder !== 0 && this.seats.isGone(tokenIn(holder))) this.#recoverDead();
      return this.#tryEnter();
    };
    waitUntil(entered, SUBJECT, undefined);
  }

  #tryEnter(): boolean {
    const { i32 } = this.memory;
    const busy = this.#busyWord(this.seats.seat);
    Atomics.store(i32, busy, 1);
    if (Atomics.load(i32, this.#gate) === 0) return true;
    Atomics.store(i32, busy, 0);
    return false;
  }

  #exit(): void {
    Atomics.store(this.memory.i32, this.#busyWord(this.seats.seat), 0);
  }

  /** Slots for the cache: those removed here first, then a batch that is free, then what the dead had, then those of a new block. */
  #refill(): number {
    this.#reclaim();
    if (this.#cache.length === 0) this.#fetch();
    if (this.#cache.length === 0 && this.seats.deadSeats().length > 0) {
      this.#recoverDead();
      this.#fetch();
    }
    // Others may have taken all of the block already.
    while (this.#cache.length === 0 && this.blocks.grow(SUBJECT)) this.#fetch();
    return this.#cache.pop() ?? -1;
  }

  /** Moves what no guard names from limbo to the cache, and what is too much there to the free list. */
  #reclaim(): void {
    const limbo = this.#limbo;
    if (limbo.length > 0) {
      const guarded = guardedSlots(this.seats);
      let kept = 0;
      for (const slot of limbo) {
        if (guarded?.has(slot)) limbo[kept++] = slot;
        else this.#cache.push(slot);
      }
      limbo.length = kept;
    }
    while (this.#cache.length > 2 * BATCH) this.#giveBack();
  }

  /** Takes up to a batch off the free list, or of slots that were never used. */
  #fetch(): void {
    this.#enter();
    let taken = this.#list.pop(BATCH);
    if (taken.length === 0) taken = this.blocks.takeFresh(BATCH);
    taken.reverse();
    const { i32 } = this.memory;
    for (const slot of taken) Atomics.store(i32, this.blocks.wordOf(slot), i32[this.blocks.wordOf(slot)] | this.seats.seat);
    this.#exit();
    const guarded = guardedSlots(this.seats);
    for (const slot of taken) (guarded?.has(slot) ? this.#limbo : this.#cache).push(slot);
  }

  /** Puts up to a batch of the cache on the free list. */
  #giveBack(): void {
    this.#enter();
    const { i32 } = this.memory;
    const given = this.#cache.splice(0, BATCH);
    for (const slot of given) Atomics.store(i32, this.blocks.wordOf(slot), i32[this.blocks.wordOf(slot)] - this.seats.seat);
    this.#list.push(given);
    this.#exit();
  }
}
