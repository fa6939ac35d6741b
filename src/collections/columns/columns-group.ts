import type { ColumnsBlock } from "./columns-block.ts";
import { cellByteOffset, isPresent, readCell } from "./columns-cells.ts";

/**
 * The rows of an order by column `k`, cut where the value changes: for each value the numbers of its rows, which rise. The arrays are parts of one.
 * Values are equal as keys of a Map are: NaN to itself, 0 to -0; bytes when they are the same bytes.
 */
export function groupRuns(block: ColumnsBlock, k: number, order: Uint32Array): Map<unknown, Uint32Array> {
  const groups = new Map<unknown, Uint32Array>();
  const ends = runEnds(block, k, order);
  let start = 0;
  for (const end of ends) {
    groups.set(readCell(block, k, order[start]), order.subarray(start, end));
    start = end;
  }
  return groups;
}

/** Where in the order the runs of equal values end. */
function runEnds(block: ColumnsBlock, k: number, order: Uint32Array): number[] {
  const { element } = block.places[k];
  const bits = block.bitmaps[k];
  // Rows without a value are last.
  let present = order.length;
  while (bits !== undefined && present > 0 && !isPresent(bits, order[present - 1])) present -= 1;
  const column = block.elements[k];
  const ends =
    column === undefined || column instanceof BigInt64Array || column instanceof BigUint64Array
      ? endsOfBytes(block.memory.u8, cellByteOffset(block, k, 0), element.byteSize, order, present)
      : endsOfNumbers(column, order, present);
  if (present < order.length) ends.push(order.length);
  return ends;
}

function endsOfNumbers(column: ArrayLike<number>, order: Uint32Array, present: number): number[] {
  const ends: number[] = [];
  if (present === 0) return ends;
  let value = column[order[0]];
  for (let i = 1; i < present; i++) {
    const next = column[order[i]];
    if (next !== value && !(Number.isNaN(next) && Number.isNaN(value))) ends.push(i);
    value = next;
  }
  ends.push(present);
  return ends;
}

/** Of values that are equal when their bytes are. */
function endsOfBytes(u8: Uint8Array, start: number, byteSize: number, order: Uint32Array, present: number): number[] {
  const ends: number[] = [];
  if (present === 0) return ends;
  for (let i = 1; i < present; i++) {
    const a = start + order[i - 1] * byteSize;
    const b = start + order[i] * byteSize;
    let byte = 0;
    while (byte < byteSize && u8[a + byte] === u8[b + byte]) byte += 1;
    if (byte < byteSize) ends.push(i);
  }
  ends.push(present);
  return ends;
}
