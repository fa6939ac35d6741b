import { alignUp, MAX_BYTE_LENGTH } from "../core/align.ts";
import { NIL, type Ptr } from "../core/brand.ts";
import type { Allocator } from "./allocator.ts";

/**
 * `rawAllocMany` for allocators that place blocks one after the other and need nothing beside them: one block for all, cut up. The last of them
 * ends where a block of its own would, so it can be freed and resized like one.
 */
export function rawAllocRow(allocator: Allocator, count: number, byteSize: number, align: number, ptrs: Ptr[]): boolean {
  if (count === 0) return true;
  const stride = alignUp(byteSize, align);
  const byteLength = stride * (count - 1) + byteSize;
  const first = byteLength <= MAX_BYTE_LENGTH ? allocator.rawAlloc(byteLength, align) : NIL;
  if (first === NIL) return false;
  for (let made = 0; made < count; made++) ptrs[made] = (first + made * stride) as Ptr;
  return true;
}
