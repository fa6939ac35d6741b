import type { Placement } from "../../alloc/own-memory.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Type } from "../../layout/type.ts";
import { isShards } from "./records/head.ts";
import { MOST_SHARDS } from "./records/layout.ts";

/** Key and value types of a table. */
export interface RecordTableTypes<Key, Value, Input = Value> {
  /** Numbers, bigints, structs, `utf8(n)`, `bytes(n)`; `text` and `blob` for strings and bytes of any length up to 65535. */
  readonly key: Type<Key>;
  /** Any type; `text` and `blob` for strings and bytes of any length. */
  readonly value: Type<Value, Input>;
}

export interface RecordTableOptions<Key, Value, Input = Value> extends RecordTableTypes<Key, Value, Input>, Placement {
  /** How many entries are expected. */
  readonly capacity?: number;
  /** 32 bits that the hash is made with. Default: random, so that nobody can choose keys that collide. */
  readonly seed?: number;
  /**
   * How many parts the table has, which grow each for itself: a power of two, at most 4096. Each takes 576 bytes. Default: one for each 16 384 of
   * `capacity`, else 64; with `maxEntries` at most one for each 1024 of those.
   */
  readonly shards?: number;
  /** Entries can end by themselves: see `set`. Each takes 8 bytes more. */
  readonly expiring?: boolean;
  /**
   * The most entries: a new one then takes the place of another, one that has ended, else the first to end of a few, else any. Each shard keeps to its part, so that
   * in a table of several some give way when nine tenths are there.
   */
  readonly maxEntries?: number;
}

const DEFAULT_SHARDS = 64;
const ENTRIES_A_SHARD = 16_384;
/** Of a table with a limit: keys fall so unevenly on smaller ones that many give way long before it. */
const LIMITED_ENTRIES_A_SHARD = 1024;

/** Throws `invalid-argument`. */
export function shardsFor({
  capacity,
  shards,
  maxEntries,
}: Pick<RecordTableOptions<unknown, unknown>, "capacity" | "shards" | "maxEntries">): number {
  if (shards !== undefined) {
    if (isShards(shards)) return shards;
    throw new MemoryError("invalid-argument", {
      subject: "hash table",
      event: "cannot have such a number of shards",
      numbers: { shards: String(shards), most: MOST_SHARDS },
      cure: "Pass a power of two.",
    });
  }
  const most = maxEntries === undefined ? MOST_SHARDS : Math.max(1, maxEntries / LIMITED_ENTRIES_A_SHARD);
  const wanted = capacity === undefined ? DEFAULT_SHARDS : Math.min(capacity / ENTRIES_A_SHARD, MOST_SHARDS / 4);
  let fitting = 1;
  while (fitting < wanted && fitting * 2 <= most) fitting *= 2;
  return fitting;
}
