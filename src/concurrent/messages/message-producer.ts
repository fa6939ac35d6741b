import type { Memory } from "../../core/memory.ts";
import { Seats } from "../../core/seats.ts";
import { encodedByteLength, encodeUtf8 } from "../../core/utf8.ts";
import { isAbandoned, participantOf, type RoleOptions } from "../role.ts";
import { Signal, waiterOf } from "../signal.ts";
import { type AsyncWaitOptions, type Waiter, type WaitOptions, waitFor, waitForAsync } from "../waiting.ts";
import { throwType } from "./message.ts";
import { MessageBatch } from "./message-batch.ts";
import { MessageClaim } from "./message-claim.ts";
import { MessageGranules, NO_ROOM } from "./message-granules.ts";
import { SUBJECT, throwClaimed, throwClosed, throwLength, throwTogether } from "./message-mistakes.ts";
import { repairMessages } from "./message-repair.ts";
import { committed, GRANULE, granulesFor, type MessageRingPlan } from "./message-ring-layout.ts";

/**
 * A producer of a message ring. What it has claimed and not committed is not there for the consumer; when it dies, `unblock` of the consumer, or whoever
 * needs its seat, takes that away.
 */
export class MessageProducer implements Disposable {
  readonly memory: Memory;
  /** The longest message, in bytes: half of the ring, so that it fits wherever the last one ended; of one with a mirror all of it. */
  readonly maxByteLength: number;
  readonly #plan: MessageRingPlan;
  /** Where messages lie. */
  readonly #bytes: Memory;
  readonly #seats: Seats;
  readonly #granules: MessageGranules;
  readonly #room: Signal;
  readonly #isAlive: RoleOptions["isAlive"];
  #claim: MessageClaim | MessageBatch | undefined;
  #closed = false;

  /** Use `messageRing(…).producer()`. */
  constructor(memory: Memory, bytes: Memory, plan: MessageRingPlan, maxByteLength: number, options: RoleOptions) {
    this.memory = memory;
    this.#bytes = bytes;
    this.maxByteLength = maxByteLength;
    this.#plan = plan;
    this.#isAlive = options.isAlive;
    this.#room = new Signal(memory, plan.room);
    this.#seats = new Seats(memory, { byteOffset: plan.seats, seats: plan.producers + 1 }, SUBJECT, participantOf(options));
    this.#seats.sit((seat) => repairMessages(memory, plan, seat), 1, plan.producers);
    this.#granules = new MessageGranules(memory, plan, this.#seats);
    this.#granules.begin(Atomics.add(memory.i32, plan.joined / 4, 1) === 0);
  }

  /** The number of its seat: what names it to `unblock`. */
  get seat(): number {
    return this.#seats.seat;
  }

  /** Appends a message, a copy. False when there is no room now. Throws `invalid-argument` (longer than `maxByteLength`), `closed`. */
  write(bytes: Uint8Array, type = 0): boolean {
    const byteLength = bytes.length;
    const position = this.#open(byteLength, type);
    if (position === NO_ROOM) return false;
    const granules = granulesFor(byteLength);
    try {
      this.#bytes.u8.set(bytes, this.#granules.byteOffsetAt(position));
    } catch (error) {
      this.#granules.abort(position, granules);
      throw error;
    }
    this.#granules.commit(position, granules, granules, committed(byteLength, granules));
    return true;
  }

