import { hashBytes } from "../hash.ts";
import type { StringHeap } from "./string-heap.ts";
import type { StringIndex } from "./string-index.ts";
import { type TableDirectory, tagMaskOf } from "./table-directory.ts";
import { type Content, findInvalid } from "./text-content.ts";

/** What contradicts the invariants of a StringIndex but for its cells; empty when all is sound. */
export function checkTables(
  index: StringIndex,
  directory: TableDirectory,
  heap: StringHeap,
  seed: number,
  content: Content,
): string[] {
  const { u8, u32, i32 } = heap.memory;
  const { tables, damage } = directory.survey();
  const found = [...damage];
  let all = 0;
  for (const [place, entry] of tables.entries()) {
    const slots = 1 << i32[entry + 1];
    let taken = 0;
    for (let at = 0; at < slots; at++) {
      const slot = i32[u32[entry] + at];
      if (slot === 0) continue;
      taken += 1;
      const what = `slot ${at} of table ${place}`;
      const id = slot & ~tagMaskOf(i32[entry + 1]);
      if (id > heap.count) {
        found.push(`${what} holds ${id}, which is no id`);
        continue;
      }
      const ref = heap.uncheckedRefOf(id);
      const byteLength = heap.byteLengthOf(ref);
      const start = heap.bytesOf(ref, byteLength);
      const hash = hashBytes(u8, start, start + byteLength, seed);
      if (index.findBytes(u8, start, start + byteLength, hash) !== id) found.push(`the string of ${what} is not found there`);
      if (findInvalid(u8, start, start + byteLength, content) !== -1) found.push(`the string of ${what} is not valid text`);
    }
    const told = i32[directory.takenWordOf(entry)];
    if (taken !== told) found.push(`${taken} slots of table ${place} are taken, the directory says ${told}`);
    if (taken * 4 > slots * 3) found.push(`${taken} strings are more than 3/4 of ${slots} slots`);
    all += taken;
  }
  if (all !== heap.count) found.push(`${all} slots are taken for ${heap.count} strings`);
  return found;
}
