import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";
import type { Participant } from "../core/participant.ts";
import { Seats } from "../core/seats.ts";
import { Place } from "../layout/place.ts";
import type { InputOf, Type, ValueOf } from "../layout/type.ts";
import {
  checkQueue,
  checkQueueShape,
  FREE,
  formatQueue,
  lapFrom,
  lapOf,
  nextPosition,
  planQueue,
  type QueuePlan,
  readQueue,
  slotOf,
  WRITING,
} from "./queue-layout.ts";
import { NONE, QueueSlots } from "./queue-slots.ts";
import { Signal, waiterOf } from "./signal.ts";
import { type AsyncWaitOptions, LOOKS, type Waiter, type WaitOptions, waitFor, waitForAsync, YIELD_MS } from "./waiting.ts";

export interface QueueOptions extends Participant {
  /** How many values it holds, 1 to 2^24. */
  readonly capacity: number;
  /** The most threads and processes that take part at once. Default 32, at most 250. */
  readonly seats?: number;
  /** Where in the memory it begins, a multiple of 64. Default 0. */
  readonly byteOffset?: number;
}

export type AttachQueueOptions = Omit<QueueOptions, "capacity" | "seats">;

const DEFAULT_SEATS = 32;

/** How many bytes a queue takes. Throws `invalid-argument`. */
export function queueByteLength(
  type: Type<unknown, never>,
  { capacity, seats = DEFAULT_SEATS }: Pick<QueueOptions, "capacity" | "seats">,
): number {
  checkQueueShape({ capacity, seats });
  return planQueue(type, { capacity, seats }, 0).byteLength;
}

/** An empty queue in a memory, and a seat in it. Others open it with `attachQueue`. Throws `invalid-argument`, `out-of-bounds`, `read-only`. */
export function queue<T extends Type<unknown, never>>(memory: Memory, type: T, options: QueueOptions): Queue<T> {
  const { capacity, seats = DEFAULT_SEATS, byteOffset = 0 } = options;
  return new Queue(memory, type, formatQueue(memory, type, { capacity, seats }, byteOffset), options);
}

/** The queue that another has made there. Throws `corrupt`, `layout-mismatch`, `unsupported-format`, `out-of-bounds`, `out-of-memory` (no seat left). */
export function attachQueue<T extends Type<unknown, never>>(memory: Memory, type: T, options: AttachQueueOptions = {}): Queue<T> {
  return new Queue(memory, type, readQueue(memory, type, options.byteOffset ?? 0), options);
}

/**
 * A bounded queue that any number of threads and processes push to and pop from, first in first out. For one of each a `ring` is several times as fast.
 *
 * A participant that dies in the middle of a push or a pop stops nobody: others pass its slot as soon as it is known to be dead, by `isAlive` or `recover`.
 */
export class Queue<T extends Type<unknown, never>> implements Disposable {
  readonly memory: Memory;
  readonly type: T;
  readonly capacity: number;
  readonly subject: string;
  readonly #plan: QueuePlan;
  readonly #seats: Seats;
  readonly #values: Signal;
  readonly #room: Signal;
  readonly #place: Place;
  readonly #slots: QueueSlots<T>;
  #closed = false;

  /** Use `queue` or `attachQueue`. */
  constructor(memory: Memory, type: T, plan: QueuePlan, participant: Participant) {
    this.memory = memory;
    this.type = type;
    this.capacity = plan.capacity;
    this.subject = `queue of ${type.name}`;
    this.#plan = plan;
    this.#place = new Place(undefined, type.name);
    this.#values = new Signal(memory, plan.values);
    this.#room = new Signal(memory, plan.room);
    this.#seats = new Seats(memory, { byteOffset: plan.seatTable, seats: plan.seats }, this.subject, participant);
    this.#slots = new QueueSlots(memory, type, plan, this.subject, this.#seats, this.#values, this.#room);
    this.#seats.sit((seat) => this.#slots.repair(seat));
  }

  /** The number of this participant's seat: what others pass to `recover` when it has died. */
  get seat(): number {
    return this.#seats.seat;
  }

