import { scratchBytes, scratchWords } from "../scratch.ts";
import type { ColumnsBlock } from "./columns-block.ts";
import { cellByteOffset, isPresent, setPresent } from "./columns-cells.ts";

/**
 * Puts the rows in the order of `order`: row `order[i]` becomes row i. One column after the other, by way of scratch memory as long as the
 * longest, which is allocated before anything moves. Throws `out-of-memory`; nothing has changed then.
 */
export function permuteRows(block: ColumnsBlock, order: Uint32Array): void {
  const size = order.length;
  const inWords = block.places.map(({ element: { byteSize, align } }) => byteSize % 4 === 0 && align >= 4);
  const most = (words: boolean): number =>
    Math.max(0, ...block.places.filter((_, k) => inWords[k] === words).map(({ element }) => element.byteSize * size));
  const words = scratchWords(most(true) / 4);
  const bytes = scratchBytes(Math.max(most(false), Math.ceil(size / 8)));
  block.places.forEach(({ element: { byteSize } }, k) => {
    const start = cellByteOffset(block, k, 0);
    // Words, not floats: a float's way through the engine may change the bits of a NaN.
    if (inWords[k]) gather(block.memory.slice("u32", start, (size * byteSize) / 4), words, order, byteSize / 4);
    else gather(block.memory.slice("u8", start, size * byteSize), bytes, order, byteSize);
    const bits = block.bitmaps[k];
    if (bits !== undefined) gatherBits(bits, bytes, order);
  });
}

function gather(column: Uint32Array | Uint8Array, scratch: Uint32Array | Uint8Array, order: Uint32Array, stride: number): void {
  if (column instanceof Uint32Array && scratch instanceof Uint32Array) {
    if (stride === 1) gatherSingles(column, scratch, order);
    else if (stride === 2) gatherPairs(column, scratch, order);
    else gatherWords(column, scratch, order, stride);
  } else if (stride === 1) gatherOctets(column, scratch, order);
  else gatherBytes(column, scratch, order, stride);
  column.set(scratch.subarray(0, column.length));
}

/** A loop for each kind of column: as one loop it would be slow for all. */
function gatherSingles(column: Uint32Array, to: Uint32Array, order: Uint32Array): void {
  for (let i = 0; i < order.length; i++) to[i] = column[order[i]];
}

function gatherPairs(column: Uint32Array, to: Uint32Array, order: Uint32Array): void {
  for (let i = 0; i < order.length; i++) {
    const from = order[i] * 2;
    to[2 * i] = column[from];
    to[2 * i + 1] = column[from + 1];
  }
}

function gatherWords(column: Uint32Array, to: Uint32Array, order: Uint32Array, stride: number): void {
  for (let i = 0, at = 0; i < order.length; i++) {
    for (let from = order[i] * stride, end = from + stride; from < end; from++) to[at++] = column[from];
  }
}

function gatherOctets(column: Uint32Array | Uint8Array, to: Uint32Array | Uint8Array, order: Uint32Array): void {
  for (let i = 0; i < order.length; i++) to[i] = column[order[i]];
}

function gatherBytes(column: ArrayLike<number>, to: Uint32Array | Uint8Array, order: Uint32Array, stride: number): void {
  for (let i = 0, at = 0; i < order.length; i++) {
    for (let from = order[i] * stride, end = from + stride; from < end; from++) to[at++] = column[from];
  }
}

function gatherBits(bits: Uint8Array, scratch: Uint8Array, order: Uint32Array): void {
  const byteLength = Math.ceil(order.length / 8);
  scratch.set(bits.subarray(0, byteLength));
  for (let i = 0; i < order.length; i++) setPresent(bits, i, isPresent(scratch, order[i]));
}
