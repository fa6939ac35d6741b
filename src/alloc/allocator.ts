import { checkAlign, checkByteLength } from "../core/align.ts";
import { NIL, type Ptr } from "../core/brand.ts";
import { MemoryError } from "../core/errors.ts";
import type { Lease } from "../core/lease.ts";
import type { Memory } from "../core/memory.ts";

const DEFAULT_ALIGN = 8;

/** What `create` must know of a type. Every Type is one. */
export interface Placeable<Input, View> {
  readonly byteSize: number;
  readonly align: number;
  write(memory: Memory, byteOffset: number, value: Input): void;
  view(lease: Lease, byteOffset: number): View;
}

/**
 * Where a value goes. Implement the three raw methods; all comfortable ones are written once, here, over them.
 *
 * Contract of the raw methods (sizes are whole and positive, alignments powers of two: the comfortable methods have checked):
 * - `rawAlloc` returns a multiple of `align`, or `NIL` when there is no room, and then nothing has changed.
 * - `rawFree` gets the size and alignment that the block was allocated (or last resized) with.
 * - `rawResize` never moves. When it returns false nothing has changed and the block keeps its old size; shrinking may be
 *   refused too.
 */
export abstract class Allocator {
  abstract readonly memory: Memory;
  /** As the user knows it, for errors: `arena`. */
  abstract readonly subject: string;
  /** How long views of what this allocator makes are valid. */
  abstract readonly lease: Lease;

  abstract rawAlloc(byteSize: number, align: number): Ptr;
  abstract rawFree(ptr: Ptr, byteSize: number, align: number): void;
  abstract rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, align: number): boolean;

  /** A block of `byteSize` uninitialised bytes. Throws `out-of-memory`. A size of 0 takes the room of one byte. */
  alloc(byteSize: number, align = DEFAULT_ALIGN): Ptr {
    const ptr = this.tryAlloc(byteSize, align);
    if (ptr === NIL) this.throwOutOfMemory(byteSize, align);
    return ptr;
  }

  /** Like `alloc`, but returns `NIL` when there is no room. */
  tryAlloc(byteSize: number, align = DEFAULT_ALIGN): Ptr {
    checkByteLength(this.subject, "byteSize", byteSize);
    checkAlign(this.subject, align);
    return this.rawAlloc(Math.max(byteSize, 1), align);
  }

  /** A block of zeros. */
  allocZeroed(byteSize: number, align = DEFAULT_ALIGN): Ptr {
    const ptr = this.alloc(byteSize, align);
    clear(this.memory, ptr, byteSize);
    return ptr;
  }

  /** Gives a block back. `byteSize` and `align` are those it was allocated with. Freeing `NIL` does nothing. */
  free(ptr: Ptr, byteSize: number, align = DEFAULT_ALIGN): void {
    if (ptr === NIL) return;
    this.#checkBlock(ptr, byteSize, align);
    this.rawFree(ptr, Math.max(byteSize, 1), align);
  }

  /** Makes the block larger or smaller where it is. False when that cannot be: then nothing has changed. */
  resize(ptr: Ptr, oldByteSize: number, newByteSize: number, align = DEFAULT_ALIGN): boolean {
    this.#checkBlock(ptr, oldByteSize, align);
    checkByteLength(this.subject, "newByteSize", newByteSize);
    return this.rawResize(ptr, Math.max(oldByteSize, 1), Math.max(newByteSize, 1), align);
  }

  /** Like `resize`, but moves the block (with its bytes and its alignment) when it must. Throws `out-of-memory`; the old block is then untouched. */
  realloc(ptr: Ptr, oldByteSize: number, newByteSize: number, align = DEFAULT_ALIGN): Ptr {
    if (ptr === NIL) return this.alloc(newByteSize, align);
    if (this.resize(ptr, oldByteSize, newByteSize, align)) return ptr;
    const moved = this.alloc(newByteSize, align);
    this.memory.u8.copyWithin(moved, ptr, ptr + Math.min(oldByteSize, newByteSize));
    this.rawFree(ptr, Math.max(oldByteSize, 1), align);
    return moved;
  }

  /** A copy of `bytes` in a block of its own. */
  dupe(bytes: Uint8Array, align = 1): Ptr {
    const ptr = this.alloc(bytes.byteLength, align);
    this.memory.u8.set(bytes, ptr);
    return ptr;
  }

  /**
   * One value of `type`, and a view of it: for a struct an object with its fields, for a scalar `{ value }`. Without `init` the
   * bytes are zero. Throws `out-of-memory`, or `bad-value` and then nothing stays allocated.
   */
  create<Input, View>(type: Placeable<Input, View>, init?: Input): View {
    const { byteSize, align } = type;
    const ptr = this.rawAlloc(Math.max(byteSize, 1), align);
    if (ptr === NIL) this.throwOutOfMemory(byteSize, align);
    clear(this.memory, ptr, byteSize);
    if (init !== undefined) {
      try {
        type.write(this.memory, ptr, init);
      } catch (error) {
        this.rawFree(ptr, Math.max(byteSize, 1), align);
        throw error;
      }
    }
    return type.view(this.lease, ptr);
  }

  protected throwOutOfMemory(byteSize: number, align: number): never {
    throw new MemoryError("out-of-memory", {
      subject: this.subject,
      event: "has no room for the block",
      numbers: { byteSize, align, committed: this.memory.byteLength, maxByteLength: this.memory.maxByteLength },
      cure: "Free or reset what is no longer needed, reserve more, or use tryAlloc and handle NIL.",
    });
  }

  #checkBlock(ptr: Ptr, byteSize: number, align: number): void {
    checkByteLength(this.subject, "byteSize", byteSize);
    checkAlign(this.subject, align);
    this.memory.checkRange(ptr, byteSize);
    if (ptr % align === 0) return;
    throw new MemoryError("invalid-argument", {
      subject: this.subject,
      event: "was given a block that is not aligned as it claims",
      numbers: { ptr, align },
      cure: "Pass the pointer, size and alignment that the block was allocated with.",
    });
  }
}

/** Up to here a loop is several times faster than a call of `fill`. */
const SHORT_BYTES = 128;

/** Zeros, so that padding never tells of what was there before. */
function clear(memory: Memory, ptr: number, byteSize: number): void {
  if (byteSize > SHORT_BYTES) {
    memory.u8.fill(0, ptr, ptr + byteSize);
    return;
  }
  if (ptr % 4 === 0 && byteSize % 4 === 0) {
    const { u32 } = memory;
    for (let word = ptr / 4, end = word + byteSize / 4; word < end; word++) u32[word] = 0;
    return;
  }
  const { u8 } = memory;
  for (let at = ptr, end = ptr + byteSize; at < end; at++) u8[at] = 0;
}

/**
 * For structures that take further blocks as they grow: throws `invalid-argument` when `allocator`, by now, hands out blocks that end before those
 * that it handed out under `lease`, as an arena does inside a scope. Blocks taken there would be pulled away from under the structure.
 */
export function checkGrowsUnder(lease: Lease, allocator: Allocator, subject: string): void {
  if (allocator.lease === lease) return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: `cannot grow inside a scope of its ${allocator.subject} that was opened after it and ends before it`,
    cure: `Make the ${subject} inside the scope, give it an allocator of its own, or let it grow outside of the scope.`,
  });
}
