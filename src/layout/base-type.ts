import { NIL, type Ptr } from "../core/brand.ts";
import { clearBytes } from "../core/clear-bytes.ts";
import { INSPECT } from "../core/inspect.ts";
import type { Lease } from "../core/lease.ts";
import type { Memory } from "../core/memory.ts";
import type { Placer } from "../core/placer.ts";
import type { Cursor } from "./cursor.ts";
import { fingerprint } from "./fingerprint.ts";
import { Place } from "./place.ts";
import type { Codec, Type, TypeKind } from "./type.ts";
import { COPY, checkPlace, checkWritable, isView, type LeasedClass, settled, TYPE } from "./view-parts.ts";
import type { Bound, Views } from "./views.ts";

/** What every type of ours can do, written once over what differs. */
export abstract class BaseType<Value, Input, View> implements Type<Value, Input, View> {
  readonly name: string;
  readonly kind: TypeKind;
  readonly byteSize: number;
  readonly align: number;
  readonly signature: string;
  abstract readonly codec: Codec;
  /** The view classes. */
  protected abstract readonly views: Views<View>;
  readonly #place: Place;
  #fingerprint: string | undefined;

  constructor(parts: Pick<Type, "name" | "kind" | "byteSize" | "align" | "signature">) {
    this.name = parts.name;
    this.kind = parts.kind;
    this.byteSize = parts.byteSize;
    this.align = parts.align;
    this.signature = parts.signature;
    this.#place = new Place(undefined, parts.name);
  }

  abstract rawRead(memory: Memory, byteOffset: number): Value;
  abstract rawCheck(value: unknown, place: Place): unknown;
  abstract rawStore(memory: Memory, byteOffset: number, checked: unknown): void;

  /** 16 hexadecimal digits that stand for the layout: equal for equal layouts, whatever the types are called. */
  get fingerprint(): string {
    this.#fingerprint ??= fingerprint(this.signature);
    return this.#fingerprint;
  }

  /** For `console.log`: `<Point {x:f32@0,y:f32@4}#8/4>`. */
  [INSPECT](): string {
    return this.signature === this.name ? `<${this.name}>` : `<${this.name} ${this.signature}>`;
  }

  read(memory: Memory, byteOffset: number): Value {
    checkPlace(this, memory, byteOffset, this.byteSize);
    return this.rawRead(memory, byteOffset);
  }

  write(memory: Memory, byteOffset: number, value: Input): void {
    const checked = this.rawCheck(value, this.#place);
    checkPlace(this, memory, byteOffset, this.byteSize);
    checkWritable(memory);
    this.rawStore(memory, byteOffset, checked);
  }

  /** `write` without a look at the place: for structures that have checked it themselves. When it throws nothing was stored. */
  rawWrite(memory: Memory, byteOffset: number, value: unknown): void {
    this.rawStore(memory, byteOffset, this.rawCheck(value, this.#place));
  }

  view(lease: Lease, byteOffset: number): View {
    return this.views.view(lease, byteOffset);
  }

  rawView(lease: Lease, byteOffset: number): View {
    return this.views.rawView(lease, byteOffset);
  }

  rawPlace(placer: Placer, init: Input | undefined): Ptr {
    const checked = init === undefined ? undefined : this.rawCheck(init, this.#place);
    const ptr = placer.rawAlloc(this.byteSize || 1, this.align);
    if (ptr === NIL) return NIL;
    const memory = settled(placer.memory);
    clearBytes(memory, ptr, this.byteSize);
    if (init !== undefined) this.rawStore(memory, ptr, checked);
    return ptr;
  }

  /**
   * The class of the views that `view` makes: those of places within 4 GiB, or the wide ones of places beyond; `moves` for those of a memory that may
   * move unseen. For structures that check places themselves.
   */
  leasedClass(wide: boolean, moves: boolean): LeasedClass<View> {
    return this.views.leasedClass(wide, moves);
  }

  /** The type in one memory, for many views or cursors there: `const nodes = Node.in(memory); nodes.at(ptr).next`. */
  in(memory: Memory): Bound<View> {
    return this.views.in(memory);
  }

  /**
   * A view that ends with the memory; no reset of an arena is noticed. `at` asks each time which memory it is, which takes some 5 ns: in
   * a loop use `in(memory).at(ptr)`, about 1 ns where V8 can see through it. Throws `out-of-bounds`, `invalid-argument` (misaligned), `closed`.
   */
  at(memory: Memory, ptr: number): View {
    return this.views.in(memory).at(ptr);
  }

  /** A cursor over `count` values that lie one behind another from `byteOffset` on. Throws like `at`. */
  cursor(memory: Memory, byteOffset: number, count: number): Cursor<View> {
    return this.views.in(memory).cursor(byteOffset, count);
  }

  /** What a view of this type shows, as plain data that stays. Throws `stale-view`, `closed`. */
  copy(view: View): Value {
    if (isView(view) && view[TYPE] === this) return view[COPY]() as Value;
    return this.#place.refuse(view, "Pass a view of this type.");
  }
}
