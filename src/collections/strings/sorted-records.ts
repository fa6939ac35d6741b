import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import { equalsUtf8 } from "../packed-utf8.ts";
import { Segments } from "./segments.ts";
import {
  BYTE_LENGTH,
  CELLS,
  FIRST_LEVEL,
  HASH,
  LEVEL,
  RECORD_HEAD_WORDS,
  throwLost,
  UNIT_BYTES,
} from "./shared-interner-layout.ts";
import type { SharedRoom } from "./shared-room.ts";
import { equalsWords } from "./string-record.ts";

/** A link to the cell of a bucket instead of a record. */
const BUCKET = 0x8000_0000 | 0;
/** Where the list ends: the bucket that nothing leads to, since the list begins there. */
export const END = BUCKET;
/** A cell that is not on the list, or not known to be: nobody begins there. */
export const ASIDE = 0x4000_0000;
/** Flips the order of signed numbers into that of unsigned ones. */
const SIGN = 0x8000_0000 | 0;
const MOST_LEVEL = 28;

/**
 * The records in the order of their hashes, and places to begin at: a hash table that grows without moving anything (after the split-ordered lists of
 * Shalev and Shavit, 2006, but in natural order, with the buckets' cells as their own nodes).
 *
 *     link      > 0   ref of a record                 BUCKET | position >>> 2   the cell of the bucket that begins at this position
 *               END   there is no more                | ASIDE                   the cell that holds this link may not be on the list yet
 *                 0   a cell that nobody has touched
 *
 *     cell 0 → record → record → cell 5 → record → END
 *
 * Position = hash with its highest bit flipped, unsigned. At level L there are 2^L buckets, which begin at multiples of 2^(32 − L); a bucket that begins at p
 * appears at the level where p first is such a multiple, and has one cell for ever. Doubling the buckets writes nothing: a new one is put on the list by the
 * first writer that would have begun there, and until then searches begin in the nearest bucket before it. A writer that dies while it does that
 * leaves a cell that nobody begins at: searches there take a few steps more.
 *
 * Nothing is ever taken off the list, so every record that a search has passed stays before those that it comes to, and a compare-and-swap that finds
 * the link it expects proves that nothing came in between.
 */
export class SortedRecords {
  readonly #memory: Memory;
  readonly #byteOffset: number;
  readonly #head: number;
  readonly #cells: Segments;
  /** The highest bits of a position that choose its bucket, as far as this object has looked. */
  #mask = 0;
  #level = 0;
  /** Words that are known to be committed. */
  #reach = 0;
  /** Where the last search that found nothing ended: the word of the link, and what it was. */
  #word = 0;
  #raw = 0;

  constructor(memory: Memory, byteOffset: number) {
    this.#memory = memory;
    this.#byteOffset = byteOffset;
    this.#head = byteOffset / 4;
    this.#cells = new Segments(memory, this.#head + CELLS);
    this.#reach = memory.byteLength / 4;
    this.#look();
  }

