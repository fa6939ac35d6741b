import { MemoryError } from "../../core/errors.ts";
import { f32, f64, i8, i16, i32, i64, u8, u16, u32, u64 } from "../../layout/scalars.ts";
import type { Type } from "../../layout/type.ts";
import type { StoredType } from "./manifest.ts";

const KEY_TYPES: Readonly<Record<Exclude<StoredType, "text" | "bool">, Type<number | bigint>>> = {
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  f32,
  f64,
  i64,
  u64,
};

/** The hash table that finds rows by a column of `type`: from its values to row numbers. */
export function keyTableTypes(type: StoredType): { readonly key: Type<number | bigint>; readonly value: Type<number> } {
  if (type === "text" || type === "bool") {
    throw new MemoryError("invalid-argument", {
      subject: "a key",
      event: `cannot be of type ${type} in a hash table of numbers`,
      cure: "Text keys use their dictionary; a bool cannot tell rows apart.",
    });
  }
  return { key: KEY_TYPES[type], value: u32 };
}
