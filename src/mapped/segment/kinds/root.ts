import type { Type, ViewOf } from "../../../layout/type.ts";
import type { KindReader, SegmentKind } from "../kind.ts";
import { oneBlock } from "./one-block.ts";

const KIND = "root";
const FORMAT = 1;

/** One value of a type, of zeros at first: what a program keeps beside its structures. */
export function rootKind<T extends Type<unknown, never>>(type: T): SegmentKind<ViewOf<T>> {
  return {
    kind: KIND,
    format: FORMAT,
    signature: type.signature,
    typeName: type.name,
    create({ allocator, lease }) {
      const byteOffset = allocator.allocZeroed(type.byteSize, type.align);
      return { made: type.view(lease, byteOffset) as ViewOf<T>, byteOffset, byteLength: type.byteSize };
    },
    attach: ({ lease }, byteOffset) => type.view(lease, byteOffset) as ViewOf<T>,
    read: ({ lease }, byteOffset) => type.view(lease, byteOffset) as ViewOf<T>,
    // Its views end with the lease.
    close: () => {},
    check: () => [],
  };
}

export const rootReader: KindReader = oneBlock(KIND, FORMAT);