  /** `write` of a text, as UTF-8. */
  writeText(text: string, type = 0): boolean {
    const byteLength = encodedByteLength(text);
    const claim = this.tryClaim(byteLength, type);
    if (claim === undefined) return false;
    encodeUtf8(text, this.#bytes.u8, claim.byteOffset);
    claim.commit();
    return true;
  }

  /**
   * Appends several messages, copies: all of them or, when there is no room for all now, none, and then it returns false. The consumer sees them at once, with
   * nobody else's in between, and is woken once. Each takes whole multiples of 64 bytes, together at most `maxByteLength`. Throws like `write`.
   */
  writeMany(messages: readonly Uint8Array[], type = 0): boolean {
    if (messages.length === 0) return true;
    let granules = 0;
    for (let index = 0; index < messages.length; index++) granules += granulesFor(messages[index].length);
    if ((type | 0) !== type) throwType(SUBJECT, type);
    if (!(granules * GRANULE <= this.maxByteLength)) throwTogether(messages.length, granules * GRANULE, this.maxByteLength);
    const batch = this.tryClaimMany(granules * GRANULE);
    if (batch === undefined) return false;
    const { u8 } = this.#bytes;
    try {
      for (let index = 0; index < messages.length; index++) u8.set(messages[index], batch.add(messages[index].length, type));
    } catch (error) {
      batch.abort();
      throw error;
    }
    batch.commit();
    return true;
  }

  /** Room for a message, to be written in place and committed; undefined when there is none now. One claim at a time. Throws like `write`. */
  tryClaim(byteLength: number, type = 0): MessageClaim | undefined {
    const position = this.#open(byteLength, type);
    if (position === NO_ROOM) return undefined;
    const claimed = granulesFor(byteLength);
    this.#claim = new MessageClaim(this.#bytes, this.#granules.byteOffsetAt(position), byteLength, (kept) => {
      this.#settle();
      if (kept < 0) return this.#granules.abort(position, claimed);
      const used = granulesFor(kept);
      this.#granules.commit(position, claimed, used, committed(kept, used));
    });
    return this.#claim;
  }

  /**
   * Room for several messages, so many bytes together, each rounded up to 64: to be added, written in place and committed as one. Undefined when there is none
   * now. One claim at a time. Throws like `write`.
   */
  tryClaimMany(byteLength: number): MessageBatch | undefined {
    const position = this.#open(byteLength, 0);
    if (position === NO_ROOM) return undefined;
    const claimed = granulesFor(byteLength);
    this.#claim = new MessageBatch(this.#bytes, this.#granules, position, claimed, () => this.#settle());
    return this.#claim;
  }

  /** A number that nobody else gets, from 1: to tell which answer is to which question. */
  nextCorrelationId(): number {
    return Number(Atomics.add(this.memory.i64, this.#plan.correlation / 8, 1n)) + 1;
  }

  /** Whether a consumer was there and is gone: closed, or dead as far as `isAlive` knows. */
  get isAbandoned(): boolean {
    if (this.#closed) throwClosed(this.memory, "written to");
    return isAbandoned(this.memory, this.#plan.role, this.#isAlive);
  }

  /** Waits for room and appends. False when the time is over, or there is no room and the consumer is gone. Holds the thread. */
  writeWait(bytes: Uint8Array, type = 0, options: WaitOptions = {}): boolean {
    return (
      this.write(bytes, type) ||
      waitFor(
        this.#waiting(() => this.write(bytes, type)),
        options,
      )
    );
  }

  /** `writeWait` that does not hold the thread. */
  async writeAsync(bytes: Uint8Array, type = 0, options: AsyncWaitOptions = {}): Promise<boolean> {
    return (
      this.write(bytes, type) ||
      waitForAsync(
        this.#waiting(() => this.write(bytes, type)),
        options,
      )
    );
  }

  /** `writeMany` that waits for room, as `writeWait` does. */
  writeManyWait(messages: readonly Uint8Array[], type = 0, options: WaitOptions = {}): boolean {
    return (
      this.writeMany(messages, type) ||
      waitFor(
        this.#waiting(() => this.writeMany(messages, type)),
        options,
      )
    );
  }

  /** `writeManyWait` that does not hold the thread. */
  async writeManyAsync(messages: readonly Uint8Array[], type = 0, options: AsyncWaitOptions = {}): Promise<boolean> {
    return (
      this.writeMany(messages, type) ||
      waitForAsync(
        this.#waiting(() => this.writeMany(messages, type)),
        options,
      )
    );
  }

  /** Leaves its seat. A claim is aborted. Twice is harmless. */
  close(): void {
    if (this.#closed) return;
    if (!this.memory.closed) {
      this.#claim?.abort();
      this.#seats.leave();
      Atomics.add(this.memory.i32, this.#plan.joined / 4, 1);
      this.#granules.messages.raise();
    }
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #waiting(write: () => boolean): Waiter {
    return waiterOf(this.#room, write, () => this.isAbandoned);
  }

  #open(byteLength: number, type: number): number {
    if (this.#closed) throwClosed(this.memory, "written to");
    if ((type | 0) !== type) throwType(SUBJECT, type);
    if (this.#claim !== undefined) throwClaimed();
    if (!(byteLength >= 0 && byteLength <= this.maxByteLength && Number.isInteger(byteLength)))
      throwLength(byteLength, this.maxByteLength);
    const position = this.#granules.claim(granulesFor(byteLength));
    if (position !== NO_ROOM) this.#granules.setType(position, type);
    return position;
  }

  /** A claim is over. Throws `closed` where this producer is. */
  #settle(): void {
    this.#claim = undefined;
    if (this.#closed) throwClosed(this.memory, "written to");
  }
}
