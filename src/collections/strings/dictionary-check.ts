import { privateMemory } from "../../core/homes.ts";
import { hashBytes } from "../hash.ts";
import type { Dictionary } from "./dictionary.ts";
import { HEADER_ZEROS_AT, OFFSETS_AT, readDictionaryLayout, SEED_WORD } from "./dictionary-layout.ts";
import type { StringId } from "./string-id.ts";
import { findInvalid } from "./text-content.ts";

/** Of a damaged block that many findings are told; the rest would say the same. */
const MOST_FINDINGS = 20;

/** Checks every invariant of DictionaryLayout. The header has been checked when the dictionary was opened, and is checked again. */
export function verifyDictionary(dictionary: Dictionary): string[] {
  const { memory, byteOffset, byteLength } = dictionary;
  try {
    readDictionaryLayout(memory, byteOffset, byteLength);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  const found = offsets(dictionary);
  // With offsets that lead nowhere there is nothing to compare.
  if (found.length > 0) return found;
  found.push(...strings(dictionary), ...(dictionary.hasIndex ? index(dictionary) : duplicates(dictionary)), ...zeros(dictionary));
  return found.slice(0, MOST_FINDINGS);
}

function offsets({ memory, byteOffset, layout }: Dictionary): string[] {
  const found: string[] = [];
  const view = layout.offsetByteSize === 8 ? memory.f64 : memory.u32;
  const first = (byteOffset + OFFSETS_AT) / layout.offsetByteSize;
  if (Object.is(view[first], -0)) found.push("the first offset is a negative zero");
  for (let id = 1; id <= layout.count && found.length < MOST_FINDINGS; id++) {
    const start = view[first + id - 1];
    const end = view[first + id];
    if (!(Number.isInteger(end) && end >= start && end <= layout.textByteLength) || Object.is(end, -0)) {
      found.push(`the string of id ${id} lies at ${start} … ${end}`);
    }
  }
  return found;
}

function strings(dictionary: Dictionary): string[] {
  const found: string[] = [];
  const { u8 } = dictionary.memory;
  for (let id = 1; id <= dictionary.size && found.length < MOST_FINDINGS; id++) {
    const start = dictionary.byteOffsetOf(id as StringId);
    const end = start + dictionary.byteLengthOf(id as StringId);
    const invalid = findInvalid(u8, start, end, dictionary.content);
    if (invalid !== -1) found.push(`the string of id ${id} is not valid text at its byte ${invalid - start}`);
  }
  return found;
}

/** Each string is found under its own id, so no two are the same; and the slots hold nothing else. */
function index(dictionary: Dictionary): string[] {
  const found: string[] = [];
  const { memory, byteOffset, layout } = dictionary;
  const { u8, i32 } = memory;
  const seed = i32[byteOffset / 4 + SEED_WORD];
  const table = (byteOffset + layout.indexAt) / 4;
  let taken = 0;
  for (let slot = table; slot < table + layout.slots * 2 && found.length < MOST_FINDINGS; slot += 2) {
    const id = i32[slot + 1];
    if (id === 0) {
      if (i32[slot] !== 0) found.push(`a free slot of the index holds hash ${i32[slot]}`);
      continue;
    }
    taken += 1;
    if (id < 1 || id > layout.count) {
      found.push(`a slot of the index holds id ${id} of ${layout.count}`);
      continue;
    }
    const start = dictionary.byteOffsetOf(id as StringId);
    const hash = hashBytes(u8, start, start + dictionary.byteLengthOf(id as StringId), seed);
    if (i32[slot] !== hash) found.push(`the index has hash ${i32[slot]} for id ${id}, its string has ${hash}`);
  }
  if (found.length > 0) return found;
  for (let id = 1; id <= layout.count && found.length < MOST_FINDINGS; id++) {
    const start = dictionary.byteOffsetOf(id as StringId);
    const other = dictionary.lookupBytes(u8, start, start + dictionary.byteLengthOf(id as StringId));
    if (other !== id) found.push(`the string of id ${id} is found under ${other === undefined ? "no id" : `id ${other}`}`);
  }
  if (taken !== layout.count) found.push(`${taken} slots of the index are taken for ${layout.count} strings`);
  return found;
}

/** Without an index: the ids sorted by their strings, and neighbours compared. */
function duplicates(dictionary: Dictionary): string[] {
  const found: string[] = [];
  const { size } = dictionary;
  using scratch = privateMemory(size * 4);
  const ids = scratch.u32;
  for (let at = 0; at < size; at++) ids[at] = at + 1;
  ids.sort((a, b) => dictionary.compare(a as StringId, b as StringId));
  for (let at = 1; at < size && found.length < MOST_FINDINGS; at++) {
    if (dictionary.compare(ids[at - 1] as StringId, ids[at] as StringId) === 0)
      found.push(`ids ${ids[at - 1]} and ${ids[at]} are the same string`);
  }
  return found;
}

function zeros({ memory, byteOffset, layout }: Dictionary): string[] {
  const { u8 } = memory;
  const isZero = (start: number, end: number): boolean => {
    for (let at = byteOffset + start; at < byteOffset + end; at++) if (u8[at] !== 0) return false;
    return true;
  };
  const found: string[] = [];
  const offsetsEnd = OFFSETS_AT + (layout.count + 1) * layout.offsetByteSize;
  if (!isZero(HEADER_ZEROS_AT, OFFSETS_AT)) found.push("the reserved bytes of the header are not zero");
  if (!isZero(offsetsEnd, layout.textAt)) found.push("the padding after the offsets is not zero");
  if (!isZero(layout.textAt + layout.textByteLength, layout.indexAt)) found.push("the padding after the text is not zero");
  return found;
}
