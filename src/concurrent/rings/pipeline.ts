import { A_MEMORY, checkCall, type Expectation, namesMemory, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import { sharedMemory } from "../../core/homes.ts";
import type { Memory } from "../../core/memory.ts";
import { A_SIZED_TYPE } from "../../layout/struct-fields.ts";
import type { Type } from "../../layout/type.ts";
import { type Consumer, consumerOf } from "./ring-consumer.ts";
import type { RingEndOptions } from "./ring-end.ts";
import { checkRing, checkShape, formatRing, planRing, type RingPlan, readRing } from "./ring-layout.ts";
import { type Producer, producerOf } from "./ring-producer.ts";

/** For each stage the stages that it follows: none, and it takes values as the producer writes them. */
export type Stages = Readonly<Record<string, readonly string[]>>;

export interface PipelineOptions<S extends Stages> {
  /** How many values are on their way at once, at most. */
  readonly capacity: number;
  /** The names of the stages and whom each follows: `{ parse: [], index: ["parse"], log: ["parse"], done: ["index", "log"] }`. At most 30. */
  readonly stages: S;
  /** Where in the memory it begins, a multiple of 64. Default 0. */
  readonly byteOffset?: number;
}

export type AttachPipelineOptions<S extends Stages> = Omit<PipelineOptions<S>, "capacity">;

/** How many bytes a pipeline takes. Throws `invalid-argument`. */
export function pipelineByteLength(
  type: Type<unknown, never>,
  options: Pick<PipelineOptions<Stages>, "capacity" | "stages">,
): number {
  checkCall(
    `pipelineByteLength(Job, { capacity: 1024, stages: { parse: [], store: ["parse"] } })`,
    [A_SIZED_TYPE, type],
    [OPTIONS, options],
    [STAGES, options?.stages],
  );
  const shape = { capacity: options.capacity, follows: masksOf(options.stages) };
  checkShape(shape);
  return planRing(type, shape, 0).byteLength;
}

/**
 * A ring with one producer and several stages of consumers. Each value passes all of them: a stage meets it when the stages that it follows are done with
 * it, and its slot is written again when all are. Stages that follow none are a broadcast that loses nothing; stages in a row are a pipeline; two that
 * follow one and are followed by one are a diamond (Thompson et al., Disruptor, 2011).
 *
 * Throws `invalid-argument` (a stage that follows itself or one that is not there), `out-of-bounds`, `read-only`.
 */
export function pipeline<T extends Type<unknown, never>, const S extends Stages>(
  memory: Memory,
  type: T,
  options: PipelineOptions<S>,
): Pipeline<T, S>;
/** A pipeline in shared memory of its own, which `pipeline.memory.ticket()` takes to other threads. Throws `invalid-argument`, `out-of-memory`. */
export function pipeline<T extends Type<unknown, never>, const S extends Stages>(
  type: T,
  options: Omit<PipelineOptions<S>, "byteOffset">,
): Pipeline<T, S>;
export function pipeline<T extends Type<unknown, never>, const S extends Stages>(
  ...given: [type: T, options: PipelineOptions<S>] | [memory: Memory, type: T, options: PipelineOptions<S>]
): Pipeline<T, S> {
  if (!namesMemory(given, 3)) {
    const [type, options] = given;
    const call = `pipeline(Job, { capacity: 1024, stages: { parse: [], store: ["parse"] } })`;
    checkCall(call, [A_SIZED_TYPE, type], [OPTIONS, options], [STAGES, options?.stages]);
    return pipeline(sharedMemory(pipelineByteLength(type, options)), type, options);
  }
  const [memory, type, options] = given;
  const call = `pipeline(memory, Job, { capacity: 1024, stages: { parse: [], store: ["parse"] } })`;
  checkCall(call, [A_MEMORY, memory], [A_SIZED_TYPE, type], [OPTIONS, options], [STAGES, options?.stages]);
  const { capacity, stages, byteOffset = 0 } = options;
  return new Pipeline(memory, type, formatRing(memory, type, { capacity, follows: masksOf(stages) }, byteOffset), stages);
}

/** The pipeline that another has made there, with the same stages in the same order. Throws like `attachRing`, and `layout-mismatch`. */
export function attachPipeline<T extends Type<unknown, never>, const S extends Stages>(
  memory: Memory,
  type: T,
  options: AttachPipelineOptions<S>,
): Pipeline<T, S> {
  const call = `attachPipeline(memory, Job, { stages: { parse: [], store: ["parse"] } })`;
  checkCall(call, [A_MEMORY, memory], [A_SIZED_TYPE, type], [OPTIONS, options], [STAGES, options?.stages]);
  const { stages, byteOffset = 0 } = options;
  const plan = readRing(memory, type, byteOffset);
  const masks = masksOf(stages);
  if (masks.length === plan.follows.length && masks.every((mask, stage) => mask === plan.follows[stage])) {
    return new Pipeline(memory, type, plan, stages);
  }
  throw new MemoryError("layout-mismatch", {
    subject: `pipeline in ${memory.subject}`,
    event: "was made with other stages",
    numbers: { stages: plan.follows.length, given: masks.length },
    cure: "Attach with the stages that it was made with, in the same order.",
  });
}

export class Pipeline<T extends Type<unknown, never>, S extends Stages> {
  readonly memory: Memory;
  readonly type: T;
  readonly capacity: number;
  readonly byteLength: number;
  readonly stages: S;
  readonly #plan: RingPlan;

  /** Use `pipeline` or `attachPipeline`. */
  constructor(memory: Memory, type: T, plan: RingPlan, stages: S) {
    this.memory = memory;
    this.type = type;
    this.capacity = plan.capacity;
    this.byteLength = plan.byteLength;
    this.stages = stages;
    this.#plan = plan;
  }

  /** Takes the role of the producer. Throws `locked` when another has it who is not known to be dead. */
  producer(options: RingEndOptions = {}): Producer<T> {
    return producerOf(this.type, this.memory, this.#plan, options);
  }

  /**
   * Takes the role of a stage. Its slots may be changed in place, by `claim` or `drain`, for the stages that follow. Until somebody takes the role of a stage,
   * values wait for it. Throws `locked`, `invalid-argument` (no such stage).
   */
  stage(name: keyof S & string, options: RingEndOptions = {}): Consumer<T> {
    const stage = Object.keys(this.stages).indexOf(name);
    if (stage < 0) refuseStage(name, Object.keys(this.stages));
    return consumerOf(this.type, this.memory, this.#plan, stage, `stage ${name}`, options);
  }

  /** What contradicts the invariants in ring-layout.ts; empty when sound. For moments when nobody moves. */
  checkInvariants(): string[] {
    return checkRing(this.memory, this.#plan);
  }
}

const STAGES: Expectation = { noun: "stages", is: OPTIONS.is };

/** A stage may follow only those before it in the list, or any that lead to none in a circle. */
function masksOf(stages: Stages): number[] {
  const names = Object.keys(stages);
  const masks = names.map((name) =>
    stages[name].reduce((mask, followed) => {
      const at = names.indexOf(followed);
      return at < 0 ? refuseStage(followed, names) : mask | (1 << at);
    }, 0),
  );
  for (const stage of masks.keys()) if (reaches(masks, stage, stage, 0)) refuseCircle(names[stage]);
  return masks;
}

function reaches(masks: readonly number[], from: number, to: number, depth: number): boolean {
  if (depth > masks.length) return true;
  return masks.some((_, next) => (masks[from] & (1 << next)) !== 0 && (next === to || reaches(masks, next, to, depth + 1)));
}

function refuseStage(name: string, names: readonly string[]): never {
  throw new MemoryError("invalid-argument", {
    subject: "pipeline",
    event: `has no stage "${name}"`,
    numbers: { stages: names.join(", ") },
    cure: "Name one of its stages.",
  });
}

function refuseCircle(name: string): never {
  throw new MemoryError("invalid-argument", {
    subject: "pipeline",
    event: `has a stage "${name}" that follows itself`,
    cure: "Stages must not follow each other in a circle.",
  });
}
