import { magicOf } from "../../../alloc/region.ts";
import { attachSharedBump, type SharedBump, sharedBump } from "../../../alloc/shared-bump.ts";
import type { KindReader, SegmentKind } from "../kind.ts";
import { checkMark, oneBlock, sizeNeeded } from "./one-block.ts";

export interface SegmentArenaOptions {
  /** How much it has room for. Needed to make it; ignored where it is there. */
  readonly byteLength?: number;
}

const KIND = "arena";
const FORMAT = 1;
const MARK = magicOf("OHbp");

/** Blocks one after the other, freed all at once, for threads and processes: see `sharedBump`. */
export function arenaKind({ byteLength }: SegmentArenaOptions): SegmentKind<SharedBump> {
  return {
    kind: KIND,
    format: FORMAT,
    signature: "",
    typeName: "",
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

export const arenaReader: KindReader = oneBlock(KIND, FORMAT, false, (memory, byteOffset) => checkMark(memory, byteOffset, MARK));
