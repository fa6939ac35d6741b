import { Columns } from "../../../collections/columns/columns.ts";
import { continueColumns, formatColumns, sharedColumnsByteLength } from "../../../collections/columns/shared-columns.ts";
import { magicOf } from "../../../core/magic.ts";
import type { StructType } from "../../../layout/struct.ts";
import type { Fields } from "../../../layout/struct-fields.ts";
import type { KindReader, SegmentKind } from "../kind.ts";
import { markedBlock, sizeNeeded } from "./one-block.ts";

export interface SegmentColumnsOptions {
  /** How many rows there is room for, for good. Needed to make them; ignored where they are there. */
  readonly capacity?: number;
  /** Whether rows can be added and changed: by one participant at a time. Default: true for who makes them, false for who finds them. */
  readonly write?: boolean;
}

const KIND = "columns";
const FORMAT = 1;
const MARK = magicOf("OHco");

/** Rows of a struct, each field in an array of its own: see `columns`. One participant writes, any number read. */
export function columnsKind<const F extends Fields>(type: StructType<F>, options: SegmentColumnsOptions): SegmentKind<Columns<F>> {
  return {
    kind: KIND,
    format: FORMAT,
    signature: type.signature,
    typeName: type.name,
    create(home) {
      const { name, memory, lease } = home;
      const capacity = sizeNeeded("columns", name, "capacity", options.capacity);
      const byteLength = sharedColumnsByteLength(type, { capacity });
      const byteOffset = home.allocator.alloc(byteLength, 64);
      if (options.write !== false) home.claimWriting();
      return { made: formatColumns(memory, type, byteOffset, capacity, lease), byteOffset, byteLength };
    },
    attach(home, byteOffset) {
      const { memory, lease } = home;
      if (options.write !== true) return Columns.attach(memory, byteOffset, type);
      home.claimWriting();
      return continueColumns(memory, type, byteOffset, lease);
    },
    read: ({ memory }, byteOffset) => Columns.attach(memory, byteOffset, type),
    close: (made) => made.close(),
    check: (made) => made.checkInvariants(),
  };
}

export const columnsReader: KindReader = markedBlock(KIND, FORMAT, MARK);
