/*
 * The bytes of a segment: many named structures in one file or memory. Little-endian, position-independent; pages are of 4096 bytes whatever the machine's are.
 *
 *   page 0        1          2       3             4            5                         top          backed        reserve
 *   +-------------+----------+-------+-------------+------------+-------------------------+------------+-------------+
 *   | header,     | seats,   | log   | directory,  | extents,   | extents: used and free, | not used,  | a hole      |
 *   | state       | lock     |       | first part  | first part | without a gap           | or not now |             |
 *   +-------------+----------+-------+-------------+------------+-------------------------+------------+-------------+
 *
 * The file is as long as it can ever become, and mapped whole: behind `backed` it has no blocks on the disk and takes no room there. So everybody sees what
 * anybody adds, without mapping anything again.
 *
 *   page 0, i32 words   0 … 15    header: see file-header.ts; byte 24 f64 the most bytes that it can grow to, 32 u32 bytes of a page,
 *                                 36 u32 seats, 40 8 random bytes that tell this segment from others. Never changes
 *                      16 … 31    session, i64: 0 after a clean end, else which boot of the machine uses it (session.ts); 14 words of 0
 *                      32 … 95    state: what the log changes, see below; the last word checks the others
 *                      96 … 127   two checkpoints of 16 words: see checkpoint.ts
 *   page 1              seats of 64 bytes and the spare one (core/seats.ts), then at word 1008 the lock (core/robust-lock.ts)
 *   page 2              the log: see segment-log.ts
 *
 *   state   0 changes      one more with every change
 *           1 extents      records in use of the table of extents
 *           2 top          pages below it are covered by extents
 *           3 structures   records in use of the directory; some of them may be empty
 *           4 next id      of a structure
 *           5 backed       pages below it have blocks of the disk behind them
 *           8 … 23         pages where the parts of the table of extents begin
 *          24 … 39         pages where the parts of the directory begin
 *
 * Part 0 of a table is one page of records; part k has as many records as all parts before it together, so that records never move when a table grows.
 *
 *   extent, 4 words      0 first page   1 pages   2 owner + 65536 · seat   3 check
 *   structure, 128 words  see directory.ts
 *
 * The owner of an extent is 0: nobody, it is free; 65535: the segment itself; else a record of the directory, from 1. The seat is that of who took it, until
 * it is known that the structure reaches it; 0 after that. Of a free extent it is 1 where its pages may have no blocks of the disk.
 *
 * Invariants:
 * 1. Only who holds the lock writes state, tables and log, and writes state and tables through the log alone: they change from one whole state to the next,
 *    whatever moment a process is killed at.
 * 2. The extents in use cover [5, top) without gap or overlap. No two free ones touch, and the last is not free.
 * 3. Every extent in use is the segment's own or that of a structure that is there. While nobody holds the lock no structure is being made or deleted.
 * 4. top <= backed <= reserve, and what is taken of a hole gets its blocks before: a store to a page that is in use never finds the disk full.
 * 5. Every record in use, and the state, have their check: a flipped bit is found when the segment is opened.
 */
export const PAGE_BYTES = 4096;
export const PAGE_WORDS: number = PAGE_BYTES / 4;

/** i32 words from the beginning. */
export const SESSION = 16;
export const STATE = 32;
export const STATE_WORDS = 64;
export const CHECKPOINTS = 96;
export const CHECKPOINT_WORDS = 16;

export const SEATS_BYTES: number = PAGE_BYTES;
export const MOST_SEATS = 62;
export const LOCK_BYTE_OFFSET: number = PAGE_BYTES + (PAGE_BYTES - 64);
export const LOG_PAGE = 2;
export const DIRECTORY_PAGE = 3;
export const EXTENTS_PAGE = 4;
export const FIRST_PAGE = 5;

/** Words of the state. */
export const CHANGES: number = STATE + 0;
export const EXTENT_COUNT: number = STATE + 1;
export const TOP: number = STATE + 2;
export const STRUCTURE_COUNT: number = STATE + 3;
export const NEXT_ID: number = STATE + 4;
export const BACKED: number = STATE + 5;
export const EXTENT_PARTS: number = STATE + 8;
export const STRUCTURE_PARTS: number = STATE + 24;
export const PARTS = 16;
export const STATE_CHECK: number = STATE + STATE_WORDS - 1;

export const EXTENT_WORDS = 4;
export const STRUCTURE_WORDS = 128;
/** The word of a structure's record that holds its check. */
export const STRUCTURE_CHECK = 124;

/** Owners of extents. */
export const FREE = 0;
export const SEGMENT_ITSELF = 65_535;
/** In place of the seat of a free extent. */
export const HOLE = 1;
export const SEAT_UNIT = 65_536;

/** 16 TiB less a page: pages are counted in 32 bits. */
export const MOST_BYTES: number = (2 ** 32 - 1) * PAGE_BYTES;

/** A hash of words, for checks: not against malice. Never 0, so that zeros are no record. */
export function checkOf(word: (index: number) => number, from: number, count: number, salt: number): number {
  let hash = Math.imul(salt ^ 0x9e37_79b9, 0x85eb_ca6b);
  for (let index = from; index < from + count; index++) {
    hash = Math.imul(hash ^ word(index), 0xcc9e_2d51);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe654_6b64) | 0;
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85eb_ca6b);
  hash ^= hash >>> 13;
  return hash === 0 ? 1 : hash;
}
