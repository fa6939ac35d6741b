import { hashBytes } from "../hash.ts";
import type { Segments } from "./segments.ts";
import type { SharedInterner } from "./shared-interner.ts";
import { BYTE_LENGTH, HASH, ID, NEXT, UNIT_BYTES } from "./shared-interner-layout.ts";
import { unitsOfRecord } from "./shared-room.ts";
import { ASIDE, bytesOfRecord, END, type SortedRecords } from "./sorted-records.ts";
import type { StringId } from "./string-id.ts";
import { findInvalid } from "./text-content.ts";

/** Of a damaged interner that many findings are told; the rest would say the same. */
const MOST_FINDINGS = 20;
const SIGN = 0x8000_0000 | 0;

/** Checks every invariant of the layout, while nobody interns. */
export function checkSharedInterner(strings: SharedInterner, records: SortedRecords, refs: Segments): string[] {
  const found: string[] = [];
  try {
    const extents = [...strings.blocks()].map(({ ptr, byteSize }) => ({ start: ptr, end: ptr + byteSize, what: "a block" }));
    // Others may have made the memory longer.
    records.reachWord(Math.max(...extents.map(({ end }) => end)) / 4);
    found.push(...overlaps(extents));
    const blocks = extents.sort((a, b) => a.start - b.start);
    const listed = list(strings, records, found, blocks);
    byId(strings, refs, listed, found);
  } catch (error) {
    found.push(error instanceof Error ? error.message : String(error));
  }
  return found.slice(0, MOST_FINDINGS);
}

interface Extent {
  readonly start: number;
  readonly end: number;
  readonly what: string;
}

function overlaps(extents: readonly Extent[]): string[] {
  const sorted = extents.toSorted((a, b) => a.start - b.start);
  return sorted.flatMap(({ start, what }, at) => {
    const before = sorted[at - 1];
    return at > 0 && start < before.end ? [`${what} at byte ${start} overlaps ${before.what} at byte ${before.start}`] : [];
  });
}

/** Walks the list. Returns the refs of all records by their ids; those without an id are counted under 0. */
function list(strings: SharedInterner, records: SortedRecords, found: string[], blocks: readonly Extent[]): Map<number, number> {
  const { memory } = strings;
  const byId = new Map<number, number>();
  const extents: Extent[] = [];
  const positions = new Set<number>([0]);
  const most = memory.byteLength / UNIT_BYTES;
  let lastHash = SIGN;
  let lastPosition = 0;
  let sameHash: number[] = [];
  let word = records.cellAt(0);
  for (let steps = 0; found.length < MOST_FINDINGS; steps++) {
    const link = memory.i32[word] & ~ASIDE;
    if (link === END) break;
    if (steps > most) return end(`the list goes on after ${steps} steps`);
    if (link <= 0) {
      if (link === 0) return end(`the list is broken off at word ${word}`);
      const position = (link << 2) >>> 0;
      if (position <= lastPosition && lastPosition !== 0)
        found.push(`the bucket of ${position} comes after that of ${lastPosition}`);
      if (lastHash >= ((position ^ SIGN) | 0)) found.push(`the bucket of ${position} comes after hash ${lastHash}`);
      lastPosition = position;
      positions.add(position);
      word = records.cellAt(position | 0);
      continue;
    }
    if ((link + 2) * UNIT_BYTES > memory.byteLength) return end(`the list leads out of the memory at word ${word}`);
    const { i32, u8 } = memory;
    const record = link * 2;
    const [hash, byteLength] = [i32[record + HASH], i32[record + BYTE_LENGTH]];
    const stop = (link + unitsOfRecord(byteLength)) * UNIT_BYTES;
    if (byteLength < 0 || stop > memory.byteLength) return end(`the record at ${link} has ${byteLength} bytes`);
    if (hash < lastHash || (hash ^ SIGN) >>> 0 < lastPosition)
      found.push(`the record at ${link} has hash ${hash} after ${lastHash}`);
    found.push(...checkBytes(strings, link, hash, byteLength));
    if (hash !== lastHash) sameHash = [];
    for (const other of sameHash)
      if (same(u8, other, link, i32)) found.push(`the records at ${other} and ${link} are the same string`);
    sameHash.push(link);
    const id = i32[record + ID];
    if (id !== 0 && byId.has(id)) found.push(`the records at ${byId.get(id)} and ${link} both have id ${id}`);
    if (id !== 0) byId.set(id, link);
    extents.push({ start: link * UNIT_BYTES, end: stop, what: "the record" });
    lastHash = hash;
    word = record + NEXT;
  }
  found.push(...overlaps(extents), ...outside(extents, blocks), ...cells(strings, records, positions));
  return byId;

  function end(finding: string): Map<number, number> {
    found.push(finding);
    return byId;
  }
}

