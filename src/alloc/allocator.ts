import { checkByteLength, MAX_BYTE_LENGTH } from "../core/align.ts";
import { NIL, type Ptr } from "../core/brand.ts";
import { checkCount } from "../core/check-count.ts";
import { clearBytes } from "../core/clear-bytes.ts";
import { MemoryError } from "../core/errors.ts";
import { INSPECT } from "../core/inspect.ts";
import type { Lease } from "../core/lease.ts";
import type { Memory } from "../core/memory.ts";
import type { Placer } from "../core/placer.ts";
import { checkBlock, checkBlockShape } from "./block-checks.ts";
import { endView, placeOfLiveView } from "./end-view.ts";

export { checkGrowsUnder } from "../core/block-source.ts";

const DEFAULT_ALIGN = 8;

/** What can be made in a place of its own. Every Type is. */
export interface Placeable<Input, View> {
  readonly byteSize: number;
  readonly align: number;
  /** A value at a new place: `init`, every byte that it leaves open zero. `NIL` when there is no room; what `init` lacks throws before a place is taken. */
  rawPlace(placer: Placer, init: Input | undefined): Ptr;
  /** A view of a value that lies there. */
  rawView(lease: Lease, byteOffset: number): View;
}

/**
 * Where a value goes. Implement the three raw methods; all comfortable ones are written once, here, over them.
 *
 * Contract of the raw methods (sizes are whole and positive, alignments powers of two: the comfortable methods have checked):
 * - `rawAlloc` returns a multiple of `align`, or `NIL` when there is no room, and then nothing has changed.
 * - `rawFree` gets the size and alignment that the block was allocated (or last resized) with.
 * - `rawResize` never moves. When it returns false nothing has changed and the block keeps its old size; shrinking may be
 *   refused too.
 * An allocator that can do better than what is written here over them may override `rawAllocMany`, `rawFreeMany`,
 * `rawTryFree`, `rawUsableByteLength`, `rawOwns`, `rawCheckLive` and `rawLeaseOf`.
 */
export abstract class Allocator implements Placer {
  abstract readonly memory: Memory;
  /** As the user knows it, for errors: `arena`. */
  abstract readonly subject: string;
  /** How long views of what this allocator makes are valid. */
  abstract readonly lease: Lease;

  abstract rawAlloc(byteSize: number, align: number): Ptr;
  abstract rawFree(ptr: Ptr, byteSize: number, align: number): void;
  abstract rawResize(ptr: Ptr, oldByteSize: number, newByteSize: number, align: number): boolean;

  /** Puts `count` blocks into `ptrs`, from index 0 on. False when there is no room for all of them: then none is allocated. */
  rawAllocMany(count: number, byteSize: number, align: number, ptrs: Ptr[]): boolean {
    for (let made = 0; made < count; made++) {
      const ptr = this.rawAlloc(byteSize, align);
      if (ptr === NIL) {
        for (let at = made - 1; at >= 0; at--) this.rawFree(ptrs[at], byteSize, align);
        return false;
      }
      ptrs[made] = ptr;
    }
    return true;
  }

  /** The last first: some allocators can only take back their last block. */
  rawFreeMany(ptrs: readonly Ptr[], byteSize: number, align: number): void {
    for (let at = ptrs.length - 1; at >= 0; at--) this.rawFree(ptrs[at], byteSize, align);
  }

  /** How many bytes of the block may be written: at least its size. */
  rawUsableByteLength(_ptr: Ptr, byteSize: number, _align: number): number {
    return byteSize;
  }

  /** Throws `misuse` where it can tell that no such block is live. Called before blocks are freed or resized by the comfortable methods. */
  rawCheckLive(_ptr: Ptr, _byteSize: number, _align: number): void {}

  /**
   * Frees the block, where one look at it tells that it is live in that size and alignment. False when it does not: then nothing has changed, and `free`
   * looks closely. The arguments may be any numbers. For allocators whose check and free are each a few instructions, so that those between them count.
   */
  rawTryFree(_ptr: Ptr, _byteSize: number, _align: number): boolean {
    return false;
  }

  /** Whether `ptr` lies where this allocator places blocks; not whether a block is live there. Without more knowledge: anywhere in the memory. */
  rawOwns(ptr: Ptr): boolean {
    return ptr < this.memory.byteLength;
  }

  /** A block of `byteSize` uninitialised bytes. Throws `out-of-memory`. A size of 0 takes the room of one byte. */
  alloc(byteSize: number, align = DEFAULT_ALIGN): Ptr {
    const ptr = this.tryAlloc(byteSize, align);
    if (ptr === NIL) this.throwOutOfMemory(byteSize, align);
    return ptr;
  }

