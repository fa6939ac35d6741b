/*
 * The bytes of a table of records: a head, and blocks of which each belongs to one shard for ever. Little-endian, offsets from the start of the memory.
 *
 *   head         0        64        64 + seats           …
 *                +--------+---------+---------+---------+-----+---------+--------------------
 *                | header | seats   | shard 0 | shard 1 |  …  | shard n | (blocks, when the table has a region of its own)
 *                +--------+---------+---------+---------+-----+---------+--------------------
 *
 *   header, u32 words                                  shard, 144 words                                  written by
 *    0 magic "OHrt"        8 top / 64 of the region     0 lock: see RobustLock                            compare-and-swap
 *    1 version 1           9 epoch                      1 version: see invariant 5                        its holder, as all that follows
 *    2 feature bits 0     10 durable epoch              2 count of entries
 *    3 layout             11 state                      3 index, a ref; 0: none
 *    4 shards, seats      12 boot                       4 fresh: [ref, end) of room never used
 *    5 seed               13 seal of words 8 … 12       6 seal of the shard and its index; 0: none
 *    6 kind               14, 15 saved epoch            7 log of a commit that goes on, a ref; 0: none. See commit.ts
 *    7 check of 0 … 6                                   8 … 15 records to be freed later: see room.ts
 *                                                      16 … 79 free blocks by size: see room.ts
 *                                                      80 … 143 extents: 32 × [ref, units]
 *
 *   record       0        4                  8                       12       16      20                    aligned for the value
 *                +--------+------------------+-----------------------+--------+-------+-----+-----+---------+-------+-----+
 *                | check  | valueByteLength  | keyByteLength + flags | epoch  | link  | key | 0 … | value   |   0 … to a word
 *                +--------+------------------+-----------------------+--------+-------+-----+-----+---------+-------+-----+
 *
 *   index        0        4          8        16
 *                +--------+----------+--------+------------+-----------+-----
 *                | 0      | capacity | zeros  | hash | ref | hash | ref |  …     ref 0: empty
 *                +--------+----------+--------+------------+-----------+-----
 *
 * A ref is an offset in units of 8 bytes. A key's hash names its shard by the top bits and its home slot by the low ones; it lies there or behind, cyclically,
 * without an empty slot in between.
 *
 * Invariants:
 * 1. A record is written once and whole before a slot names it, and stays as it is for as long as one does. Setting a key to another value is a new
 *    record and one store, of the ref in its slot. `check` covers all of the record but `link`, and where it lies.
 * 2. What one thread publishes by an atomic store of a ref (in a slot, or of an index in a shard) is whole. So a reader needs no lock, and whatever store a
 *    writer dies before, the table is sound for readers.
 * 3. Only the holder of a shard's lock writes in its extents and in its words. Each byte of an extent is live, retired, free, fresh, or lost until the
 *    shard is rebuilt, which needs the index alone: all that the index does not reach is free.
 * 4. An entry moves to another slot by being written there first, then `version`, then where it came from. In between it is there twice.
 * 5. `version` changes before anything that a reader may be looking at is used for something else, and between the two stores of a move. A reader that found
 *    what it looked for, or found nothing, and sees the version that it saw before, is right; else it looks again.
 * 6. count <= capacity of the index * 3/4. No key is in two slots, but while a writer moves it.
 * 7. Extents are entered once and stay their shard's, but for those that compacting takes out, behind which nothing is in use: see compact.ts.
 *
 * The epochs are what lets a table in a file survive power failures: see journal.ts.
 */
import { alignUp } from "../../../core/align.ts";
import { seatsByteLength } from "../../../core/seats.ts";
import type { BlockFormat } from "../../block-header.ts";

export const RECORDS_FORMAT: BlockFormat = { subject: "hash table", magic: 0x7472_484f, version: 1 };

/** Header words. */
export const SHAPE = 4;
export const SEED = 5;
export const KIND = 6;
export const TOP = 8;
export const EPOCH = 9;
export const DURABLE = 10;
export const STATE = 11;
export const BOOT = 12;
export const HEAD_SEAL = 13;
export const SAVED = 14;
export const HEAD_BYTES = 64;

/** Shard words. */
export const LOCK = 0;
export const VERSION = 1;
export const COUNT = 2;
export const INDEX = 3;
export const FRESH = 4;
export const FRESH_END = 5;
export const SEAL = 6;
export const LOG = 7;
export const RETIRED = 8;
export const SPENT = 10;
export const RETIRED_EPOCH = 12;
export const SPENT_EPOCH = 14;
export const CLASSES = 16;
export const EXTENTS = 80;
export const MOST_EXTENTS = 32;
export const SHARD_WORDS = 144;

/** Record words. */
export const CHECK = 0;
export const VALUE_BYTES = 1;
export const KEY_BYTES = 2;
export const RECORD_EPOCH = 3;
export const LINK = 4;
export const KEY = 5;
/** In the upper half of word KEY_BYTES: two flags, and from HEAD_CHECK_BIT on a check of the words 1 to 3. */
export const HAS_OLDER = 1 << 16;
export const TOMBSTONE = 1 << 17;
export const HEAD_CHECK_BIT = 18;
export const LENGTHS_MASK = (1 << HEAD_CHECK_BIT) - 1;
export const KEY_BYTES_MASK = 0xffff;
export const MOST_KEY_BYTES = 0xffff;
export const MOST_VALUE_BYTES = 0x3fff_ffff;

/** Index words. */
export const CAPACITY = 1;
export const SLOTS = 4;
export const LEAST_SLOTS = 16;

/** What a table is, beyond its types: bits of header word KIND. */
export const Kind = { TTL: 1, PERSISTENT: 2, REGION: 4 } as const;

export const MOST_SHARDS = 4096;

/** Where things lie in a head, from its start. */
export interface RecordsPlan {
  readonly shards: number;
  readonly seats: number;
  readonly seatsByteOffset: number;
  readonly shardsByteOffset: number;
  /** Of the head. */
  readonly byteLength: number;
}

export function planRecords(shards: number, seats: number): RecordsPlan {
  const shardsByteOffset = alignUp(HEAD_BYTES + seatsByteLength({ seats }), 64);
  const byteLength = shardsByteOffset + shards * SHARD_WORDS * 4;
  return { shards, seats, seatsByteOffset: HEAD_BYTES, shardsByteOffset, byteLength };
}
