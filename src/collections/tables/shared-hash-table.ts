import { A_MEMORY, checkCall, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import type { Participant } from "../../core/participant.ts";
import { RobustLock } from "../../core/robust-lock.ts";
import { Seats } from "../../core/seats.ts";
import { A_TYPE } from "../../layout/struct-fields.ts";
import { checkSeed, randomSeed } from "../hash.ts";
import { checkCount } from "./hash-table-options.ts";
import { RecordTable } from "./record-table.ts";
import { type RecordTableOptions, type RecordTableTypes, shardsFor } from "./record-table-options.ts";
import type { RecordTablePlace } from "./record-table-place.ts";
import { checkPlace, type RecordsHead, readHead, writeHead } from "./records/head.ts";
import { KeyBytes } from "./records/keys.ts";
import { Kind, LOCK, LOG, planRecords, SHARD_WORDS } from "./records/layout.ts";
import { type Prepare, RegionSource } from "./records/reach.ts";
import { repairShard } from "./records/repair.ts";
import type { ExtentSource } from "./records/room.ts";
import { RecordStore } from "./records/store.ts";
import type { StoreParts } from "./records/store-parts.ts";
import { ValueBytes } from "./records/values.ts";

/** Who uses a shared table, and how long it is waited for others. */
export interface SharedTableParticipant extends Participant {
  /** How long to wait for another that changes entries of the same shard. Default: 10 seconds. */
  readonly timeoutMs?: number;
}

export interface AttachSharedTableOptions<Key, Value, Input = Value>
  extends RecordTableTypes<Key, Value, Input>,
    SharedTableParticipant {
  /** Where in the memory its head begins, a multiple of 64. Default 0. */
  readonly byteOffset?: number;
  /** The allocator that it was made with, if it was: as a handle of this participant's own. */
  readonly allocator?: ExtentSource;
  readonly maxEntries?: number;
}

export interface SharedTableOptions<Key, Value, Input = Value>
  extends AttachSharedTableOptions<Key, Value, Input>,
    Pick<RecordTableOptions<Key, Value, Input>, "capacity" | "seed" | "shards" | "expiring"> {
  /** The most threads and processes that take part at once. Default 32. */
  readonly seats?: number;
}

const DEFAULT_SEATS = 32;

/** How many bytes the head of a shared table takes, without its entries. */
export function sharedHashTableByteLength(
  options: Pick<SharedTableOptions<unknown, unknown>, "capacity" | "shards" | "maxEntries" | "seats"> = {},
): number {
  checkCall("sharedHashTableByteLength({ capacity: 10_000 })", [OPTIONS, options]);
  return planRecords(shardsFor(options), options.seats ?? DEFAULT_SEATS).byteLength;
}

/**
 * A new table in a memory that others can see; they open it with `attachSharedHashTable`. Without an allocator all of the memory from `byteOffset` on is
 * the table's, as far as it can grow. See {@link SharedHashTable}. Throws `invalid-argument`, `out-of-memory`, `out-of-bounds`, `read-only`.
 */
export function sharedHashTable<Key, Value, Input = Value>(
  memory: Memory,
  options: SharedTableOptions<Key, Value, Input>,
): SharedHashTable<Key, Value, Input> {
  const call = "sharedHashTable(memory, { key: u32, value: u32 })";
  checkCall(call, [A_MEMORY, memory], [OPTIONS, options], [A_TYPE, options?.key], [A_TYPE, options?.value]);
  createRecords(memory, options, 0);
  return attachSharedHashTable(memory, options);
}

/** The table that another thread or process has made there. Throws `corrupt`, `layout-mismatch`, `unsupported-format`, `out-of-bounds`, `out-of-memory` (no seat left). */
export function attachSharedHashTable<Key, Value, Input = Value>(
  memory: Memory,
  options: AttachSharedTableOptions<Key, Value, Input>,
): SharedHashTable<Key, Value, Input> {
  const call = "attachSharedHashTable(memory, { key: u32, value: u32 })";
  checkCall(call, [A_MEMORY, memory], [OPTIONS, options], [A_TYPE, options?.key], [A_TYPE, options?.value]);
  const { store, seats, place } = openRecords(memory, options);
  const table = new SharedHashTable(store, place, seats);
  table.sit();
  return table;
}

/**
 * A map that any number of threads and processes read and write at once. See {@link RecordTable} for what it can do.
 *
 * ```ts
 * const quotes = sharedHashTable(memory, { key: text, value: Quote });                  // here
 * const quotes = attachSharedHashTable(attach(ticket), { key: text, value: Quote });    // in a worker
 * ```
 *
 * Readers never wait, and see each entry as it was before or after each change, never in between. Writers wait for writers of the same of its shards only.
 * One that dies, whenever it does, leaves the table as it was before its last operation or as it was to be after it: who comes to that shard next sees to
 * it, if `isAlive` tells that it is dead; without it `recover` does.
 */
export class SharedHashTable<Key, Value, Input = Value> extends RecordTable<Key, Value, Input> {
  protected readonly seats: Seats;

  /** Use `sharedHashTable` or `attachSharedHashTable`. */
  constructor(store: RecordStore<Key, Value, Input>, place: RecordTablePlace, seats: Seats) {
    super(store, place);
    this.seats = seats;
  }

  /** The number of this participant's seat: what others pass to `recover` when it has died. */
  get seat(): number {
    return this.seats.seat;
  }

  /**
   * Ends what the dead have left undone, and gives their seats to others. `seats` are those of participants that are known to be dead, whatever
   * `isAlive` says. Returns how many there were.
   */
  recover(seats: readonly number[] = []): number {
    this.checkOpen();
    for (const seat of seats) {
      const token = this.seats.tokenOf(seat);
      if (token !== 0) this.seats.bury(token);
    }
    let recovered = 0;
    for (const seat of this.seats.deadSeats()) if (this.seats.recover(seat, (dead) => this.#endAffairs(dead))) recovered += 1;
    return recovered;
  }

  /** Takes a seat. For those who make tables. */
  sit(): void {
    if (!this.memory.readOnly) this.seats.sit((dead) => this.#endAffairs(dead));
  }

  /** Leaves the table to the others. */
  override close(): void {
    this.checkIdle();
    if (!this.memory.closed) this.seats.leave();
    super.close();
  }

  #endAffairs(dead: number): void {
    const { store } = this;
    for (let number = 0; number < store.parts.shards; number++) {
      const isHeld = store.parts.locks?.[number].heldBy === dead;
      // Another may be in the middle of ending what is to count by the word of this seat.
      if (!isHeld && Atomics.load(this.memory.i32, store.wordOf(number) + LOG) === 0) continue;
      store.enter(number);
      store.leave(number);
    }
  }
}

/** What there is to a table that several use. */
export interface OpenRecords<Key, Value, Input> {
  readonly store: RecordStore<Key, Value, Input>;
  readonly seats: Seats;
  readonly place: RecordTablePlace;
  readonly head: RecordsHead;
}

/** Writes an empty table. `kind`: further bits of Kind. */
export function createRecords<Key, Value, Input>(
  memory: Memory,
  options: SharedTableOptions<Key, Value, Input>,
  kind: number,
): void {
  const { key, value, byteOffset = 0, seats = DEFAULT_SEATS, seed = randomSeed(), allocator, expiring = false } = options;
  checkPlace(memory, byteOffset);
  checkSeed("hash table", seed);
  if (options.capacity !== undefined) checkCount("capacity", options.capacity);
  checkSharable(memory);
  const plan = planRecords(shardsFor(options), seats);
  if (allocator === undefined) memory.grow(Math.max(memory.byteLength, byteOffset + plan.byteLength));
  memory.checkRange(byteOffset, plan.byteLength);
  // Anything may lie there; a table begins as zeros.
  memory.i32.fill(0, byteOffset / 4, (byteOffset + plan.byteLength) / 4);
  const bits = kind | (expiring ? Kind.TTL : 0) | (allocator === undefined ? Kind.REGION : 0);
  // Both throw for types that cannot be.
  new KeyBytes(key, seed | 0);
  new ValueBytes(value, expiring);
  writeHead(memory, byteOffset, { key, value }, { ...plan, seed, kind: bits });
}

/** Reads the head and makes the store. `extra`: what a table in a file adds. */
export function openRecords<Key, Value, Input>(
  memory: Memory,
  options: AttachSharedTableOptions<Key, Value, Input>,
  { prepare, ...extra }: Partial<Pick<StoreParts<Key, Value, Input>, "sync">> & { readonly prepare?: Prepare } = {},
): OpenRecords<Key, Value, Input> {
  const { key, value, byteOffset = 0, allocator, maxEntries, timeoutMs } = options;
  const head = readHead(memory, byteOffset, { key, value });
  const isRegion = (head.kind & Kind.REGION) !== 0;
  if (!isRegion && allocator === undefined && !memory.readOnly) throwNeedsAllocator(memory);
  const source = isRegion || allocator === undefined ? new RegionSource(memory, byteOffset, prepare) : allocator;
  const seats = new Seats(memory, { byteOffset: byteOffset + head.seatsByteOffset, seats: head.seats }, "hash table", options);
  const shardsByteOffset = byteOffset + head.shardsByteOffset;
  const locks = memory.readOnly
    ? undefined
    : Array.from(
        { length: head.shards },
        (_, number) =>
          new RobustLock(
            seats,
            shardsByteOffset + (number * SHARD_WORDS + LOCK) * 4,
            `a shard of the hash table in ${memory.subject}`,
            timeoutMs,
          ),
      );
  const store = new RecordStore<Key, Value, Input>({
    memory,
    byteOffset,
    shardsByteOffset,
    shards: head.shards,
    seed: head.seed,
    source,
    isRegion: source instanceof RegionSource,
    reach: (byteEnd) => source.reach?.(byteEnd) ?? false,
    keys: new KeyBytes(key, head.seed),
    values: new ValueBytes(value, (head.kind & Kind.TTL) !== 0),
    isChecked: true,
    seats,
    ...(locks === undefined ? {} : { locks }),
    ...extra,
  });
  store.repair = (shard) => repairShard(store, shard);
  return { store, seats, head, place: { byteOffset, headByteLength: head.byteLength, lease: memory.lease, maxEntries } };
}

function checkSharable(memory: Memory): void {
  if (!memory.readOnly) return;
  throw new MemoryError("read-only", {
    subject: `hash table in ${memory.subject}`,
    event: "cannot be made in a memory that is read-only",
    cure: "Map the file for writing.",
  });
}

function throwNeedsAllocator(memory: Memory): never {
  throw new MemoryError("invalid-argument", {
    subject: `hash table in ${memory.subject}`,
    event: "was made with an allocator, and needs it to grow",
    cure: "Pass the allocator, attached in this thread or process.",
  });
}