/** What is wrong with the bytes of one record. */
function checkBytes({ memory: { u8 }, seed, content }: SharedInterner, ref: number, hash: number, byteLength: number): string[] {
  const found: string[] = [];
  const start = bytesOfRecord(ref);
  const end = start + byteLength;
  if (hashBytes(u8, start, end, seed | 0) !== hash) found.push(`the bytes of the record at ${ref} have another hash than it says`);
  const padded = (ref + unitsOfRecord(byteLength)) * UNIT_BYTES;
  if (u8.subarray(end, padded).some((byte) => byte !== 0)) found.push(`the padding of the record at ${ref} is not zero`);
  if (findInvalid(u8, start, end, content) !== -1) found.push(`the string of the record at ${ref} is not valid text`);
  return found;
}

/** Nobody may begin at a cell that is not on the list. `listed` are the positions of those that are. */
function cells({ memory }: SharedInterner, records: SortedRecords, listed: ReadonlySet<number>): string[] {
  const found: string[] = [];
  for (let position = 0; position < 2 ** 32 && found.length < MOST_FINDINGS; position += 2 ** (32 - records.level)) {
    const raw = memory.i32[records.cellAt(position | 0)];
    if (raw !== 0 && (raw & ASIDE) === 0 && !listed.has(position)) found.push(`the bucket of ${position} is not on the list`);
  }
  return found;
}

function outside(records: readonly Extent[], blocks: readonly Extent[]): string[] {
  const sorted = records.toSorted((a, b) => a.start - b.start);
  let block = 0;
  return sorted.flatMap(({ start, end }) => {
    while (block < blocks.length && blocks[block].end <= start) block += 1;
    const inside = block < blocks.length && start >= blocks[block].start && end <= blocks[block].end;
    return inside ? [] : [`the record at byte ${start} lies outside of the blocks`];
  });
}

function same(u8: Uint8Array, a: number, b: number, i32: Int32Array): boolean {
  const byteLength = i32[a * 2 + BYTE_LENGTH];
  if (byteLength !== i32[b * 2 + BYTE_LENGTH]) return false;
  for (let at = 0; at < byteLength; at++) if (u8[bytesOfRecord(a) + at] !== u8[bytesOfRecord(b) + at]) return false;
  return true;
}

/** Every id leads to a record of the list that has it, and the other way round. The next id may have its record already. */
function byId(strings: SharedInterner, refs: Segments, listed: ReadonlyMap<number, number>, found: string[]): void {
  const { size, memory } = strings;
  for (let id = 1; id <= size && found.length < MOST_FINDINGS; id++) {
    const ref = memory.i32[refs.wordOf(id)];
    if (listed.get(id) !== ref)
      found.push(`id ${id} leads to ${ref}, the record with that id is ${listed.get(id) ?? "not listed"}`);
    const start = strings.byteOffsetOf(id as StringId);
    const other = strings.lookupBytes(memory.u8, start, start + strings.byteLengthOf(id as StringId));
    if (other !== id) found.push(`the string of id ${id} is found under ${other ?? "no id"}`);
  }
  for (let id = size + 1, word = refs.wordOf(id); id <= 2 * size + 16 && !Number.isNaN(word); id++, word = refs.wordOf(id)) {
    const ref = memory.i32[word];
    const isNext = id === size + 1 && (listed.get(id) === ref || (ref > 0 && memory.i32[ref * 2 + ID] === 0));
    if (ref !== 0 && !isNext) found.push(`id ${id} of ${size} leads to ${ref} already`);
  }
  for (const id of listed.keys()) if (id > size + 1 || id < 0) found.push(`a record has id ${id} of ${size}`);
}
