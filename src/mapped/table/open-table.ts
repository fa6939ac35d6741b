import type { RecordTableTypes } from "../../collections/tables/record-table-options.ts";
import { regionEnd } from "../../collections/tables/records/compact.ts";
import { BOOT, STATE } from "../../collections/tables/records/layout.ts";
import type { Prepare } from "../../collections/tables/records/reach.ts";
import { openRecords, type SharedTableOptions } from "../../collections/tables/shared-hash-table.ts";
import { checkByteLength } from "../../core/align.ts";
import { A_PATH, checkCall, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import { GiB } from "../../core/size.ts";
import { A_TYPE } from "../../layout/struct-fields.ts";
import { system } from "../../native/system.ts";
import { TABLE } from "../file-header.ts";
import { makeUnlessThere } from "../file-image.ts";
import { mapFile } from "../map-file.ts";
import type { MappedMemory } from "../mapped-memory.ts";
import { checkOpenMode, type OpenMode } from "../open-mode.ts";
import { participantIn } from "../participants.ts";
import { bootWord } from "./boot-word.ts";
import { cutFile, isUncut } from "./cut-file.ts";
import { checkHashes, isUnchanged, State, sealRecords, type TableRecovery, takeOver, unsealShard } from "./durable-records.ts";
import { type Durability, MappedHashTable } from "./mapped-hash-table.ts";
import { checkTypes, newTableImage, readTableFile } from "./table-file.ts";
import { TablePresence } from "./table-presence.ts";

export interface OpenTableOptions<Key, Value, Input = Value>
  extends Omit<SharedTableOptions<Key, Value, Input>, "byteOffset" | "allocator" | "identity" | "stamp" | "isAlive"> {
  /** The most bytes that the file can grow to through this: address space, not memory or disk. Default 4 GiB, which is as much as Node 20 can show. */
  readonly reserve?: number;
  /** Default `"flush"`. */
  readonly durability?: Durability;
  /** Default `"readWrite"`. With `"read"` the file must be there, and whole, and nothing in it changes through this; it need not be writable. */
  readonly mode?: OpenMode;
}

/**
 * Opens the hash table in the file at `path`, and makes it where nothing is yet: for any number of threads and processes at once, each of which opens it for
 * itself.
 *
 * ```ts
 * using quotes = openTable("quotes.tbl", { key: text, value: Quote });
 * quotes.set("AAPL", { bid: 189.9, ask: 190.1 });
 * ```
 *
 * Who opens it first finds whether it was closed in good order, and makes it sound if it was not: see `table.recovery`. `capacity`, `shards`, `seats`, `seed`
 * and `expiring` count when it is made.
 *
 * Throws `layout-mismatch` for other types than it was made with, `not-an-offheap-file`, `corrupt`, `unsupported-format`, `disk-full` (nothing was made), `io`,
 * `out-of-memory` (no seat left), `unsupported`.
 */
export function openTable<Key, Value, Input = Value>(
  path: string,
  options: OpenTableOptions<Key, Value, Input>,
): MappedHashTable<Key, Value, Input> {
  const call = 'openTable("quotes.tbl", { key: text, value: Quote })';
  checkCall(call, [A_PATH, path], [OPTIONS, options], [A_TYPE, options?.key], [A_TYPE, options?.value]);
  const subject = `hash table ${path}`;
  const { mode = "readWrite", reserve = GiB(4) } = options;
  checkOpenMode(subject, mode);
  checkByteLength(subject, "reserve", reserve, 1, Number.MAX_SAFE_INTEGER);
  const isRead = mode === "read";
  system();
  const image = { format: TABLE, bytes: () => newTableImage(options), zerosAreUnfinished: true };
  let isNew = !isRead && makeUnlessThere(subject, path, image);
  for (;;) {
    const memory = mapFile(path, { mode, maxByteLength: reserve });
    try {
      const file = readTableFile(memory);
      checkTypes(memory, file, options);
      const { byteOffset } = file;
      const table = isRead ? openForReading(memory, byteOffset, options) : openForWriting(memory, byteOffset, options, isNew);
      if (table !== undefined) return table;
    } catch (error) {
      memory.close();
      throw error;
    }
    // The last one to close it has cut the file meanwhile.
    memory.close();
    isNew = false;
  }
}

function openForWriting<Key, Value, Input>(
  memory: MappedMemory,
  byteOffset: number,
  options: OpenTableOptions<Key, Value, Input>,
  isNew: boolean,
): MappedHashTable<Key, Value, Input> | undefined {
  const { origin } = memory;
  if (origin === undefined)
    throw new MemoryError("io", { subject: memory.subject, event: "has no name", cure: "Open it by its path." });
  const participant = participantIn(memory);
  const durable = { sync: memory.flush.bind(memory), prepare: populating(memory) };
  const opened = openRecords(memory, { ...options, ...participant, byteOffset }, durable);
  const { store, seats, place } = opened;
  const presence = new TablePresence(memory, origin);
  let recovery: TableRecovery = { after: "process", rebuiltShards: 0, foundEntries: 0 };
  const end = (): void => {
    seats.leave();
    presence.leave(() => {
      seats.sit(() => {});
      sealRecords(store);
      seats.leave();
      presence.whileUnread(() => cutFile(origin, regionEnd(store)));
    });
    participant.close();
  };
  try {
    const isIn = presence.enter(
      () => isUncut(origin, memory.byteLength),
      () => {
        recovery = takeOver(opened, bootWord(origin), isNew);
      },
    );
    if (!isIn) {
      presence.leave(() => {});
      participant.close();
      return undefined;
    }
    const table = new MappedHashTable(store, { memory, seats, place, durability: options.durability ?? "flush", recovery, end });
    store.unseal = (shard) => {
      if (unsealShard(store, shard)) table.damagedShards.push((shard - store.wordOf(0)) / (store.wordOf(1) - store.wordOf(0)));
    };
    table.sit();
    checkHashes(store);
    return table;
  } catch (error) {
    presence.leave(() => {});
    participant.close();
    throw error;
  }
}

/** Makes new pages present many at a time, for a fraction of what a fault for each costs. Where that cannot be, they come one by one. */
function populating(memory: MappedMemory): Prepare {
  return (byteOffset, byteLength) => {
    try {
      memory.populate("write", byteOffset, byteLength);
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
    }
  };
}

/** For reading: nothing in the file changes through this. Undefined when it was cut since it was mapped: then it is to be mapped anew. */
export function openForReading<Key, Value, Input>(
  memory: MappedMemory,
  byteOffset: number,
  options: RecordTableTypes<Key, Value, Input>,
): MappedHashTable<Key, Value, Input> | undefined {
  const { origin } = memory;
  const presence = origin === undefined ? undefined : new TablePresence(memory, origin);
  const end = (): void => presence?.leave(() => {});
  try {
    if (origin === undefined || presence?.enterReading(() => isUncut(origin, memory.byteLength)) === true)
      return reading(memory, byteOffset, options, end);
  } catch (error) {
    end();
    throw error;
  }
  end();
  return undefined;
}

function reading<Key, Value, Input>(
  memory: MappedMemory,
  byteOffset: number,
  options: RecordTableTypes<Key, Value, Input>,
  end: () => void,
): MappedHashTable<Key, Value, Input> {
  const { origin } = memory;
  const { store, seats, place } = openRecords(memory, { ...options, byteOffset }, { sync: () => {} });
  const words = place.byteOffset / 4;
  const isClean = memory.i32[words + STATE] === State.CLEAN;
  if (!isClean && (origin === undefined || memory.i32[words + BOOT] !== bootWord(origin))) {
    throw new MemoryError("corrupt", {
      subject: memory.subject,
      event: "was not closed in good order before the machine went down, or was copied while it was open",
      cure: "Open it once for writing: then it is made sound.",
    });
  }
  const recovery: TableRecovery = { after: isClean ? "clean" : "process", rebuiltShards: 0, foundEntries: 0 };
  store.unseal = (shard) => {
    if (!isUnchanged(store, shard)) store.throwCorrupt(shard);
  };
  return new MappedHashTable(store, { memory, seats, place, durability: "flush", recovery, end });
}
