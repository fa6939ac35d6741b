import type { Memory } from "../../../core/memory.ts";
import type { RobustLock } from "../../../core/robust-lock.ts";
import type { Seats } from "../../../core/seats.ts";
import type { Reach } from "./bounds.ts";
import type { KeyBytes } from "./keys.ts";
import type { ExtentSource } from "./room.ts";
import type { ValueBytes } from "./values.ts";

/** What a store works on. */
export interface StoreParts<Key, Value, Input> {
  readonly memory: Memory;
  /** Where the head begins, and its shards. */
  readonly byteOffset: number;
  readonly shardsByteOffset: number;
  readonly shards: number;
  readonly seed: number;
  readonly source: ExtentSource;
  /** Whether that is the memory behind the table. */
  readonly isRegion?: boolean;
  readonly reach: Reach;
  readonly keys: KeyBytes<Key>;
  readonly values: ValueBytes<Value, Input>;
  /** Makes everything that was stored durable, or what was stored there. Left out where nothing outlives the memory. */
  readonly sync?: (byteOffset?: number, byteLength?: number) => void;
  /** Whether others may use it at the same time, or have used it before: entries are checked before they are believed. */
  readonly isChecked: boolean;
  /** The locks of the shards. Left out where one thread alone uses the table. */
  readonly locks?: readonly RobustLock[];
  /** Who takes part. Left out where nobody else does. */
  readonly seats?: Seats;
}
