import { A_MEMORY, checkCall, namesMemory, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import { sharedMemory } from "../../core/homes.ts";
import type { Memory } from "../../core/memory.ts";
import { A_SIZED_TYPE } from "../../layout/struct-fields.ts";
import type { Type } from "../../layout/type.ts";
import { type Consumer, consumerOf } from "./ring-consumer.ts";
import type { RingEndOptions } from "./ring-end.ts";
import { checkRing, checkShape, formatRing, planRing, type RingPlan, readRing } from "./ring-layout.ts";
import { type Producer, producerOf } from "./ring-producer.ts";

export interface RingOptions {
  /** How many values it holds: 1 to 2^29 - 1, and all of them are used. */
  readonly capacity: number;
  /** Where in the memory it begins, a multiple of 64. Default 0. */
  readonly byteOffset?: number;
}

export interface AttachRingOptions {
  readonly byteOffset?: number;
}

const ONE_STAGE = [0];

/** How many bytes a ring takes, a multiple of 64. Throws `invalid-argument`. */
export function ringByteLength(type: Type<unknown, never>, options: Pick<RingOptions, "capacity">): number {
  checkCall("ringByteLength(Tick, { capacity: 1024 })", [A_SIZED_TYPE, type], [OPTIONS, options]);
  const shape = { capacity: options.capacity, follows: ONE_STAGE };
  checkShape(shape);
  return planRing(type, shape, 0).byteLength;
}

/** An empty ring in a memory. Others open it with `attachRing`. Throws `invalid-argument`, `out-of-bounds`, `read-only`. */
export function ring<T extends Type<unknown, never>>(memory: Memory, type: T, options: RingOptions): Ring<T>;
/** An empty ring in shared memory of its own, which `ring.memory.ticket()` takes to other threads. Throws `invalid-argument`, `out-of-memory`. */
export function ring<T extends Type<unknown, never>>(type: T, options: Omit<RingOptions, "byteOffset">): Ring<T>;
export function ring<T extends Type<unknown, never>>(
  ...given: [type: T, options: RingOptions] | [memory: Memory, type: T, options: RingOptions]
): Ring<T> {
  if (!namesMemory(given, 3)) {
    const [type, options] = given;
    checkCall("ring(Tick, { capacity: 1024 })", [A_SIZED_TYPE, type], [OPTIONS, options]);
    return ring(sharedMemory(ringByteLength(type, options)), type, options);
  }
  const [memory, type, options] = given;
  checkCall("ring(memory, Tick, { capacity: 1024 })", [A_MEMORY, memory], [A_SIZED_TYPE, type], [OPTIONS, options]);
  const { capacity, byteOffset = 0 } = options;
  return new Ring(memory, type, formatRing(memory, type, { capacity, follows: ONE_STAGE }, byteOffset));
}

/** The ring that another thread or process has made there. Throws `corrupt`, `layout-mismatch`, `unsupported-format`, `out-of-bounds`, `read-only`. */
export function attachRing<T extends Type<unknown, never>>(
  memory: Memory,
  type: T,
  { byteOffset = 0 }: AttachRingOptions = {},
): Ring<T> {
  checkCall("attachRing(memory, Tick)", [A_MEMORY, memory], [A_SIZED_TYPE, type]);
  const plan = readRing(memory, type, byteOffset);
  if (plan.follows.length === 1) return new Ring(memory, type, plan);
  return refuseStages(memory, plan.follows.length);
}

/**
 * A queue of values from one thread or process to another, without locks: one producer, one consumer.
 *
 * ```ts
 * const ticks = ring(Tick, { capacity: 1024 });
 * worker.postMessage(ticks.memory.ticket());   // there: attachRing(attach(ticket), Tick).consumer()
 * using producer = ticks.producer();
 * producer.push({ price: 189.9 });
 * ```
 *
 * The two ends are separate, and each is one participant's: a second one is refused until the first has closed or is known to be dead.
 */
export class Ring<T extends Type<unknown, never>> {
  readonly memory: Memory;
  readonly type: T;
  readonly capacity: number;
  readonly byteLength: number;
  readonly #plan: RingPlan;

  /** Use `ring` or `attachRing`. */
  constructor(memory: Memory, type: T, plan: RingPlan) {
    this.memory = memory;
    this.type = type;
    this.capacity = plan.capacity;
    this.byteLength = plan.byteLength;
    this.#plan = plan;
  }

  /** Takes the role of the producer. Throws `locked` when another has it who is not known to be dead. */
  producer(options: RingEndOptions = {}): Producer<T> {
    return producerOf(this.type, this.memory, this.#plan, options);
  }

  /** Takes the role of the consumer. Throws `locked` when another has it who is not known to be dead. */
  consumer(options: RingEndOptions = {}): Consumer<T> {
    return consumerOf(this.type, this.memory, this.#plan, 0, "consumer", options);
  }

  /** What contradicts the invariants in ring-layout.ts; empty when sound. For moments when nobody pushes or pops. */
  checkInvariants(): string[] {
    return checkRing(this.memory, this.#plan);
  }
}

function refuseStages(memory: Memory, stages: number): never {
  throw new MemoryError("layout-mismatch", {
    subject: `ring in ${memory.subject}`,
    event: "is a pipeline of several stages",
    numbers: { stages },
    cure: "Open it with attachPipeline.",
  });
}
