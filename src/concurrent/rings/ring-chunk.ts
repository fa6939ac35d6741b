import { MemoryError } from "../../core/errors.ts";
import type { Lease } from "../../core/lease.ts";
import type { Views } from "../../core/memory.ts";
import type { Cursor } from "../../layout/cursor.ts";
import { Place } from "../../layout/place.ts";
import type { InputOf, Type, ValueOf, ViewOf } from "../../layout/type.ts";
import { MovingView } from "./moving-view.ts";
import { elementsOf } from "./ring-elements.ts";
import type { RingPlan } from "./ring-layout.ts";

/**
 * Slots of a ring that one end has to itself until it commits or aborts: a cursor over them, to write or read them in place, without copies.
 *
 * ```ts
 * const chunk = producer.claim(64);
 * if (chunk !== undefined) {
 *   for (let i = 0; i < chunk.length; i++) chunk.seek(i).price = 1;
 *   chunk.commit();
 * }
 * ```
 */
export class RingChunk<T extends Type<unknown, never>> implements Cursor<ViewOf<T>> {
  readonly type: T;
  /** In slots. */
  readonly length: number;
  readonly #lease: Lease;
  readonly #plan: RingPlan;
  readonly #firstSlot: number;
  #row: MovingView | undefined;
  #settle: ((done: number) => void) | undefined;

  /** Use `claim` of a producer or a consumer. `settle` hears how many slots were committed. */
  constructor(type: T, lease: Lease, plan: RingPlan, position: number, length: number, settle: (done: number) => void) {
    this.type = type;
    this.length = length;
    this.#lease = lease;
    this.#plan = plan;
    this.#firstSlot = position >= plan.capacity ? position - plan.capacity : position;
    this.#settle = settle;
  }

  /** A view of a slot: for a struct its fields, else `{ value }`. Throws `out-of-bounds`, and `invalid-argument` after commit or abort. */
  at(index: number): ViewOf<T> {
    return this.type.view(this.#lease, this.byteOffsetOf(index)) as ViewOf<T>;
  }

  /** The one view of this chunk, moved to a slot: no garbage. Of what is no struct a fresh `{ value }`. Throws like `at`. */
  seek(index: number): ViewOf<T> {
    const byteOffset = this.byteOffsetOf(index);
    if (this.type.codec.shape !== "nested") return this.type.view(this.#lease, byteOffset) as ViewOf<T>;
    const { slots, capacity } = this.#plan;
    this.#row ??= new MovingView(this.type, this.#lease, slots, slots + capacity * this.type.byteSize);
    return this.#row.moveTo(byteOffset) as ViewOf<T>;
  }

  /** All slots, shown as by `seek`. */
  *[Symbol.iterator](): Generator<ViewOf<T>, void, undefined> {
    for (let index = 0; index < this.length; index++) yield this.seek(index);
  }

  get(index: number): ValueOf<T> {
    return this.type.read(this.#lease.memory, this.byteOffsetOf(index)) as ValueOf<T>;
  }

  /** Throws `bad-value`, and what `at` throws. */
  set(index: number, value: InputOf<T>): void {
    const byteOffset = this.byteOffsetOf(index);
    this.type.rawStore(
      this.#lease.memory,
      byteOffset,
      this.type.rawCheck(value, new Place(new Place(undefined, this.type.name), index)),
    );
  }

  /** Where a slot lies in the memory, for typed arrays and native code. */
  byteOffsetOf(index: number): number {
    if (this.#settle === undefined) this.#throwSettled();
    if (!(Number.isInteger(index) && index >= 0 && index < this.length)) {
      throw new MemoryError("out-of-bounds", {
        subject: `chunk of ${this.type.name}`,
        event: "has no such slot",
        numbers: { index: String(index), length: this.length },
        cure: "Pass a whole number from 0 to length - 1.",
      });
    }
    const slot = this.#firstSlot + index;
    const { slots, capacity } = this.#plan;
    return slots + (slot < capacity ? slot : slot - capacity) * this.type.byteSize;
  }

  /** The lengths of the runs in which the slots lie: one, or two where they go round the end of the ring. For loops over each. */
  get runs(): readonly { readonly byteOffset: number; readonly length: number }[] {
    if (this.#settle === undefined) this.#throwSettled();
    const { slots, capacity } = this.#plan;
    const before = Math.min(this.length, capacity - this.#firstSlot);
    const first = { byteOffset: slots + this.#firstSlot * this.type.byteSize, length: before };
    return before === this.length ? [first] : [first, { byteOffset: slots, length: this.length - before }];
  }

  /** The slots of a ring of numbers as one typed array or two. Throws `unsupported` for other types. They show other values after commit. */
  slices(): readonly Views[keyof Views][] {
    const view = elementsOf(this.type);
    if (view === undefined) {
      throw new MemoryError("unsupported", {
        subject: `chunk of ${this.type.name}`,
        event: "has no typed arrays: its slots are not numbers",
        cure: "Use at(i), seek(i), or for … of the chunk.",
      });
    }
    return this.runs.map(({ byteOffset, length }) => this.#lease.memory.slice(view, byteOffset, length));
  }

  /** Passes the first `count` slots on, all without it; the others are as if they had never been claimed. Throws `invalid-argument`. */
  commit(count = this.length): void {
    const settle = this.#settle;
    if (settle === undefined) this.#throwSettled();
    if (!(Number.isInteger(count) && count >= 0 && count <= this.length)) {
      throw new MemoryError("invalid-argument", {
        subject: `chunk of ${this.type.name}`,
        event: "cannot commit so many slots",
        numbers: { count: String(count), length: this.length },
        cure: "Pass a whole number from 0 to length.",
      });
    }
    this.#settle = undefined;
    settle(count);
  }

  /** Gives all slots back. */
  abort(): void {
    this.commit(0);
  }

  #throwSettled(): never {
    throw new MemoryError("invalid-argument", {
      subject: `chunk of ${this.type.name}`,
      event: "was used after it was committed or aborted",
      cure: "Claim another.",
    });
  }
}
