import { A_MEMORY, checkCall, namesMemory, OPTIONS } from "../../core/check-call.ts";
import { sharedMemory } from "../../core/homes.ts";
import type { Memory } from "../../core/memory.ts";
import type { RoleOptions } from "../role.ts";
import {
  type BroadcastPlan,
  checkBroadcastCapacity,
  formatBroadcast,
  messageWord,
  planBroadcast,
  positionAt,
  readBroadcast,
} from "./broadcast-layout.ts";
import { Receiver, type ReceiverOptions } from "./receiver.ts";
import { Transmitter } from "./transmitter.ts";

export interface BroadcastOptions {
  /** Bytes for messages, a power of two from 256 to 2^30. A message takes an eighth of them at most. */
  readonly byteCapacity: number;
  /** Where in the memory it begins, a multiple of 64. Default 0. */
  readonly byteOffset?: number;
}

/** How many bytes a broadcast takes. Throws `invalid-argument`. */
export function broadcastByteLength(options: Pick<BroadcastOptions, "byteCapacity">): number {
  checkCall("broadcastByteLength({ byteCapacity: 65_536 })", [OPTIONS, options]);
  const { byteCapacity } = options;
  checkBroadcastCapacity(byteCapacity);
  return planBroadcast(byteCapacity, 0).byteLength;
}

/** A broadcast in a memory. Others open it with `attachBroadcast`. Throws `invalid-argument`, `out-of-bounds`, `read-only`. */
export function broadcast(memory: Memory, options: BroadcastOptions): Broadcast;
/** A broadcast in shared memory of its own, which `broadcast.memory.ticket()` takes to other threads. Throws `invalid-argument`, `out-of-memory`. */
export function broadcast(options: Omit<BroadcastOptions, "byteOffset">): Broadcast;
export function broadcast(...given: [options: BroadcastOptions] | [memory: Memory, options: BroadcastOptions]): Broadcast {
  if (!namesMemory(given, 2)) {
    const [options] = given;
    checkCall("broadcast({ byteCapacity: 65_536 })", [OPTIONS, options]);
    return broadcast(sharedMemory(broadcastByteLength(options)), options);
  }
  const [memory, options] = given;
  checkCall("broadcast(memory, { byteCapacity: 65_536 })", [A_MEMORY, memory], [OPTIONS, options]);
  const { byteCapacity, byteOffset = 0 } = options;
  return new Broadcast(memory, formatBroadcast(memory, byteCapacity, byteOffset));
}

/** The broadcast that another has made there; a read-only memory will do to receive. Throws `corrupt`, `unsupported-format`, `out-of-bounds`. */
export function attachBroadcast(memory: Memory, { byteOffset = 0 }: { readonly byteOffset?: number } = {}): Broadcast {
  checkCall("attachBroadcast(memory)", [A_MEMORY, memory]);
  return new Broadcast(memory, readBroadcast(memory, byteOffset));
}

/**
 * Messages from one transmitter to any number of receivers, which it never waits for: who is too slow loses messages, and is told. Receivers need no seat
 * and come and go as they like. For a broadcast that loses nothing see `pipeline`.
 */
export class Broadcast {
  readonly memory: Memory;
  readonly byteCapacity: number;
  readonly byteLength: number;
  /** The longest message, in bytes. */
  readonly maxByteLength: number;
  readonly #plan: BroadcastPlan;

  /** Use `broadcast` or `attachBroadcast`. */
  constructor(memory: Memory, plan: BroadcastPlan) {
    this.memory = memory;
    this.byteCapacity = plan.byteCapacity;
    this.byteLength = plan.byteLength;
    this.maxByteLength = plan.maxByteLength;
    this.#plan = plan;
  }

  /** Takes the role of the transmitter. Throws `locked` when another has it who is not known to be dead; `read-only`. */
  transmitter(options: RoleOptions = {}): Transmitter {
    return new Transmitter(this.memory, this.#plan, options);
  }

  receiver(options: ReceiverOptions = {}): Receiver {
    return new Receiver(this.memory, this.#plan, options);
  }

  /** What contradicts the invariants in broadcast-layout.ts; empty when sound. For moments when nobody transmits. */
  checkInvariants(): string[] {
    const { i32 } = this.memory;
    const plan = this.#plan;
    const found: string[] = [];
    if (i32[plan.intent] !== i32[plan.tail]) found.push("the intent is not the tail: a message is half written");
    if (i32[plan.latest] === i32[plan.tail]) return found;
    const word = messageWord(plan, i32[plan.latest] >>> 0);
    if ((positionAt(this.memory, word) | 0) !== i32[plan.latest]) found.push("the latest message has another position in its head");
    if (i32[word] < 0 || i32[word] > plan.maxByteLength) found.push(`the latest message has length ${i32[word]}`);
    return found;
  }
}