  /** Appends a value. False when the queue is full. Throws `bad-value`, and `closed`, also once it was ended. */
  push(value: InputOf<T>): boolean {
    const checked = this.type.rawCheck(value, this.#place);
    if (this.#hasEnded()) this.#throwEnded();
    const position = this.#claim(true);
    if (position === NONE) return false;
    this.#slots.write(position, checked);
    return true;
  }

  /** Takes the oldest value. Undefined when there is none. Throws `closed`. */
  pop(): ValueOf<T> | undefined {
    const position = this.#claim(false);
    return position === NONE ? undefined : this.#slots.read(position, FREE);
  }

  /**
   * Appends a value in any case: when the queue is full the oldest makes room. Returns what had to, oldest first: nearly always none or one, more only when
   * others take the room that it makes. Waits for one that is in the middle of a push or pop of the very slot.
   */
  forcePush(value: InputOf<T>): ValueOf<T>[] {
    const { i32 } = this.memory;
    const plan = this.#plan;
    const checked = this.type.rawCheck(value, this.#place);
    const gone: ValueOf<T>[] = [];
    if (this.#hasEnded()) this.#throwEnded();
    for (let tries = 0; ; ) {
      const position = this.#claim(true);
      if (position !== NONE) {
        this.#slots.write(position, checked);
        return gone;
      }
      // Where the oldest is being taken out right now, there will be room without more ado.
      const oldest = this.#slots.isFull ? this.#claim(false) : NONE;
      if (oldest === NONE) {
        if (++tries % LOOKS === 0) this.#room.wait(this.#room.listen(), YIELD_MS);
        continue;
      }
      const behind = (oldest + (1 << plan.slotBits)) | 0;
      // Where the tail has come to this slot, it cannot pass before this one lets go: the slot goes from its reader to its writer, and nobody comes in between.
      const isFull = Atomics.load(i32, plan.tail) === behind;
      gone.push(this.#slots.read(oldest, isFull ? WRITING : FREE));
      if (!isFull) continue;
      Atomics.compareExchange(i32, plan.tail, behind, nextPosition(behind, plan));
      this.#slots.write(behind, checked);
      return gone;
    }
  }

  /** Waits for room and appends. False when the time is over. Holds the thread. Throws like `push`. */
  pushWait(value: InputOf<T>, options: WaitOptions = {}): boolean {
    return this.push(value) || this.#room.waitUntil(() => this.push(value), options);
  }

  /** `pushWait` that does not hold the thread. */
  async pushAsync(value: InputOf<T>, options: AsyncWaitOptions = {}): Promise<boolean> {
    return this.push(value) || this.#room.waitUntilAsync(() => this.push(value), options);
  }

  /** Waits for a value and takes it. Undefined when the time is over, or the queue was ended and nothing is left. Holds the thread. */
  popWait(options: WaitOptions = {}): ValueOf<T> | undefined {
    let found = this.pop();
    const take = () => {
      found = this.pop();
      return found !== undefined;
    };
    if (found === undefined) waitFor(this.#comes(take), options);
    return found;
  }

  /** `popWait` that does not hold the thread. */
  async popAsync(options: AsyncWaitOptions = {}): Promise<ValueOf<T> | undefined> {
    let found = this.pop();
    const take = () => {
      found = this.pop();
      return found !== undefined;
    };
    if (found === undefined) await waitForAsync(this.#comes(take), options);
    return found;
  }

  /** Takes values until the queue is ended and nothing is left: `for await (const job of jobs)`. Others may take some of them. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ValueOf<T>, void, undefined> {
    for (let value = await this.popAsync(); value !== undefined; value = await this.popAsync()) yield value;
  }

  /** Whether somebody has said that no more values come. */
  get isEnded(): boolean {
    return this.#hasEnded();
  }

  /**
   * Says to all who take part that no more values come: pushing is refused as `closed`, what is left can be popped, and who waits for more is woken and told. A
   * push that is under way at this moment may still leave its value. Throws `closed`.
   */
  end(): void {
    if (this.#closed) this.#throwClosed();
    Atomics.store(this.memory.i32, this.#plan.ended, 1);
    this.#values.raise();
    this.#room.raise();
  }

  /** How many values are in it, now or a moment ago. */
  get length(): number {
    if (this.#closed) this.#throwClosed();
    const { i32 } = this.memory;
    for (;;) {
      const tail = Atomics.load(i32, this.#plan.tail);
      const head = Atomics.load(i32, this.#plan.head);
      if (Atomics.load(i32, this.#plan.tail) !== tail) continue;
      const laps = lapFrom(lapOf(tail, this.#plan), -lapOf(head, this.#plan), this.#plan);
      const ahead = (laps > 1 ? 0 : laps) * this.capacity + slotOf(tail, this.#plan) - slotOf(head, this.#plan);
      return Math.min(this.capacity, Math.max(0, ahead));
    }
  }

  /**
   * Ends what those have begun that are dead: known by `isAlive`, or named by their seats in `dead`, which must not be alive. Returns the values that they
   * were taking out, for this one to deal with.
   */
  recover(dead: readonly number[] = []): ValueOf<T>[] {
    if (this.#closed) this.#throwClosed();
    for (const seat of dead) this.#seats.bury(this.#seats.tokenOf(seat));
    for (const seat of this.#seats.deadSeats()) this.#seats.recover(seat, (gone) => this.#slots.repair(gone));
    this.#slots.catchUp();
    this.#values.raise();
    this.#room.raise();
    return this.#slots.rescued.splice(0);
  }

  /** What contradicts the invariants in queue-layout.ts; empty when sound. For moments when nobody pushes or pops. */
  checkInvariants(): string[] {
    return [...checkQueue(this.memory, this.#plan), ...this.#seats.checkInvariants()];
  }

  /** Leaves its seat. Values stay. Twice is harmless. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.memory.closed) this.#seats.leave();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #comes(take: () => boolean): Waiter {
    return waiterOf(this.#values, take, () => this.#hasEnded());
  }

  #claim(toWrite: boolean): number {
    if (this.#closed) this.#throwClosed();
    return this.#slots.claim(toWrite);
  }

  #hasEnded(): boolean {
    return Atomics.load(this.memory.i32, this.#plan.ended) !== 0;
  }

  #throwEnded(): never {
    throw new MemoryError("closed", {
      subject: this.subject,
      event: "was ended, for all who take part: no more values are taken",
      cure: "Push before it is ended, or make it anew.",
    });
  }

  #throwClosed(): never {
    if (this.memory.closed) this.memory.throwClosed();
    throw new MemoryError("closed", {
      subject: this.subject,
      event: "was used after close()",
      cure: "Keep it open for as long as it is used.",
    });
  }
}
