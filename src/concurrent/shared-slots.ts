import { MemoryError } from "../core/errors.ts";
import { HANDLE_BITS } from "../core/handle.ts";
import type { Memory } from "../core/memory.ts";
import { identityOf, LEFT, type Participant } from "../core/participant.ts";
import { waitUntil } from "../core/patience.ts";
import { eraseGuard, guardedSlots, writeGuard } from "./guards.ts";
import type { Recovered } from "./recovered.ts";
import { checkSharedPool } from "./shared-pool-check.ts";
import {
  BUSY,
  FIRST_GUARD,
  FIRST_SEAT,
  GATE,
  GENERATION,
  GUARD_COUNT,
  HEAD,
  IDENTITY,
  OWNER_MASK,
  RETIRED,
  SEAT_WORDS,
  type SharedPoolPlan,
  STAMP,
} from "./shared-pool-layout.ts";
import { TaggedList } from "./tagged-list.ts";

/** How many slots go to and from the free list at once. */
const BATCH = 64;
const SUBJECT = "shared pool";
const { generation: ONE, generations, tag: ONE_TAG } = HANDLE_BITS.wide;
const LAST_GENERATION = generations - 1;

/** One participant's hand in the slots of a shared pool: its seat, its cache, and the free list. Types and handles are for SharedPool. */
export class SharedSlots {
  readonly memory: Memory;
  readonly plan: SharedPoolPlan;
  readonly byteOffset: number;
  /** Index of the first word among the i32 of the memory. */
  readonly words: number;
  seat = 0;
  readonly #base: number;
  readonly #list: TaggedList;
  readonly #tag: number;
  readonly #isAlive: ((identity: number, stamp: number) => boolean) | undefined;
  /** Slots of this seat that can be given out. */
  readonly #cache: number[] = [];
  /** Slots that this seat removed: given out again when no guard names them. */
  readonly #limbo: number[] = [];

  constructor(memory: Memory, byteOffset: number, plan: SharedPoolPlan, tag: number, participant: Participant) {
    const { identity, stamp } = identityOf(participant, "shared pool");
    this.memory = memory;
    this.byteOffset = byteOffset;
    this.plan = plan;
    this.#base = byteOffset / 4;
    this.words = this.#base + plan.words / 4;
    this.#list = new TaggedList(memory, byteOffset / 8 + HEAD, this.#base + plan.links / 4, plan.capacity);
    this.#tag = tag;
    this.#isAlive = participant.isAlive;
    this.#sit(identity, stamp);
  }

