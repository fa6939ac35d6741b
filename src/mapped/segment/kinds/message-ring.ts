import type { MessageConsumer } from "../../../concurrent/messages/message-consumer.ts";
import type { MessageProducer } from "../../../concurrent/messages/message-producer.ts";
import {
  MessageRing,
  type MessageRingOptions,
  messageRing,
  messageRingByteLength,
} from "../../../concurrent/messages/message-ring.ts";
import { readMessageRing } from "../../../concurrent/messages/message-ring-layout.ts";
import type { RoleOptions } from "../../../concurrent/role.ts";
import { magicOf } from "../../../core/magic.ts";
import type { KindReader, SegmentKind, StructureHome } from "../kind.ts";
import { Ends } from "./ends.ts";
import { markedBlock, sizeNeeded } from "./one-block.ts";

/** `byteCapacity` is needed to make it; both are ignored where it is there. */
export type SegmentMessageRingOptions = Partial<Pick<MessageRingOptions, "byteCapacity" | "producers">>;

const KIND = "message-ring";
const FORMAT = 1;
const MARK = magicOf("OHms");

/** Messages of any length from one participant or many to one: see `messageRing`. */
export function messageRingKind(options: SegmentMessageRingOptions): SegmentKind<SegmentMessageRing> {
  return {
    kind: KIND,
    format: FORMAT,
    signature: "",
    typeName: "",
    create(home) {
      const { name, memory, allocator } = home;
      const { producers = 1 } = options;
      const shape = { byteCapacity: sizeNeeded("message ring", name, "byteCapacity", options.byteCapacity), producers };
      const byteLength = messageRingByteLength(shape);
      const byteOffset = allocator.alloc(byteLength, 64);
      messageRing(memory, { ...shape, byteOffset });
      return { made: new SegmentMessageRing(home, byteOffset), byteOffset, byteLength };
    },
    attach: (home, byteOffset) => new SegmentMessageRing(home, byteOffset),
    close: (made) => made.close(),
    check: (made) => made.checkInvariants(),
  };
}

export const messageRingReader: KindReader = markedBlock(KIND, FORMAT, MARK);

/** A message ring in a segment. Its producers and its consumer are the segment's participant, so that the dead make room for the next; they close with it. */
export class SegmentMessageRing extends MessageRing {
  readonly #participant: StructureHome["participant"];
  readonly #ends = new Ends();

  /** For `segment.messageRing`. */
  constructor({ memory, participant }: StructureHome, byteOffset: number) {
    super(memory, readMessageRing(memory, byteOffset));
    this.#participant = participant;
  }

  override producer(options: RoleOptions = {}): MessageProducer {
    return this.#ends.keep(super.producer({ ...this.#participant, ...options }));
  }

  override consumer(options: RoleOptions = {}): MessageConsumer {
    return this.#ends.keep(super.consumer({ ...this.#participant, ...options }));
  }

  /** Closes those that were taken here. */
  close(): void {
    this.#ends[Symbol.dispose]();
  }
}
