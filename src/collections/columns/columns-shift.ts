import type { Memory } from "../../core/memory.ts";
import type { ColumnsBlock } from "./columns-block.ts";
import { cellByteOffset, copyRow, gatherRow, isPresent, scatterRow, setPresent } from "./columns-cells.ts";

/** Moves the rows [index, size) up by one. There is room; row `index` is a copy afterwards, for the caller to overwrite. */
export function openRow(block: ColumnsBlock, index: number, size: number): void {
  block.places.forEach((_, k) => {
    block.memory.u8.copyWithin(
      cellByteOffset(block, k, index + 1),
      cellByteOffset(block, k, index),
      cellByteOffset(block, k, size),
    );
    const bits = block.bitmaps[k];
    if (bits !== undefined) openBit(bits, index, size);
  });
}

/** Moves the rows (index, size) down by one, over row `index`. The last row is there twice afterwards, for the caller to clear. */
export function closeRow(block: ColumnsBlock, index: number, size: number): void {
  block.places.forEach((_, k) => {
    block.memory.u8.copyWithin(
      cellByteOffset(block, k, index),
      cellByteOffset(block, k, index + 1),
      cellByteOffset(block, k, size),
    );
    const bits = block.bitmaps[k];
    if (bits !== undefined) closeBit(bits, index, size);
  });
}

/** Two rows change places, by way of room for one as a struct. */
export function swapRows(block: ColumnsBlock, index: number, other: number, record: Memory): void {
  gatherRow(block, index, record);
  copyRow(block, other, index);
  scatterRow(block, other, record);
}

/** Moves the rows `kept`, whose numbers rise, to the beginning. Runs of them move together. Those behind stay, for the caller to clear. */
export function keepRows(block: ColumnsBlock, kept: readonly number[]): void {
  for (let to = 0; to < kept.length; ) {
    const from = kept[to];
    let count = 1;
    while (kept[to + count] === from + count) count += 1;
    if (from !== to) moveDown(block, from, to, count);
    to += count;
  }
}

function moveDown(block: ColumnsBlock, from: number, to: number, count: number): void {
  block.places.forEach((_, k) => {
    const { u8 } = block.memory;
    u8.copyWithin(cellByteOffset(block, k, to), cellByteOffset(block, k, from), cellByteOffset(block, k, from + count));
    const bits = block.bitmaps[k];
    if (bits === undefined) return;
    for (let row = 0; row < count; row++) setPresent(bits, to + row, isPresent(bits, from + row));
  });
}

/** Bits of a byte below bit `index & 7`. */
function below(index: number): number {
  return (1 << (index & 7)) - 1;
}

function openBit(bits: Uint8Array, index: number, size: number): void {
  const first = index >>> 3;
  for (let byte = size >>> 3; byte > first; byte--) bits[byte] = (bits[byte] << 1) | (bits[byte - 1] >>> 7);
  const kept = below(index);
  bits[first] = (bits[first] & kept) | ((bits[first] & ~kept) << 1);
}

function closeBit(bits: Uint8Array, index: number, size: number): void {
  const first = index >>> 3;
  const last = (size - 1) >>> 3;
  const kept = below(index);
  const carried = (byte: number): number => (byte < last ? (bits[byte + 1] & 1) << 7 : 0);
  bits[first] = (bits[first] & kept) | ((bits[first] >>> 1) & ~kept) | carried(first);
  for (let byte = first + 1; byte <= last; byte++) bits[byte] = (bits[byte] >>> 1) | carried(byte);
}
