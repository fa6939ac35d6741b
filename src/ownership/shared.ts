import type { Allocator } from "../alloc/allocator.ts";
import { AN_ALLOCATOR } from "../core/block-source.ts";
import { checkCall, OPTIONS } from "../core/check-call.ts";
import { MemoryError } from "../core/errors.ts";
import { A_SIZED_TYPE } from "../layout/struct-fields.ts";
import type { Type } from "../layout/type.ts";
import type { Counted } from "./counted.ts";
import type { Ledger } from "./ledger.ts";
import type { Loan } from "./loan.ts";
import { PlacedValue } from "./owned.ts";
import type { OwnerOptions } from "./owner.ts";
import { type OwnerTicket, openTicket, type Postable, type ReceiveOptions, ticketOf } from "./owner-ticket.ts";

/**
 * One of several owners of a value in memory. The last one to be disposed of, in whichever thread, ends the value. The counts lie in the memory,
 * beside the value: see control-block.ts.
 *
 * ```ts
 * using mine = share(allocator, Config, { rate: 1 });
 * mine.clone().moveTo(worker);                    // the worker: using theirs = receiveShared(message, Config)
 * ```
 *
 * Only the thread that allocated can free. When the last owner ends elsewhere, the bytes come back at that thread's next `reclaim(allocator)`.
 * Owners look at the same bytes at once; to change what others read, agree on it with a lock or with atomics. Cycles of owners are never freed:
 * use a weak reference for the way back.
 *
 * A thread or a process that ends without disposing, a terminated worker too, leaves its counts behind, and the value is then never freed before the
 * memory is. A {@link Ledger} lets another thread give them back.
 */
export class Shared<View> implements Disposable {
  readonly name: string;
  /** Undefined once it has ended. */
  #counted: Counted<View> | undefined;
  #loan: Loan<View> | undefined;
  #event = "was disposed of";

  /** Use `share`. */
  constructor(counted: Counted<View>, name: string) {
    this.name = name;
    this.#loan = counted.lend(`shared ${name}`, true);
    this.#counted = counted;
  }

  /** The value. Throws `closed`, `moved` after this owner has ended, `stale-view` when its bytes were taken away. */
  get value(): View {
    this.#here();
    return (this.#loan ?? this.#throwEnded()).value;
  }

  /** How many owners there are now, tickets included. */
  get owners(): number {
    return this.#here().control.strong;
  }

  get isOwner(): boolean {
    return this.#counted !== undefined && this.#counted.lost === "";
  }

  /** One owner more. Throws `out-of-memory` where they cannot be counted any more. */
  clone(name = this.name): Shared<View> {
    return opened(this.#here().another(), name);
  }

  /** A reference that does not keep the value. */
  weak(): Weak<View> {
    return new Weak(this.#here().weak(), this.name);
  }

  /** Sends this owner to a thread, which opens what arrives with `receiveShared`; it throws from now on. Errors as in `Owner.moveTo`. */
  moveTo(port: Postable): void {
    this.#moveOut("was moved to another thread", (ticket) => port.postMessage(ticket));
  }

  /** The same as plain data, for `workerData` or a part of a message. */
  toTicket(): OwnerTicket {
    return this.#moveOut("was moved into a ticket", () => {});
  }

  /** Ends this owner, and the value if it is the last. Twice is harmless. */
  dispose(): void {
    const counted = this.#counted;
    if (counted === undefined) return;
    this.#finish("was disposed of");
    counted.free();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** What contradicts the invariants of the counts; empty when sound. Counts of threads that are at work may be in between. */
  checkInvariants(): string[] {
    return this.#here().control.checkInvariants();
  }

  #moveOut(event: string, send: (ticket: OwnerTicket) => void): OwnerTicket {
    const counted = this.#here();
    const memory = counted.memoryTicket();
    const ticket = ticketOf("share", this.name, memory, counted);
    counted.sendAs(ticket, send);
    this.#finish(event);
    return ticket;
  }

  #finish(event: string): void {
    this.#event = event;
    this.#counted = undefined;
    this.#loan?.end(event);
    this.#loan = undefined;
  }

  /** Throws unless it has not ended and the bytes are there. */
  #here(): Counted<View> {
    const counted = this.#counted ?? this.#throwEnded();
    const { lost } = counted;
    if (lost !== "") throwLost(this.name, lost);
    return counted;
  }

  #throwEnded(): never {
    const moved = this.#event !== "was disposed of";
    throw new MemoryError(moved ? "moved" : "closed", {
      subject: this.name,
      event: `was used after this owner of it ${this.#event}`,
      cure: moved ? "Clone it before, and move the clone." : "Keep the owner for as long as it is used; clone it for others.",
    });
  }
}

/** A reference to a shared value that does not keep it. */
export class Weak<View> implements Disposable {
  readonly name: string;
  #counted: Counted<View> | undefined;

  /** Use `shared.weak()`. */
  constructor(counted: Counted<View>, name: string) {
    this.#counted = counted;
    this.name = name;
  }

  /** An owner, as long as there are others; undefined afterwards. Throws `closed` after this reference has ended. */
  upgrade(): Shared<View> | undefined {
    const counted = this.#counted;
    if (counted === undefined) {
      throw new MemoryError("closed", {
        subject: `a weak reference to ${this.name}`,
        event: "was used after it was disposed of",
        cure: "Keep it for as long as it is used.",
      });
    }
    const another = counted.lost === "" ? counted.tryAnother() : undefined;
    return another === undefined ? undefined : opened(another, this.name);
  }

  /** Ends the reference. Twice is harmless. */
  dispose(): void {
    const counted = this.#counted;
    this.#counted = undefined;
    counted?.free();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A new value with counted owners, of which this is the first. Throws `out-of-memory`, `bad-value`; nothing has changed then. */
export function share<Input, View>(
  allocator: Allocator,
  type: Type<unknown, Input, View>,
  init?: Input,
  options: Pick<OwnerOptions, "name"> = {},
): Shared<View> {
  checkCall("share(heap, Config, { port: 80 })", [AN_ALLOCATOR, allocator], [A_SIZED_TYPE, type], [OPTIONS, options]);
  const name = options.name ?? type.name;
  const placed = PlacedValue.create(allocator, type, init);
  try {
    return new Shared(placed.count(), name);
  } catch (error) {
    placed.free();
    throw error;
  }
}

/** The owner that another thread has sent here: `message` is what it posted. Throws `invalid-argument`, `layout-mismatch`, `moved`. */
export function receiveShared<View>(
  message: OwnerTicket,
  type: Type<unknown, unknown, View>,
  options: ReceiveOptions & Pick<OwnerOptions, "name"> = {},
): Shared<View> {
  return opened(openTicket(message, "share", type, options), options.name ?? message.name);
}

function opened<View>(counted: Counted<View>, name: string): Shared<View> {
  try {
    return new Shared(counted, name);
  } catch (error) {
    counted.free();
    throw error;
  }
}

function throwLost(name: string, lost: string): never {
  throw new MemoryError("stale-view", {
    subject: name,
    event: `was used after ${lost}`,
    cure: "Dispose of owners before what their values lie in is reset or closed.",
  });
}
