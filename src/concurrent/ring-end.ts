import type { Lease } from "../core/lease.ts";
import type { Dependent, Memory, Views } from "../core/memory.ts";
import { ELEMENT_BYTES, type ViewName } from "../core/memory.ts";
import { Place } from "../layout/place.ts";
import type { Type } from "../layout/type.ts";
import { MovingView } from "./moving-view.ts";
import { RingChunk } from "./ring-chunk.ts";
import { elementsOf } from "./ring-elements.ts";
import { distance, POSITION_MASK, positionWord, type RingPlan, roleOffset, SLEEPER, TURN } from "./ring-layout.ts";
import { checkFlushEvery, throwClaimed, throwCount, throwEnded, throwLost } from "./ring-mistakes.ts";
import { isAbandoned, Role, type RoleOptions } from "./role.ts";

/** How one end of a ring works. */
export interface RingEndOptions extends RoleOptions {
  /**
   * Tell the other side once in so many slots, and when there is nothing more to do, instead of at each: what is not told yet is not there for it. Default 1.
   * With 64 an item takes a fifth of the time; `flush` tells the rest.
   */
  readonly flushEvery?: number;
}

/** A typed array over the slots, where they are elements of one. */
export type Elements = Views[ViewName];

/**
 * One end of a ring: the producer, or a consumer. Its own position is known here and told to the others from time to time; where the others are is
 * looked up only when what was known is used up.
 *
 * Invariants:
 * 1. `ready` slots from `position` on are this end's own; it is 0 while a chunk is claimed, and after the end, so that every hot path ends in `refresh`.
 * 2. `position` is ahead of the one in the memory by `pending` slots.
 */
export abstract class RingEnd<T extends Type<unknown, never>> implements Dependent, Disposable {
  readonly type: T;
  readonly memory: Memory;
  readonly capacity: number;
  /** The thing for errors: `ring of Tick`. */
  readonly subject: string;
  readonly plan: RingPlan;
  // What follows is for this file, its subclasses, and the code that is made for a type: see ring-code.ts.
  protected readonly place: Place;
  protected readonly twice: number;
  /** Index of the first slot in `data`; in bytes where slots are no elements. */
  protected readonly first: number;
  protected readonly word: number;
  protected readonly flushEvery: number;
  protected i32: Int32Array;
  protected data: Elements;
  protected position = 0;
  /** Bit 30 of the own position's word, and that word as it was last written. */
  protected turn = 0;
  protected told = 0;
  protected ready = 0;
  protected pending = 0;
  readonly #others: readonly number[];
  readonly #roleWord: number;
  readonly #role: Role;
  readonly #isAlive: RoleOptions["isAlive"];
  readonly #view: ViewName;
  #lease: Lease | undefined;
  #chunk: RingChunk<T> | undefined;
  #row: MovingView | undefined;

