import { A_MEMORY, checkCall, namesMemory, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import { sharedMemory } from "../../core/homes.ts";
import type { Memory } from "../../core/memory.ts";
import { checkWritableHome } from "../../core/writable.ts";
import type { RoleOptions } from "../role.ts";
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

export interface MessageRingOptions {
  /** Bytes for messages, a power of two from 256 to 2^30. A message takes whole multiples of 64 of them, and half of them at most. */
  readonly byteCapacity: number;
  /** The most producers at once. Default 1, which is the fastest. At most 250. */
  readonly producers?: number;
  /** Where in the memory it begins, a multiple of 64. Default 0. */
  readonly byteOffset?: number;
  /**
   * A memory from `mapMirrored(byteCapacity)` in which the messages lie, instead of behind all else: then none needs padding before the end, and one may take
   * the whole ring.
   */
  readonly mirror?: Memory;
}

export type AttachMessageRingOptions = Pick<MessageRingOptions, "byteOffset" | "mirror">;

/** How many bytes a message ring takes, besides those of a mirror. Throws `invalid-argument`. */
export function messageRingByteLength(options: Omit<MessageRingOptions, "byteOffset">): number {
  checkCall("messageRingByteLength({ byteCapacity: 65_536 })", [OPTIONS, options]);
  const { byteCapacity, producers = 1, mirror } = options;
  const shape = { byteCapacity, producers, mirrored: mirror !== undefined };
  checkMessageShape(shape);
  return planMessageRing(shape, 0).byteLength;
}

/** An empty message ring in a memory. Others open it with `attachMessageRing`. Throws `invalid-argument`, `out-of-bounds`, `read-only`. */
export function messageRing(memory: Memory, options: MessageRingOptions): MessageRing;
/** An empty message ring in shared memory of its own, which `messageRing.memory.ticket()` takes to other threads. Throws `invalid-argument`, `out-of-memory`. */
export function messageRing(options: Omit<MessageRingOptions, "byteOffset">): MessageRing;
export function messageRing(...given: [options: MessageRingOptions] | [memory: Memory, options: MessageRingOptions]): MessageRing {
  if (!namesMemory(given, 2)) {
    const [options] = given;
    checkCall("messageRing({ byteCapacity: 65_536 })", [OPTIONS, options]);
    return messageRing(sharedMemory(messageRingByteLength(options)), options);
  }
  const [memory, options] = given;
  checkCall("messageRing(memory, { byteCapacity: 65_536 })", [A_MEMORY, memory], [OPTIONS, options]);
  const { byteCapacity, producers = 1, byteOffset = 0, mirror } = options;
  const shape = { byteCapacity, producers, mirrored: mirror !== undefined };
  checkMessageShape(shape);
  if (mirror !== undefined) checkMirror(mirror, byteCapacity);
  return new MessageRing(memory, formatMessageRing(memory, shape, byteOffset), mirror);
}

/**
 * The message ring that another thread or process has made there; with a mirror if it was made with one, the same. Throws `corrupt`, `unsupported-format`,
 * `layout-mismatch`, `out-of-bounds`, `read-only`.
 */
export function attachMessageRing(memory: Memory, { byteOffset = 0, mirror }: AttachMessageRingOptions = {}): MessageRing {
  checkCall("attachMessageRing(memory)", [A_MEMORY, memory]);
  const plan = readMessageRing(memory, byteOffset);
  if (plan.mirrored !== (mirror !== undefined)) refuseOther(memory, plan.mirrored);
  if (mirror !== undefined) checkMirror(mirror, plan.byteCapacity);
  return new MessageRing(memory, plan, mirror);
}

/**
 * Messages of any length from one producer or many to one consumer, without locks, between threads and processes.
 *
 * ```ts
 * const log = messageRing({ byteCapacity: KiB(64), producers: 4 });
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
  /** Where messages lie. */
  readonly #bytes: Memory;

  /** Use `messageRing` or `attachMessageRing`. */
  constructor(memory: Memory, plan: MessageRingPlan, mirror?: Memory) {
    this.memory = memory;
    this.#bytes = mirror ?? memory;
    this.byteCapacity = plan.byteCapacity;
    this.byteLength = plan.byteLength;
    this.maxByteLength = Math.min(plan.mirrored ? plan.byteCapacity : plan.byteCapacity / 2, MOST_GRANULES * GRANULE);
    this.#plan = plan;
  }

  /** Takes a seat as a producer. Throws `out-of-memory` when there is none. */
  producer(options: RoleOptions = {}): MessageProducer {
    return new MessageProducer(this.memory, this.#bytes, this.#plan, this.maxByteLength, options);
  }

  /** Takes the role of the consumer. Throws `locked` when another has it who is not known to be dead. */
  consumer(options: RoleOptions = {}): MessageConsumer {
    return new MessageConsumer(this.memory, this.#bytes, this.#plan, options);
  }

  /** Bytes that messages and padding take now, read or not. Others may change it at once. */
  get usedByteLength(): number {
    const { i32 } = this.memory;
    const head = Atomics.load(i32, this.#plan.head);
    const used = (Atomics.load(i32, this.#plan.tail) - head) | 0;
    return Math.min(this.#plan.granules, Math.max(0, used)) * GRANULE;
  }

  /** What contradicts the invariants in message-ring-layout.ts; empty when sound. For moments when nobody writes or reads. */
  checkInvariants(): string[] {
    return checkMessageRing(this.memory, this.#plan);
  }
}

function checkMirror(mirror: Memory, byteCapacity: number): void {
  checkWritableHome("message ring", mirror);
  if ("isMirrored" in mirror && mirror.isMirrored === true && mirror.byteLength === 2 * byteCapacity) return;
  throw new MemoryError("invalid-argument", {
    subject: "message ring",
    event: `cannot have its messages in ${mirror.subject}, which does not show as many bytes twice`,
    numbers: { byteCapacity, byteLength: mirror.byteLength },
    cure: "Pass the memory of mapMirrored(byteCapacity).",
  });
}

function refuseOther(memory: Memory, mirrored: boolean): never {
  throw new MemoryError("layout-mismatch", {
    subject: `message ring in ${memory.subject}`,
    event: mirrored ? "has its messages in a mirror, which was not given" : "has its messages in its own memory",
    cure: mirrored ? "Attach with the mirror that it was made with." : "Attach without a mirror.",
  });
}
