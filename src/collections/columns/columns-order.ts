import { MemoryError } from "../../core/errors.ts";
import type { ViewName } from "../../core/memory.ts";
import { scratchWords } from "../scratch.ts";
import type { ColumnsBlock } from "./columns-block.ts";
import { cellByteOffset, isPresent, readCell } from "./columns-cells.ts";
import type { RowType } from "./columns-layout.ts";
import { RadixSort } from "./radix-sort.ts";

/*
 * Orders of rows by one column, as the numbers of the rows. Numbers, bools and members of an enum are sorted by keys: 32-bit words that
 * compare as the values do. The bits of a float compare as an integer does, once the sign bit is flipped, and of negative ones all bits.
 */

const SIGN = 0x8000_0000;
/** Behind every number: where NaN goes. */
const LAST = 0xffff_ffff;

/**
 * The numbers of the first `size` rows in the order of column `k`, rows of equal values in the order of their numbers, rows without a value last in both
 * directions. NaN is larger than every number and 0 equals -0. Throws `invalid-argument` for a column whose values have no order.
 */
export function orderBy(type: RowType, block: ColumnsBlock, k: number, size: number, descending: boolean): Uint32Array {
  const { element } = block.places[k];
  if (element.codec.shape === "direct" && element.kind !== "interned") {
    return missingLast(orderOfNumbers(block, k, element.codec.view, size, descending), block.bitmaps[k]);
  }
  if (element.kind === "utf8" || element.kind === "bytes" || element.kind === "interned") {
    return missingLast(orderOfTexts(block, k, size, descending), block.bitmaps[k]);
  }
  throw new MemoryError("invalid-argument", {
    subject: `${type.name}.${block.places[k].name}`,
    event: `has values of type ${element.name}, which have no order`,
    cure: "Sort by a column of numbers, bools, members of an enum, strings or bytes.",
  });
}

function orderOfNumbers(block: ColumnsBlock, k: number, view: ViewName, size: number, descending: boolean): Uint32Array {
  const sorted = new RadixSort(size);
  const { memory } = block;
  const start = cellByteOffset(block, k, 0);
  const flip = descending ? LAST : 0;
  switch (view) {
    case "f64": {
      const words = memory.slice("u32", start, size * 2);
      for (let row = 0; row < size; row++) sorted.keys[row] = (lowOfF64(words[2 * row], words[2 * row + 1]) ^ flip) >>> 0;
      sorted.sort();
      const { keys, order } = sorted;
      for (let i = 0; i < size; i++) keys[i] = (highOfF64(words[2 * order[i]], words[2 * order[i] + 1]) ^ flip) >>> 0;
      break;
    }
    case "i64":
    case "u64": {
      const words = memory.slice("u32", start, size * 2);
      for (let row = 0; row < size; row++) sorted.keys[row] = (words[2 * row] ^ flip) >>> 0;
      sorted.sort();
      const { keys, order } = sorted;
      const sign = view === "i64" ? SIGN : 0;
      for (let i = 0; i < size; i++) keys[i] = (words[2 * order[i] + 1] ^ sign ^ flip) >>> 0;
      break;
    }
    case "f32": {
      const words = memory.slice("u32", start, size);
      for (let row = 0; row < size; row++) sorted.keys[row] = (keyOfF32(words[row]) ^ flip) >>> 0;
      break;
    }
    default: {
      // As many bits as the element has; those above are 0 in all keys, and cost no pass.
      const bits = descending ? 2 ** (8 * (view.endsWith("8") ? 1 : view.endsWith("16") ? 2 : 4)) - 1 : 0;
      const sign = view === "i8" ? 0x80 : view === "i16" ? 0x8000 : view === "i32" ? SIGN : 0;
      const words = memory.slice(view === "i8" ? "u8" : view === "i16" ? "u16" : view === "i32" ? "u32" : view, start, size);
      for (let row = 0; row < size; row++) sorted.keys[row] = (words[row] ^ sign ^ bits) >>> 0;
    }
  }
  sorted.sort();
  return sorted.order;
}

function keyOfF32(word: number): number {
  const magnitude = word & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return LAST;
  if (magnitude === 0) return SIGN;
  return word >>> 31 === 1 ? ~word >>> 0 : (word | SIGN) >>> 0;
}

function highOfF64(low: number, high: number): number {
  const magnitude = high & 0x7fff_ffff;
  if (magnitude > 0x7ff0_0000 || (magnitude === 0x7ff0_0000 && low !== 0)) return LAST;
  if (magnitude === 0 && low === 0) return SIGN;
  return high >>> 31 === 1 ? ~high >>> 0 : (high | SIGN) >>> 0;
}

function lowOfF64(low: number, high: number): number {
  const magnitude = high & 0x7fff_ffff;
  if (magnitude > 0x7ff0_0000 || (magnitude === 0x7ff0_0000 && low !== 0)) return LAST;
  if (magnitude === 0 && low === 0) return 0;
  return high >>> 31 === 1 ? ~low >>> 0 : low;
}

/** By comparing values that are read once. Strings compare as `<` does, bytes one by one; null, which a field without a bitmap can hold, is last. */
function orderOfTexts(block: ColumnsBlock, k: number, size: number, descending: boolean): Uint32Array {
  const order = scratchWords(size);
  const values: unknown[] = [];
  for (let row = 0; row < size; row++) {
    order[row] = row;
    values.push(readCell(block, k, row));
  }
  const sign = descending ? -1 : 1;
  return order.sort(
    (a, b) => Number(values[a] === null) - Number(values[b] === null) || sign * compare(values[a], values[b]) || a - b,
  );
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (!(a instanceof Uint8Array && b instanceof Uint8Array)) return 0;
  for (let byte = 0; byte < a.length; byte++) if (a[byte] !== b[byte]) return a[byte] - b[byte];
  return 0;
}

/** Moves rows without a value to the end; all keep their order. */
function missingLast(order: Uint32Array, bits: Uint8Array | undefined): Uint32Array {
  if (bits === undefined) return order;
  const missing = scratchWords(order.length);
  let present = 0;
  let absent = 0;
  for (const row of order) {
    if (isPresent(bits, row)) order[present++] = row;
    else missing[absent++] = row;
  }
  order.set(missing.subarray(0, absent), present);
  return order;
}
