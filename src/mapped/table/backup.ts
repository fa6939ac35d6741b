import { HEADER_BYTES } from "../../collections/block-header.ts";
import { whileAlone } from "../../collections/tables/records/alone.ts";
import { sealOf } from "../../collections/tables/records/check.ts";
import { checkedEpoch, isSaving } from "../../collections/tables/records/flush.ts";
import { DURABLE, EPOCH, HEAD_SEAL, LOCK, SAVED, SEAL, SHARD_WORDS, STATE, TOP } from "../../collections/tables/records/layout.ts";
import { sealOfShard } from "../../collections/tables/records/repair.ts";
import type { RecordStore } from "../../collections/tables/records/store.ts";
import { privateMemory } from "../../core/homes.ts";
import { publishFile } from "../atomic-file.ts";
import { State } from "./durable-records.ts";

type AnyStore = RecordStore<unknown, unknown, never>;

/** What tells where a table lies in its file. */
interface TablePlace {
  readonly byteOffset: number;
  readonly headByteLength: number;
}

/**
 * Writes a copy of a table that others go on using into a file of its own, which is there when it is whole and on the disk. Each shard is held while it is
 * copied, so the copy has each as it was at a moment of its own; all of them at once in a table that has transactions. Everything lies in the copy where it lies in the table, and is sealed as of a table that was
 * closed in good order.
 */
export function backupTable(store: AnyStore, { byteOffset, headByteLength }: TablePlace, path: string): void {
  const { memory, parts } = store;
  using head = privateMemory(headByteLength);
  using file = publishFile(path);
  file.write(memory.bytes(0, byteOffset), 0);
  const copyShard = (shard: number): void => {
    const words = memory.i32.subarray(shard, shard + SHARD_WORDS);
    const to = shard - byteOffset / 4;
    head.i32.set(words, to);
    head.i32[to + LOCK] = 0;
    head.i32[to + SEAL] = sealOfShard(store, shard);
    for (const { ref, units } of store.room.extents(shard)) file.write(memory.bytes(ref * 8, units * 8), ref * 8);
  };
  if (!isSaving(store)) store.forEachShard(copyShard);
  // The first transaction may have come meanwhile: then once more.
  if (isSaving(store)) whileAlone(store, () => shardsOf(store).forEach(copyShard));
  // After the shards: nothing of them lies beyond this top, or is of a later epoch. Seats stay empty.
  head.u8.set(memory.bytes(byteOffset, HEADER_BYTES), 0);
  head.i32[DURABLE] = head.i32[EPOCH];
  if (isSaving(store)) head.i64[SAVED / 2] = checkedEpoch(head.i32[EPOCH], parts.seed);
  head.i32[EPOCH] += 1;
  head.i32[STATE] = State.CLEAN;
  head.i32[HEAD_SEAL] = sealOf(head.i32, TOP, HEAD_SEAL, parts.seed);
  file.write(head.bytes(0, headByteLength), byteOffset);
  file.commit();
}

function shardsOf(store: AnyStore): number[] {
  return Array.from({ length: store.parts.shards }, (_, number) => store.wordOf(number));
}