  /** The first bucket's cell, on an empty list. False when there is no room. */
  begin(room: SharedRoom): boolean {
    if (!this.#cells.reach(0, room)) return false;
    this.#memory.i32[this.#cells.wordOf(0)] = END;
    return true;
  }

  /** The ref of the record with these bytes, or 0. */
  findBytes(source: Uint8Array, start: number, end: number, hash: number): number {
    let { i32 } = this.#memory;
    let word = this.#startOf(hash);
    let raw = i32[word];
    for (let steps = 0; ; steps++) {
      const link = raw & ~ASIDE;
      if (link > 0) {
        const record = link * 2;
        if (record + RECORD_HEAD_WORDS > this.#reach) i32 = this.reachWord(record + RECORD_HEAD_WORDS);
        const found = i32[record + HASH];
        if (found > hash) break;
        if (found === hash && i32[record + BYTE_LENGTH] === end - start) {
          const last = record + RECORD_HEAD_WORDS + ((end - start + 3) >>> 2);
          if (last > this.#reach) i32 = this.reachWord(last);
          if (equalsWords(i32, record + RECORD_HEAD_WORDS, source, start, end)) return link;
        }
        word = record;
      } else {
        const position = link << 2;
        if (link === END || (position ^ SIGN) > hash) break;
        word = this.#cellOf(position);
      }
      raw = i32[word];
      if ((steps & 0xffff) === 8) this.#lookAgain(steps);
    }
    this.#word = word;
    this.#raw = raw;
    return 0;
  }

  /** The ref of the record with the bytes of `text`, or 0. */
  findString(text: string, hash: number): number {
    let { i32 } = this.#memory;
    let word = this.#startOf(hash);
    let raw = i32[word];
    for (let steps = 0; ; steps++) {
      const link = raw & ~ASIDE;
      if (link > 0) {
        const record = link * 2;
        if (record + RECORD_HEAD_WORDS > this.#reach) i32 = this.reachWord(record + RECORD_HEAD_WORDS);
        const found = i32[record + HASH];
        if (found > hash) break;
        if (found === hash) {
          const byteLength = i32[record + BYTE_LENGTH];
          const last = record + RECORD_HEAD_WORDS + ((byteLength + 3) >>> 2);
          if (last > this.#reach) i32 = this.reachWord(last);
          if (equalsUtf8(text, this.#memory.u8, (record + RECORD_HEAD_WORDS) * 4, byteLength)) return link;
        }
        word = record;
      } else {
        const position = link << 2;
        if (link === END || (position ^ SIGN) > hash) break;
        word = this.#cellOf(position);
      }
      raw = i32[word];
      if ((steps & 0xffff) === 8) this.#lookAgain(steps);
    }
    this.#word = word;
    this.#raw = raw;
    return 0;
  }

  /**
   * Puts the record at `ref` where the last search, which was for its string, has ended. False when something has come in between: search again.
   * The record's head is written, but for its link.
   */
  insert(ref: number): boolean {
    const { i32 } = this.#memory;
    i32[ref * 2] = this.#raw & ~ASIDE;
    return Atomics.compareExchange(i32, this.#word, this.#raw, ref) === this.#raw;
  }

  /** For writers, before they search: puts the bucket that a hash belongs to on the list, if nobody has begun to. */
  open(hash: number): void {
    const position = (hash ^ SIGN) & this.#mask;
    const cell = this.#cellOf(position);
    if (this.#memory.i32[cell] === 0) this.#openBucket(position, cell);
  }

  /** Twice as many buckets when there are more records than buckets. Does nothing when there is no room: searches only take longer. */
  grow(count: number, room: SharedRoom): void {
    if (count <= 2 ** this.#level || this.#level === MOST_LEVEL) return;
    this.#look();
    const level = this.#level;
    if (count <= 2 ** level || !this.#tryReach(2 ** level, room)) return;
    Atomics.compareExchange(this.#memory.i32, this.#head + LEVEL, level, level + 1);
    this.#look();
  }

  /** Makes sure that words up to `end` can be read here: somebody else may have made the memory longer. Returns the view. */
  reachWord(end: number): Int32Array {
    const memory = this.#memory;
    if (!memory.tryGrow(end * 4)) throwLost(memory, this.#byteOffset, end * 4);
    this.#reach = memory.byteLength / 4;
    return memory.i32;
  }

  /** Words that can be read. */
  get reach(): number {
    return this.#reach;
  }

  /** There are 2^level buckets. */
  get level(): number {
    this.#look();
    return this.#level;
  }

  /** The word of the cell of the bucket that begins at `position`, for `checkInvariants`. */
  cellAt(position: number): number {
    return this.#cellOf(position);
  }

  /** The refs of all records, in the order of the list, while nobody inserts. Throws `corrupt` where it leads round in circles. */
  *refs(): Generator<number, void, undefined> {
    const { i32 } = this.#memory;
    let raw = i32[this.#cellOf(0)];
    for (let steps = 0; (raw & ~ASIDE) !== END && raw !== 0; steps++) {
      if (steps * UNIT_BYTES > this.#memory.byteLength) this.#lookAgain(steps);
      const link = raw & ~ASIDE;
      if (link > 0) yield link;
      raw = i32[link > 0 ? link * 2 : this.#cellOf(link << 2)];
    }
  }

  blocks(): ReturnType<Segments["blocks"]> {
    return this.#cells.blocks();
  }

  /** The cell to begin at: that of the hash's bucket, or of the nearest one before that is on the list. */
  #startOf(hash: number): number {
    const { i32 } = this.#memory;
    const mask = this.#mask;
    // Adding the mask is taking one bucket's length away.
    for (let position = (hash ^ SIGN) & mask; ; position = (position + mask) | 0) {
      const cell = this.#cellOf(position);
      const raw = i32[cell];
      // The first bucket is always there.
      if ((raw !== 0 && (raw & ASIDE) === 0) || position === 0) return cell;
    }
  }

  #cellOf(position: number): number {
    if (position === 0) return this.#cells.wordOf(0);
    // The buckets of one level lie side by side, those that no lower level has.
    const zeros = 31 - Math.clz32(position & -position);
    const word = this.#cells.wordOf((1 << (31 - zeros)) + ((position >>> zeros) >>> 1));
    if (word + 1 > this.#reach) this.reachWord(word + 1);
    return word;
  }

  #openBucket(position: number, cell: number): void {
    let { i32 } = this.#memory;
    if (Atomics.compareExchange(i32, cell, 0, ASIDE) !== 0) return;
    const before = position ^ SIGN;
    let word = this.#startOf(before);
    for (let steps = 0; ; steps++) {
      if ((steps & 0xffff) === 8) this.#lookAgain(steps);
      const raw = Atomics.load(i32, word);
      const link = raw & ~ASIDE;
      if (link > 0) {
        if (link * 2 + RECORD_HEAD_WORDS > this.#reach) i32 = this.reachWord(link * 2 + RECORD_HEAD_WORDS);
        if (i32[link * 2 + HASH] < before) {
          word = link * 2;
          continue;
        }
      } else if (link !== END && ((link << 2) ^ SIGN) < before) {
        word = this.#cellOf(link << 2);
        continue;
      }
      Atomics.store(i32, cell, link | ASIDE);
      if (Atomics.compareExchange(i32, word, raw, BUCKET | (position >>> 2)) !== raw) continue;
      // Who came through the list may have put a record there already, without the mark.
      Atomics.compareExchange(i32, cell, link | ASIDE, link);
      return;
    }
  }

  /** A record has its id already when there are to be more buckets: what its allocator refuses, a full disk for one, is no reason to fail. */
  #tryReach(cell: number, room: SharedRoom): boolean {
    try {
      return this.#cells.reach(cell, room);
    } catch (error) {
      if (error instanceof MemoryError) return false;
      throw error;
    }
  }

  /** A search that is long: there may be more buckets by now; or the list is damaged and leads round in circles. */
  #lookAgain(steps: number): void {
    this.#look();
    if (steps * UNIT_BYTES > this.#memory.byteLength) throwLost(this.#memory, this.#byteOffset, steps);
  }

  #look(): void {
    this.#level = Math.min(Math.max(Atomics.load(this.#memory.i32, this.#head + LEVEL), FIRST_LEVEL), MOST_LEVEL);
    this.#mask = -1 << (32 - this.#level);
  }
}

/** The offset of a record's bytes. */
export function bytesOfRecord(ref: number): number {
  return ref * UNIT_BYTES + RECORD_HEAD_WORDS * 4;
}
