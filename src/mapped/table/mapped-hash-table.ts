import type { RecordTablePlace } from "../../collections/tables/record-table-place.ts";
import { compactRecords } from "../../collections/tables/records/compact.ts";
import { beginFlush, confirmFlush, endFlush, flushRecords } from "../../collections/tables/records/flush.ts";
import { HEAD_BYTES } from "../../collections/tables/records/layout.ts";
import type { RecordStore } from "../../collections/tables/records/store.ts";
import { checkRecords } from "../../collections/tables/records/verify.ts";
import { SharedHashTable } from "../../collections/tables/shared-hash-table.ts";
import type { Seats } from "../../core/seats.ts";
import type { MappedMemory } from "../mapped-memory.ts";
import { backupTable } from "./backup.ts";
import type { TableRecovery } from "./durable-records.ts";

/** How long an operation takes to be safe from a power failure. */
export type Durability =
  /** Until the next `flush()`. */
  | "flush"
  /** It is when it returns: each operation that writes waits for the disk. */
  | "operation";

/** What a table in a file is made of, beside its store. */
export interface MappedTableParts {
  readonly memory: MappedMemory;
  readonly seats: Seats;
  readonly place: RecordTablePlace;
  readonly durability: Durability;
  readonly recovery: TableRecovery;
  /** Ends the table: called once, when this participant is done. */
  readonly end: () => void;
}

/**
 * A hash table in a mapped file, that any number of threads and processes read and write at once, and that is there again after all of them have ended.
 *
 * After a process dies, however it dies, no completed write is lost; after power loss, everything up to the last `flush()` is there; a corrupt entry is
 * never returned as good.
 *
 * See {@link SharedHashTable} for what it can do, and `openTable` for how it is opened.
 */
export class MappedHashTable<Key, Value, Input = Value> extends SharedHashTable<Key, Value, Input> {
  /** What had to be done when it was opened. */
  readonly recovery: TableRecovery;
  /** Shards in which damage was found since, and which were built again from those of their records that are whole. */
  readonly damagedShards: number[] = [];
  readonly #parts: MappedTableParts;
  #closed = false;

  /** Use `openTable`. */
  constructor(store: RecordStore<Key, Value, Input>, parts: MappedTableParts) {
    super(store, parts.place, parts.seats);
    this.#parts = parts;
    this.recovery = parts.recovery;
  }

  /**
   * Waits until all that was written before, by whomever, is on the disk. Milliseconds; others go on meanwhile. Throws `io` or `disk-full`: then it is
   * unknown what was saved, and everything since the last flush that worked may be lost in a power failure.
   */
  flush(): void {
    this.checkWritable();
    flushRecords(this.store);
  }

  /** `flush` on a thread of the pool, so that the event loop goes on. */
  async flushAsync(): Promise<void> {
    this.checkWritable();
    const epoch = beginFlush(this.store);
    await this.#parts.memory.flushAsync();
    if (this.memory.closed || !endFlush(this.store, epoch)) return;
    await this.#parts.memory.flushAsync(this.byteOffset, HEAD_BYTES);
    if (!this.memory.closed) confirmFlush(this.store, epoch);
  }

  /**
   * Looks at every entry: what is wrong, empty when nothing is. Shards in which damage was found and mended count as wrong. Others can go on; each shard
   * is held for its time.
   */
  verify(): string[] {
    this.checkOpen();
    const found = checkRecords(this.store);
    return [...this.damagedShards.map((shard) => `shard ${shard}: was damaged, and built again from what is whole`), ...found];
  }

  /**
   * Writes a copy into the file at `path`, which then has all of it or is as it was before. Others go on meanwhile: readers do not wait, writers only while
   * their shard is copied, so each shard is there as it was at a moment of its own. In a table that counts as a whole, since it has had a
   * transaction of several keys, all shards are held together. The copy opens as a table that was closed in good order. Throws `disk-full`, `io`.
   */
  backup(path: string): void {
    this.checkWritable();
    backupTable(this.store, this.#parts.place, path);
  }

  /**
   * Moves entries to the front, joins free room, and makes the indexes small. Returns by how many bytes the file can be shorter, which the last one to close it makes
   * it. Others can go on meanwhile: readers do not wait, writers while their shard is worked at, and at the end all of them for a moment. Whoever dies in the middle
   * has lost nothing. Waits for the disk several times a shard. Throws `io`, `disk-full`.
   */
  compact(): number {
    this.checkWritable();
    this.flush();
    this.shrink();
    return compactRecords(this.store);
  }

  /** Ends it for this participant. The last one writes it to the disk and marks it as closed in good order. */
  override close(): void {
    if (this.#closed) return;
    this.checkIdle();
    this.#closed = true;
    this.#parts.end();
    super.close();
    this.memory.close();
  }

  /** Also where an entry of `setMany` throws: those before it are as durable as any. */
  protected override saved(): void {
    if (this.#parts.durability === "operation") this.flush();
  }
}
