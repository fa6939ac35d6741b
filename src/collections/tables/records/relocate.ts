import { alignUp } from "../../../core/align.ts";
import type { Memory } from "../../../core/memory.ts";
import { oddMultiplier } from "../../hash.ts";
import { freeCheck, headCheck, recordCheck } from "./check.ts";
import {
  CAPACITY,
  CHECK,
  CLASSES,
  EXTENTS,
  FRESH,
  FRESH_END,
  INDEX,
  KEY,
  KEY_BYTES,
  KEY_BYTES_MASK,
  LENGTHS_MASK,
  LOCK,
  MOST_EXTENTS,
  planRecords,
  RECORD_EPOCH,
  RETIRED,
  RETIRED_EPOCH,
  SEAL,
  SEED,
  SHAPE,
  SHARD_WORDS,
  SLOTS,
  VALUE_BYTES,
} from "./layout.ts";
import { CLASS_COUNT } from "./size-class.ts";

/** Where what lay at a byte offset lies now. Throws `corrupt` for what was in no block of the table. */
export type PlaceOf = (byteOffset: number) => number;

const MOST_ALIGN = 4096;

/** The words at which the shards of the table begin. */
function shardsOf({ i32 }: Memory, byteOffset: number): number[] {
  const shape = i32[byteOffset / 4 + SHAPE];
  const { shards, shardsByteOffset } = planRecords(shape & 0xffff, shape >>> 16);
  return Array.from({ length: shards }, (_, number) => (byteOffset + shardsByteOffset) / 4 + number * SHARD_WORDS);
}

/** Whether a table that nobody uses is one that can be moved: no shard is as a dead writer has left it, and nothing is kept for a flush. */
export function canRelocate(memory: Memory, byteOffset: number): boolean {
  const { i32 } = memory;
  return shardsOf(memory, byteOffset).every((shard) => {
    const isKept = i32.subarray(shard + RETIRED, shard + RETIRED_EPOCH).some((ref) => ref !== 0);
    return i32[shard + LOCK] === 0 && i32[shard + SEAL] === 0 && !isKept;
  });
}

/**
 * Makes a copy of a table's blocks a table: all that tells in it where something lies, and the checks that depend on that. `byteOffset` is where the copy of its head
 * lies. Needs no types: of how values are aligned it finds out by the checks of records.
 */
export function relocateRecords(memory: Memory, byteOffset: number, placeOf: PlaceOf): void {
  const seed = memory.i32[byteOffset / 4 + SEED];
  const refOf = (ref: number): number => (ref === 0 ? 0 : placeOf(ref * 8) / 8);
  for (const shard of shardsOf(memory, byteOffset)) {
    relocateRoom(memory, shard, refOf, oddMultiplier(seed));
    relocateIndex(memory, shard, refOf, seed);
  }
}

function relocateRoom({ i32, u32 }: Memory, shard: number, refOf: (ref: number) => number, seed: number): void {
  for (let at = shard + EXTENTS; at < shard + EXTENTS + MOST_EXTENTS * 2; at += 2) u32[at] = refOf(u32[at]);
  const freshUnits = u32[shard + FRESH_END] - u32[shard + FRESH];
  u32[shard + FRESH] = freshUnits > 0 ? refOf(u32[shard + FRESH]) : 0;
  u32[shard + FRESH_END] = freshUnits > 0 ? u32[shard + FRESH] + freshUnits : 0;
  for (let head = shard + CLASSES; head < shard + CLASSES + CLASS_COUNT; head++) {
    let before = head;
    // The last free block that was met: its check covers the link.
    let last = 0;
    for (let ref = u32[before]; ; ) {
      const now = refOf(ref);
      const word = now * 2;
      const isFree = now !== 0 && i32[word] === 0 && i32[word + 3] === freeCheck(i32[word + 1], i32[word + 2], ref | 0, seed);
      // A list that is damaged ends there, as it does for whoever takes from it.
      u32[before] = isFree ? now : 0;
      if (last !== 0) i32[last * 2 + 3] = freeCheck(i32[last * 2 + 1], i32[last * 2 + 2], last | 0, seed);
      if (!isFree) break;
      ref = u32[word + 1];
      // A block that is met again is none any more.
      i32[word + 3] = 0;
      before = word + 1;
      last = now;
    }
  }
}

function relocateIndex({ i32, u32 }: Memory, shard: number, refOf: (ref: number) => number, seed: number): void {
  const index = refOf(u32[shard + INDEX]);
  u32[shard + INDEX] = index;
  if (index === 0) return;
  const first = index * 2 + SLOTS;
  for (let slot = first; slot < first + i32[index * 2 + CAPACITY] * 2; slot += 2) {
    const ref = u32[slot + 1];
    if (ref === 0) continue;
    const now = refOf(ref);
    u32[slot + 1] = now;
    const at = now * 2;
    const end = endOfRecord(i32, at, ref, seed);
    // One that is damaged stays so, and is told as such.
    if (end === 0) continue;
    const plain = i32[at + KEY_BYTES] & LENGTHS_MASK;
    i32[at + KEY_BYTES] = plain + headCheck(i32[at + VALUE_BYTES], plain, i32[at + RECORD_EPOCH], now | 0, seed);
    i32[at + CHECK] = recordCheck(i32, at, end, now | 0, seed);
  }
}

/** The word behind a record that lay at `ref`; 0 when it is none. */
function endOfRecord(words: Int32Array, at: number, ref: number, seed: number): number {
  const keyEnd = KEY * 4 + alignUp(words[at + KEY_BYTES] & KEY_BYTES_MASK, 4);
  const valueBytes = words[at + VALUE_BYTES];
  for (let align = 4; align <= MOST_ALIGN; align *= 2) {
    const end = at + Math.ceil((alignUp(keyEnd, align) + valueBytes) / 4);
    if (end > words.length) return 0;
    if (words[at + CHECK] === recordCheck(words, at, end, ref | 0, seed)) return end;
  }
  return 0;
}
