import type { Memory } from "../../core/memory.ts";
import { throwType } from "./message.ts";
import type { MessageGranules } from "./message-granules.ts";
import { SUBJECT, throwLength, throwSettled } from "./message-mistakes.ts";
import { committed, GRANULE, granulesFor } from "./message-ring-layout.ts";

/**
 * Room for several messages, to be written in place one behind another. They are there for the consumer all at once, with nobody else's in between, or not at
 * all: one claim, one commit, one wake.
 *
 * ```ts
 * const batch = producer.tryClaimMany(KiB(4));
 * if (batch !== undefined) {
 *   for (const order of orders) batch.memory.u8.set(order, batch.add(order.length));
 *   batch.commit();
 * }
 * ```
 */
export class MessageBatch {
  /** Where the messages lie. */
  readonly memory: Memory;
  /** Bytes that are left. A message takes whole multiples of 64 of them, and 64 if it is empty. */
  room: number;
  /** How many messages were added. */
  length = 0;
  readonly #granules: MessageGranules;
  readonly #position: number;
  readonly #byteOffset: number;
  readonly #claimed: number;
  /** The state of the first message, which makes all of them known and is written last. */
  #first = 0;
  #ended: (() => void) | undefined;

  /** Use `tryClaimMany` of a producer. `ended` is called before it is settled, and throws where it cannot be any more. */
  constructor(memory: Memory, granules: MessageGranules, position: number, claimed: number, ended: () => void) {
    this.memory = memory;
    this.room = claimed * GRANULE;
    this.#granules = granules;
    this.#position = position;
    this.#byteOffset = granules.byteOffsetAt(position);
    this.#claimed = claimed;
    this.#ended = ended;
  }

  /**
   * Adds a message, and returns the first byte of its room, a multiple of 64: to be written from there on, before the batch is committed. Throws
   * `invalid-argument` where less room is left.
   */
  add(byteLength: number, type = 0): number {
    if (this.#ended === undefined) throwSettled("batch of messages");
    if ((type | 0) !== type) throwType(SUBJECT, type);
    if (!(byteLength >= 0 && byteLength <= this.room && Number.isInteger(byteLength) && this.room > 0))
      throwLength(byteLength, this.room);
    const used = this.#claimed - this.room / GRANULE;
    const needed = granulesFor(byteLength);
    const state = committed(byteLength, needed);
    this.#granules.setType(this.#position + used, type);
    if (this.length === 0) this.#first = state;
    else this.#granules.place(this.#position + used, state);
    this.length += 1;
    this.room -= needed * GRANULE;
    return this.#byteOffset + used * GRANULE;
  }

  /** Passes all messages on that were added. What room is left is given back. Throws `participant-lost` (it was revoked: none of them is sent). */
  commit(): void {
    this.#end();
    const used = this.#claimed - this.room / GRANULE;
    if (used === 0) this.#granules.abort(this.#position, this.#claimed);
    else this.#granules.commit(this.#position, this.#claimed, used, this.#first);
  }

  /** Gives the room back; nothing is sent. */
  abort(): void {
    this.#end();
    this.#granules.abort(this.#position, this.#claimed);
  }

  #end(): void {
    const ended = this.#ended;
    if (ended === undefined) throwSettled("batch of messages");
    this.#ended = undefined;
    ended();
  }
}
