import { crc32 } from "node:zlib";
import type { Memory } from "../../core/memory.ts";
import type { RecordTable } from "./record-table.ts";
import type { SegmentCore } from "./segment-core.ts";
import { writeEmptyState } from "./segment-format.ts";
import {
  CHANGES,
  CHECKPOINT_WORDS,
  CHECKPOINTS,
  checkOf,
  EXTENT_WORDS,
  PAGE_BYTES,
  SEGMENT_ITSELF,
  STATE,
  STATE_WORDS,
  STRUCTURE_WORDS,
} from "./segment-layout.ts";

/*
 * Copies of state, extents and directory as they were when the segment was flushed, for after a power failure: then each page of the file may be the one of
 * the last flush, of any moment since, or torn, and the copy alone is whole. There are two, written in turns.
 *
 *   record, 16 words of page 0      0 number, one more each time   1 page   2 pages   3 bytes   4 their CRC-32   5 changes at that time
 *                                   15 check
 *   bytes                           the state, the extents in use, the directory in use
 *
 * Invariant: a copy is written over only after the other one is whole and on the disk.
 */
export interface CheckpointRecord {
  readonly slot: number;
  readonly number: number;
  readonly page: number;
  readonly pages: number;
  readonly byteLength: number;
  readonly checksum: number;
  readonly changes: number;
}

const CHECK = CHECKPOINT_WORDS - 1;
const FIELDS = 6;
/** What taking pages for the copy itself may add to it. */
const SPARE_BYTES = 8 * EXTENT_WORDS * 4;

/** The records that are whole, the latest first. What they point to may not be. */
export function checkpointsOf({ i32 }: Memory): CheckpointRecord[] {
  const found: CheckpointRecord[] = [];
  for (let slot = 0; slot < 2; slot++) {
    const word = CHECKPOINTS + slot * CHECKPOINT_WORDS;
    if (i32[word + CHECK] !== checkOf((at) => i32[at], word, CHECK, slot)) continue;
    const [number, page, pages, byteLength, checksum, changes] = Array.from(
      i32.subarray(word, word + FIELDS),
      (value) => value >>> 0,
    );
    found.push({ slot, number, page, pages, byteLength, checksum, changes });
  }
  return found.sort((a, b) => b.number - a.number);
}

/**
 * Copies what the directory and the extents are now. `flush` saves all bytes of the memory: before, so that what the copy tells of is there when the copy is,
 * and after it. `sinks`: in pages further down, if there are any that are free. Needs the lock.
 */
export function writeCheckpoint(core: SegmentCore, flush: () => void, sinks = false): void {
  const { memory, extents, directory } = core;
  const known = checkpointsOf(memory);
  const slot = known.length === 0 ? 0 : 1 - known[0].slot;
  const { page, pages } = takePages(core, slot, known, sinks);
  flush();
  const parts = [
    memory.bytes(STATE * 4, STATE_WORDS * 4),
    ...recordsOf(memory, extents.table),
    ...recordsOf(memory, directory.table),
  ];
  let at = page * PAGE_BYTES;
  let checksum = 0;
  for (const part of parts) {
    memory.u8.set(part, at);
    checksum = crc32(part, checksum);
    at += part.byteLength;
  }
  const number = (known[0]?.number ?? 0) + 1;
  const { i32 } = memory;
  const fields = [number, page, pages, at - page * PAGE_BYTES, checksum, i32[CHANGES]];
  const word = CHECKPOINTS + slot * CHECKPOINT_WORDS;
  fields.forEach((value, index) => void Atomics.store(i32, word + index, value | 0));
  Atomics.store(
    i32,
    word + CHECK,
    checkOf((index) => i32[index], word, CHECK, slot),
  );
  flush();
}

/** Whether both copies are there, and neither lies behind free pages that are long enough for it. */
export function areCheckpointsLow({ memory, extents }: SegmentCore): boolean {
  const known = checkpointsOf(memory);
  return known.length === 2 && known.every(({ page, pages }) => extents.firstFit(page, pages) === undefined);
}

/** Pages for a copy that are as long as it can become, those that the slot has had if they are. */
function takePages(
  core: SegmentCore,
  slot: number,
  known: readonly CheckpointRecord[],
  sinks: boolean,
): { readonly page: number; readonly pages: number } {
  const { memory, extents, directory, log } = core;
  const needed = (): number => {
    const byteLength = (STATE_WORDS + extents.table.count * EXTENT_WORDS + directory.table.count * STRUCTURE_WORDS) * 4;
    return Math.ceil((byteLength + SPARE_BYTES) / PAGE_BYTES);
  };
  const had = known.find((record) => record.slot === slot);
  const extent = had === undefined ? undefined : extents.find(had.page);
  const isIts = extent !== undefined && extent.owner === SEGMENT_ITSELF && extent.pages === had?.pages;
  const isLowest = !sinks || extents.firstFit(had?.page ?? 0, needed() * 2) === undefined;
  if (isIts && extent.pages >= needed() && isLowest) return extent;
  // The record first, so that it never points to what is another's.
  Atomics.store(memory.i32, CHECKPOINTS + slot * CHECKPOINT_WORDS + CHECK, 0);
  if (isIts) {
    extents.release(extent);
    log.commit();
  }
  const pages = needed() * 2;
  const page = extents.takeBefore(extents.top, pages, SEGMENT_ITSELF, 0) || extents.take(pages, 1, SEGMENT_ITSELF, 0);
  if (page === 0) core.throwFull(pages);
  log.commit();
  return { page, pages };
}

/** The records in use, part by part. */
function recordsOf(memory: Memory, table: RecordTable): Uint8Array[] {
  const found: Uint8Array[] = [];
  let left = table.count * table.recordWords * 4;
  for (let part = 0; left > 0; part++) {
    const { page, pages } = table.part(part);
    const byteLength = Math.min(left, pages * PAGE_BYTES);
    found.push(memory.bytes(page * PAGE_BYTES, byteLength));
    left -= byteLength;
  }
  return found;
}

/**
 * Puts state, extents and directory back to what they were at the last flush that was completed; at the first, to a segment without structures. May run again
 * from the beginning. Nobody else may use the segment.
 */
export function restoreCheckpoint(core: SegmentCore): void {
  const { memory, log, extents, directory } = core;
  const { i32, u8 } = memory;
  log.abandon();
  for (const { page, byteLength, checksum } of checkpointsOf(memory)) {
    const from = page * PAGE_BYTES;
    if (byteLength < STATE_WORDS * 4 || from + byteLength > memory.byteLength) continue;
    const copy = memory.bytes(from, byteLength).slice();
    if (crc32(copy) !== checksum) continue;
    u8.set(copy.subarray(0, STATE_WORDS * 4), STATE * 4);
    let at = STATE_WORDS * 4;
    for (const table of [extents.table, directory.table]) {
      for (const part of recordsOf(memory, table)) {
        part.set(copy.subarray(at, at + part.byteLength));
        at += part.byteLength;
      }
    }
    return;
  }
  writeEmptyState(i32);
}
