import { AN_ALLOCATOR } from "../core/block-source.ts";
import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";
import type { Allocator } from "./allocator.ts";
import { Bump, bump } from "./bump.ts";
import { movingMemory } from "./moving-memory.ts";

/** Where a structure is to go. */
export interface Placement {
  /** Where its blocks go. Default: private memory of its own, which ends with it. */
  readonly allocator?: Allocator | undefined;
  /** Instead of an allocator: a memory that has nothing else in it. */
  readonly memory?: Memory | undefined;
}

/** Over a memory that has one structure in it and ends with it. */
export class OwnBump extends Bump {}

/** The allocator of a structure called `subject`: see {@link Placement}. `makeMemory` makes the memory of its own. Throws `invalid-argument` for both. */
export function placed(subject: string, { allocator, memory }: Placement, makeMemory = movingMemory): Allocator {
  if (allocator !== undefined && memory !== undefined) {
    throw new MemoryError("invalid-argument", {
      subject,
      event: "was given both an allocator and a memory",
      cure: "Pass the allocator alone; it has a memory.",
    });
  }
  if (allocator !== undefined) {
    if (AN_ALLOCATOR.is(allocator)) return allocator;
    throw new MemoryError("invalid-argument", {
      subject,
      event: "was given something else as its allocator",
      cure: "Pass one, as slab(memory) makes it, or neither allocator nor memory: then it has memory of its own.",
    });
  }
  return memory === undefined ? new OwnBump(makeMemory(`memory of the ${subject}`)) : bump(memory);
}

/** For a structure that has given its blocks back, or lost them: ends the memory that it had of its own. */
export function endPlacement(allocator: Allocator | undefined): void {
  if (allocator instanceof OwnBump) allocator.memory.close();
}

/** For a structure that has ended, with its placement: memory of its own ended with it, and is not what the error is about. */
export function throwPlacedEnded(allocator: Allocator, subject: string, event: string, cure: string): never {
  if (!(allocator instanceof OwnBump)) allocator.memory.checkOpen();
  throw new MemoryError("closed", { subject, event, cure });
}
