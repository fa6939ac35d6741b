import { attachSharedBump, type SharedBump, sharedBump } from "../../../alloc/shared-bump.ts";
import { magicOf } from "../../../core/magic.ts";
import type { KindReader, SegmentKind } from "../kind.ts";
import { isMovable, type MovableOptions, movability } from "./movable.ts";
import { markedBlock, sizeNeeded } from "./one-block.ts";

export interface SegmentArenaOptions extends MovableOptions {
  /** How much it has room for. Needed to make it; ignored where it is there. */
  readonly byteLength?: number;
}

const KIND = "arena";
const FORMAT = 1;
const MARK = magicOf("OHbp");

/** Blocks one after the other, freed all at once, for threads and processes: see `sharedBump`. */
export function arenaKind({ byteLength, movable }: SegmentArenaOptions): SegmentKind<SharedBump> {
  return {
    kind: KIND,
    format: FORMAT,
    ...movability(movable),
    create({ name, memory, allocator }) {
      const needed = sizeNeeded("arena", name, "byteLength", byteLength);
      const byteOffset = allocator.alloc(needed, 64);
      return { made: sharedBump(memory, { byteOffset, byteLength: needed }), byteOffset, byteLength: needed };
    },
    attach: ({ memory }, byteOffset) => attachSharedBump(memory, byteOffset),
    close: (arena) => arena.close(),
    check: (arena) => arena.checkInvariants(),
  };
}

export const arenaReader: KindReader = {
  ...markedBlock(KIND, FORMAT, MARK),
  canMove: (_memory, _byteOffset, found) => isMovable(found),
};
