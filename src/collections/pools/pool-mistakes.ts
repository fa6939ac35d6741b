import { NIL } from "../../core/brand.ts";
import { MemoryError } from "../../core/errors.ts";
import { formatHandle, handleParts, NO_HANDLE } from "../../core/handle.ts";
import type { PoolSlots } from "./pool-slots.ts";

/** Throws the error for a handle that leads to no live record: what it is, what is at its place now, and what to do. */
export function throwNotLive(slots: PoolSlots, handle: unknown): never {
  const { subject, tag, form, blockLength } = slots.plan;
  const parts = handleParts(handle);
  const told = formatHandle(handle);
  const foreign = (event: string, numbers: Readonly<Record<string, number | string>> = {}): never => {
    throw new MemoryError("foreign-handle", {
      subject,
      event,
      numbers: { handle: told, ...numbers },
      cure: "Pass a handle that `add` of this very pool returned.",
    });
  };
  if (handle === NO_HANDLE) foreign("was asked for NO_HANDLE, which names nothing");
  if (parts === undefined) return foreign("was given something that is no handle");
  if (parts.form !== form) return foreign(`has ${form} handles and was given a ${parts.form} one`);
  if (parts.tag !== tag) return foreign("was given a handle of another pool", { pool: parts.tag, thisPool: tag });
  const block = Math.floor(parts.slotIndex / blockLength);
  const ptr = slots.ptrs[block];
  if (ptr === undefined) return foreign("has never had a slot of that number", { slots: slots.ptrs.length * blockLength });
  const stale = (event: string, numbers: Readonly<Record<string, number | string>>, cure: string): never => {
    throw new MemoryError("stale-handle", { subject, event, numbers: { handle: told, ...numbers }, cure });
  };
  const cure = "Ask with tryGet or has where a record may be gone, and forget its handle when you remove it.";
  if (ptr === NIL) {
    const last = slots.floors[block];
    if (parts.generation > last) return foreign("never gave out that generation", { last });
    return stale("was asked for a record that was removed, and its block given back", { block }, cure);
  }
  const word = slots.words[slots.wordOf(parts.slotIndex)];
  const generation = slots.generationOf(word);
  const low = word & slots.bits.indexMask;
  if (parts.generation > generation) return foreign("never gave out that generation", { now: generation });
  if (parts.generation === generation && low === slots.none) {
    return stale("was asked for a record that is detached", {}, "Reattach a value to the handle first.");
  }
  if (generation % 2 === 0) return stale("was asked for a record that was removed; its slot is free", { now: generation }, cure);
  if (low === slots.retired) {
    return stale("was asked for a record that was removed; its slot has no generations left and is retired", {}, cure);
  }
  const numbers = { now: `${parts.slotIndex}v${generation}` };
  return stale("was asked for a record that was removed; its slot has another one now", numbers, cure);
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