  /** Like `alloc`, but returns `NIL` when there is no room. */
  tryAlloc(byteSize: number, align = DEFAULT_ALIGN): Ptr {
    checkBlockShape(this.subject, byteSize, align);
    return this.rawAlloc(byteSize || 1, align);
  }

  /** A block of zeros. Throws `out-of-memory`. */
  allocZeroed(byteSize: number, align = DEFAULT_ALIGN): Ptr {
    const ptr = this.alloc(byteSize, align);
    clearBytes(this.memory, ptr, byteSize);
    return ptr;
  }

  /** Like `allocZeroed`, but returns `NIL` when there is no room. */
  tryAllocZeroed(byteSize: number, align = DEFAULT_ALIGN): Ptr {
    const ptr = this.tryAlloc(byteSize, align);
    if (ptr !== NIL) clearBytes(this.memory, ptr, byteSize);
    return ptr;
  }

  /** `count` blocks of the same size and alignment, all or none. Throws `out-of-memory`. Each can be freed by itself or with others. */
  allocMany(count: number, byteSize: number, align = DEFAULT_ALIGN): Ptr[] {
    return this.tryAllocMany(count, byteSize, align) ?? this.throwOutOfMemory(byteSize, align, count);
  }

  /** Like `allocMany`, but returns undefined when there is no room for all. */
  tryAllocMany(count: number, byteSize: number, align = DEFAULT_ALIGN): Ptr[] | undefined {
    checkBlockShape(this.subject, byteSize, align);
    checkCount(this.subject, "count", count, 0, MAX_BYTE_LENGTH);
    const ptrs: Ptr[] = [];
    return this.rawAllocMany(count, byteSize || 1, align, ptrs) ? ptrs : undefined;
  }

  /** Gives a block back. `byteSize` and `align` are those it was allocated with. Freeing `NIL` does nothing. */
  free(ptr: Ptr, byteSize: number, align = DEFAULT_ALIGN): void {
    if (this.rawTryFree(ptr, byteSize, align) || ptr === NIL) return;
    checkBlock(this, ptr, byteSize, align);
    this.rawFree(ptr, byteSize || 1, align);
  }

  /** Gives blocks of one size and alignment back. All are checked before the first is freed. */
  freeMany(ptrs: readonly Ptr[], byteSize: number, align = DEFAULT_ALIGN): void {
    for (const ptr of ptrs) checkBlock(this, ptr, byteSize, align);
    this.rawFreeMany(ptrs, byteSize || 1, align);
  }

  /** Makes the block larger or smaller where it is. False when that cannot be: then nothing has changed. */
  resize(ptr: Ptr, oldByteSize: number, newByteSize: number, align = DEFAULT_ALIGN): boolean {
    checkBlock(this, ptr, oldByteSize, align);
    checkByteLength(this.subject, "newByteSize", newByteSize);
    return this.rawResize(ptr, oldByteSize || 1, newByteSize || 1, align);
  }

  /** Like `resize`, but moves the block (with its bytes and its alignment) when it must. Throws `out-of-memory`; the old block is then untouched. */
  realloc(ptr: Ptr, oldByteSize: number, newByteSize: number, align = DEFAULT_ALIGN): Ptr {
    const moved = this.tryRealloc(ptr, oldByteSize, newByteSize, align);
    if (moved === NIL) this.throwOutOfMemory(newByteSize, align);
    return moved;
  }

  /** Like `realloc`, but returns `NIL` when there is no room; the old block is then untouched. */
  tryRealloc(ptr: Ptr, oldByteSize: number, newByteSize: number, align = DEFAULT_ALIGN): Ptr {
    if (ptr === NIL) return this.tryAlloc(newByteSize, align);
    if (this.resize(ptr, oldByteSize, newByteSize, align)) return ptr;
    const moved = this.rawAlloc(newByteSize || 1, align);
    if (moved === NIL) return NIL;
    this.memory.u8.copyWithin(moved, ptr, ptr + Math.min(oldByteSize, newByteSize));
    this.rawFree(ptr, oldByteSize || 1, align);
    return moved;
  }

  /** Like `realloc`; the bytes that were added are zero. */
  reallocZeroed(ptr: Ptr, oldByteSize: number, newByteSize: number, align = DEFAULT_ALIGN): Ptr {
    const moved = this.tryReallocZeroed(ptr, oldByteSize, newByteSize, align);
    if (moved === NIL) this.throwOutOfMemory(newByteSize, align);
    return moved;
  }

  /** Like `reallocZeroed`, but returns `NIL` when there is no room; the old block is then untouched. */
  tryReallocZeroed(ptr: Ptr, oldByteSize: number, newByteSize: number, align = DEFAULT_ALIGN): Ptr {
    const moved = this.tryRealloc(ptr, oldByteSize, newByteSize, align);
    if (moved === NIL) return NIL;
    const kept = ptr === NIL ? 0 : Math.min(oldByteSize, newByteSize);
    clearBytes(this.memory, moved + kept, newByteSize - kept);
    return moved;
  }

