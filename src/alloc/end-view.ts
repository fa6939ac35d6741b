import type { Ptr } from "../core/brand.ts";
import { MemoryError } from "../core/errors.ts";
import { DESTROYED } from "../core/lease.ts";
import type { Memory } from "../core/memory.ts";
import { EPOCH, isView, LEASE, type LeasedView, ptrOf, WRITE_EPOCH } from "../layout/view-parts.ts";

/** Where the value of a live view lies in `memory`. Throws `invalid-argument` for what is no view of a value made there, `stale-view` for one that has ended. */
export function placeOfLiveView(view: object, memory: Memory, subject: string): Ptr {
  if (!isLeased(view) || view[LEASE].memory !== memory) {
    throw new MemoryError("invalid-argument", {
      subject,
      event: "can destroy what it made, and was given something else",
      cure: "Pass the view that create(type) of this allocator returned, and the same type.",
    });
  }
  if (view[LEASE].epoch !== view[EPOCH]) view[LEASE].throwStale(view[EPOCH]);
  return ptrOf(view);
}

/** The view throws `stale-view` at every later use. */
export function endView(view: object): void {
  if (!isLeased(view)) return;
  view[EPOCH] = DESTROYED;
  view[WRITE_EPOCH] = DESTROYED;
}

function isLeased(view: object): view is LeasedView {
  return isView(view) && LEASE in view && EPOCH in view && WRITE_EPOCH in view;
}
