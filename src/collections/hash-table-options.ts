import type { Placement } from "../alloc/own-memory.ts";
import { MemoryError } from "../core/errors.ts";
import type { Type } from "../layout/type.ts";

/** Key and value types of a table. */
export interface HashTableTypes<Key extends number | bigint, Value, Input = Value> {
  /** A scalar: `u8` … `u32`, `i8` … `i32`, `f32`, `f64`, or `i64` and `u64` with `bigint` keys. */
  readonly key: Type<Key>;
  /** Any type of fixed size. */
  readonly value: Type<Value, Input>;
}

export interface HashTableOptions<Key extends number | bigint, Value, Input = Value>
  extends HashTableTypes<Key, Value, Input>,
    Placement {
  /** How many entries it holds before it grows. Default 12. */
  readonly capacity?: number;
  /** 32 bits that the hash is made with. Default: random, so that nobody can choose keys that collide. A fixed one makes equal bytes of equal programs. */
  readonly seed?: number;
}

/** Throws `invalid-argument` unless `count` is a number of entries. */
export function checkCount(name: string, count: number): void {
  if (Number.isSafeInteger(count) && count >= 0 && count <= 2 ** 31) return;
  throw new MemoryError("invalid-argument", {
    subject: "hash table",
    event: `needs a whole number as ${name}`,
    numbers: { [name]: String(count), least: 0, most: 2 ** 31 },
    cure: "Pass how many entries it is to hold.",
  });
}
