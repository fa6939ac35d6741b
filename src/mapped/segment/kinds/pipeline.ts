import {
  attachPipeline,
  Pipeline,
  type PipelineOptions,
  pipeline,
  pipelineByteLength,
  type Stages,
} from "../../../concurrent/rings/pipeline.ts";
import type { Consumer } from "../../../concurrent/rings/ring-consumer.ts";
import type { RingEndOptions } from "../../../concurrent/rings/ring-end.ts";
import { readRing } from "../../../concurrent/rings/ring-layout.ts";
import type { Producer } from "../../../concurrent/rings/ring-producer.ts";
import { magicOf } from "../../../core/magic.ts";
import type { Type } from "../../../layout/type.ts";
import type { KindReader, SegmentKind, StructureHome } from "../kind.ts";
import { Ends } from "./ends.ts";
import { markedBlock, sizeNeeded } from "./one-block.ts";

/** `capacity` is needed to make it, and ignored where it is there. */
export type SegmentPipelineOptions<S extends Stages> = Pick<PipelineOptions<S>, "stages"> &
  Partial<Pick<PipelineOptions<S>, "capacity">>;

const KIND = "pipeline";
const FORMAT = 1;
const MARK = magicOf("OHrg");

/** Values that pass several stages of participants: see `pipeline`. */
export function pipelineKind<T extends Type<unknown, never>, const S extends Stages>(
  type: T,
  options: SegmentPipelineOptions<S>,
): SegmentKind<SegmentPipeline<T, S>> {
  const { stages } = options;
  return {
    kind: KIND,
    format: FORMAT,
    signature: `${type.signature}|${JSON.stringify(stages)}`,
    typeName: type.name,
    create(home) {
      const { name, memory, allocator } = home;
      const shape = { capacity: sizeNeeded(KIND, name, "capacity", options.capacity), stages };
      const byteLength = pipelineByteLength(type, shape);
      const byteOffset = allocator.alloc(byteLength, 64);
      pipeline(memory, type, { ...shape, byteOffset });
      return { made: new SegmentPipeline(home, type, stages, byteOffset), byteOffset, byteLength };
    },
    attach(home, byteOffset) {
      attachPipeline(home.memory, type, { stages, byteOffset });
      return new SegmentPipeline(home, type, stages, byteOffset);
    },
    close: (made) => made.close(),
    check: (made) => made.checkInvariants(),
  };
}

export const pipelineReader: KindReader = markedBlock(KIND, FORMAT, MARK);

/** A pipeline in a segment. Its producer and its stages are the segment's participant, so that those of the dead are free for the next; they close with it. */
export class SegmentPipeline<T extends Type<unknown, never>, S extends Stages> extends Pipeline<T, S> {
  readonly #participant: StructureHome["participant"];
  readonly #ends = new Ends();

  /** For `segment.pipeline`. */
  constructor({ memory, participant }: StructureHome, type: T, stages: S, byteOffset: number) {
    super(memory, type, readRing(memory, type, byteOffset), stages);
    this.#participant = participant;
  }

  override producer(options: RingEndOptions = {}): Producer<T> {
    return this.#ends.keep(super.producer({ ...this.#participant, ...options }));
  }

  override stage(name: keyof S & string, options: RingEndOptions = {}): Consumer<T> {
    return this.#ends.keep(super.stage(name, { ...this.#participant, ...options }));
  }

  /** Closes those that were taken here. */
  close(): void {
    this.#ends[Symbol.dispose]();
  }
}
