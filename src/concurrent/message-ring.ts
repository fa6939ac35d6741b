import type { Memory } from "../core/memory.ts";
import { MessageConsumer } from "./message-consumer.ts";
import { MessageProducer } from "./message-producer.ts";
import {
  checkMessageRing,
  checkMessageShape,
  formatMessageRing,
  GRANULE,
  type MessageRingPlan,
  MOST_GRANULES,
  planMessageRing,
  readMessageRing,
} from "./message-ring-layout.ts";
import type { RoleOptions } from "./role.ts";

export interface MessageRingOptions {
  /** Bytes for messages, a power of two from 256 to 2^30. A message takes whole multiples of 64 of them, and half of them at most. */
  readonly byteCapacity: number;
  /** The most producers at once. Default 1, which is the fastest. At most 250. */
  readonly producers?: number;
  /** Where in the memory it begins, a multiple of 64. Default 0. */
  readonly byteOffset?: number;
}

/** How many bytes a message ring takes. Throws `invalid-argument`. */
export function messageRingByteLength({ byteCapacity, producers = 1 }: Omit<MessageRingOptions, "byteOffset">): number {
  checkMessageShape({ byteCapacity, producers });
  return planMessageRing({ byteCapacity, producers }, 0).byteLength;
}

/** An empty message ring in a memory. Others open it with `attachMessageRing`. Throws `invalid-argument`, `out-of-bounds`, `read-only`. */
export function messageRing(memory: Memory, { byteCapacity, producers = 1, byteOffset = 0 }: MessageRingOptions): MessageRing {
  return new MessageRing(memory, formatMessageRing(memory, { byteCapacity, producers }, byteOffset));
}

/** The message ring that another thread or process has made there. Throws `corrupt`, `unsupported-format`, `out-of-bounds`, `read-only`. */
export function attachMessageRing(memory: Memory, { byteOffset = 0 }: { readonly byteOffset?: number } = {}): MessageRing {
  return new MessageRing(memory, readMessageRing(memory, byteOffset));
}

/**
 * Messages of any length from one producer or many to one consumer, without locks, between threads and processes.
 *
 * ```ts
 * using memory = sharedMemory(messageRingByteLength({ byteCapacity: KiB(64), producers: 4 }));
 * const log = messageRing(memory, { byteCapacity: KiB(64), producers: 4 });
 * using producer = log.producer();
 * producer.writeText("started");
 * ```
 */
export class MessageRing {
  readonly memory: Memory;
  readonly byteCapacity: number;
  readonly byteLength: number;
  /** The longest message, in bytes. */
  readonly maxByteLength: number;
  readonly #plan: MessageRingPlan;

  /** Use `messageRing` or `attachMessageRing`. */
  constructor(memory: Memory, plan: MessageRingPlan) {
    this.memory = memory;
    this.byteCapacity = plan.byteCapacity;
    this.byteLength = plan.byteLength;
    this.maxByteLength = Math.min(plan.byteCapacity / 2, MOST_GRANULES * GRANULE);
    this.#plan = plan;
  }

  /** Takes a seat as a producer. Throws `out-of-memory` when there is none. */
  producer(options: RoleOptions = {}): MessageProducer {
    return new MessageProducer(this.memory, this.#plan, this.maxByteLength, options);
  }

  /** Takes the role of the consumer. Throws `locked` when another has it who is not known to be dead. */
  consumer(options: RoleOptions = {}): MessageConsumer {
    return new MessageConsumer(this.memory, this.#plan, options);
  }

  /** Bytes that messages and padding take now, read or not. Others may change it at once. */
  get usedByteLength(): number {
    const { i32 } = this.memory;
    const head = Atomics.load(i32, this.#plan.head);
    return Math.min(this.#plan.granules, (Atomics.load(i32, this.#plan.tail) - head) >>> 0) * GRANULE;
  }

  /** What contradicts the invariants in message-ring-layout.ts; empty when sound. For moments when nobody writes or reads. */
  checkInvariants(): string[] {
    return checkMessageRing(this.memory, this.#plan);
  }
}
