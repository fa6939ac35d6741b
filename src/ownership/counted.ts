import { MemoryError } from "../core/errors.ts";
import type { Ticket } from "../core/ticket.ts";
import type { Type } from "../layout/type.ts";
import { type ControlBlock, type CountKind, OWNER, WEAK_REFERENCE } from "./control-block.ts";
import type { HomeBlock } from "./home-block.ts";
import type { Ledger } from "./ledger.ts";
import { type Loan, lendPlace } from "./loan.ts";
import type { Owned } from "./owned.ts";
import type { OwnerTicket } from "./owner-ticket.ts";

/** Where counts of one value are taken and given back in this thread. */
export interface CountPlace<View> {
  readonly control: ControlBlock;
  readonly type: Type<unknown, never, View>;
  /** In the thread that allocated it. */
  readonly home: HomeBlock | undefined;
  /** Where this thread's counts are written down. */
  readonly ledger: Ledger | undefined;
}

/** One count, of owners or of weak references, of a value that lives under a control block: in the thread that allocated it, or in another. */
export class Counted<View> implements Owned<View> {
  readonly place: CountPlace<View>;
  readonly #kind: CountKind;
  /** In the ledger; -1 where there is none. */
  #slot: number;

  /** For a count that has been taken. Throws `out-of-memory` where the ledger is full; the count is still the caller's then. */
  constructor(place: CountPlace<View>, kind: CountKind = OWNER) {
    this.place = place;
    this.#kind = kind;
    this.#slot = place.ledger?.enter(place.control, kind) ?? -1;
  }

  get control(): ControlBlock {
    return this.place.control;
  }

  get lost(): string {
    const { control, home } = this.place;
    if (control.memory.closed) return `${control.memory.subject} was closed`;
    if (home !== undefined && home.lost !== "") return home.lost;
    return control.isThere ? "" : "the thread that allocated it has taken its bytes back";
  }

  /** One owner more. Throws `out-of-memory`; nothing has changed then. */
  another(): Counted<View> {
    this.control.addStrong();
    return this.#entered(OWNER);
  }

  /** One owner more, if there is any. Throws `out-of-memory`; nothing has changed then. */
  tryAnother(): Counted<View> | undefined {
    return this.control.tryAddStrong() ? this.#entered(OWNER) : undefined;
  }

  /** A weak reference. Throws `out-of-memory`; nothing has changed then. */
  weak(): Counted<View> {
    this.control.addWeak();
    return this.#entered(WEAK_REFERENCE);
  }

  lend(subject: string, exclusive: boolean): Loan<View> {
    return lendPlace(this.control.memory, this.place.type, this.control.valueByteOffset, subject, exclusive);
  }

  checkSync(): void {}

  /** Gives the count back. */
  free(): void {
    if (this.lost !== "") return;
    this.#strikeOut();
    this.#drop(this.#kind);
  }

  async freeAsync(): Promise<void> {
    this.free();
  }

  release(subject: string): never {
    throw new MemoryError("unsupported", {
      subject,
      event: "is counted, so nobody can take it away from under the counts",
      cure: "Move it on, or dispose of it.",
    });
  }

  memoryTicket(): Ticket {
    return this.control.memory.ticket();
  }

  count(): Counted<View> {
    return this;
  }

  /**
   * The count becomes a ticket, which `send` sends away. It leaves the ledger before that: were it in both, and this thread died, it could be given
   * back by two. Throws what `send` throws; the count is this thread's as before then.
   */
  sendAs(ticket: OwnerTicket, send: (ticket: OwnerTicket) => void): void {
    const { control, home, ledger } = this.place;
    home?.goesAway();
    this.#strikeOut();
    control.addTicket();
    try {
      send(ticket);
    } catch (error) {
      control.takeTicket();
      this.#slot = ledger?.enter(control, this.#kind) ?? -1;
      throw error;
    }
  }

  #strikeOut(): void {
    if (this.#slot >= 0) this.place.ledger?.leave(this.#slot);
  }

  #entered(kind: CountKind): Counted<View> {
    try {
      return new Counted(this.place, kind);
    } catch (error) {
      this.#drop(kind);
      throw error;
    }
  }

  #drop(kind: CountKind): void {
    this.control.drop(kind);
    this.place.home?.settle();
  }
}