  /** A slot that is this seat's alone, or -1 when there is none. */
  take(): number {
    const { length } = this.#cache;
    return length > 0 ? (this.#cache.pop() ?? -1) : this.#refill();
  }

  /** Makes a slot of this seat live: whoever sees the new word sees what was written to the record before. Returns its generation. */
  publish(slot: number): number {
    const { i32 } = this.memory;
    const word = i32[this.words + slot] + GENERATION;
    Atomics.store(i32, this.words + slot, word);
    return word >>> 8;
  }

  /** Ends the record of that generation. False when it is over already: of any number of threads that try, one gets true. */
  end(slot: number, generation: number): boolean {
    const { i32 } = this.memory;
    const at = this.words + slot;
    const word = Atomics.load(i32, at);
    if (word >>> 8 !== generation) return false;
    const spent = generation === LAST_GENERATION;
    const ended = spent ? RETIRED : ((generation + 1) * GENERATION) | this.seat;
    // It can only fail where another ended it, or where recovery took the dead seat out of the word.
    if (Atomics.compareExchange(i32, at, word, ended) !== word) return this.end(slot, generation);
    if (!spent) this.#limbo.push(slot);
    if (this.#limbo.length >= BATCH) this.#reclaim();
    return true;
  }

  /** Writes a guard and tells its number, or -1 when the record of that generation is over. Throws `out-of-memory` when all guards are in use. */
  guard(slot: number, generation: number): number {
    return writeGuard(this.memory, this.#seatAt(this.seat), slot, this.words + slot, generation);
  }

  unguard(guard: number): void {
    eraseGuard(this.memory, this.#seatAt(this.seat), guard);
  }

  /** Gives everything back and leaves the seat. */
  leave(): void {
    const { i32 } = this.memory;
    const seat = this.#seatAt(this.seat);
    for (let guard = FIRST_GUARD; guard < SEAT_WORDS; guard++) Atomics.store(i32, seat + guard, 0);
    Atomics.store(i32, seat + GUARD_COUNT, 0);
    this.#reclaim();
    while (this.#cache.length > 0) this.#giveBack();
    Atomics.store(i32, seat + IDENTITY, this.#limbo.length === 0 ? 0 : LEFT);
  }

  /**
   * Takes back what the dead held. `dead` are seats that are known to be; others are asked about. Those that are alive go on meanwhile, but
   * for their ways to the free list. Throws `participant-lost` when one of them hangs there.
   */
  recover(dead: readonly number[] = []): Recovered {
    return this.#recover(this.#deadSeats(dead), 0);
  }

  /** `inherited` is the own seat while all that its words name was its former holder's. */
  #recover(gone: ReadonlySet<number>, inherited: number): Recovered {
    const { i32 } = this.memory;
    this.#closeGate(gone);
    try {
      for (let seat = 1; seat <= this.plan.seats; seat++) {
        if (seat === this.seat || gone.has(seat)) continue;
        waitUntil(() => Atomics.load(i32, this.#seatAt(seat) + BUSY) === 0, SUBJECT, seat);
      }
      for (const seat of gone) this.#clearSeat(seat);
      const listed = this.#list.list();
      const orphans: number[] = [];
      const lost: number[] = [];
      for (let slot = 0; slot < this.plan.capacity; slot++) {
        const word = Atomics.load(i32, this.words + slot);
        const owner = word & OWNER_MASK;
        const generation = word >>> 8;
        if (word === RETIRED || (owner !== 0 && owner !== inherited && !gone.has(owner))) continue;
        if (generation % 2 === 1) {
          if (owner === 0) continue;
          // Only removing it can have changed it, which ended what there was to tell.
          if (Atomics.compareExchange(i32, this.words + slot, word, word - owner) !== word) continue;
          orphans.push(this.#tag * ONE_TAG + generation * ONE + slot);
        } else if (owner !== 0 || !listed.has(slot)) {
          Atomics.store(i32, this.words + slot, word - owner + this.seat);
          lost.push(slot);
        }
      }
      this.#limbo.push(...lost);
      for (const seat of gone) Atomics.store(i32, this.#seatAt(seat) + IDENTITY, 0);
      return { seats: gone.size, slots: lost.length, orphans };
    } finally {
      Atomics.store(i32, this.#base + GATE, 0);
      this.#reclaim();
    }
  }

  /** Slots in the hands of this participant. */
  get held(): number {
    return this.#cache.length + this.#limbo.length;
  }

  /** What contradicts the invariants. For moments when nobody else is at work. */
  checkInvariants(): string[] {
    return checkSharedPool(this.memory, this.#base, this.plan, this.#list.list(), this.seat, [...this.#cache, ...this.#limbo]);
  }

  #seatAt(seat: number): number {
    return this.#base + FIRST_SEAT + (seat - 1) * SEAT_WORDS;
  }

  #sit(identity: number, stamp: number): void {
    const { i32 } = this.memory;
    for (let seat = 1; seat <= this.plan.seats; seat++) {
      if (Atomics.compareExchange(i32, this.#seatAt(seat) + IDENTITY, 0, identity) !== 0) continue;
      Atomics.store(i32, this.#seatAt(seat) + STAMP, stamp);
      this.seat = seat;
      return;
    }
    for (const seat of this.#deadSeats([])) {
      if (this.#inherit(seat, identity, stamp)) return;
    }
    throw new MemoryError("out-of-memory", {
      subject: "shared pool",
      event: "has no seat left for another participant",
      numbers: { seats: this.plan.seats },
      cure: "Close those that are done, recover those that are dead, or make it with more seats.",
    });
  }

  /** Takes over the seat of a dead participant, and with it what that held. */
  #inherit(seat: number, identity: number, stamp: number): boolean {
    const { i32 } = this.memory;
    const at = this.#seatAt(seat) + IDENTITY;
    const before = Atomics.load(i32, at);
    if (before === 0 || Atomics.compareExchange(i32, at, before, identity) !== before) return false;
    Atomics.store(i32, this.#seatAt(seat) + STAMP, stamp);
    this.seat = seat;
    this.#clearSeat(seat);
    this.#recover(this.#deadSeats([]), seat);
    return true;
  }

  #deadSeats(known: readonly number[]): Set<number> {
    const { i32 } = this.memory;
    const dead = new Set<number>();
    for (let seat = 1; seat <= this.plan.seats; seat++) {
      const at = this.#seatAt(seat);
      const identity = Atomics.load(i32, at + IDENTITY);
      if (identity === 0 || seat === this.seat) continue;
      const over = identity === LEFT || this.#isAlive?.(identity, Atomics.load(i32, at + STAMP)) === false;
      if (over || known.includes(seat)) dead.add(seat);
    }
    return dead;
  }

  #clearSeat(seat: number): void {
    const { i32 } = this.memory;
    for (let word = BUSY; word < SEAT_WORDS; word++) Atomics.store(i32, this.#seatAt(seat) + word, 0);
  }

  #closeGate(dead: ReadonlySet<number>): void {
    const { i32 } = this.memory;
    const gate = this.#base + GATE;
    waitUntil(
      () => {
        const holder = Atomics.compareExchange(i32, gate, 0, this.seat);
        // A seat that was inherited may have been recovering.
        if (holder === 0 || holder === this.seat) return true;
        return dead.has(holder) && Atomics.compareExchange(i32, gate, holder, this.seat) === holder;
      },
      SUBJECT,
      undefined,
    );
  }

  /** Announces a way to the free list. */
  #enter(): void {
    const { i32 } = this.memory;
    const busy = this.#seatAt(this.seat) + BUSY;
    const gate = this.#base + GATE;
    for (;;) {
      Atomics.store(i32, busy, 1);
      const holder = Atomics.load(i32, gate);
      if (holder === 0) return;
      Atomics.store(i32, busy, 0);
      if (this.#deadSeats([]).has(holder)) this.recover();
      else waitUntil(() => Atomics.load(i32, gate) !== holder || this.#deadSeats([]).has(holder), SUBJECT, holder);
    }
  }

  #exit(): void {
    Atomics.store(this.memory.i32, this.#seatAt(this.seat) + BUSY, 0);
  }

  /** Slots for the cache: those removed here first, then a batch of the free list, then what the dead had. */
  #refill(): number {
    this.#reclaim();
    if (this.#cache.length === 0) this.#fetch();
    if (this.#cache.length === 0 && this.#deadSeats([]).size > 0) {
      this.recover();
      if (this.#cache.length === 0) this.#fetch();
    }
    return this.#cache.pop() ?? -1;
  }

  /** Moves what no guard names from limbo to the cache, and what is too much there to the free list. */
  #reclaim(): void {
    const limbo = this.#limbo;
    if (limbo.length > 0) {
      const guarded = guardedSlots(this.memory, this.#seatAt(1), this.plan.seats);
      let kept = 0;
      for (const slot of limbo) {
        if (guarded?.has(slot)) limbo[kept++] = slot;
        else this.#cache.push(slot);
      }
      limbo.length = kept;
    }
    while (this.#cache.length > 2 * BATCH) this.#giveBack();
  }

  /** Takes up to a batch off the free list. */
  #fetch(): void {
    this.#enter();
    const { i32 } = this.memory;
    for (const slot of this.#list.pop(BATCH).reverse()) {
      Atomics.store(i32, this.words + slot, i32[this.words + slot] | this.seat);
      this.#cache.push(slot);
    }
    this.#exit();
  }

  /** Puts up to a batch of the cache on the free list. */
  #giveBack(): void {
    this.#enter();
    const { i32 } = this.memory;
    const given = this.#cache.splice(0, BATCH);
    for (const slot of given) Atomics.store(i32, this.words + slot, i32[this.words + slot] - this.seat);
    this.#list.push(given);
    this.#exit();
  }
}
