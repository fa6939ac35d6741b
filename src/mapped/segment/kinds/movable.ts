import { fingerprint } from "../../../layout/fingerprint.ts";
import type { SegmentKind } from "../kind.ts";

export interface MovableOptions {
  /**
   * Whether `segment.compact()` may move it. Then programs keep of a block where it lies in it, `ptr - byteOffset` of the allocator, and not `ptr`, which the next run may find
   * elsewhere; and no block is aligned to more than a page. All who open it say the same, else it is a `layout-mismatch`. Default: false, it stays where it is.
   */
  readonly movable?: boolean;
}

const MOVABLE = "movable blocks";
const FINGERPRINT = fingerprint(MOVABLE);

/** Files tell by the signature whether it is movable, so that programs cannot be of two minds. */
export function movability(movable = false): Pick<SegmentKind<unknown>, "signature" | "typeName"> {
  const signature = movable ? MOVABLE : "";
  return { signature, typeName: signature };
}

export function isMovable(found: string): boolean {
  return found === FINGERPRINT;
}
