import { MemoryError } from "../core/errors.ts";
import { BoxedType } from "./boxed.ts";
import type { CopyCodec } from "./type.ts";

/** The type of keys and values that are bytes of any number. */
export class BlobType extends BoxedType<Uint8Array, Uint8Array> {
  readonly codec: CopyCodec = { shape: "copy" };

  constructor() {
    super({ name: "blob", kind: "bytes", byteSize: 4, align: 4, signature: "blob" });
  }

  rawRead(): never {
    return refuse();
  }

  rawCheck(): never {
    return refuse();
  }

  rawStore(): never {
    return refuse();
  }
}

/**
 * Bytes of any number, as keys and values of a hash table that holds entries of any length. Reading copies them out.
 *
 * Elsewhere there is nothing that could hold what has no size: a struct takes `bytes(n)`.
 */
export const blob = new BlobType();

function refuse(): never {
  throw new MemoryError("unsupported", {
    subject: "the type blob",
    event: "belongs to a hash table, which has the room for it",
    cure: "In a struct use bytes(n).",
  });
}
