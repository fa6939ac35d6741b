import type { Allocator } from "../../alloc/allocator.ts";
import { NIL, type Ptr } from "../../core/brand.ts";
import { MemoryError } from "../../core/errors.ts";
import { magicOf } from "../../core/magic.ts";
import type { Memory } from "../../core/memory.ts";
import { layoutWord } from "../../layout/fingerprint.ts";
import { BLOCK_ALIGN, type BlockFormat, corrupt, openHeader, sealHeader } from "../block-header.ts";
import { type CheckedOptions, ID_BYTES, type IdWidth } from "./interner-options.ts";
import { Content } from "./text-content.ts";

/**
 * The bytes of an interner that any number of threads and processes share.
 *
 *      0   header       that of all collections: magic "OHsi", version 1; words 4 to 6: seed, what it takes (Content), bytes of an id
 *     32   count i32    strings that have an id. Rises by one, by compare-and-swap
 *     36   content i32  how far a string may be from UTF-8. Only rises, before the first such string can be found
 *     40   level i32    there are 2^level buckets. Only rises
 *     44   maxCount i32
 *     48   chunks i32   ref of the newest chunk
 *     52   owned u32    units of 8 bytes taken from the allocator, all of them
 *     56   most u32     how many may be taken
 *     60   0
 *     64   cells        28 refs of the segments of cells     see segments.ts; the first has 16 elements, each of the others as many as all before
 *    176   ids          28 refs of the segments of refs by id; element 0 is never used
 *    288
 *
 *   chunk               | older chunk i32 | its units i32 | records …
 *
 *   record              | next i32 | hash i32 | id i32 | byteLength i32 | bytes …, zeros up to a multiple of 8 |
 *
 * A ref is an offset from the start of the memory in units of 8 bytes, below 2^30: 8 GiB are in reach. Records are on one list in the order of
 * their hashes, as signed numbers. A bucket is a place in that list: its cell is the link that leads on from there. See sorted-records.ts for the
 * words of links.
 *
 * Who writes: a record and a new segment, who makes it, before anybody else can find it; after that only links, ids, refs by id, and the words of this head,
 * each by one atomic operation. No operation of one waits for another, and whatever a writer that dies has left half done changes no answer: a record
 * that has no id yet gets one from whoever interns its string next.
 *
 * Invariants:
 * 1. Ids are 1 … count without gaps: ids[id] is the ref of a record whose id is id. ids[count + 1] may be set already.
 * 2. The list ascends by hash, holds every record once, and no two with the same bytes. Links are only ever changed to something that comes in between.
 * 3. Each bucket whose cell is neither 0 nor marked is on the list, before all records of its hashes and after all others.
 * 4. Records, cells and refs by id lie in blocks that `blocks()` tells, and do not overlap. They never move.
 */
export const COUNT = 8;
export const CONTENT = 9;
export const LEVEL = 10;
export const MAX_COUNT = 11;
export const CHUNKS = 12;
export const OWNED = 13;
export const MOST_OWNED = 14;
export const CELLS = 16;
export const IDS = 44;
export const HEAD_BYTES = 288;

/** Header words of the options. */
const SEED = 4;
const TAKES = 5;
const ID_BYTES_WORD = 6;

/** i32 words of a record. */
export const NEXT = 0;
export const HASH = 1;
export const ID = 2;
export const BYTE_LENGTH = 3;
export const RECORD_HEAD_WORDS = 4;

export const UNIT_BYTES = 8;
export const MOST_REF = 2 ** 30 - 1;
/** What stands for no limit of bytes. */
const NO_LIMIT = -1;
export const FIRST_LEVEL = 4;

const FORMAT: BlockFormat = { subject: "shared interner", magic: magicOf("OHsi"), version: 1 };
const LAYOUT = layoutWord("shared interner");

/** What the header of a shared interner says. */
export interface SharedInternerHeader {
  readonly seed: number;
  readonly most: Content;
  readonly ids: IdWidth;
}

/** A head without strings, in a block of its own. `NIL` when there is no room; then nothing has changed. */
export function writeHead(allocator: Allocator, { seed, most, ids, maxCount, maxByteLength }: CheckedOptions): Ptr {
  const ptr = allocator.rawAlloc(HEAD_BYTES, BLOCK_ALIGN);
  if (ptr === NIL) return NIL;
  const words = allocator.memory.slice("i32", ptr, HEAD_BYTES / 4);
  words.fill(0);
  words[LEVEL] = FIRST_LEVEL;
  words[MAX_COUNT] = maxCount;
  words[OWNED] = HEAD_BYTES / UNIT_BYTES;
  words[MOST_OWNED] = unitsOfLimit(maxByteLength);
  sealHeader(words, FORMAT, LAYOUT, [seed, most, ID_BYTES[ids]]);
  return ptr;
}

/** Reads and checks the header at `byteOffset`. O(1). Throws `corrupt`, `unsupported-format`, `out-of-bounds`, `invalid-argument`. */
export function readHead(memory: Memory, byteOffset: number): SharedInternerHeader {
  memory.checkRange(byteOffset, HEAD_BYTES);
  const words = openHeader(memory, byteOffset, FORMAT, LAYOUT, "a shared interner");
  const width = (["u8", "u16", "u32"] as const).find((name) => ID_BYTES[name] === words[ID_BYTES_WORD]);
  const most = Object.values(Content).find((content) => content === words[TAKES]);
  const all = memory.slice("i32", byteOffset, HEAD_BYTES / 4);
  if (width === undefined || most === undefined || all[COUNT] < 0 || all[LEVEL] < FIRST_LEVEL || all[LEVEL] > 28) {
    throw corrupt(memory, FORMAT, "has a head with impossible numbers", { byteOffset, count: all[COUNT], level: all[LEVEL] });
  }
  return { seed: words[SEED], most, ids: width };
}

/** The limit that a head's word says. */
export function limitOfUnits(units: number): number {
  return units === NO_LIMIT ? Number.MAX_SAFE_INTEGER : (units >>> 0) * UNIT_BYTES;
}

/** A limit of bytes as the head holds it. */
export function unitsOfLimit(maxByteLength: number): number {
  return maxByteLength >= 0xffff_ffff * UNIT_BYTES ? NO_LIMIT : Math.floor(maxByteLength / UNIT_BYTES) | 0;
}

/** The error for refs and links that lead nowhere. */
export function throwLost(memory: Memory, byteOffset: number, reached: number): never {
  throw new MemoryError("corrupt", {
    subject: `shared interner in ${memory.subject}`,
    event: "has words that lead out of its memory or round in circles",
    numbers: { byteOffset, reached, committed: memory.byteLength, maxByteLength: memory.maxByteLength },
    cure: "Verify the file; intern its strings anew from their source.",
  });
}
