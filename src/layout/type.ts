import type { Ptr } from "../core/brand.ts";
import type { Lease } from "../core/lease.ts";
import type { Memory, ViewName } from "../core/memory.ts";
import type { Placer } from "../core/placer.ts";
import type { Place } from "./place.ts";
import type { Views } from "./views.ts";

/**
 * How a value lies in bytes. `Value` is what reading gives, `Input` what writing takes, `View` what stands for the bytes while they
 * stay where they are.
 *
 * Layouts follow the C ABI: the same offsets, size and alignment as a C compiler for x86-64 and arm64, little-endian.
 *
 * The `raw…` methods are for implementers of types and structures. They check no place: the caller has made sure that
 * `byteOffset` is a multiple of `align`, that `byteSize` bytes are there, and that the memory is open and may be written.
 * `BaseType` writes the comfortable methods once over them.
 */
export interface Type<Value = unknown, Input = Value, View = unknown> {
  readonly name: string;
  readonly kind: TypeKind;
  readonly byteSize: number;
  readonly align: number;
  /** The layout as canonical text, nested types spelled out: `{x:f32@0,y:f32@4}#8/4`. What the fingerprint is made of. */
  readonly signature: string;
  /** A copy of the value at `byteOffset`, as plain JavaScript data. Throws `out-of-bounds`, `invalid-argument` (misaligned), `closed`. */
  read(memory: Memory, byteOffset: number): Value;
  /** Stores `value`. Throws `bad-value` and stores nothing when it does not fit; `read-only`, and what `read` throws. */
  write(memory: Memory, byteOffset: number, value: Input): void;
  /** A fresh view that lives as long as `lease`: for a struct an object with its fields, for others `{ value }`. */
  view(lease: Lease, byteOffset: number): View;
  /** The same for a place that is known to be one. */
  rawView(lease: Lease, byteOffset: number): View;
  /**
   * A value at a place that `placer` gives: `init`, and zero in every byte that it leaves open. 0 when there is no room. Throws `bad-value` when `init` does
   * not fit, before a place is taken.
   */
  rawPlace(placer: Placer, init: Input | undefined): Ptr;
  /** How generated accessors read and write it. For implementers of types. */
  readonly codec: Codec;
  rawRead(memory: Memory, byteOffset: number): Value;
  /**
   * Checks `value` wholly, reading each part of it once, and returns it as `rawStore` takes it. Throws `bad-value` naming `place`.
   * Between the two nothing can go wrong any more, so nothing is ever half stored.
   */
  rawCheck(value: unknown, place: Place): unknown;
  rawStore(memory: Memory, byteOffset: number, checked: unknown): void;
}

/** What `type.read` gives: `ValueOf<typeof Particle>`. */
export type ValueOf<T> = T extends Type<infer Value, infer _Input, infer _View> ? Value : never;
/** What `type.write` takes. */
export type InputOf<T> = T extends Type<infer _Value, infer Input, infer _View> ? Input : never;
/** What `type.view` gives. */
export type ViewOf<T> = T extends Type<infer _Value, infer _Input, infer View> ? View : never;
/** What a view of a struct shows for a field of this type: the value itself, or a view where the field has parts. */
export type FieldOf<T> = ViewOf<T> extends Boxed<infer Value> ? Value : ViewOf<T>;
/** The view through which nothing can be written, whatever it is a view of: for rows of a read-only memory. */
export type ReadonlyViewOf<T> = ReadonlyView<FieldOf<T>>;

export type ReadonlyView<View> = View extends (infer Element)[]
  ? readonly Element[]
  : View extends Uint8Array
    ? View
    : View extends { readonly assign: unknown; at(index: number): infer Element }
      ? ReadonlyArrayView<ReadonlyView<Element>>
      : View extends object
        ? { readonly [Name in keyof View]: ReadonlyView<View[Name]> }
        : View;

/** The elements of an array that lies in a memory. `at` throws `out-of-bounds`. */
export interface ReadonlyArrayView<Element> extends Iterable<Element> {
  readonly length: number;
  at(index: number): Element;
  /** A copy of all elements as a plain array. */
  toArray(): unknown[];
}

/** Tells a box from a struct that happens to have one field called `value`. */
export const BOXED: unique symbol = Symbol("boxed");

/** The view of a value that has no parts of its own. */
export interface Boxed<Value> {
  value: Value;
  readonly [BOXED]: true;
}

export type TypeKind = "scalar" | "bool" | "enum" | "struct" | "array" | "utf8" | "bytes" | "optional" | "interned" | "handle";

/** How generated accessors reach a value of a field or an element. */
export type Codec = DirectCodec | CopyCodec | NestedCodec | OptionalCodec;

/** One element of one typed array, the closest thing to the machine. */
export interface DirectCodec {
  readonly shape: "direct";
  readonly view: ViewName;
  /** The value that a stored number stands for. Left out where the element is the value. */
  readonly decode?: (stored: number) => unknown;
  /** What an assignment stores, unchecked or throwing on its own. With `decode` and without this, assignment goes through `rawCheck`. */
  readonly encode?: (value: unknown) => number;
}

/** A value that is copied out and in: `rawRead`, `rawCheck`, `rawStore`. */
export interface CopyCodec {
  readonly shape: "copy";
}

/** A view of its own at the place; plain data is assigned by `rawCheck` and `rawStore`. */
export interface NestedCodec {
  readonly shape: "nested";
  readonly views: NestedViews;
}

/** What an accessor of a field with parts makes its views with. */
export type NestedViews = Pick<Views<unknown>, "leasedClass" | "bakedClass" | "rawView">;

/** A value that may be missing: present while the byte at `presentByteOffset` is not 0. */
export interface OptionalCodec {
  readonly shape: "optional";
  readonly inner: Type;
  readonly presentByteOffset: number;
}
