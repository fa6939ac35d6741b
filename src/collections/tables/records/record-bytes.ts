import { alignUp } from "../../../core/align.ts";
import { privateMemory } from "../../../core/homes.ts";
import type { Memory } from "../../../core/memory.ts";
import type { Bounds } from "./bounds.ts";
import { copyChecked, headCheck, recordCheck } from "./check.ts";
import {
  CHECK,
  KEY,
  KEY_BYTES,
  KEY_BYTES_MASK,
  LENGTHS_MASK,
  LINK,
  MOST_VALUE_BYTES,
  RECORD_EPOCH,
  TOMBSTONE,
  VALUE_BYTES,
} from "./layout.ts";

/** What the records of one table have in common. */
export interface RecordShape {
  /** Bytes of every key; 0: any number. */
  readonly keyBytes: number;
  /** Bytes of every value; 0: any number. */
  readonly valueBytes: number;
  readonly valueAlign: number;
}

/** The bytes of a key, from `words[at]` on. */
export interface RecordKey {
  readonly words: Int32Array;
  readonly at: number;
  readonly byteLength: number;
}

const KEY_OFFSET = KEY * 4;
const LEAST_SCRATCH_BYTES = 256;

/** The records of a table: where their parts lie, whether they are whole, and one at a time as a private copy. */
export class RecordBytes {
  /** The copy that `copy` made; a record at byte 0. */
  scratch: Memory;
  readonly #bounds: Bounds;
  readonly #seed: number;
  readonly #shape: RecordShape;

  constructor(bounds: Bounds, seed: number, shape: RecordShape) {
    this.#bounds = bounds;
    this.#seed = seed;
    this.#shape = shape;
    this.scratch = privateMemory(LEAST_SCRATCH_BYTES);
  }

  /** Where a value lies, from the start of a record. */
  valueOffset(keyBytes: number): number {
    return alignUp(KEY_OFFSET + alignUp(keyBytes, 4), this.#shape.valueAlign);
  }

  units(keyBytes: number, valueBytes: number): number {
    return Math.ceil((this.valueOffset(keyBytes) + valueBytes) / 8);
  }

  /** The units that the record at `ref` was allocated for. */
  unitsOf(ref: number): number {
    const { i32 } = this.#bounds.memory;
    return this.units(i32[ref * 2 + KEY_BYTES] & KEY_BYTES_MASK, i32[ref * 2 + VALUE_BYTES]);
  }

  /** The word behind the record at `ref`, as its head says; 0 when no record of this table could say so, or it would end outside of the memory. */
  endOf(ref: number): number {
    const at = ref * 2;
    if (!this.#bounds.reaches(at + KEY)) return 0;
    const { i32 } = this.#bounds.memory;
    const lengths = i32[at + KEY_BYTES];
    const keyBytes = lengths & KEY_BYTES_MASK;
    const valueBytes = i32[at + VALUE_BYTES];
    const { keyBytes: fixedKey, valueBytes: fixedValue } = this.#shape;
    if (fixedKey !== 0 && keyBytes !== fixedKey) return 0;
    const isTombstone = (lengths & TOMBSTONE) !== 0;
    if (isTombstone ? valueBytes !== 0 : fixedValue !== 0 && valueBytes !== fixedValue) return 0;
    if (valueBytes < 0 || valueBytes > MOST_VALUE_BYTES + 8) return 0;
    const plain = lengths & LENGTHS_MASK;
    if (plain + headCheck(valueBytes, plain, i32[at + RECORD_EPOCH], ref | 0, this.#seed) !== lengths) return 0;
    const end = at + Math.ceil((this.valueOffset(keyBytes) + valueBytes) / 4);
    return this.#bounds.reaches(end) ? end : 0;
  }

  isRecord(ref: number): boolean {
    const end = this.endOf(ref);
    if (end === 0) return false;
    const { i32 } = this.#bounds.memory;
    return i32[ref * 2 + CHECK] === recordCheck(i32, ref * 2, end, ref | 0, this.#seed);
  }

  /** Copies the record at `ref` to `scratch`. False when none is there. */
  copy(ref: number): boolean {
    const end = this.endOf(ref);
    if (end === 0) return false;
    if ((end - ref * 2) * 4 > this.scratch.byteLength) this.#widen((end - ref * 2) * 4);
    return copyChecked(this.#bounds.memory.i32, ref * 2, end, this.scratch.i32, ref | 0, this.#seed);
  }

  /** The head and the key of a record, and zeros where its value goes that the value may leave. */
  begin(ref: number, key: RecordKey, valueBytes: number, flags: number, epoch: number): void {
    const { words, at: keyAt, byteLength: keyBytes } = key;
    const { i32 } = this.#bounds.memory;
    const at = ref * 2;
    i32[at + CHECK] = 0;
    i32[at + VALUE_BYTES] = valueBytes;
    i32[at + KEY_BYTES] = keyBytes;
    this.date(ref, flags, epoch);
    i32[at + LINK] = 0;
    const keyEnd = (keyBytes + 3) >> 2;
    for (let word = 0; word < keyEnd; word++) i32[at + KEY + word] = words[keyAt + word];
    const valueAt = at + this.valueOffset(keyBytes) / 4;
    for (let word = at + KEY + keyEnd; word < valueAt; word++) i32[word] = 0;
    const end = at + Math.ceil((this.valueOffset(keyBytes) + valueBytes) / 4);
    if (this.#shape.valueBytes === 0) i32[end - 1] = end > valueAt ? 0 : i32[end - 1];
    else for (let word = valueAt; word < end; word++) i32[word] = 0;
  }

  /** Says of what is no record yet in which epoch it becomes one, and what comes before it. */
  date(ref: number, flags: number, epoch: number): void {
    const { i32 } = this.#bounds.memory;
    const at = ref * 2;
    const lengths = (i32[at + KEY_BYTES] & KEY_BYTES_MASK) | flags;
    i32[at + KEY_BYTES] = lengths + headCheck(i32[at + VALUE_BYTES], lengths, epoch, ref | 0, this.#seed);
    i32[at + RECORD_EPOCH] = epoch;
  }

  /** Makes it a record. */
  seal(ref: number): void {
    const { i32 } = this.#bounds.memory;
    const keyBytes = i32[ref * 2 + KEY_BYTES] & KEY_BYTES_MASK;
    const end = ref * 2 + Math.ceil((this.valueOffset(keyBytes) + i32[ref * 2 + VALUE_BYTES]) / 4);
    i32[ref * 2 + CHECK] = recordCheck(i32, ref * 2, end, ref | 0, this.#seed);
  }

  #widen(byteLength: number): void {
    this.scratch = privateMemory(alignUp(byteLength * 2, 8));
  }
}
