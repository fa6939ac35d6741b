import type { Allocator } from "../alloc/allocator.ts";
import { bump } from "../alloc/bump.ts";
import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";
import type { Type } from "../layout/type.ts";

/** Key and value types of a table. */
export interface HashTableTypes<Key extends number | bigint, Value, Input = Value> {
  /** A scalar: `u8` … `u32`, `i8` … `i32`, `f32`, `f64`, or `i64` and `u64` with `bigint` keys. */
  readonly key: Type<Key>;
  /** Any type of fixed size. */
  readonly value: Type<Value, Input>;
}

export interface HashTableOptions<Key extends number | bigint, Value, Input = Value> extends HashTableTypes<Key, Value, Input> {
  /** Where the table's blocks go. */
  readonly allocator?: Allocator;
  /** Instead of an allocator: a memory that has nothing else in it. */
  readonly memory?: Memory;
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

/** The allocator that a table is to take its blocks from: the given one, or one over a memory of its own. Throws `invalid-argument` where there is neither. */
export function allocatorOf({ allocator, memory }: { readonly allocator?: Allocator; readonly memory?: Memory }): Allocator {
  if (allocator !== undefined) return allocator;
  if (memory !== undefined) return bump(memory);
  throw new MemoryError("invalid-argument", {
    subject: "hash table",
    event: "was not told where to go",
    cure: "Pass `allocator`, or a `memory` of its own.",
  });
}