  /** Takes the role. `others` are the positions to look at. */
  constructor(
    type: T,
    memory: Memory,
    plan: RingPlan,
    stage: number,
    others: readonly number[],
    name: string,
    options: RingEndOptions,
  ) {
    this.type = type;
    this.memory = memory;
    this.plan = plan;
    this.capacity = plan.capacity;
    this.subject = `${name} of a ring of ${type.name}`;
    this.place = new Place(undefined, type.name);
    this.twice = 2 * plan.capacity;
    this.word = positionWord(plan, stage);
    this.flushEvery = checkFlushEvery(options.flushEvery ?? 1, this.subject);
    this.#others = others;
    this.#view = elementsOf(type) ?? "u8";
    this.first = plan.slots / ELEMENT_BYTES[this.#view];
    this.#roleWord = roleOffset(plan, stage) / 4;
    this.#isAlive = options.isAlive;
    this.#role = new Role(memory, roleOffset(plan, stage), `ring of ${type.name}`, name, options);
    this.#role.take();
    this.#lease = memory.openLease(this.subject);
    this.i32 = memory.i32;
    this.data = memory[this.#view];
    this.#begin();
    memory.addDependent(this);
  }

  /** How many slots are this end's own, of a producer free ones, of a consumer full ones. Looks at the others. */
  protected abstract measure(): number;

  /** Tells the others what was done since it was last told. */
  flush(): void {
    if (this.pending === 0) return;
    const next = this.position | this.turn;
    if (Atomics.compareExchange(this.i32, this.word, this.told, next) !== this.told) this.#tellSleeper(next);
    this.told = next;
    this.pending = 0;
  }

  /** Whether the other side was there and is gone: it has closed, or is dead as far as `isAlive` knows. What it had told is there still. */
  get isAbandoned(): boolean {
    if (this.#lease === undefined) throwEnded(this.memory, this.subject);
    return this.#others.every((other) => isAbandoned(this.memory, roleOffset(this.plan, other), this.#isAlive));
  }

  get closed(): boolean {
    return this.#lease === undefined || this.memory.closed;
  }

  /** Leaves the role to others, after telling what was done. A claimed chunk is aborted. Twice is harmless. */
  close(): void {
    if (this.#lease === undefined) return;
    const lease = this.#lease;
    this.#chunk?.abort();
    if (this.#role.isMine) this.flush();
    this.#role.leave();
    this.wake();
    this.#end();
    this.memory.removeDependent(this);
    this.memory.closeLease(lease, "was closed");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  memoryMoved(): void {
    this.i32 = this.memory.i32;
    this.data = this.memory[this.#view];
  }

  memoryClosed(): void {
    this.#end();
  }

  /** Looks how many slots are ready now, at least `wanted` of them if possible. Throws `closed`, `participant-lost`, `invalid-argument` (a chunk is claimed). */
  protected refresh(): number {
    if (this.#lease === undefined) throwEnded(this.memory, this.subject);
    if (this.#chunk !== undefined) throwClaimed(this.subject, this.#chunk.length);
    if (this.i32[this.#roleWord] !== this.#role.identity) throwLost(this.subject, this.#role.identity);
    this.flush();
    this.ready = this.measure();
    return this.ready;
  }

  /** The position of another end, or of this one. */
  protected positionOf(stage: number): number {
    return Atomics.load(this.i32, positionWord(this.plan, stage)) & POSITION_MASK;
  }

  /** The fewest slots by which `others` are ahead of this end. */
  protected leastAhead(): number {
    let least = this.capacity;
    for (const other of this.#others) {
      const ahead = distance(this.position, this.positionOf(other), this.capacity);
      if (ahead < least) least = ahead;
    }
    return least;
  }

  /** The most slots by which `others` are behind this end. */
  protected mostBehind(): number {
    let most = 0;
    for (const other of this.#others) {
      const behind = distance(this.positionOf(other), this.position, this.capacity);
      if (behind > most) most = behind;
    }
    return most;
  }

  /** Where the slot lies that is `ahead` of this end. */
  protected byteOffsetAt(ahead: number): number {
    let slot = this.position + ahead;
    while (slot >= this.capacity) slot -= this.capacity;
    return this.plan.slots + slot * this.type.byteSize;
  }

  protected advance(count: number): void {
    const next = this.position + count;
    this.position = next >= this.twice ? next - this.twice : next;
    this.ready -= count;
    this.pending += count;
  }

  /** The next `count` slots, out of the way of everything else; undefined when there are fewer. */
  protected claimChunk(count: number): RingChunk<T> | undefined {
    if (!(Number.isInteger(count) && count >= 1)) throwCount(this.subject, count);
    const ready = this.refresh();
    if (ready < count) return undefined;
    const chunk = new RingChunk<T>(
      this.type,
      this.#lease ?? throwEnded(this.memory, this.subject),
      this.plan,
      this.position,
      count,
      (done) => {
        this.#chunk = undefined;
        this.ready = ready;
        this.advance(done);
        this.flush();
      },
    );
    this.ready = 0;
    this.#chunk = chunk;
    return chunk;
  }

  /** A view that moves from slot to slot. */
  protected row(): MovingView {
    this.#row ??= new MovingView(
      this.type,
      this.#lease ?? throwEnded(this.memory, this.subject),
      this.plan.slots,
      this.plan.slots + this.capacity * this.type.byteSize,
    );
    return this.#row;
  }

  /** Wakes who sleeps until this end moves. */
  protected wake(): void {
    this.memory.parking.notify(this.word, Number.POSITIVE_INFINITY);
  }

  /** Sets the mark that somebody sleeps until `stage` moves, and returns the word with it. */
  protected mark(stage: number): number {
    return Atomics.or(this.i32, positionWord(this.plan, stage), SLEEPER) | SLEEPER;
  }

  /** Goes on where the last holder of the role was, which from now on cannot. */
  #begin(): void {
    for (;;) {
      const found = Atomics.load(this.i32, this.word);
      if (Atomics.compareExchange(this.i32, this.word, found, found ^ TURN) !== found) continue;
      this.position = found & POSITION_MASK;
      this.turn = (found ^ TURN) & TURN;
      this.told = this.position | this.turn;
      return;
    }
  }

  /** Somebody sleeps until this end moves, or this end has lost its role. */
  #tellSleeper(next: number): void {
    const found = Atomics.load(this.i32, this.word);
    if ((found & ~SLEEPER) !== this.told) throwLost(this.subject, this.#role.identity);
    if (Atomics.compareExchange(this.i32, this.word, found, next) !== found) throwLost(this.subject, this.#role.identity);
    this.wake();
  }

  #end(): void {
    this.#lease = undefined;
    this.#chunk = undefined;
    this.ready = 0;
    this.pending = 0;
    this.i32 = NO_WORDS;
    this.data = NO_WORDS;
  }
}

const NO_WORDS = new Int32Array(0);
