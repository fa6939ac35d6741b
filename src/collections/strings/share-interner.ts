import type { Allocator } from "../../alloc/allocator.ts";
import { attachSharedBump, sharedBump } from "../../alloc/shared-bump.ts";
import { AN_ALLOCATOR } from "../../core/block-source.ts";
import { A_MEMORY, checkCall, type Expectation, OPTIONS } from "../../core/check-call.ts";
import { Memory } from "../../core/memory.ts";
import type { InternerOptions } from "./interner-options.ts";
import { SharedInterner } from "./shared-interner.ts";

const A_PLACE: Expectation = { noun: "a memory or an allocator", is: (value) => A_MEMORY.is(value) || AN_ALLOCATOR.is(value) };

/** Where the head lies in a memory that a shared interner has for itself. */
const FIRST_BLOCK = 64;

/**
 * A shared interner without strings. `place` is an allocator that all who share it can use, each through a handle of its own, such as
 * `sharedBump` and `sharedHeap`; or a whole Memory that serves nothing else, all of which is committed.
 */
export function sharedInterner<const Name extends string = string>(
  place: Allocator | Memory,
  options: InternerOptions<Name> = {},
): SharedInterner<Name> {
  checkCall("sharedInterner(memory)", [A_PLACE, place], [OPTIONS, options]);
  return SharedInterner.create(place instanceof Memory ? sharedBump(place) : place, options);
}

/**
 * The shared interner whose head lies at `byteOffset`, as somebody else made it; in a memory that it has for itself the offset can be left out. Over a
 * Memory that is read-only it finds and resolves. Throws `corrupt`, `unsupported-format`, `out-of-bounds`, `invalid-argument`.
 */
export function attachSharedInterner<const Name extends string = string>(
  place: Allocator | Memory,
  options: { readonly byteOffset?: number; readonly name?: Name } = {},
): SharedInterner<Name> {
  checkCall("attachSharedInterner(memory)", [A_PLACE, place], [OPTIONS, options]);
  const { byteOffset = FIRST_BLOCK, name } = options;
  if (!(place instanceof Memory)) return new SharedInterner(place.memory, byteOffset, place, name);
  return new SharedInterner(place, byteOffset, place.readOnly ? undefined : attachSharedBump(place), name);
}
