import assert from "node:assert/strict";
import { MemoryError } from "../../src/core/errors.ts";
import { privateMemory } from "../../src/core/homes.ts";
import { decodeUtf8 } from "../../src/core/utf8.ts";
import { FieldBatch, type FieldBatchOptions } from "../../src/parse/field-batch.ts";
import { FieldKind } from "../../src/parse/field-kind.ts";
import type { Tokenizer } from "../../src/parse/tokenizer.ts";

export interface Field {
  readonly kind: FieldKind;
  readonly text: string;
}

export interface Reading {
  readonly names: readonly string[];
  /** Per record its fields; columns that came later than its batch are missing. */
  readonly records: (readonly Field[])[];
  readonly lines: number[];
}

export interface Windows {
  /** How many bytes the window shows at first. */
  readonly byteLength?: number;
  /** Where in the memory it begins, to try all alignments. */
  readonly start?: number;
  readonly batch?: FieldBatchOptions;
}

/** Reads a whole input through a sliding window, which grows when a record needs it, and checks what can be checked on the way. */
export function readAll(tokenizer: Tokenizer, input: Uint8Array | string, windows: Windows = {}): Reading {
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  const { start = 0, batch: batchOptions = { fieldCapacity: 256 } } = windows;
  let { byteLength = bytes.length + 1 } = windows;
  const batch = new FieldBatch(batchOptions);
  const records: (readonly Field[])[] = [];
  const lines: number[] = [];
  for (let fileByteOffset = 0, calls = 0; ; ) {
    const shown = bytes.subarray(fileByteOffset, fileByteOffset + byteLength);
    const last = fileByteOffset + shown.length === bytes.length;
    const end = start + shown.length;
    using window = privateMemory((end + 32) & ~31);
    window.u8.fill(0x22);
    window.u8.set(shown, start);
    let at = start;
    for (;;) {
      assert.ok(calls++ < 10 * bytes.length + 100, "reading goes on for ever");
      const next = tokenizer.read(window, at, end, last, batch);
      assert.ok(next >= at && next <= end);
      assert.deepEqual(batch.checkInvariants(), []);
      assert.equal(window.u8[end], 0x22, "the byte behind the window is as it was");
      take(batch, window.u8, records, lines);
      if (next === at && batch.rowCount === 0) break;
      at = next;
    }
    fileByteOffset += at - start;
    assert.equal(tokenizer.fileByteOffset, fileByteOffset);
    if (last) {
      assert.equal(fileByteOffset, bytes.length, "everything is read in the end");
      return { names: [...tokenizer.columnNames], records, lines };
    }
    if (at === start) byteLength += Math.max(1, byteLength >> 1);
  }
}

function take(batch: FieldBatch, u8: Uint8Array, records: (readonly Field[])[], lines: number[]): void {
  const { rowCount, stride, starts, ends, kinds } = batch;
  const byNumber = Object.values(FieldKind);
  for (let row = 0; row < rowCount; row++) {
    const fields: Field[] = [];
    for (let field = row * stride; field < (row + 1) * stride; field++) {
      const kind = byNumber[kinds[field]];
      fields.push({ kind, text: kind === FieldKind.MISSING ? "" : decodeUtf8(u8, starts[field], ends[field]) });
    }
    records.push(fields);
    lines.push(batch.lines[row]);
  }
}

/** The texts of all fields. */
export function texts(reading: Reading): string[][] {
  return reading.records.map((fields) => fields.map(({ text }) => text));
}

/** The records as JSON.parse would give them, by a null-prototype object each. */
export function values(reading: Reading): Record<string, unknown>[] {
  return reading.records.map((fields) => {
    const record: Record<string, unknown> = Object.create(null);
    fields.forEach(({ kind, text }, column) => {
      if (kind === FieldKind.MISSING) return;
      record[reading.names[column]] = kind === FieldKind.STRING ? text : JSON.parse(text);
    });
    return record;
  });
}

/** What comes of reading an input: what was read, or the message of the one error that may be thrown. */
export function outcome(make: () => Tokenizer, input: Uint8Array | string, windows: Windows = {}): Reading | string {
  try {
    return readAll(make(), input, windows);
  } catch (error) {
    if (!(error instanceof MemoryError)) throw error;
    assert.equal(error.code, "malformed-input", error.message);
    assert.equal(typeof error.numbers.line, "number");
    assert.equal(typeof error.numbers.byteOffset, "number");
    return error.message;
  }
}

/** Asserts that the windows and batches that the input is read through make no difference. */
export function checkWindows(make: () => Tokenizer, input: Uint8Array | string, sizes: readonly number[]): Reading | string {
  const whole = outcome(make, input);
  for (const byteLength of sizes) {
    const fieldCapacity = 1 + (byteLength % 7);
    const there = outcome(make, input, { byteLength, start: byteLength % 5, batch: { fieldCapacity } });
    assert.deepEqual(withoutMissing(there), withoutMissing(whole), `a window of ${byteLength} bytes`);
  }
  return whole;
}

/** Columns that turned up after a batch are not in its rows, so where batches end decides how many missing fields a row tells of. */
function withoutMissing(there: Reading | string): unknown {
  if (typeof there === "string") return there;
  const records = there.records.map((fields) => fields.map((field) => (field.kind === FieldKind.MISSING ? undefined : field)));
  for (const fields of records) while (fields.length > 0 && fields.at(-1) === undefined) fields.pop();
  return { ...there, records };
}
