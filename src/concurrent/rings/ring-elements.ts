import type { ViewName } from "../../core/memory.ts";
import type { Type } from "../../layout/type.ts";

/** The typed array whose elements are the slots; undefined where a slot is more, or something else, than an element. */
export function elementsOf(type: Type<unknown, never>): ViewName | undefined {
  const { codec } = type;
  return type.kind === "scalar" && codec.shape === "direct" ? codec.view : undefined;
}
