import { Allocator } from "../../../alloc/allocator.ts";
import { magicOf } from "../../../alloc/region.ts";
import { Columns, columns } from "../../../collections/columns.ts";
import { planColumns, readColumnsHeader } from "../../../collections/columns-layout.ts";
import { NIL, type Ptr } from "../../../core/brand.ts";
import type { Lease } from "../../../core/lease.ts";
import type { Memory } from "../../../core/memory.ts";
import type { StructType } from "../../../layout/struct.ts";
import type { Fields } from "../../../layout/struct-fields.ts";
import type { KindReader, SegmentKind } from "../kind.ts";
import { checkMark, oneBlock, sizeNeeded } from "./one-block.ts";

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
      const { byteLength } = planColumns(type, capacity);
      const byteOffset = home.allocator.alloc(byteLength, 64);
      if (options.write !== false) home.claimWriting();
      return {
        made: columns(type, { allocator: new OneBlock(memory, lease, byteOffset, false), capacity }),
        byteOffset,
        byteLength,
      };
    },
    attach(home, byteOffset) {
      const { memory, lease } = home;
      if (options.write !== true) return Columns.attach(memory, byteOffset, type);
      home.claimWriting();
      const capacity = readColumnsHeader(memory, byteOffset, type);
      return new Columns(type, {
        allocator: new OneBlock(memory, lease, byteOffset, true),
        ptr: byteOffset as Ptr,
        lease,
        byteOffset,
        capacity,
      });
    },
    read: ({ memory }, byteOffset) => Columns.attach(memory, byteOffset, type),
    close: (made) => made[Symbol.dispose](),
    check: (made) => made.checkInvariants(),
  };
}

export const columnsReader: KindReader = oneBlock(KIND, FORMAT, true, (memory, byteOffset) => checkMark(memory, byteOffset, MARK));

/** Hands out a block that is there already, once, and takes nothing back: so that columns stay where they are. */
class OneBlock extends Allocator {
  readonly memory: Memory;
  readonly lease: Lease;
  readonly subject = "columns of a segment";
  readonly #ptr: Ptr;
  #isGiven: boolean;

  constructor(memory: Memory, lease: Lease, byteOffset: number, isGiven: boolean) {
    super();
    this.#isGiven = isGiven;
    this.memory = memory;
    this.lease = lease;
    this.#ptr = byteOffset as Ptr;
  }

  rawAlloc(): Ptr {
    if (this.#isGiven) return NIL;
    this.#isGiven = true;
    return this.#ptr;
  }

  rawFree(): void {}

  rawResize(): boolean {
    return false;
  }

  protected override room(): { readonly numbers: Readonly<Record<string, number | undefined>>; readonly cure: string } {
    return {
      numbers: {},
      cure: "In a segment columns have the capacity that they were made with: make others with more, and copy the rows.",
    };
  }
}
