import type { Memory } from "../../core/memory.ts";
import type { Participant } from "../../core/participant.ts";
import { Seats } from "../../core/seats.ts";
import { Place } from "../../layout/place.ts";
import type { InputOf, Type, ValueOf } from "../../layout/type.ts";
import { Pace } from "../pace.ts";
import { Signal, waiterOf } from "../signal.ts";
import {
  type AsyncWaitOptions,
  type IterationOptions,
  LOOKS,
  type Waiter,
  type WaitOptions,
  waitFor,
  waitForAsync,
  YIELD_MS,
} from "../waiting.ts";
import { checkQueue, lengthOf } from "./queue-check.ts";
import type { QueuePlan } from "./queue-layout.ts";
import { throwClosed, throwEndedForAll } from "./queue-mistakes.ts";
import { QueueSlots } from "./queue-slots.ts";

export interface QueueOptions extends Participant {
  /** How many values it holds, 1 to 2^24. */
  readonly capacity: number;
  /** The most threads and processes that take part at once. Default 32, at most 250. */
  readonly seats?: number;
  /** Where in the memory it begins, a multiple of 64. Default 0. */
  readonly byteOffset?: number;
}

export type AttachQueueOptions = Omit<QueueOptions, "capacity" | "seats">;

interface Came<T extends Type<unknown, never>> {
  value: ValueOf<T> | undefined;
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
  readonly #pushing: Pace;
  readonly #popping: Pace;
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
    this.#slots = new QueueSlots(memory, type, plan, this.subject, this.#seats);
    this.#pushing = new Pace(plan.capacity, false);
    this.#popping = new Pace(plan.capacity, true);
    this.#seats.sit((seat) => this.#slots.repair(seat));
  }

  /** The number of this participant's seat, which names it to `recover`. */
  get seat(): number {
    return this.#seats.seat;
  }

  /** Appends a value. False when the queue is full. Throws `bad-value`, and `closed`, also once it was ended. */
  push(value: InputOf<T>): boolean {
    const checked = this.type.rawCheck(value, this.#place);
    if (this.#mayNotPush) throwEndedForAll(this.subject);
    if (this.#claimFree(1) === 0) return false;
    this.#slots.write(checked);
    this.#values.raise();
    return true;
  }

  /**
   * Appends values, as many as there is room for, and returns how many: in this order, but others may push in between. Slots are claimed
   * and told of 64 at a time at best, a fifth of the cost of single pushes, and who waits is woken once. Throws `bad-value`, and then none is there, and `closed`.
   */
  pushMany(values: ArrayLike<InputOf<T>>): number {
    const checked: unknown[] = [];
    for (let index = 0; index < values.length; index++) checked.push(this.type.rawCheck(values[index], this.#place.at(index)));
    if (this.#mayNotPush) throwEndedForAll(this.subject);
    let done = 0;
    while (done < checked.length) {
      const count = this.#claimFree(checked.length - done);
      if (count === 0) break;
      this.#slots.writeRun(checked, done);
      done += count;
    }
    if (done > 0) this.#values.raise();
    return done;
  }

  /** Takes the oldest value. Undefined when there is none. Throws `closed`. */
  pop(): ValueOf<T> | undefined {
    if (this.#claimFull(1) === 0) return undefined;
    const value = this.#slots.read();
    this.#room.raise();
    return value;
  }

  /** Takes the oldest values into `target`, as many as are there and fit, and returns how many. Throws `closed`. */
  popInto(target: { [index: number]: ValueOf<T>; readonly length: number }): number {
    let done = 0;
    while (done < target.length) {
      const count = this.#claimFull(target.length - done);
      if (count === 0) break;
      this.#slots.readRun(target, done);
      done += count;
    }
    if (done > 0) this.#room.raise();
    return done;
  }

  /**
   * Appends a value in any case: when the queue is full the oldest makes room. Returns what had to, oldest first: nearly always none or one, more only when
   * others take the room that it makes. Waits for one that is in the middle of a push or pop of the very slot.
   */
  forcePush(value: InputOf<T>): ValueOf<T>[] {
    const checked = this.type.rawCheck(value, this.#place);
    const gone: ValueOf<T>[] = [];
    if (this.#mayNotPush) throwEndedForAll(this.subject);
    for (let tries = 0; ; ) {
      if (this.#claimFree(1) > 0) {
        this.#slots.write(checked);
        this.#values.raise();
        return gone;
      }
      // Where the oldest is being taken out right now, there will be room without more ado.
      if (!this.#slots.isFull || this.#claimFull(1) === 0) {
        if (++tries % LOOKS === 0) this.#room.wait(this.#room.listen(), YIELD_MS);
        continue;
      }
      const { value, isReplaced } = this.#slots.replace(checked);
      gone.push(value);
      if (isReplaced) {
        this.#values.raise();
        return gone;
      }
      this.#room.raise();
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
    const found = this.pop();
    if (found !== undefined) return found;
    const came: Came<T> = { value: undefined };
    waitFor(this.#comes(came), options);
    return came.value;
  }

  /** `popWait` that does not hold the thread. */
  async popAsync(options: AsyncWaitOptions = {}): Promise<ValueOf<T> | undefined> {
    const came: Came<T> = { value: this.pop() };
    if (came.value === undefined) await waitForAsync(this.#comes(came), options);
    return came.value;
  }

  /** Takes values until the queue is ended and nothing is left: `for await (const job of jobs)`. Others may take some of them. */
  [Symbol.asyncIterator](): AsyncGenerator<ValueOf<T>, void, undefined> {
    return this.values();
  }

  /** The same with options, such as a signal that ends it: `for await (const job of jobs.values({ signal }))`. What it has not given stays in the queue. */
  async *values(options: IterationOptions = {}): AsyncGenerator<ValueOf<T>, void, undefined> {
    for (;;) {
      options.signal?.throwIfAborted();
      const value = await this.popAsync(options);
      if (value === undefined) return;
      yield value;
    }
  }

  /** Whether somebody has said that no more values come. */
  get isEnded(): boolean {
    return Atomics.load(this.memory.i32, this.#plan.ended) !== 0;
  }

  /**
   * Says to all who take part that no more values come: pushing is refused as `closed`, what is left can be popped, and who waits for more is woken and told. A
   * push that is under way at this moment may still leave its value. Throws `closed`.
   */
  end(): void {
    if (this.#closed) throwClosed(this.memory, this.subject);
    Atomics.store(this.memory.i32, this.#plan.ended, 1);
    this.#values.raise();
    this.#room.raise();
  }

  /** How many values are in it, now or a moment ago. */
  get length(): number {
    if (this.#closed) throwClosed(this.memory, this.subject);
    return lengthOf(this.memory, this.#plan);
  }

  /**
   * Ends what those have begun that are dead: known by `isAlive`, or named by their seats in `dead`, which must not be alive. Returns the values that they
   * were taking out, for this one to deal with.
   */
  recover(dead: readonly number[] = []): ValueOf<T>[] {
    if (this.#closed) throwClosed(this.memory, this.subject);
    for (const seat of dead) this.#seats.bury(this.#seats.tokenOf(seat));
    for (const seat of this.#seats.deadSeats()) this.#seats.recover(seat, (gone) => this.#slots.repair(gone));
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

  /** `isEnded` for who pushes, as of a moment ago: an atomic look takes as long as a tenth of a push. */
  get #mayNotPush(): boolean {
    return this.memory.i32[this.#plan.ended] !== 0;
  }

  /** Waits for a value, and puts it where it is told. */
  #comes(came: Came<T>): Waiter {
    const take = () => {
      came.value = this.pop();
      return came.value !== undefined;
    };
    return waiterOf(this.#values, take, () => this.isEnded);
  }

  #claimFree(most: number): number {
    if (this.#closed) throwClosed(this.memory, this.subject);
    this.#pushing.rest();
    const count = this.#slots.claimFree(most);
    if (count === 0) this.#pushing.ranDry();
    else this.#pushing.took(count);
    return count;
  }

  #claimFull(most: number): number {
    if (this.#closed) throwClosed(this.memory, this.subject);
    this.#popping.rest();
    const count = this.#slots.claimFull(most);
    if (count === 0) this.#popping.ranDry();
    else this.#popping.took(count);
    return count;
  }
}
