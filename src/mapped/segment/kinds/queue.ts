import { attachQueue, queue, queueByteLength } from "../../../concurrent/rings/make-queue.ts";
import type { Queue, QueueOptions } from "../../../concurrent/rings/queue.ts";
import { magicOf } from "../../../core/magic.ts";
import type { Type } from "../../../layout/type.ts";
import type { KindReader, SegmentKind } from "../kind.ts";
import { markedBlock, sizeNeeded } from "./one-block.ts";

/** `capacity` is needed to make it; both are ignored where it is there. */
export type SegmentQueueOptions = Partial<Pick<QueueOptions, "capacity" | "seats">>;

const KIND = "queue";
const FORMAT = 2;
const MARK = magicOf("OHqu");

/** A queue that all participants push to and pop from: see `queue`. */
export function queueKind<T extends Type<unknown, never>>(type: T, options: SegmentQueueOptions): SegmentKind<Queue<T>> {
  return {
    kind: KIND,
    format: FORMAT,
    signature: type.signature,
    typeName: type.name,
    create({ name, memory, allocator, participant }) {
      const capacity = sizeNeeded(KIND, name, "capacity", options.capacity);
      const shape = { capacity, ...(options.seats === undefined ? {} : { seats: options.seats }) };
      const byteLength = queueByteLength(type, shape);
      const byteOffset = allocator.alloc(byteLength, 64);
      return { made: queue(memory, type, { ...shape, ...participant, byteOffset }), byteOffset, byteLength };
    },
    attach: ({ memory, participant }, byteOffset) => attachQueue(memory, type, { ...participant, byteOffset }),
    close: (made) => made.close(),
    check: (made) => made.checkInvariants(),
  };
}

export const queueReader: KindReader = markedBlock(KIND, FORMAT, MARK);
