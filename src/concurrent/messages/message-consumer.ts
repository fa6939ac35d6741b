import type { Memory } from "../../core/memory.ts";
import { Seats } from "../../core/seats.ts";
import { Pace } from "../pace.ts";
import { participantOf, Role, type RoleOptions } from "../role.ts";
import { Signal, waiterOf } from "../signal.ts";
import { type AsyncWaitOptions, type IterationOptions, type Waiter, type WaitOptions, waitFor, waitForAsync } from "../waiting.ts";
import { Message, messagesOf } from "./message.ts";
import { SUBJECT, throwClosed } from "./message-mistakes.ts";
import { repairMessages } from "./message-repair.ts";
import {
  byteLengthOf,
  CLAIMED,
  COMMITTED,
  FREE,
  freeAt,
  granulesOf,
  KIND_MASK,
  type MessageRingPlan,
  PADDING,
  REVOKED,
  seatOf,
} from "./message-ring-layout.ts";

/**
 * What `controlledRead` does after a message: `continue`, the next one; `commit`, the next one, and the room of those before is free at once; `break`, stop;
 * `abort`, stop, and this message was not read.
 */
export type ReadAction = "continue" | "commit" | "break" | "abort";

export interface UnblockOptions {
  /** Seats of producers that the caller knows to be dead. */
  readonly dead?: readonly number[];
  /** Pass the message over even if its producer may still be writing. It is told when it commits, and its room is used again only then. */
  readonly revoke?: boolean;
}

/** The consumer of a message ring. */
export class MessageConsumer implements Disposable {
  readonly memory: Memory;
  readonly #plan: MessageRingPlan;
  readonly #role: Role;
  readonly #seats: Seats;
  readonly #messages: Signal;
  readonly #room: Signal;
  readonly #message: Message;
  readonly #waiter: Waiter;
  /** The next message to look at. */
  #at: number;
  /** Before it all is free. Behind it, and before `#at`, lies something revoked, or what was read since. */
  #head: number;
  #hasHoles = false;
  readonly #pace: Pace;
  #changes = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #over = false;
  #closed = false;