  /** How many bytes of a live block may be written: its size, or more where the allocator rounds up. */
  usableByteLength(ptr: Ptr, byteSize: number, align = DEFAULT_ALIGN): number {
    checkBlock(this, ptr, byteSize, align);
    return this.rawUsableByteLength(ptr, byteSize || 1, align);
  }

  /** Whether `ptr` lies where this allocator places its blocks. Any number may be asked for. */
  owns(ptr: Ptr): boolean {
    return Number.isSafeInteger(ptr) && ptr > 0 && this.rawOwns(ptr);
  }

  /** A copy of `bytes` in a block of its own. */
  dupe(bytes: Uint8Array, align = 1): Ptr {
    const ptr = this.tryDupe(bytes, align);
    if (ptr === NIL) this.throwOutOfMemory(bytes.byteLength, align);
    return ptr;
  }

  /** Like `dupe`, but returns `NIL` when there is no room. */
  tryDupe(bytes: Uint8Array, align = 1): Ptr {
    const ptr = this.tryAlloc(bytes.byteLength, align);
    if (ptr !== NIL) this.memory.u8.set(bytes, ptr);
    return ptr;
  }

  /**
   * One value of `type`, and a view of it: for a struct an object with its fields, for a scalar `{ value }`. Without `init` the
   * bytes are zero. Throws `out-of-memory`, or `bad-value` and then nothing is allocated.
   */
  create<Input, View>(type: Placeable<Input, View>, init?: Input): View {
    // Each struct has code of its own for these two. V8 compiles it into the caller, and where the view goes no further it makes none, as long as
    // no path from here joins one that has another value or none.
    const ptr = type.rawPlace(this, init);
    if (ptr === NIL) this.throwOutOfMemory(type.byteSize, type.align);
    return type.rawView(this.rawLeaseOf(ptr, type.align), ptr);
  }

  /** Like `create`, but returns undefined when there is no room. */
  tryCreate<Input, View>(type: Placeable<Input, View>, init?: Input): View | undefined {
    const ptr = type.rawPlace(this, init);
    return ptr === NIL ? undefined : type.rawView(this.rawLeaseOf(ptr, type.align), ptr);
  }

  /**
   * One value of `type`, and where it lies: `create` for who keeps pointers, as trees and lists do. `type.in(memory).at(ptr)` shows it; `destroyAt`
   * frees it. Throws like `create`.
   */
  place<Input>(type: Placeable<Input, unknown>, init?: Input): Ptr {
    const ptr = type.rawPlace(this, init);
    if (ptr === NIL) this.throwOutOfMemory(type.byteSize, type.align);
    return ptr;
  }

  /** Like `place`, but returns `NIL` when there is no room. */
  tryPlace<Input>(type: Placeable<Input, unknown>, init?: Input): Ptr {
    return type.rawPlace(this, init);
  }

  /**
   * Frees a value that was made by `create(type)`. The view that is passed throws `stale-view` from now on; others of the same value
   * do not notice. Throws `stale-view` for a view that has ended already, `invalid-argument` for one of another memory.
   */
  destroy<View extends object>(type: Placeable<never, View>, view: View): void {
    this.free(placeOfLiveView(view, this.memory, this.subject), type.byteSize, type.align);
    endView(view);
  }

  /** Frees a value by its place. Throws like `free`. */
  destroyAt(type: Placeable<never, unknown>, ptr: Ptr): void {
    this.free(ptr, type.byteSize, type.align);
  }

  /** What the views of a block live under that was just made for a value. */
  rawLeaseOf(_ptr: Ptr, _align: number): Lease {
    return this.lease;
  }

  /** For `console.log`: not what it knows of its blocks. */
  [INSPECT](): string {
    return `<${this.subject} in ${this.memory[INSPECT]()}>`;
  }

  /** What an `out-of-memory` error tells of the room that there is, and of how to get more. */
  protected room(): { readonly numbers: Readonly<Record<string, number | undefined>>; readonly cure: string } {
    return {
      numbers: { committed: this.memory.byteLength, maxByteLength: this.memory.maxByteLength },
      cure: "Free or reset what is no longer needed, reserve more, or use a try… method and handle the refusal.",
    };
  }

  protected throwOutOfMemory(byteSize: number, align: number, count?: number): never {
    const { numbers, cure } = this.room();
    throw new MemoryError("out-of-memory", {
      subject: this.subject,
      event: count === undefined ? "has no room for the block" : "has no room for the blocks",
      numbers: { count, byteSize, align, ...numbers },
      cure,
    });
  }
}
