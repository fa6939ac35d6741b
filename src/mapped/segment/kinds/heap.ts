import { attachSharedHeap, type SharedHeap, type SharedHeapOptions, sharedHeap } from "../../../alloc/heaps/shared-heap.ts";
import { SHARED_HEAP_FORMAT } from "../../../alloc/heaps/shared-heap-layout.ts";
import type { KindReader, SegmentKind } from "../kind.ts";
import { isMovable, type MovableOptions, movability } from "./movable.ts";
import { markedBlock, sizeNeeded } from "./one-block.ts";

/** `byteLength`, all that it can ever have, is needed to make it; both are ignored where it is there. */
export interface SegmentHeapOptions extends MovableOptions, Pick<SharedHeapOptions, "byteLength" | "seats"> {}

const KIND = "heap";
const FORMAT = 1;

/** Blocks of any size that participants take and free one by one: see `sharedHeap`. */
export function heapKind({ movable, ...options }: SegmentHeapOptions): SegmentKind<SharedHeap> {
  return {
    kind: KIND,
    format: FORMAT,
    ...movability(movable),
    create({ name, memory, allocator, participant }) {
      const byteLength = sizeNeeded(KIND, name, "byteLength", options.byteLength);
      const byteOffset = allocator.alloc(byteLength, SHARED_HEAP_FORMAT.align);
      return { made: sharedHeap(memory, { ...options, ...participant, byteLength, byteOffset }), byteOffset, byteLength };
    },
    attach: ({ memory, participant }, byteOffset) => attachSharedHeap(memory, byteOffset, participant),
    close: (heap) => heap.close(),
    check: (heap) => heap.checkInvariants(),
  };
}

export const heapReader: KindReader = {
  ...markedBlock(KIND, FORMAT, SHARED_HEAP_FORMAT.magic),
  canMove: (_memory, _byteOffset, found) => isMovable(found),
};
