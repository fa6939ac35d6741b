import { Ring, type RingOptions, ring, ringByteLength } from "../../../concurrent/rings/ring.ts";
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
export type SegmentRingOptions = Partial<Pick<RingOptions, "capacity">>;

const KIND = "ring";
const FORMAT = 1;
const MARK = magicOf("OHrg");

/** A queue of values from one participant to another: see `ring`. */
export function ringKind<T extends Type<unknown, never>>(type: T, options: SegmentRingOptions): SegmentKind<SegmentRing<T>> {
  return {
    kind: KIND,
    format: FORMAT,
    signature: type.signature,
    typeName: type.name,
    create(home) {
      const { name, memory, allocator } = home;
      const shape = { capacity: sizeNeeded("ring", name, "capacity", options.capacity) };
      const byteLength = ringByteLength(type, shape);
      const byteOffset = allocator.alloc(byteLength, 64);
      ring(memory, type, { ...shape, byteOffset });
      return { made: new SegmentRing(home, type, byteOffset), byteOffset, byteLength };
    },
    attach: (home, byteOffset) => new SegmentRing(home, type, byteOffset),
    close: (made) => made.close(),
    check: (made) => made.checkInvariants(),
  };
}

export const ringReader: KindReader = markedBlock(KIND, FORMAT, MARK);

/** A ring in a segment. Its ends are taken as the segment's participant, so that those of the dead are free for the next; they close with it. */
export class SegmentRing<T extends Type<unknown, never>> extends Ring<T> {
  readonly #participant: StructureHome["participant"];
  readonly #ends = new Ends();

  /** For `segment.ring`. */
  constructor({ memory, participant }: StructureHome, type: T, byteOffset: number) {
    super(memory, type, readRing(memory, type, byteOffset));
    this.#participant = participant;
  }

  override producer(options: RingEndOptions = {}): Producer<T> {
    return this.#ends.keep(super.producer({ ...this.#participant, ...options }));
  }

  override consumer(options: RingEndOptions = {}): Consumer<T> {
    return this.#ends.keep(super.consumer({ ...this.#participant, ...options }));
  }

  /** Closes the ends that were taken here. */
  close(): void {
    this.#ends[Symbol.dispose]();
  }
}
