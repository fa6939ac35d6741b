import { UnsizedType } from "./unsized.ts";

/** The type of bytes of any number. */
export class BlobType extends UnsizedType<Uint8Array> {
  /** Use `blob`. */
  constructor() {
    super({ name: "blob", kind: "bytes", cure: "Take bytes(n)." });
  }
}

/**
 * Bytes of any number, as keys and values of a hash table that holds entries of any length. Reading copies them out.
 *
 * Elsewhere nothing could hold what has no size: a struct takes `bytes(n)`.
 */
export const blob = new BlobType();
