import type { Lease } from "../core/lease.ts";
import { type Cursor, type CursorClass, composeCursor, throwOutside } from "./cursor.ts";
import { composedCopy } from "./view-composed.ts";
import { install, showAs } from "./view-members.ts";
import { EPOCH, LEASE, type LeasedClass, type LeasedView, POSITION, TYPE, WRITE_EPOCH } from "./view-parts.ts";
import type { ViewLayout } from "./views.ts";

/** The views of a type where no code can be generated: leased ones for everything. */
export class ComposedViews<View> {
  readonly View: LeasedClass<View>;
  readonly #Cursor: CursorClass<View>;

  constructor(layout: ViewLayout) {
    class Composed implements LeasedView {
      [POSITION]: number;
      [LEASE]: Lease;
      [EPOCH]: number;
      [WRITE_EPOCH]: number;

      constructor(lease: Lease, position: number) {
        this[POSITION] = position;
        this[LEASE] = lease;
        this[EPOCH] = lease.epoch;
        this[WRITE_EPOCH] = lease.readOnly ? 0 : lease.epoch;
      }
    }
    const outside = (index: number, length: number) => throwOutside(layout.type.name, index, length);
    Object.defineProperty(Composed, "name", { value: layout.type.name });
    showAs(Composed.prototype, layout.type.name);
    install(Composed.prototype, { [TYPE]: layout.type }, "methods");
    install(Composed.prototype, composedCopy(layout.type), "methods");
    install(Composed.prototype, layout.composed(outside), layout.members);
    // The members that were just installed are what makes it a View.
    this.View = Composed as LeasedClass<unknown> as LeasedClass<View>;
    this.#Cursor = composeCursor(Composed, layout.type.byteSize, outside) as CursorClass<unknown> as CursorClass<View>;
  }

  cursor(lease: Lease, byteOffset: number, count: number): Cursor<View> {
    return new this.#Cursor(new this.View(lease, byteOffset), byteOffset, count);
  }
}
