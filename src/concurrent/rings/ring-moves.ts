import type { Memory, ViewName, Views } from "../../core/memory.ts";
import { ELEMENT_BYTES } from "../../core/memory.ts";
import { Place } from "../../layout/place.ts";
import type { Type } from "../../layout/type.ts";
import { elementsOf } from "./ring-elements.ts";
import { distance, POSITION_MASK, positionWord, type RingPlan, SLEEPER, TURN } from "./ring-layout.ts";
import { throwLost } from "./ring-mistakes.ts";

/**
 * The position of one end of a ring, and where the others are. It is known here, and told to the others from time to time; where those are is looked up only
 * when what was known is used up.
 *
 * Invariants:
 * 1. `ready` slots from `position` on are this end's own. It is 0 while a chunk is claimed and after the end, so that every hot path then asks `refresh`.
 * 2. `position` is ahead of the one in the memory by `pending` slots; `told` is the word there, but for bit 31.
 */
export abstract class RingMoves<T extends Type<unknown, never>> {
  readonly type: T;
  readonly memory: Memory;
  readonly capacity: number;
  /** The thing for errors: `producer of a ring of Tick`. */
  readonly subject: string;
  // What follows is for the subclasses, and for the code that is made for a type: see ring-code.ts.
  protected readonly plan: RingPlan;
  protected readonly place: Place;
  protected readonly twice: number;
  protected readonly view: ViewName;
  /** Index of the first slot in `data`; in bytes where slots are no elements. */
  protected readonly first: number;
  protected readonly word: number;
  protected readonly flushEvery: number;
  protected i32: Int32Array;
  protected data: Views[ViewName];
  protected position = 0;
  protected ready = 0;
  protected pending = 0;
  protected turn = 0;
  protected told = 0;
  readonly #others: readonly number[];

  /** `others` are the stages whose positions count for this end, -1 the producer's. */
  constructor(type: T, memory: Memory, plan: RingPlan, stage: number, others: readonly number[], name: string, flushEvery: number) {
    this.type = type;
    this.memory = memory;
    this.plan = plan;
    this.capacity = plan.capacity;
    this.subject = `${name} of a ring of ${type.name}`;
    this.place = new Place(undefined, type.name);
    this.twice = 2 * plan.capacity;
    this.view = elementsOf(type) ?? "u8";
    this.first = plan.slots / ELEMENT_BYTES[this.view];
    this.word = positionWord(plan, stage);
    this.flushEvery = flushEvery;
    this.#others = others;
    this.i32 = memory.i32;
    this.data = memory[this.view];
  }

  /** Tells the others what was done since it was last told. Throws `participant-lost` when another has taken the role over. */
  flush(): void {
    if (this.pending === 0) return;
    const next = this.position | this.turn;
    if (Atomics.compareExchange(this.i32, this.word, this.told, next) !== this.told) this.#tellSleeper(next);
    this.told = next;
    this.pending = 0;
  }

  /** Goes on where the last holder of the role was, who from now on cannot. */
  protected begin(): void {
    this.told = this.#turnOver();
    this.position = this.told & POSITION_MASK;
    this.turn = this.told & TURN;
  }

  /** Wakes who sleeps, to see that this end is gone. */
  protected leave(): void {
    this.#turnOver();
    this.memory.parking.notify(this.word, Number.POSITIVE_INFINITY);
  }

  /** The fewest slots by which the others are ahead of this end. */
  protected leastAhead(): number {
    let least = this.capacity;
    for (const other of this.#others) {
      const ahead = distance(this.position, this.#positionOf(other), this.capacity);
      if (ahead < least) least = ahead;
    }
    return least;
  }

  /** The most slots by which the others are behind this end. */
  protected mostBehind(): number {
    let most = 0;
    for (const other of this.#others) {
      const behind = distance(this.#positionOf(other), this.position, this.capacity);
      if (behind > most) most = behind;
    }
    return most;
  }

  /** The word of the last of the others, which moves when there is something to do, and what it holds. With `asleep` it also says that somebody sleeps until then. */
  protected mark(asleep: boolean): { readonly word: number; readonly seen: number } {
    for (;;) {
      const last = this.#others.find((other) => this.#isLast(other)) ?? this.#others[0];
      const word = positionWord(this.plan, last);
      if (!asleep) return { word, seen: Atomics.load(this.i32, word) };
      const seen = Atomics.or(this.i32, word, SLEEPER) | SLEEPER;
      // It may have moved before that was said, and then another is the last, who knows of no sleeper.
      if (this.#isLast(last)) return { word, seen };
    }
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

  /** Whether this end waits for that one, or for others who are as far. */
  #isLast(other: number): boolean {
    const isProducer = this.word === positionWord(this.plan, -1);
    return isProducer
      ? distance(this.#positionOf(other), this.position, this.capacity) === this.mostBehind()
      : distance(this.position, this.#positionOf(other), this.capacity) === this.leastAhead();
  }

  #positionOf(stage: number): number {
    return Atomics.load(this.i32, positionWord(this.plan, stage)) & POSITION_MASK;
  }

  #turnOver(): number {
    for (;;) {
      const found = Atomics.load(this.i32, this.word);
      const next = (found ^ TURN) & ~SLEEPER;
      if (Atomics.compareExchange(this.i32, this.word, found, next) === found) return next;
    }
  }

  /** Somebody sleeps until this end moves, or this end has lost its role. */
  #tellSleeper(next: number): void {
    const marked = this.told | SLEEPER;
    if (Atomics.compareExchange(this.i32, this.word, marked, next) !== marked) throwLost(this.subject);
    this.memory.parking.notify(this.word, Number.POSITIVE_INFINITY);
  }
}
