import { alignUp } from "../core/align.ts";
import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";
import { BoxedType } from "./boxed.ts";
import type { Place } from "./place.ts";
import { isType } from "./struct-fields.ts";
import type { FieldOf, InputOf, OptionalCodec, Type, ValueOf } from "./type.ts";

/*
 * The bytes are those of C's `struct { T value; uint8_t present; }`:
 *
 *   byte 0              inner.byteSize            byteSize
 *   +-------------------+---------+----------------+
 *   |       value       | present |  padding, zero |
 *   +-------------------+---------+----------------+
 *
 * Invariants:
 * 1. present is 1 with a value and 0 without; any other byte but 0 reads as present.
 * 2. Without a value all bytes are zero, so that equal values have equal bytes.
 */

/** A value that may be missing. */
export class OptionalType<T extends Type> extends BoxedType<ValueOf<T> | null, InputOf<T> | null, FieldOf<T> | null> {
  readonly inner: T;
  readonly codec: OptionalCodec;

  /** Use `optional`. */
  constructor(inner: T) {
    const byteSize = alignUp(inner.byteSize + 1, inner.align);
    const { align } = inner;
    super({
      name: `optional(${inner.name})`,
      kind: "optional",
      byteSize,
      align,
      signature: `optional(${inner.signature})#${byteSize}/${align}`,
    });
    this.inner = inner;
    this.codec = { shape: "optional", inner, presentByteOffset: inner.byteSize };
  }

  rawRead(memory: Memory, byteOffset: number): ValueOf<T> | null {
    if (memory.u8[byteOffset + this.inner.byteSize] === 0) return null;
    return this.inner.rawRead(memory, byteOffset) as ValueOf<T>;
  }

  rawCheck(value: unknown, place: Place): unknown {
    return value === null ? null : { stored: this.inner.rawCheck(value, place) };
  }

  rawStore(memory: Memory, byteOffset: number, checked: unknown): void {
    const { byteSize } = this.inner;
    memory.u8.fill(0, byteOffset + byteSize, byteOffset + this.byteSize);
    if (checked === null) {
      memory.u8.fill(0, byteOffset, byteOffset + byteSize);
      return;
    }
    this.inner.rawStore(memory, byteOffset, (checked as { readonly stored: unknown }).stored);
    memory.u8[byteOffset + byteSize] = 1;
  }
}

/** A value of `inner`, or null: `optional(u32)`. Costs one byte and what aligning it takes. */
export function optional<T extends Type>(inner: T): OptionalType<T> {
  if (!isType(inner)) {
    throw new MemoryError("invalid-argument", {
      subject: "optional",
      event: "was not given a type",
      cure: "Pass the type of the value that may be missing: optional(u32).",
    });
  }
  return new OptionalType(inner);
}
