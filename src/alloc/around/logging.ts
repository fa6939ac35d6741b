import { AN_ALLOCATOR } from "../../core/block-source.ts";
import type { Ptr } from "../../core/brand.ts";
import { A_FUNCTION, checkCall } from "../../core/check-call.ts";
import { AllocatorWrapper, type CheckableAllocator } from "./wrapper.ts";

/** What was asked of an allocator, and what it did. Sizes in bytes. */
export type AllocationEvent =
  | { readonly operation: "alloc"; readonly ptr: Ptr; readonly byteSize: number; readonly align: number }
  | { readonly operation: "free"; readonly ptr: Ptr; readonly byteSize: number; readonly align: number }
  | {
      readonly operation: "resize";
      readonly ptr: Ptr;
      readonly byteSize: number;
      readonly newByteSize: number;
      readonly align: number;
      readonly done: boolean;
    };

/** Tells a sink of every operation, after it. An `alloc` whose ptr is NIL was refused. */
export class LoggingAllocator extends AllocatorWrapper {
  readonly subject: string;
  readonly #sink: (event: AllocationEvent) => void;

  constructor(inner: CheckableAllocator, sink: (event: AllocationEvent) => void) {
    super(inner);
    this.subject = inner.subject;
    this.#sink = sink;
  }

  override rawAlloc(byteSize: number, align: number): Ptr {
    const ptr = this.inner.rawAlloc(byteSize, align);
    this.#sink({ operation: "alloc", ptr, byteSize, align });
    return ptr;
  }

  override rawFree(ptr: Ptr, byteSize: number, align: number): void {
    this.inner.rawFree(ptr, byteSize, align);
    this.#sink({ operation: "free", ptr, byteSize, align });
  }

  override rawResize(ptr: Ptr, byteSize: number, newByteSize: number, align: number): boolean {
    const done = this.inner.rawResize(ptr, byteSize, newByteSize, align);
    this.#sink({ operation: "resize", ptr, byteSize, newByteSize, align, done });
    return done;
  }
}

/** `allocator`, telling `sink` of every operation. What the sink throws reaches the caller, after the operation is done. */
export function logging(allocator: CheckableAllocator, sink: (event: AllocationEvent) => void): LoggingAllocator {
  checkCall("logging(heap, (event) => console.log(event))", [AN_ALLOCATOR, allocator], [A_FUNCTION, sink]);
  return new LoggingAllocator(allocator, sink);
}
