import type { RecordTableTypes } from "../../../collections/tables/record-table-options.ts";
import { EXTENTS, MOST_EXTENTS, planRecords, SHAPE, SHARD_WORDS } from "../../../collections/tables/records/layout.ts";
import { canRelocate, relocateRecords } from "../../../collections/tables/records/relocate.ts";
import {
  attachSharedHashTable,
  type SharedHashTable,
  type SharedTableOptions,
  sharedHashTable,
  sharedHashTableByteLength,
} from "../../../collections/tables/shared-hash-table.ts";
import { magicOf } from "../../../core/magic.ts";
import type { Memory } from "../../../core/memory.ts";
import type { KindReader, ReachedBlock, SegmentKind } from "../kind.ts";
import { checkMark } from "./one-block.ts";

/** Types of keys and values, and of what is made. The rest is ignored where the table is there. */
export interface SegmentTableOptions<Key, Value, Input = Value>
  extends RecordTableTypes<Key, Value, Input>,
    Pick<SharedTableOptions<Key, Value, Input>, "capacity" | "shards" | "seats" | "expiring" | "maxEntries"> {}

const KIND = "table";
const FORMAT = 1;
const MARK = magicOf("OHrt");
const UNIT_BYTES = 8;

/** A map that all participants read and write: see `sharedHashTable`. It takes further pages of the segment as it grows. */
export function tableKind<Key, Value, Input = Value>(
  options: SegmentTableOptions<Key, Value, Input>,
): SegmentKind<SharedHashTable<Key, Value, Input>> {
  const { key, value } = options;
  return {
    kind: KIND,
    format: FORMAT,
    signature: `${key.signature}=>${value.signature}`,
    typeName: `${key.name} to ${value.name}`,
    create({ memory, allocator, participant }) {
      const byteLength = sharedHashTableByteLength(options);
      const byteOffset = allocator.alloc(byteLength, 64);
      return { made: sharedHashTable(memory, { ...options, ...participant, allocator, byteOffset }), byteOffset, byteLength };
    },
    attach({ memory, allocator, participant }, byteOffset) {
      return attachSharedHashTable(memory, { ...options, ...participant, allocator, byteOffset });
    },
    read: ({ memory }, byteOffset) => attachSharedHashTable(memory, { ...options, byteOffset }),
    close: (table) => table.close(),
    check: (table) => table.checkInvariants(),
  };
}

export const tableReader: KindReader = {
  kind: KIND,
  format: FORMAT,
  canMove: canRelocate,
  relocate: (memory, { to, placeOf }) => relocateRecords(memory, to, placeOf),
  *blocks(memory, byteOffset): Generator<ReachedBlock> {
    const { shards, byteLength, shardsByteOffset } = planOf(memory, byteOffset);
    yield { ptr: byteOffset, byteSize: byteLength };
    const first = (byteOffset + shardsByteOffset) / 4;
    for (let shard = first; shard < first + shards * SHARD_WORDS; shard += SHARD_WORDS) {
      for (let at = shard + EXTENTS; at < shard + EXTENTS + MOST_EXTENTS * 2; at += 2) {
        const [ref, units] = [memory.u32[at], memory.u32[at + 1]];
        if (ref !== 0) yield { ptr: ref * UNIT_BYTES, byteSize: units * UNIT_BYTES };
      }
    }
  },
  check(memory, byteOffset, byteLength) {
    const found = checkMark(memory, byteOffset, MARK);
    if (found.length > 0 || planOf(memory, byteOffset).byteLength === byteLength) return found;
    return ["has another shape than the directory says"];
  },
};

function planOf({ i32 }: Memory, byteOffset: number): ReturnType<typeof planRecords> {
  const shape = i32[byteOffset / 4 + SHAPE];
  return planRecords(shape & 0xffff, shape >>> 16);
}
