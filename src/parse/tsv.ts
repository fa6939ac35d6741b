import type { Memory } from "../core/memory.ts";
import type { FieldBatch } from "./field-batch.ts";
import { FieldKind } from "./field-kind.ts";
import { gatherTops } from "./marks.ts";
import { TableTokenizer } from "./table-tokenizer.ts";

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;

/**
 * Tab-separated text without any quoting: every byte between two tabs is the field, as database dumps and GeoNames have it.
 *
 * Speed: four bytes at a time are compared with the few that can matter (L. Lamport, "Multiple Byte Processing with Full-Word
 * Instructions", 1975), and only at those does it look closer. The marks of 32 bytes are gathered first, so that one branch that cannot be
 * foretold falls to three or four fields.
 */
export class TsvTokenizer extends TableTokenizer {
  protected override readonly fieldCountCure = "Look for a missing tab, or for a tab or a line end within a field.";

  protected override scan(window: Memory, start: number, end: number, last: boolean, batch: FieldBatch, isHeader: boolean): number {
    const { u8, i32 } = window;
    const { starts, ends, lines, stride } = batch;
    const { invalidAt } = this;
    const mostRows = isHeader ? 1 : batch.rowCapacity;
    batch.kinds.fill(FieldKind.TEXT, 0, mostRows * stride);
    u8[end] = LF;
    let row = 0;
    let field = 0;
    let rowEnd = stride;
    let surplus = 0;
    let line = this.line;
    let recordStart = start;
    let fieldStart = start;
    let block = (start & ~31) - 32;
    let marks = 0;
    let wanted = -1 << (start & 31);
    for (;;) {
      while (marks === 0) {
        block += 32;
        marks = marksIn(i32, block) & wanted;
        wanted = -1;
      }
      const at = block + 31 - Math.clz32(marks & -marks);
      marks &= marks - 1;
      const byte = u8[at];
      if (byte === TAB) {
        if (field < rowEnd) {
          starts[field] = fieldStart;
          ends[field] = at;
          field += 1;
        } else {
          surplus += 1;
        }
        fieldStart = at + 1;
        continue;
      }
      if (byte !== LF) continue;
      // The mark at `end` ends the last record, when nothing follows; otherwise the record is cut off.
      if (at === end && (!last || recordStart === end)) break;
      const fieldEnd = at > fieldStart && u8[at - 1] === CR ? at - 1 : at;
      const next = at === end ? end : at + 1;
      if (fieldEnd === recordStart && stride > 1) {
        recordStart = next;
        fieldStart = next;
        line += 1;
        if (next === end) break;
        continue;
      }
      if (field < rowEnd) {
        starts[field] = fieldStart;
        ends[field] = fieldEnd;
        field += 1;
      } else {
        surplus += 1;
      }
      if (at > invalidAt || field !== rowEnd || surplus > 0 || isHeader) {
        const fieldCount = field - (rowEnd - stride) + surplus;
        this.checkOddRecord(u8, { start: recordStart, end: at, line, row, fieldCount }, batch, isHeader);
      }
      lines[row] = line;
      line += 1;
      row += 1;
      rowEnd += stride;
      recordStart = next;
      fieldStart = next;
      if (row === mostRows || next === end) break;
    }
    this.line = line;
    batch.rowCount = row;
    return recordStart;
  }
}

/** The bytes of the block of 32 that are below 0x0E: tab, line feed, and some that are text. A bit each. */
function marksIn(i32: Int32Array, block: number): number {
  const word = block >> 2;
  const low =
    controlsIn(i32[word]) | (controlsIn(i32[word + 1]) << 4) | (controlsIn(i32[word + 2]) << 8) | (controlsIn(i32[word + 3]) << 12);
  const high =
    controlsIn(i32[word + 4]) |
    (controlsIn(i32[word + 5]) << 4) |
    (controlsIn(i32[word + 6]) << 8) |
    (controlsIn(i32[word + 7]) << 12);
  return low | (high << 16);
}

function controlsIn(word: number): number {
  return gatherTops(((((word & 0x7f7f7f7f) + 0x72727272) | word) & 0x80808080) ^ 0x80808080);
}
