import type { Placement } from "../../alloc/own-memory.ts";
import { type Expectation, having } from "../../core/check-call.ts";
import { checkCount as checkWhole } from "../../core/check-count.ts";
import type { Type } from "../../layout/type.ts";

/** Key and value types of a table. */
export interface HashTableTypes<Key extends number | bigint, Value, Input = Value, View = unknown> {
  /** A scalar: `u8` … `u32`, `i8` … `i32`, `f32`, `f64`, or `i64` and `u64` with `bigint` keys. */
  readonly key: Type<Key>;
  /** Any type of fixed size. */
  readonly value: Type<Value, Input, View>;
}

export interface HashTableOptions<Key extends number | bigint, Value, Input = Value, View = unknown>
  extends HashTableTypes<Key, Value, Input, View>,
    Placement {
  /** How many entries it holds before it grows. Default 12. */
  readonly capacity?: number;
  /**
   * Keeps it one block, whose bytes can be copied anywhere and opened there by `HashTable.attach`. It grows by a block of twice the size then, to which all
   * entries move at once. Default: it has pages as soon as it is longer than one.
   */
  readonly oneBlock?: boolean;
  /** 32 bits that the hash is made with. Default: random, so that nobody can choose keys that collide. A fixed one makes equal bytes of equal programs. */
  readonly seed?: number;
}

export const AN_ARRAY = having("an array", "length");
/** What can be gone through. */
export const MANY: Expectation = {
  noun: "an array or an iterable",
  is: (value) => AN_ARRAY.is(value) || (typeof value === "object" && value !== null && Symbol.iterator in value),
};

/** Throws `invalid-argument` unless `count` is a number of entries. */
export function checkCount(name: string, count: number): void {
  checkWhole("hash table", name, count, 0, 2 ** 31, "Pass how many entries it is to hold.");
}
