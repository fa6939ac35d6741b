import type { Allocator } from "../alloc/allocator.ts";
import { MemoryError } from "../core/errors.ts";
import { attach } from "../core/homes.ts";
import type { Memory } from "../core/memory.ts";
import type { Ticket } from "../core/ticket.ts";
import type { Type } from "../layout/type.ts";
import { ControlBlock } from "./control-block.ts";
import { Counted } from "./counted.ts";
import { homeBlockOf } from "./home-block.ts";
import type { Ledger } from "./ledger.ts";

/**
 * Plain data that stands for an owner on its way to another thread, or for a value in a mapped file to another process. It is the owner now: it can be
 * opened once, and one that is lost keeps its value for ever.
 */
export interface OwnerTicket {
  readonly offheap: "owner";
  readonly kind: "own" | "share";
  /** What the owner was called. */
  readonly name: string;
  readonly memory: Ticket;
  /** Of the control block. */
  readonly byteOffset: number;
  readonly nonce: number;
}

/** What can take a message: a MessagePort, a Worker, `parentPort`, a worker's global scope. */
export interface Postable {
  postMessage(message: unknown): void;
}

export interface ReceiveOptions {
  /** The memory that the value lies in, when this thread has attached to it already. Default: attached anew. */
  readonly memory?: Memory;
  /** When the value comes back to the thread that allocated it: the allocator, which then frees it at once. */
  readonly allocator?: Allocator;
  /** Where the count is written down, so that it can be given back should this thread die. Default: nowhere. */
  readonly ledger?: Ledger;
}

export function ticketOf<View>(kind: OwnerTicket["kind"], name: string, memory: Ticket, counted: Counted<View>): OwnerTicket {
  const { byteOffset, nonce } = counted.control;
  return { offheap: "owner", kind, name, memory, byteOffset, nonce };
}

/** The count that a ticket stands for, which is the caller's from now on. Throws `invalid-argument`, `layout-mismatch`, `moved`. */
export function openTicket<View>(
  ticket: OwnerTicket,
  kind: OwnerTicket["kind"],
  type: Type<unknown, never, View>,
  options: ReceiveOptions,
): Counted<View> {
  checkOwnerTicket(ticket, kind);
  const { allocator, ledger, memory = allocator?.memory ?? attach(ticket.memory) } = options;
  const control = ControlBlock.open(memory, ticket.byteOffset, ticket.nonce, type, ticket.name);
  if (!control.takeTicket()) {
    throw new MemoryError("moved", {
      subject: ticket.name,
      event: "has an owner already: the ticket for it was opened before",
      numbers: { owners: control.strong },
      cure: "Open each ticket once; the thread that opened it can move the owner on.",
    });
  }
  const home = allocator === undefined ? undefined : homeBlockOf(allocator, control);
  try {
    return new Counted({ control, type, home, ledger });
  } catch (error) {
    control.addTicket();
    throw error;
  }
}

function checkOwnerTicket(value: unknown, kind: OwnerTicket["kind"]): asserts value is OwnerTicket {
  const isTicket =
    typeof value === "object" &&
    value !== null &&
    "offheap" in value &&
    value.offheap === "owner" &&
    "byteOffset" in value &&
    Number.isSafeInteger(value.byteOffset) &&
    "nonce" in value &&
    Number.isSafeInteger(value.nonce) &&
    "name" in value &&
    typeof value.name === "string";
  if (isTicket && "kind" in value && value.kind === kind) return;
  const other = kind === "own" ? "share" : "own";
  const isOther = isTicket && "kind" in value && value.kind === other;
  throw new MemoryError("invalid-argument", {
    subject: kind === "own" ? "receiveOwner" : "receiveShared",
    event: isOther
      ? `was given the ticket of ${other === "share" ? "a shared value" : "a single owner"}`
      : "was not given the ticket of an owner",
    cure: isOther
      ? `Open it with ${other === "own" ? "receiveOwner" : "receiveShared"}.`
      : "Pass what `toTicket()` returned, or what `moveTo(port)` posted, as it arrived.",
  });
}
