import type { Allocator } from "../../alloc/allocator.ts";
import { MemoryError } from "../../core/errors.ts";
import { BLOCK_ALIGN } from "../block-header.ts";
import { HashSlots } from "./hash-slots.ts";
import { blockByteLength, type SlotLayout, writeHeader } from "./hash-table-layout.ts";

/** An empty table of one block. Throws `out-of-memory`, and then nothing stays allocated. */
export function allocateSlots<Key, Value, Input>(
  allocator: Allocator,
  layout: SlotLayout<Key, Value, Input>,
  capacity: number,
  multiplier: number,
): HashSlots<Key, Value, Input> {
  checkSlotCount(layout, capacity);
  const ptr = allocator.allocZeroed(blockByteLength(layout.slotWords, capacity), BLOCK_ALIGN);
  writeHeader(allocator.memory, ptr, layout, capacity, multiplier);
  const { lease } = allocator;
  return new HashSlots({ lease, epoch: lease.epoch, byteOffset: ptr, ptr }, layout);
}

/** Throws `out-of-memory` for more slots than words can be counted of. */
export function checkSlotCount(layout: SlotLayout<unknown, unknown, never>, slots: number): void {
  if (slots <= layout.mostCapacity) return;
  throw new MemoryError("out-of-memory", {
    subject: "hash table",
    event: "cannot have so many slots",
    numbers: { slots, most: layout.mostCapacity },
    cure: "Split the keys among several tables.",
  });
}

/** Gives the block back. */
export function freeSlots(allocator: Allocator, slots: HashSlots<unknown, unknown, never>): void {
  allocator.free(slots.ptr, blockByteLength(slots.slotWords, slots.pageSlots), BLOCK_ALIGN);
}
