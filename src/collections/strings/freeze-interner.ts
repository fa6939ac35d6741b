import type { Allocator } from "../../alloc/allocator.ts";
import { AN_ALLOCATOR } from "../../core/block-source.ts";
import type { Ptr } from "../../core/brand.ts";
import { checkCall, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import { BLOCK_ALIGN } from "../block-header.ts";
import { copyText } from "../byte-source.ts";
import { checkSeed, hashBytes } from "../hash.ts";
import { Dictionary } from "./dictionary.ts";
import { type DictionaryLayout, dictionaryLayout, OFFSETS_AT, slotsFor, writeDictionaryHeader } from "./dictionary-layout.ts";
import type { StringId } from "./string-id.ts";
import { STRINGS, type Strings } from "./strings.ts";

/** How a dictionary is written. */
export interface FreezeOptions {
  /** Whether `lookup` works in the frozen form: 8 to 21 bytes more for each string. Default: true. */
  readonly index?: boolean;
  /** Bytes of one offset. Default: 4, and 8 where the text takes more than 4 GiB. */
  readonly offsetByteSize?: 4 | 8;
  /** 32 bits that the hashes of the index are made with. Default: those of the strings. */
  readonly seed?: number;
}

/** How many bytes `freezeInterner` will take. */
export function frozenByteLength(strings: Strings, options: FreezeOptions = {}): number {
  checkCall("frozenByteLength(names)", [STRINGS, strings], [OPTIONS, options]);
  return layoutOf(strings, options).byteLength;
}

/**
 * Writes `strings`, under the same ids, as one block from `allocator`, which may be in another memory: the form that
 * is opened in microseconds, by any number of threads and processes. They stay as they are; what others intern meanwhile is not in it. The block is aligned to 64 bytes.
 *
 * Cost: one pass over the strings; with an index a hash of each. Throws `out-of-memory`, and then nothing has changed.
 */
export function freezeInterner<Name extends string>(
  strings: Strings<Name>,
  allocator: Allocator,
  options: FreezeOptions = {},
): Dictionary<Name> {
  checkCall("freezeInterner(names, allocator)", [STRINGS, strings], [AN_ALLOCATOR, allocator], [OPTIONS, options]);
  const layout = layoutOf(strings, options);
  const { seed = strings.seed } = options;
  checkSeed("freezeInterner", seed);
  const block = allocator.alloc(layout.byteLength, BLOCK_ALIGN);
  allocator.memory.u8.fill(0, block + layout.textAt + layout.textByteLength, block + layout.byteLength);
  writeStrings(strings, allocator, block, layout);
  if (layout.slots !== 0) writeIndex(strings, allocator, block, layout, seed);
  writeDictionaryHeader(allocator.memory, block, layout, seed);
  return new Dictionary(allocator.lease, block, layout);
}

function layoutOf(strings: Strings, options: FreezeOptions): DictionaryLayout {
  const { index = true, offsetByteSize } = options;
  const { size } = strings;
  const textByteLength = strings.rawTextByteLength(size);
  if (offsetByteSize !== undefined && !(offsetByteSize === 8 || (offsetByteSize === 4 && textByteLength <= 0xffff_ffff))) {
    throw new MemoryError("invalid-argument", {
      subject: "freezeInterner",
      event: "cannot write offsets of this width",
      numbers: { offsetByteSize: String(offsetByteSize), textByteLength },
      cure: "Pass 4 or 8, and 8 for more than 4 GiB of text; or leave the choice to it.",
    });
  }
  return dictionaryLayout(size, textByteLength, index ? slotsFor(size) : 0, strings.content, offsetByteSize);
}

function writeStrings(strings: Strings, allocator: Allocator, block: Ptr, layout: DictionaryLayout): void {
  const { memory } = allocator;
  const wide = layout.offsetByteSize === 8;
  const offsets = (block + OFFSETS_AT) / layout.offsetByteSize;
  const view = wide ? memory.f64 : memory.u32;
  const from = strings.memory.u8;
  const to = memory.u8;
  const text = block + layout.textAt;
  let end = 0;
  view[offsets] = 0;
  if (!wide && (OFFSETS_AT + (layout.count + 1) * 4) % 8 !== 0) memory.u32[offsets + layout.count + 1] = 0;
  for (let id = 1; id <= layout.count; id++) {
    const start = strings.byteOffsetOf(id as StringId);
    const byteLength = strings.byteLengthOf(id as StringId);
    copyText(from, start, start + byteLength, to, text + end);
    end += byteLength;
    view[offsets + id] = end;
  }
}

function writeIndex(strings: Strings, allocator: Allocator, block: Ptr, layout: DictionaryLayout, seed: number): void {
  const { i32 } = allocator.memory;
  const from = strings.memory.u8;
  const mask = layout.slots - 1;
  const table = (block + layout.indexAt) / 4;
  for (let id = 1; id <= layout.count; id++) {
    const start = strings.byteOffsetOf(id as StringId);
    const hash = hashBytes(from, start, start + strings.byteLengthOf(id as StringId), seed);
    let index = hash & mask;
    while (i32[table + index * 2 + 1] !== 0) index = (index + 1) & mask;
    i32[table + index * 2] = hash;
    i32[table + index * 2 + 1] = id;
  }
}
