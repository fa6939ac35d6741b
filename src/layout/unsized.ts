import { MemoryError } from "../core/errors.ts";
import { BoxedType } from "./boxed.ts";
import type { CopyCodec, Type } from "./type.ts";

/** What a type of values of any length is called, and what else a struct can take. */
export interface UnsizedDescription {
  readonly name: string;
  readonly kind: "interned" | "bytes";
  readonly cure: string;
}

/**
 * The type of values that have no size of their own. What it describes are columns of data sets, and keys and values of hash tables, which have the room for
 * such values; in a struct, in an array or alone there is nothing that could hold one.
 */
export abstract class UnsizedType<Value> extends BoxedType<Value, Value> {
  readonly codec: CopyCodec = { shape: "copy" };
  /** Keeps structs and arrays of it from compiling. */
  readonly unsized = true;
  /** What to take in its place. */
  readonly cure: string;

  protected constructor({ name, kind, cure }: UnsizedDescription) {
    super({ name, kind, byteSize: 4, align: 4, signature: name });
    this.cure = cure;
  }

  rawRead(): never {
    return this.#refuse();
  }

  rawCheck(): never {
    return this.#refuse();
  }

  rawStore(): never {
    return this.#refuse();
  }

  #refuse(): never {
    throw new MemoryError("unsupported", {
      subject: `the type ${this.name}`,
      event: "has no size of its own: columns of data sets and entries of hash tables have the room for its values",
      cure: this.cure,
    });
  }
}

/** A type whose values all take the same number of bytes: what a struct and an array are made of. */
export type SizedType = Type & { readonly unsized?: never };

/** The type without a size that `type` is, or that may be missing in it; undefined where all values take the same number of bytes. */
export function unsizedIn(type: Type): UnsizedType<unknown> | undefined {
  if (type instanceof UnsizedType) return type;
  return type.codec.shape === "optional" ? unsizedIn(type.codec.inner) : undefined;
}
