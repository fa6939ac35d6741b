import type { Lease } from "../../core/lease.ts";
import type { Type } from "../../layout/type.ts";
import { type LeasedView, movesUnseen, NARROW_BYTES, POSITION, positionOf } from "../../layout/view-parts.ts";

/** One view of a type with parts that is moved from place to place. */
export class MovingView {
  /** What is moved: code that is made for a type sets its position itself. */
  readonly view: LeasedView;
  readonly wide: boolean;

  /** `lastByteOffset` is the furthest place that it will show. */
  constructor(type: Type<unknown, never>, lease: Lease, firstByteOffset: number, lastByteOffset: number) {
    const { codec } = type;
    this.wide = lastByteOffset + type.byteSize > NARROW_BYTES;
    if (codec.shape !== "nested") throw new TypeError(`${type.name} has no parts`);
    const Class = codec.views.leasedClass(this.wide, movesUnseen(lease.memory));
    this.view = new Class(lease, positionOf(firstByteOffset, this.wide)) as LeasedView;
  }

  moveTo(byteOffset: number): unknown {
    this.view[POSITION] = positionOf(byteOffset, this.wide);
    return this.view;
  }
}
