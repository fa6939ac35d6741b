import { NIL } from "../../core/brand.ts";
import { MemoryError } from "../../core/errors.ts";
import { formatHandle, handleParts, NO_HANDLE } from "../../core/handle.ts";
import type { PoolSlots } from "./pool-slots.ts";

/** Throws the error for a handle that leads to no live record: what it is, what is at its place now, and what to do. */
export function throwNotLive(slots: PoolSlots, handle: unknown): never {
  const { tag, form, blockLength } = slots.plan;
  const parts = handleParts(handle);
  if (handle === NO_HANDLE) throwForeign(slots, handle, "was asked for NO_HANDLE, which names nothing");
  if (parts === undefined) throwForeign(slots, handle, "was given something that is no handle");
  if (parts.form !== form) throwForeign(slots, handle, `has ${form} handles and was given a ${parts.form} one`);
  if (parts.tag !== tag) throwForeign(slots, handle, "was given a handle of another pool", { pool: parts.tag, thisPool: tag });
  const { slotIndex, generation } = parts;
  const block = Math.floor(slotIndex / blockLength);
  const ptr = slots.ptrs[block];
  if (ptr === undefined) {
    throwForeign(slots, handle, "has never had a slot of that number", { slots: slots.ptrs.length * blockLength });
  }
  const word = ptr === NIL ? 0 : slots.words[slots.wordOf(slotIndex)];
  const now = ptr === NIL ? slots.floors[block] : slots.generationOf(word);
  if (generation > now) throwForeign(slots, handle, "never gave out that generation", { now });
  if (ptr === NIL) throwStale(slots, handle, "was removed, and its block given back", { block });
  const low = word & slots.bits.indexMask;
  if (generation === now && low === slots.none)
    throwStale(slots, handle, "is detached", {}, "Reattach a value to the handle first.");
  if (now % 2 === 0) throwStale(slots, handle, "was removed; its slot is free", { now });
  if (low === slots.retired) throwStale(slots, handle, "was removed; its slot has no generations left and is retired");
  throwStale(slots, handle, "was removed; its slot has another one now", { now: `${slotIndex}v${now}` });
}

type Numbers = Readonly<Record<string, number | string>>;

/** The pool has never given out such a handle. */
function throwForeign({ plan: { subject } }: PoolSlots, handle: unknown, event: string, numbers: Numbers = {}): never {
  throw new MemoryError("foreign-handle", {
    subject,
    event,
    numbers: { handle: formatHandle(handle), ...numbers },
    cure: "Pass a handle that `add` of this very pool returned.",
  });
}

/** The pool has given it out, and its record is not there now. `what` completes: a record that … */
function throwStale(
  { plan: { subject } }: PoolSlots,
  handle: unknown,
  what: string,
  numbers: Numbers = {},
  cure = "Ask with tryGet or has where a record may be gone, and forget its handle when you remove it.",
): never {
  throw new MemoryError("stale-handle", {
    subject,
    event: `was asked for a record that ${what}`,
    numbers: { handle: formatHandle(handle), ...numbers },
    cure,
  });
}

/** Throws the error when there is neither a free slot nor room for a block. */
export function throwFull(slots: PoolSlots): never {
  const { subject, capacity, blockLength } = slots.plan;
  const fixed = slots.slotCount >= capacity;
  throw new MemoryError("out-of-memory", {
    subject,
    event: fixed ? "is full" : `has no free slot, and ${slots.allocator.subject} has no room for another block`,
    numbers: {
      size: slots.state.size,
      detached: slots.state.detached,
      capacity,
      blockLength,
      blockByteLength: slots.blockByteLength,
    },
    cure: "Remove what is no longer needed, give the pool more room, or use tryAdd.",
  });
}
