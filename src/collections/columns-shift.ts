import type { ColumnsBlock } from "./columns-block.ts";
import { cellByteOffset } from "./columns-cells.ts";

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
