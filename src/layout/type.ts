import type { Lease } from "../core/lease.ts";
import type { Memory, ViewName } from "../core/memory.ts";

/**
 * How a value lies in bytes. `Value` is what reading gives, `Input` what writing takes, `View` what stands for the bytes while they
 * stay where they are.
 *
 * Layouts follow the C ABI: the same offsets, size and alignment as a C compiler for x86-64 and arm64, little-endian.
 */
export interface Type<Value = unknown, Input = Value, View = unknown> {
  readonly name: string;
  readonly kind: TypeKind;
  readonly byteSize: number;
  readonly align: number;
  /** The layout as canonical text, nested types spelled out: `{x:f32@0,y:f32@4}#8/4`. What the fingerprint is made of. */
  readonly signature: string;
  /** A copy of the value at `byteOffset`, as plain JavaScript data. */
  read(memory: Memory, byteOffset: number): Value;
  /** Stores `value`. Throws `bad-value` and stores nothing when it does not fit. */
  write(memory: Memory, byteOffset: number, value: Input): void;
  /** A fresh view that lives as long as `lease`: for a struct an object with its fields, for others `{ value }`. */
  view(lease: Lease, byteOffset: number): View;
  /** How generated accessors read and write it. For implementers of types. */
  readonly codec: Codec;
}

/** What `type.read` gives: `ValueOf<typeof Particle>`. */
export type ValueOf<T> = T extends Type<infer Value, infer _Input, infer _View> ? Value : never;
/** What `type.write` takes. */
export type InputOf<T> = T extends Type<infer _Value, infer Input, infer _View> ? Input : never;
/** What `type.view` gives. */
export type ViewOf<T> = T extends Type<infer _Value, infer _Input, infer View> ? View : never;

export type TypeKind = "scalar" | "bool" | "enum" | "struct" | "array" | "utf8" | "bytes" | "optional" | "interned";

/**
 * How generated accessors reach a value. Either one element of one view, optionally passed through a conversion (`direct`), or
 * an object of its own at the field's offset (`nested`), for which the accessor calls `type.view` and `type.write`.
 */
export type Codec =
  | {
      readonly shape: "direct";
      readonly view: ViewName;
      /** Source text that turns the stored element `v` into the value, when that is more than `v`: `v !== 0`. */
      readonly decode?: string;
    }
  | { readonly shape: "nested" };
