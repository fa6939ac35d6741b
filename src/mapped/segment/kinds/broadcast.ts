import { Broadcast, type BroadcastOptions, broadcast, broadcastByteLength } from "../../../concurrent/broadcast/broadcast.ts";
import { readBroadcast } from "../../../concurrent/broadcast/broadcast-layout.ts";
import type { Transmitter } from "../../../concurrent/broadcast/transmitter.ts";
import type { RoleOptions } from "../../../concurrent/role.ts";
import { magicOf } from "../../../core/magic.ts";
import type { KindReader, ReadingHome, SegmentKind, StructureHome } from "../kind.ts";
import { Ends } from "./ends.ts";
import { markedBlock, sizeNeeded } from "./one-block.ts";

/** `byteCapacity` is needed to make it, and ignored where it is there. */
export type SegmentBroadcastOptions = Partial<Pick<BroadcastOptions, "byteCapacity">>;

const KIND = "broadcast";
const FORMAT = 1;
const MARK = magicOf("OHbc");

/** Messages from one participant to all who listen: see `broadcast`. */
export function broadcastKind(options: SegmentBroadcastOptions): SegmentKind<SegmentBroadcast> {
  return {
    kind: KIND,
    format: FORMAT,
    signature: "",
    typeName: "",
    create(home) {
      const { name, memory, allocator } = home;
      const byteCapacity = sizeNeeded(KIND, name, "byteCapacity", options.byteCapacity);
      const byteLength = broadcastByteLength({ byteCapacity });
      const byteOffset = allocator.alloc(byteLength, 64);
      broadcast(memory, { byteCapacity, byteOffset });
      return { made: new SegmentBroadcast(home, byteOffset), byteOffset, byteLength };
    },
    attach: (home, byteOffset) => new SegmentBroadcast(home, byteOffset),
    read: (home, byteOffset) => new SegmentBroadcast(home, byteOffset),
    close: (made) => made.close(),
    check: (made) => made.checkInvariants(),
  };
}

export const broadcastReader: KindReader = markedBlock(KIND, FORMAT, MARK);

/** A broadcast in a segment. Its transmitter is the segment's participant, and closes with it. */
export class SegmentBroadcast extends Broadcast {
  readonly #participant: StructureHome["participant"];
  readonly #ends = new Ends();

  /** For `segment.broadcast`. */
  constructor({ memory, participant = {} }: ReadingHome & Partial<StructureHome>, byteOffset: number) {
    super(memory, readBroadcast(memory, byteOffset));
    this.#participant = participant;
  }

  override transmitter(options: RoleOptions = {}): Transmitter {
    return this.#ends.keep(super.transmitter({ ...this.#participant, ...options }));
  }

  /** Closes the transmitter that was taken here. */
  close(): void {
    this.#ends[Symbol.dispose]();
  }
}
