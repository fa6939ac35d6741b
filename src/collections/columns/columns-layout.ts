/*
 * The bytes of columns: one block, position-independent, little-endian.
 *
 *   byte 0    64                                                            byteLength
 *   +---------+----------+-----+----------+-----+--------------+-----+--------------+
 *   | header  | column a | pad | column b |  …  | validity of b| pad |      …       |
 *   +---------+----------+-----+----------+-----+--------------+-----+--------------+
 *
 *   header, u32 words: those of block-header.ts, magic "OHco", version 1; 4 capacity in rows, 5 and 6 zero; 8 size in rows, 9 … 15 zero
 *
 * Every column and every validity bitmap begins at a multiple of 64 bytes from the start of the block. Columns come first, those of
 * the strictest alignment before others and else in the order of the fields, each `capacity` elements; an optional field's column
 * has elements of its inner type. Behind them, for each optional field, one bit a row, least significant first, 1 = there is a
 * value. So a column with its bitmap is what Apache Arrow has in memory, for numbers of every width (bools are bytes here).
 *
 * Invariants:
 * 1. The block begins at a multiple of 8, and where an allocator places it, of 64. size <= capacity.
 * 2. All bytes of rows from `size` on are zero, in columns and in bitmaps, and so is all padding.
 * 3. The element of a row without a value is zero.
 * 4. Words 0 … 7 never change within a block: growth makes a new block. One thread writes.
 */
import { alignUp } from "../../core/align.ts";
import { magicOf } from "../../core/magic.ts";
import type { Memory } from "../../core/memory.ts";
import { layoutWord } from "../../layout/fingerprint.ts";
import { OptionalType } from "../../layout/optional.ts";
import type { Field } from "../../layout/struct-fields.ts";
import type { Type } from "../../layout/type.ts";
import { BLOCK_ALIGN, type BlockFormat, corrupt, HEADER_BYTES, openHeader, sealHeader } from "../block-header.ts";

const FORMAT: BlockFormat = { subject: "columns", magic: magicOf("OHco"), version: 1 };
const CAPACITY = 4;
/** The header word that tells the number of rows. */
export const SIZE = 8;
/** Bits of one column's bitmap are counted in 31 bits. */
export const MOST_ROWS = 2 ** 30;

/** A struct, whatever its fields. */
export type RowType = Type & { readonly fields: Readonly<Record<string, Field>> };

/** One field of all rows. */
export interface ColumnPlace {
  readonly name: string;
  /** The field's type. */
  readonly type: Type;
  /** What an element is: the field's type, or what is optional in it. */
  readonly element: Type;
  /** From the start of the block. */
  readonly byteOffset: number;
  /** Where its bitmap begins; 0 where the field is not optional. */
  readonly validityByteOffset: number;
  /** Where the field lies in a row as a struct. */
  readonly fieldByteOffset: number;
}

export interface ColumnsPlan {
  /** In the order of the struct's fields. */
  readonly columns: readonly ColumnPlace[];
  readonly byteLength: number;
}

/** Where everything lies for `capacity` rows. */
export function planColumns(type: RowType, capacity: number): ColumnsPlan {
  const fields = Object.entries(type.fields).map(([name, field]) => {
    const element = field.type instanceof OptionalType ? field.type.inner : field.type;
    return { name, type: field.type, element, fieldByteOffset: field.byteOffset };
  });
  let end = HEADER_BYTES;
  const place = (byteLength: number): number => {
    const byteOffset = end;
    end = alignUp(end + byteLength, BLOCK_ALIGN);
    return byteOffset;
  };
  const placed = new Map<string, number>();
  for (const { name, element } of fields.toSorted((a, b) => b.element.align - a.element.align)) {
    placed.set(name, place(capacity * element.byteSize));
  }
  const columns = fields.map((field) => ({
    ...field,
    byteOffset: placed.get(field.name) ?? 0,
    validityByteOffset: field.type === field.element ? 0 : place(Math.ceil(capacity / 8)),
  }));
  return { columns, byteLength: end };
}

function layoutOf(type: RowType): number {
  return layoutWord(`columns ${type.signature}`);
}

/** Writes the header of columns without rows. `words` begin at the block, and are zero. */
export function writeColumnsHeader(words: Int32Array, type: RowType, capacity: number): void {
  sealHeader(words, FORMAT, layoutOf(type), [capacity, 0, 0]);
}

/**
 * Reads and checks the header at `byteOffset`, and returns the capacity. O(1). Throws `corrupt`, `unsupported-format`, `layout-mismatch`,
 * `out-of-bounds`, `invalid-argument`.
 */
export function readColumnsHeader(memory: Memory, byteOffset: number, type: RowType): number {
  const words = openHeader(memory, byteOffset, FORMAT, layoutOf(type), type.name);
  const [capacity, size] = [words[CAPACITY], words[SIZE]];
  if (!(capacity >= 0 && capacity <= MOST_ROWS && size >= 0 && size <= capacity)) {
    throw corrupt(memory, FORMAT, "has impossible counts", { byteOffset, size, capacity });
  }
  const { byteLength } = planColumns(type, capacity);
  if (byteOffset + byteLength > memory.byteLength) {
    throw corrupt(memory, FORMAT, "ends past the memory", { byteOffset, byteLength, committed: memory.byteLength });
  }
  return capacity;
}
