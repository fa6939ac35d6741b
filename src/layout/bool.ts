import type { Memory } from "../core/memory.ts";
import { BoxedType } from "./boxed.ts";
import type { Place } from "./place.ts";
import type { DirectCodec } from "./type.ts";

/** True or false. */
export class BoolType extends BoxedType<boolean, boolean> {
  readonly codec: DirectCodec = {
    shape: "direct",
    view: "u8",
    decode: (stored) => stored !== 0,
    encode: (value) => (value ? 1 : 0),
  };

  /** `bool` is the only one. */
  constructor() {
    super({ name: "bool", kind: "bool", byteSize: 1, align: 1, signature: "bool" });
  }

  rawRead({ u8 }: Memory, byteOffset: number): boolean {
    return u8[byteOffset] !== 0;
  }

  rawCheck(value: unknown, place: Place): number {
    if (typeof value !== "boolean") place.refuse(value, "Pass true or false.");
    return value === true ? 1 : 0;
  }

  rawStore({ u8 }: Memory, byteOffset: number, checked: unknown): void {
    u8[byteOffset] = checked === 1 ? 1 : 0;
  }
}

/** True or false in one byte: C's `_Bool`. Any byte but 0 reads as true. */
export const bool = new BoolType();
