import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import { Seats } from "../../core/seats.ts";
import { encodedByteLength, encodeUtf8 } from "../../core/utf8.ts";
import { isAbandoned, type RoleOptions } from "../role.ts";
import { Signal, waiterOf } from "../signal.ts";
import { type AsyncWaitOptions, type Waiter, type WaitOptions, waitFor, waitForAsync } from "../waiting.ts";
import { throwType } from "./message.ts";
import { MessageClaim } from "./message-claim.ts";
import { repairMessages } from "./message-repair.ts";
import {
  claimedBy,
  committed,
  FREE,
  freeAt,
  granulesFor,
  granulesOf,
  KIND_MASK,
  type MessageRingPlan,
  PADDING,
  paddingAt,
  REVOKED,
} from "./message-ring-layout.ts";

/** No position: those have 32 bits. */
const NO_ROOM = 2 ** 32;

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
  readonly #messages: Signal;
  readonly #room: Signal;
  readonly #alone: boolean;
  readonly #isAlive: RoleOptions["isAlive"];
  /** Where the head was when it was last looked at. */
  #head = 0;
  /** Of one that is alone. */
  #tail = 0;
  #claim: MessageClaim | undefined;
  #closed = false;

  /** Use `messageRing(…).producer()`. */
  constructor(memory: Memory, bytes: Memory, plan: MessageRingPlan, maxByteLength: number, options: RoleOptions) {
    this.memory = memory;
    this.#bytes = bytes;
    this.maxByteLength = maxByteLength;
    this.#plan = plan;
    this.#alone = plan.producers === 1;
    this.#isAlive = options.isAlive;
    this.#messages = new Signal(memory, plan.messages);
    this.#room = new Signal(memory, plan.room);
    this.#seats = new Seats(memory, { byteOffset: plan.seats, seats: plan.producers + 1 }, SUBJECT, options);
    this.#seats.sit((seat) => repairMessages(memory, plan, seat));
    Atomics.add(memory.i32, plan.joined / 4, 1);
    if (this.#alone) this.#findTail();
  }

  /** The number of its seat: what names it to `unblock`. */
  get seat(): number {
    return this.#seats.seat;
  }

  /** Appends a message, a copy. False when there is no room now. Throws `invalid-argument` (longer than `maxByteLength`), `closed`. */
  write(bytes: Uint8Array, type = 0): boolean {
    const position = this.#open(bytes.length, type);
    if (position === NO_ROOM) return false;
    this.#bytes.u8.set(bytes, this.#byteOffsetAt(position));
    if (!this.#commit(position, granulesFor(bytes.length), bytes.length)) throwRevoked();
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

  /** Room for a message, to be written in place and committed; undefined when there is none now. One claim at a time. Throws like `write`. */
  tryClaim(byteLength: number, type = 0): MessageClaim | undefined {
    const position = this.#open(byteLength, type);
    if (position === NO_ROOM) return undefined;
    const granules = granulesFor(byteLength);
    this.#claim = new MessageClaim(this.#bytes, this.#byteOffsetAt(position), byteLength, (kept) => {
      this.#claim = undefined;
      if (this.#closed) throwClosed(this.memory);
      if (!this.#commit(position, granules, kept)) throwRevoked();
    });
    return this.#claim;
  }

  /** A number that nobody else gets, from 1: to tell which answer is to which question. */
  nextCorrelationId(): number {
    return Number(Atomics.add(this.memory.i64, this.#plan.correlation / 8, 1n)) + 1;
  }

  /** Whether a consumer was there and is gone: closed, or dead as far as `isAlive` knows. */
  get isAbandoned(): boolean {
    if (this.#closed) throwClosed(this.memory);
    return isAbandoned(this.memory, this.#plan.role, this.#isAlive);
  }

  /** Waits for room and appends. False when the time is over, or there is no room and the consumer is gone. Holds the thread. */
  writeWait(bytes: Uint8Array, type = 0, options: WaitOptions = {}): boolean {
    return this.write(bytes, type) || waitFor(this.#waiting(bytes, type), options);
  }

  /** `writeWait` that does not hold the thread. */
  async writeAsync(bytes: Uint8Array, type = 0, options: AsyncWaitOptions = {}): Promise<boolean> {
    return this.write(bytes, type) || waitForAsync(this.#waiting(bytes, type), options);
  }

  /** Leaves its seat. A claim is aborted. Twice is harmless. */
  close(): void {
    if (this.#closed) return;
    if (!this.memory.closed) {
      this.#claim?.abort();
      this.#seats.leave();
      Atomics.add(this.memory.i32, this.#plan.joined / 4, 1);
      this.#messages.raise();
    }
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #waiting(bytes: Uint8Array, type: number): Waiter {
    return waiterOf(
      this.#room,
      () => this.write(bytes, type),
      () => this.isAbandoned,
    );
  }

  #open(byteLength: number, type: number): number {
    if (this.#closed) throwClosed(this.memory);
    if ((type | 0) !== type) throwType(SUBJECT, type);
    if (this.#claim !== undefined) throwClaimed();
    if (!(byteLength >= 0 && byteLength <= this.maxByteLength && Number.isInteger(byteLength)))
      throwLength(byteLength, this.maxByteLength);
    const granules = granulesFor(byteLength);
    const position = this.#alone ? this.#claimAlone(granules) : this.#claimAmong(granules);
    if (position !== NO_ROOM) this.memory.i32[this.#plan.types + (position & (this.#plan.granules - 1))] = type;
    return position;
  }

  #claimAlone(granules: number): number {
    const { i32 } = this.memory;
    const plan = this.#plan;
    const index = this.#tail & (plan.granules - 1);
    const padding = paddingAt(index, granules, plan);
    if (!this.#hasRoom(this.#tail, padding + granules)) return NO_ROOM;
    if (padding > 0) {
      Atomics.store(i32, plan.states + index, PADDING | padding);
      this.#moveTail(padding);
    }
    return this.#tail;
  }

  #claimAmong(granules: number): number {
    const { i32 } = this.memory;
    const plan = this.#plan;
    for (;;) {
      const tail = Atomics.load(i32, plan.tail);
      const index = tail & (plan.granules - 1);
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
    const { i32 } = this.memory;
    const plan = this.#plan;
    const room = plan.granules - granules;
    const last = (tail + granules - 1) | 0;
    // The head that was looked at long ago may be that of 2^32 granules before; the state is that of its lap.
    const word = plan.states + (last & (plan.granules - 1));
    const free = freeAt(last, plan);
    if ((tail - this.#head) >>> 0 <= room && i32[word] === free) return true;
    this.#head = Atomics.load(i32, plan.head);
    return (tail - this.#head) >>> 0 <= room && i32[word] === free;
  }

  /** False when the claim was revoked meanwhile; then it is let go. */
  #commit(position: number, granules: number, byteLength: number): boolean {
    const { i32 } = this.memory;
    const plan = this.#plan;
    const at = plan.states + (position & (plan.granules - 1));
    const used = byteLength < 0 ? granules : granulesFor(byteLength);
    // What is left of a claim that was longer than its message is padding of its own.
    if (used < granules) Atomics.store(i32, plan.states + ((position + used) & (plan.granules - 1)), PADDING | (granules - used));
    const wanted = byteLength < 0 ? PADDING | granules : committed(byteLength, used);
    if (this.#alone) {
      if (byteLength < 0) return true;
      Atomics.store(i32, at, wanted);
      this.#moveTail(granules);
    } else if (Atomics.compareExchange(i32, at, claimedBy(this.seat, granules), wanted) !== claimedBy(this.seat, granules)) {
      Atomics.compareExchange(i32, at, REVOKED | (claimedBy(this.seat, granules) & ~KIND_MASK), PADDING | granules);
      return byteLength < 0;
    }
    this.#messages.raise();
    return true;
  }

  #byteOffsetAt(position: number): number {
    return this.#plan.bytes + (position & (this.#plan.granules - 1)) * 64;
  }

  #moveTail(granules: number): void {
    this.#tail = (this.#tail + granules) | 0;
    Atomics.store(this.memory.i32, this.#plan.tail, this.#tail);
  }

  /** One that died may have committed a message and not moved the tail. */
  #findTail(): void {
    const { i32 } = this.memory;
    const plan = this.#plan;
    this.#tail = Atomics.load(i32, plan.tail);
    while ((this.#tail - Atomics.load(i32, plan.head)) >>> 0 < plan.granules) {
      const state = Atomics.load(i32, plan.states + (this.#tail & (plan.granules - 1)));
      if ((state & KIND_MASK) === FREE) return;
      this.#moveTail(granulesOf(state));
    }
  }
}

const SUBJECT = "message ring";

function throwClosed(memory: Memory): never {
  if (memory.closed) memory.throwClosed();
  throw new MemoryError("closed", {
    subject: SUBJECT,
    event: "was written to after close()",
    cure: "Keep the producer open for as long as it is used.",
  });
}

function throwClaimed(): never {
  throw new MemoryError("invalid-argument", {
    subject: SUBJECT,
    event: "was written to while this producer has a claim",
    cure: "Commit or abort the claim first.",
  });
}

function throwLength(byteLength: number, maxByteLength: number): never {
  throw new MemoryError("invalid-argument", {
    subject: SUBJECT,
    event: "cannot hold a message of that length",
    numbers: { byteLength: String(byteLength), maxByteLength },
    cure: "Send it in parts, or make the ring with more byteCapacity.",
  });
}

function throwRevoked(): never {
  throw new MemoryError("participant-lost", {
    subject: SUBJECT,
    event: "did not take a message: its claim was revoked, because it took too long",
    cure: "Write it again if it still matters.",
  });
}
