import type { Memory } from "../../core/memory.ts";
import type { Place } from "../../layout/place.ts";
import type { ColumnsBlock } from "./columns-block.ts";
import type { ColumnPlace } from "./columns-layout.ts";

/** The value of column `k` in row `index`. */
export function readCell({ memory, byteOffset, places, bitmaps }: ColumnsBlock, k: number, index: number): unknown {
  const { element, ...place } = places[k];
  const bits = bitmaps[k];
  if (bits !== undefined && !isPresent(bits, index)) return null;
  return element.rawRead(memory, byteOffset + place.byteOffset + index * element.byteSize);
}

/** Throws `bad-value`, and stores nothing then. */
export function storeCell(block: ColumnsBlock, k: number, index: number, value: unknown, place: Place): void {
  const { element } = block.places[k];
  const at = cellByteOffset(block, k, index);
  const bits = block.bitmaps[k];
  if (bits !== undefined && value === null) {
    block.memory.u8.fill(0, at, at + element.byteSize);
    setPresent(bits, index, false);
    return;
  }
  element.rawStore(block.memory, at, element.rawCheck(value, place));
  if (bits !== undefined) setPresent(bits, index, true);
}

/** Takes row `index` from the bytes of a struct at byte 0 of `record`. */
export function scatterRow(block: ColumnsBlock, index: number, record: Memory): void {
  const { memory, byteOffset, places, bitmaps } = block;
  const to = memory.u8;
  const from = record.u8;
  for (let k = 0; k < places.length; k++) {
    const place = places[k];
    const { byteSize } = place.element;
    copyBytes(to, byteOffset + place.byteOffset + index * byteSize, from, place.fieldByteOffset, byteSize);
    const bits = bitmaps[k];
    if (bits !== undefined) setPresent(bits, index, from[presentByteOffset(place)] !== 0);
  }
}

/** Writes row `index` as a struct to byte 0 of `record`. */
export function gatherRow(block: ColumnsBlock, index: number, record: Memory): void {
  const { memory, byteOffset, places, bitmaps } = block;
  const to = record.u8;
  const from = memory.u8;
  for (let k = 0; k < places.length; k++) {
    const place = places[k];
    const { byteSize } = place.element;
    copyBytes(to, place.fieldByteOffset, from, byteOffset + place.byteOffset + index * byteSize, byteSize);
    const bits = bitmaps[k];
    if (bits !== undefined) to[presentByteOffset(place)] = isPresent(bits, index) ? 1 : 0;
  }
}

/** Copies row `from` over row `to`. */
export function copyRow({ memory: { u8 }, byteOffset, places, bitmaps }: ColumnsBlock, from: number, to: number): void {
  for (let k = 0; k < places.length; k++) {
    const place = places[k];
    const { byteSize } = place.element;
    const column = byteOffset + place.byteOffset;
    copyBytes(u8, column + to * byteSize, u8, column + from * byteSize, byteSize);
    const bits = bitmaps[k];
    if (bits !== undefined) setPresent(bits, to, isPresent(bits, from));
  }
}

/** Makes all bytes of the rows [from, to) zero. */
export function clearRows(block: ColumnsBlock, from: number, to: number): void {
  block.places.forEach((_, k) => {
    block.memory.u8.fill(0, cellByteOffset(block, k, from), cellByteOffset(block, k, to));
    const bits = block.bitmaps[k];
    if (bits === undefined) return;
    let row = from;
    for (; row < to && (row & 7) !== 0; row++) setPresent(bits, row, false);
    const whole = row + ((to - row) & ~7);
    bits.fill(0, row >> 3, whole >> 3);
    for (row = whole; row < to; row++) setPresent(bits, row, false);
  });
}

/** Copies `count` rows from `start` on over those of another block of the same type from `at` on; both may be one, where they do not overlap. */
export function copyRange(from: ColumnsBlock, start: number, to: ColumnsBlock, at: number, count: number): void {
  from.places.forEach(({ element }, k) => {
    to.memory.u8.set(from.memory.bytes(cellByteOffset(from, k, start), count * element.byteSize), cellByteOffset(to, k, at));
    const [bits, copy] = [from.bitmaps[k], to.bitmaps[k]];
    if (bits === undefined || copy === undefined) return;
    const whole = start % 8 === 0 && at % 8 === 0 ? count & ~7 : 0;
    copy.set(bits.subarray(start >>> 3, (start + whole) >>> 3), at >>> 3);
    for (let row = whole; row < count; row++) setPresent(copy, at + row, isPresent(bits, start + row));
  });
}

export function isPresent(bits: Uint8Array, index: number): boolean {
  return ((bits[index >>> 3] >>> (index & 7)) & 1) === 1;
}

export function setPresent(bits: Uint8Array, index: number, present: boolean): void {
  const bit = 1 << (index & 7);
  if (present) bits[index >>> 3] |= bit;
  else bits[index >>> 3] &= ~bit;
}

export function cellByteOffset({ byteOffset, places }: ColumnsBlock, k: number, index: number): number {
  const place = places[k];
  return byteOffset + place.byteOffset + index * place.element.byteSize;
}

/** Where an optional field of a struct tells whether it is there: see src/layout/optional.ts. */
function presentByteOffset({ fieldByteOffset, element }: ColumnPlace): number {
  return fieldByteOffset + element.byteSize;
}

/** A loop, because elements are small and `set` would need an object. */
function copyBytes(to: Uint8Array, toOffset: number, from: Uint8Array, fromOffset: number, byteLength: number): void {
  for (let byte = 0; byte < byteLength; byte++) to[toOffset + byte] = from[fromOffset + byte];
}

/** Whether an assignment to the column is one to its typed array. */
export function assignsDirectly({ type, element }: Pick<ColumnPlace, "type" | "element">): boolean {
  return type === element && element.codec.shape === "direct" && element.codec.decode === undefined;
}
