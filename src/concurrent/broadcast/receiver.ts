import { privateMemory } from "../../core/homes.ts";
import type { Memory } from "../../core/memory.ts";
import { LoadFence } from "../fence.ts";
import { Message, messagesOf } from "../messages/message.ts";
import { isAbandoned, type RoleOptions } from "../role.ts";
import { Signal, waiterOf } from "../signal.ts";
import { type AsyncWaitOptions, type IterationOptions, type Waiter, type WaitOptions, waitFor, waitForAsync } from "../waiting.ts";
import { type BroadcastPlan, messageWord, positionAt, UNIT, unitsFor } from "./broadcast-layout.ts";

export interface ReceiverOptions extends Pick<RoleOptions, "isAlive"> {
  /** Begin with the latest message, if there is one, instead of with the next. */
  readonly fromLatest?: boolean;
}

/** Who receives in a broadcast. It writes nothing that others see but that it waits. */
export class Receiver {
  readonly memory: Memory;
  readonly #plan: BroadcastPlan;
  readonly #waiter: Waiter;
  readonly #isAlive: RoleOptions["isAlive"];
  readonly #own: Memory;
  readonly #fence = new LoadFence();
  readonly #copy: Message;
  readonly #shown: Message;
  #position: number;
  #laps = 0;

  /** Use `broadcast(…).receiver()`. */
  constructor(memory: Memory, plan: BroadcastPlan, { fromLatest = false, isAlive }: ReceiverOptions) {
    this.memory = memory;
    this.#plan = plan;
    this.#isAlive = isAlive;
    this.#waiter = waiterOf(
      new Signal(memory, plan.signal),
      () => this.isReady,
      () => this.isAbandoned,
    );
    this.#own = privateMemory(plan.maxByteLength);
    this.#copy = new Message(this.#own);
    this.#shown = new Message(memory);
    this.#position = 0;
    this.#join(fromLatest);
  }

  /** How often the transmitter was so far ahead that messages were lost. After each time it goes on with the latest message. */
  get laps(): number {
    return this.#laps;
  }

  /** Calls `fn` with a copy of each message that is there, at most `limit`, and returns how many. What the transmitter overwrites meanwhile is left out. */
  read(fn: (message: Message) => void, limit = Number.POSITIVE_INFINITY): number {
    let done = 0;
    while (done < limit && this.#show()) {
      const { type, byteOffset, byteLength } = this.#shown;
      this.#own.u8.set(this.memory.u8.subarray(byteOffset, byteOffset + byteLength));
      if (!this.#isValid()) {
        this.#skip();
        continue;
      }
      this.#pass(byteLength);
      this.#copy.type = type;
      this.#copy.byteLength = byteLength;
      done += 1;
      fn(this.#copy);
    }
    return done;
  }

  /**
   * Calls `fn` with the next message where it lies, without a copy. True when nobody wrote there before `fn` was through. With false, what `fn` has seen may
   * have been anything: forget it. Undefined when there is no message now.
   */
  look(fn: (message: Message) => void): boolean | undefined {
    if (!this.#show()) return undefined;
    const { byteLength } = this.#shown;
    fn(this.#shown);
    if (!this.#isValid()) {
      this.#skip();
      return false;
    }
    this.#pass(byteLength);
    return true;
  }

  /** Whether there is a message now. */
  get isReady(): boolean {
    return Atomics.load(this.memory.i32, this.#plan.tail) !== (this.#position | 0);
  }

  /** Whether a transmitter was there and is gone: closed, or dead as far as `isAlive` knows. Messages may be there still. */
  get isAbandoned(): boolean {
    return isAbandoned(this.memory, this.#plan.role, this.#isAlive);
  }

  /** Waits for a message. False when the time is over, or nothing is there and the transmitter is gone. Holds the thread. */
  waitReady(options: WaitOptions = {}): boolean {
    return waitFor(this.#waiter, options);
  }

  /** `waitReady` that does not hold the thread. */
  waitReadyAsync(options: AsyncWaitOptions = {}): Promise<boolean> {
    return waitForAsync(this.#waiter, options);
  }

  /** Copies of the messages that come and are not lost, until the transmitter is gone and nothing is left: `for await (const message of receiver)`. */
  [Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    return this.messages();
  }

  /** The same with options, such as a signal that ends it: `for await (const message of receiver.messages({ signal }))`. What it has not given can be read later. */
  messages(options: IterationOptions = {}): AsyncGenerator<Message, void, undefined> {
    return messagesOf(this, options);
  }

  /** Goes to the next message. False when there is none. */
  #show(): boolean {
    const { i32 } = this.memory;
    const plan = this.#plan;
    while (this.isReady) {
      const word = messageWord(plan, this.#position);
      const length = i32[word];
      const type = i32[word + 1];
      if (positionAt(this.memory, word) !== this.#position || length > plan.maxByteLength || !this.#isValid()) {
        this.#skip();
        continue;
      }
      if (length < 0) {
        this.#position -= length;
        continue;
      }
      this.#shown.type = type;
      this.#shown.byteOffset = word * 4 + UNIT;
      this.#shown.byteLength = length;
      return true;
    }
    return false;
  }

  /** Whether what lies at the own position has not been overwritten, as far as the transmitter has said. */
  #isValid(): boolean {
    this.#fence.stand();
    return (Atomics.load(this.memory.i32, this.#plan.intent) - this.#position) >>> 0 <= this.#plan.units;
  }

  #pass(byteLength: number): void {
    this.#position += unitsFor(byteLength);
  }

  #skip(): void {
    this.#laps += 1;
    this.#join(true);
  }

  /** Finds a place to go on: the latest message, or the end. */
  #join(fromLatest: boolean): void {
    const { i32 } = this.memory;
    const plan = this.#plan;
    for (;;) {
      // In this order: the tail is never behind the latest message.
      const latest = Atomics.load(i32, plan.latest);
      const tail = Atomics.load(i32, plan.tail);
      const position = latest === tail ? tail >>> 0 : positionAt(this.memory, messageWord(plan, latest >>> 0));
      this.#position = position;
      // Overwritten while it was looked at: then there is a later one.
      if ((position | 0) !== latest || !this.#isValid()) continue;
      if (!fromLatest) this.#position += (tail - latest) >>> 0;
      return;
    }
  }
}
