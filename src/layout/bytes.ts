import { checkByteLength } from "../core/align.ts";
import type { Memory } from "../core/memory.ts";
import { BoxedType } from "./boxed.ts";
import type { Place } from "./place.ts";
import type { CopyCodec } from "./type.ts";

/** A fixed number of bytes. */
export class BytesType extends BoxedType<Uint8Array, Uint8Array> {
  readonly codec: CopyCodec = { shape: "copy" };

  /** Use `bytes`. */
  constructor(byteLength: number) {
    const name = `bytes(${byteLength})`;
    super({ name, kind: "bytes", byteSize: byteLength, align: 1, signature: name });
  }

  rawRead({ u8 }: Memory, byteOffset: number): Uint8Array {
    return u8.slice(byteOffset, byteOffset + this.byteSize);
  }

  rawCheck(value: unknown, place: Place): Uint8Array {
    if (!(value instanceof Uint8Array)) return place.refuse(value, "Pass a Uint8Array.");
    const { length } = value;
    if (length !== this.byteSize) place.refuse(value, "Pass exactly as many bytes as it has.", { length, needed: this.byteSize });
    return value;
  }

  rawStore({ u8 }: Memory, byteOffset: number, checked: unknown): void {
    u8.set(checked as Uint8Array, byteOffset);
  }
}

/** Bytes that mean nothing to offheap: digests, addresses, identifiers. Reading copies them out, writing copies them in, all of them. */
export function bytes(byteLength: number): BytesType {
  checkByteLength("bytes", "byteLength", byteLength, 1);
  return new BytesType(byteLength);
}
