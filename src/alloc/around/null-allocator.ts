import { NIL, type Ptr } from "../../core/brand.ts";
import { A_MEMORY, checkCall } from "../../core/check-call.ts";
import type { Lease } from "../../core/lease.ts";
import type { Memory } from "../../core/memory.ts";
import { Allocator } from "../allocator.ts";
import { throwNotLive } from "../block-checks.ts";

/** Has no room, ever: the end of a chain of fallbacks, and what code meets that has run out of memory. */
export class NullAllocator extends Allocator {
  readonly memory: Memory;
  readonly subject = "null allocator";

  constructor(memory: Memory) {
    super();
    this.memory = memory;
  }

  get lease(): Lease {
    return this.memory.lease;
  }

  rawAlloc(): Ptr {
    return NIL;
  }

  rawFree(ptr: Ptr): void {
    throwNotLive(this.subject, "has never made a block, and was given one", { ptr });
  }

  rawResize(): boolean {
    return false;
  }

  override rawOwns(): boolean {
    return false;
  }

  override rawCheckLive(ptr: Ptr): void {
    this.rawFree(ptr);
  }
}

/** An allocator that always refuses. */
export function nullAllocator(memory: Memory): NullAllocator {
  checkCall("nullAllocator(memory)", [A_MEMORY, memory]);
  return new NullAllocator(memory);
}
