import type { Memory } from "../../core/memory.ts";
import { BoxedType } from "../../layout/boxed.ts";
import type { Place } from "../../layout/place.ts";
import type { CopyCodec } from "../../layout/type.ts";

/** That there is something, which takes no bytes. */
export class PresentType extends BoxedType<true, true> {
  readonly codec: CopyCodec = { shape: "copy" };

  /** Use `present`. */
  constructor() {
    super({ name: "present", kind: "bytes", byteSize: 0, align: 1, signature: "present" });
  }

  rawRead(_memory: Memory, _byteOffset: number): true {
    return true;
  }

  rawCheck(value: unknown, place: Place): true {
    return value === true || place.refuse(value, "Pass true.");
  }

  rawStore(_memory: Memory, _byteOffset: number, _checked: unknown): void {}
}

/** The value of tables that are sets: see {@link HashSet}. */
export const present = new PresentType();
