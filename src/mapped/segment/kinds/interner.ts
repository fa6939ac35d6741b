import type { InternerOptions } from "../../../collections/strings/interner-options.ts";
import { relocateInterner } from "../../../collections/strings/relocate-interner.ts";
import { attachSharedInterner, sharedInterner } from "../../../collections/strings/share-interner.ts";
import { SharedInterner } from "../../../collections/strings/shared-interner.ts";
import { HEAD_BYTES } from "../../../collections/strings/shared-interner-layout.ts";
import { magicOf } from "../../../core/magic.ts";
import type { KindReader, SegmentKind } from "../kind.ts";
import { checkMark } from "./one-block.ts";

/** Of use when it is made; ignored where it is there. */
export type SegmentInternerOptions = Omit<InternerOptions, "name">;

const KIND = "interner";
const FORMAT = 1;
const MARK = magicOf("OHsi");

/** Each string once, under the same id for all: see `sharedInterner`. It takes further pages of the segment as it grows. */
export function internerKind<const Name extends string>(
  name: Name,
  options: SegmentInternerOptions,
): SegmentKind<SharedInterner<Name>> {
  return {
    kind: KIND,
    format: FORMAT,
    signature: "",
    typeName: "",
    create({ allocator }) {
      const made = sharedInterner(allocator, { ...options, name });
      return { made, byteOffset: made.byteOffset, byteLength: HEAD_BYTES };
    },
    attach: ({ allocator }, byteOffset) => attachSharedInterner(allocator, { byteOffset, name }),
    read: ({ memory }, byteOffset) => attachSharedInterner(memory, { byteOffset, name }),
    close: (interner) => interner.close(),
    check: (interner) => interner.checkInvariants(),
  };
}

export const internerReader: KindReader = {
  kind: KIND,
  format: FORMAT,
  canMove: () => true,
  relocate: (memory, { from, to, placeOf }) => relocateInterner(memory, from, to, placeOf),
  blocks: (memory, byteOffset) => new SharedInterner(memory, byteOffset, undefined, undefined).blocks(),
  check: (memory, byteOffset) => checkMark(memory, byteOffset, MARK),
};