  /** Use `messageRing(…).consumer()`. */
  constructor(memory: Memory, bytes: Memory, plan: MessageRingPlan, options: RoleOptions) {
    this.memory = memory;
    this.#plan = plan;
    this.#message = new Message(bytes);
    this.#pace = new Pace(plan.granules, true);
    this.#messages = new Signal(memory, plan.messages);
    this.#room = new Signal(memory, plan.room);
    this.#waiter = waiterOf(
      this.#messages,
      () => this.#look(),
      () => this.#isOver(),
    );
    this.#role = new Role(memory, plan.role, SUBJECT, "consumer", options);
    this.#role.take();
    const seats = plan.producers + 1;
    this.#seats = new Seats(memory, { byteOffset: plan.seats, seats }, SUBJECT, participantOf(options));
    try {
      // The last seat is the consumer's, whose role this is now.
      this.#seats.sit((seat) => repairMessages(memory, plan, seat), seats, seats);
    } catch (error) {
      this.#role.leave();
      throw error;
    }
    this.#head = Atomics.load(memory.i32, plan.head);
    this.#free(Atomics.load(memory.i32, plan.freeing));
    this.#at = this.#head;
  }

  /**
   * Calls `fn` with each message that is there, at most `limit`, and returns how many. A message whose `fn` throws counts as read, those behind it stay.
   * Throws `closed`.
   */
  read(fn: (message: Message) => void, limit = Number.POSITIVE_INFINITY): number {
    return this.#read(fn, false, limit);
  }

  /** Like `read`, but `fn` says each time how to go on. */
  controlledRead(fn: (message: Message) => ReadAction, limit = Number.POSITIVE_INFINITY): number {
    return this.#read(fn, true, limit);
  }

  /** Whether a message is there now, or something that can be passed over. */
  get isReady(): boolean {
    if (this.#closed) throwClosed(this.memory, "read");
    return (this.#next() & KIND_MASK) >= COMMITTED;
  }

  /** Whether producers were there and are all gone: closed, or dead as far as is known. Messages may be there still. */
  get isAbandoned(): boolean {
    if (this.#closed) throwClosed(this.memory, "read");
    const dead = this.#seats.deadSeats();
    return Atomics.load(this.memory.i32, this.#plan.joined / 4) > 0 && this.#seats.others().every((seat) => dead.includes(seat));
  }

  /** The seat of the producer whose claim, not yet committed, is next; undefined when nothing is in the way. */
  get blockedBy(): number | undefined {
    const state = this.#next();
    return (state & KIND_MASK) === CLAIMED ? seatOf(state) : undefined;
  }

  /**
   * Takes a claim out of the way whose producer does not commit: one that is known to be dead, by `isAlive` or by `dead`, or with `revoke` any. True when
   * something was in the way and is not any more. To be called when `blockedBy` has not changed for longer than a message takes.
   */
  unblock({ dead = [], revoke = false }: UnblockOptions = {}): boolean {
    if (this.#closed) throwClosed(this.memory, "read");
    const state = this.#next();
    if ((state & KIND_MASK) !== CLAIMED) return false;
    const seat = seatOf(state);
    if (dead.includes(seat)) this.#seats.bury(this.#seats.tokenOf(seat));
    this.#recover(seat);
    const word = this.#plan.states + (this.#at & (this.#plan.granules - 1));
    if (Atomics.load(this.memory.i32, word) !== state) return true;
    return revoke && Atomics.compareExchange(this.memory.i32, word, state, (state & ~KIND_MASK) | REVOKED) === state;
  }

  /**
   * Frees the seats of producers that are dead, known by `isAlive` or named by their seats in `dead`, and what they had claimed. Returns how many. A producer
   * that joins does the same where all seats are taken.
   */
  recover(dead: readonly number[] = []): number {
    if (this.#closed) throwClosed(this.memory, "read");
    for (const seat of dead) this.#seats.bury(this.#seats.tokenOf(seat));
    return this.#seats.deadSeats().filter((seat) => this.#recover(seat)).length;
  }

  /** Waits for messages. False when the time is over, or nothing is there and all producers are gone. Holds the thread. */
  waitReady(options: WaitOptions = {}): boolean {
    return waitFor(this.#waiter, options);
  }

  /** `waitReady` that does not hold the thread. */
  async waitReadyAsync(options: AsyncWaitOptions = {}): Promise<boolean> {
    return waitForAsync(this.#waiter, options);
  }

  /** All messages, copies that stay, until the producers are gone and nothing is left: `for await (const message of consumer)`. */
  [Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    return this.messages();
  }

  /** The same with options, such as a signal that ends it: `for await (const message of consumer.messages({ signal }))`. What it has not given stays in the ring. */
  messages(options: IterationOptions = {}): AsyncGenerator<Message, void, undefined> {
    return messagesOf(this, options);
  }

  /** Leaves the role to others. Twice is harmless. */
  close(): void {
    if (this.#closed) return;
    if (!this.memory.closed) {
      if (this.#role.isMine) this.#seats.leave();
      this.#role.leave();
      this.#messages.raise();
      this.#room.raise();
    }
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #read(fn: (message: Message) => unknown, controlled: boolean, limit: number): number {
    if (this.#closed) throwClosed(this.memory, "read");
    const plan = this.#plan;
    const most = plan.granules >> 2;
    const start = this.#at;
    this.#pace.rest();
    let isDry = false;
    let done = 0;
    try {
      while (done < limit && (this.#at - start) >>> 0 < plan.granules) {
        const index = this.#at & (plan.granules - 1);
        const state = this.#next();
        const kind = state & KIND_MASK;
        if (kind < COMMITTED) {
          isDry = true;
          break;
        }
        const before = this.#at;
        this.#at = (before + granulesOf(state)) | 0;
        if (kind === REVOKED) this.#hasHoles = true;
        if (kind !== COMMITTED) continue;
        this.#message.type = this.memory.i32[plan.types + index];
        this.#message.byteOffset = plan.bytes + index * 64;
        this.#message.byteLength = byteLengthOf(state);
        done += 1;
        const action = fn(this.#message);
        if (this.#closed || (controlled && action === "break")) break;
        if (controlled && action === "abort") {
          this.#at = before;
          done -= 1;
          break;
        }
        if ((controlled && action === "commit") || (this.#at - this.#head) >>> 0 > most) this.#release();
      }
    } finally {
      if (!this.#closed) this.#release();
    }
    this.#pace.took((this.#at - start) >>> 0);
    if (isDry) this.#pace.ranDry();
    return done;
  }

  #look(): boolean {
    this.#pace.rest();
    const { isReady } = this;
    if (!isReady) this.#pace.ranDry();
    return isReady;
  }

  #recover(seat: number): boolean {
    return this.#seats.recover(seat, (gone) => repairMessages(this.memory, this.#plan, gone));
  }

  /** `isAbandoned`, asked again only when somebody has come or gone, and from time to time because of those that die. */
  #isOver(): boolean {
    const changes = Atomics.load(this.memory.i32, this.#plan.joined / 4);
    const now = performance.now();
    if (changes === this.#changes && now - this.#askedAt < ASK_MS) return this.#over;
    this.#changes = changes;
    this.#askedAt = now;
    this.#over = this.isAbandoned;
    return this.#over;
  }

  /** The state of the message to read next. Behind a full ring comes what was revoked at its beginning, once more. */
  #next(): number {
    return (this.#at - this.#head) >>> 0 < this.#plan.granules ? this.#stateAt(this.#at) : FREE;
  }

  #stateAt(position: number): number {
    return Atomics.load(this.memory.i32, this.#plan.states + (position & (this.#plan.granules - 1)));
  }

  /** Frees what was read, up to the first message that was revoked; what was read behind that is marked so that nobody reads it again. */
  #release(): void {
    if (!this.#hasHoles) {
      if (this.#at !== this.#head) this.#free(this.#at);
      return;
    }
    this.#hasHoles = false;
    let freeUpTo = this.#head;
    for (let at = this.#head; at !== this.#at; ) {
      const state = this.#stateAt(at);
      if ((state & KIND_MASK) === REVOKED) this.#hasHoles = true;
      else if (this.#hasHoles)
        Atomics.store(this.memory.i32, this.#plan.states + (at & (this.#plan.granules - 1)), PADDING | granulesOf(state));
      at = (at + granulesOf(state)) | 0;
      if (!this.#hasHoles) freeUpTo = at;
    }
    if (freeUpTo !== this.#head) this.#free(freeUpTo);
  }

  #free(upTo: number): void {
    const { i32 } = this.memory;
    const plan = this.#plan;
    Atomics.store(i32, plan.freeing, upTo);
    if (plan.producers > 1) {
      // One that died after its claim has not moved the tail, and the head must not pass it.
      const tail = Atomics.load(i32, plan.tail);
      if (((upTo - tail) | 0) > 0) Atomics.compareExchange(i32, plan.tail, tail, upTo);
    }
    for (let at = this.#head; at !== upTo; at = (at + 1) | 0) {
      i32[plan.states + (at & (plan.granules - 1))] = freeAt((at + plan.granules) | 0, plan);
    }
    this.#head = upTo;
    Atomics.store(i32, plan.head, upTo);
    this.#room.raise();
  }
}

const ASK_MS = 50;
