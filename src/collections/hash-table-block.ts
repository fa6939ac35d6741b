import type { Allocator } from "../alloc/allocator.ts";
import { MemoryError } from "../core/errors.ts";
import { BLOCK_ALIGN, HEADER_WORDS } from "./block-header.ts";
import { HashSlots } from "./hash-slots.ts";
import { blockByteLength, type SlotLayout, writeHeader } from "./hash-table-layout.ts";

/** Empty slots in a block of their own. Throws `out-of-memory`, and then nothing stays allocated. */
export function allocateSlots<Key, Value, Input>(
  allocator: Allocator,
  layout: SlotLayout<Key, Value, Input>,
  capacity: number,
  multiplier: number,
): HashSlots<Key, Value, Input> {
  if (capacity > layout.mostCapacity) {
    throw new MemoryError("out-of-memory", {
      subject: "hash table",
      event: "cannot have so many slots",
      numbers: { slots: capacity, most: layout.mostCapacity },
      cure: "Split the keys among several tables.",
    });
  }
  const ptr = allocator.allocZeroed(blockByteLength(layout.slotWords, capacity), BLOCK_ALIGN);
  writeHeader(allocator.memory.slice("i32", ptr, HEADER_WORDS), layout, capacity, multiplier);
  const { lease } = allocator;
  return new HashSlots({ lease, epoch: lease.epoch, byteOffset: ptr, ptr, capacity }, layout);
}

/** Gives the block back. */
export function freeSlots(allocator: Allocator, slots: HashSlots<unknown, unknown, never>): void {
  allocator.free(slots.ptr, blockByteLength(slots.slotWords, slots.capacity), BLOCK_ALIGN);
}
