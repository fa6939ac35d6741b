import { HEADER_BYTES } from "../block-header.ts";
import type { ColumnsBlock } from "./columns-block.ts";
import { cellByteOffset, isPresent } from "./columns-cells.ts";
import { SIZE } from "./columns-layout.ts";

/** Stops telling after this many. */
const MOST_TOLD = 20;

/** What contradicts the invariants in columns-layout.ts. */
export function checkColumns(block: ColumnsBlock): string[] {
  const wrong: string[] = [];
  const { memory, byteOffset, byteLength, capacity, places, published } = block;
  const size = published[SIZE];
  if (!(size >= 0 && size <= capacity)) return [`size=${size} is not from 0 to capacity=${capacity}`];
  /** Bytes that belong to rows; all others behind the header are zero. */
  const used = new Uint8Array(byteLength);
  places.forEach(({ name, element, validityByteOffset }, k) => {
    const start = cellByteOffset(block, k, 0) - byteOffset;
    used.fill(1, start, start + size * element.byteSize);
    const bits = block.bitmaps[k];
    if (bits === undefined) return;
    used.fill(1, validityByteOffset, validityByteOffset + Math.ceil(size / 8));
    for (let row = size; row < Math.ceil(size / 8) * 8; row++) {
      if (isPresent(bits, row)) wrong.push(`${name}: bit ${row} is set, but there are ${size} rows`);
    }
    for (let row = 0; row < size && wrong.length < MOST_TOLD; row++) {
      if (isPresent(bits, row)) continue;
      const at = cellByteOffset(block, k, row);
      if (memory.bytes(at, element.byteSize).some((byte) => byte !== 0)) wrong.push(`${name}: row ${row} has no value, but bytes`);
    }
  });
  const bytes = memory.bytes(byteOffset, byteLength);
  const first = bytes.findIndex((byte, at) => byte !== 0 && used[at] === 0 && at >= HEADER_BYTES);
  if (first >= 0) wrong.push(`byte ${first} of the block belongs to no row and is ${bytes[first]}`);
  return wrong;
}
