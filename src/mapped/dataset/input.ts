import { closeSync, createReadStream, statSync } from "node:fs";
import { basename } from "node:path";
import { createGunzip } from "node:zlib";
import { MemoryError } from "../../core/errors.ts";
import { MiB } from "../../core/size.ts";
import { decodeUtf8 } from "../../core/utf8.ts";
import { systemError } from "../../native/system-error.ts";
import { delimitedTokenizer } from "../../parse/delimited.ts";
import { FieldBatch } from "../../parse/field-batch.ts";
import { FieldKind } from "../../parse/field-kind.ts";
import { jsonTokenizer } from "../../parse/json.ts";
import { ndjsonTokenizer } from "../../parse/ndjson.ts";
import type { Tokenizer } from "../../parse/tokenizer.ts";
import { type MappedWindow, mapWindow } from "../map-window.ts";
import { openVanishing, type VanishingFile } from "../unnamed-file.ts";
import { writeWhole } from "../write-whole.ts";
import type { InputFormat } from "./input-format.ts";

const WINDOW_BYTES = MiB(8);

/** Where records come from: a file that passes through a sliding window, and a tokenizer that knows its format. Can be read several times. */
export class Input implements Disposable {
  readonly name: string;
  readonly format: InputFormat;
  /** The file's own bytes, before any decompression. */
  readonly byteLength: number;
  readonly window: MappedWindow;
  readonly #columns: readonly string[] | undefined;
  readonly #unnamed: VanishingFile | undefined;

  private constructor(
    path: string,
    format: InputFormat,
    columns: readonly string[] | undefined,
    byteLength: number,
    unnamed?: VanishingFile,
  ) {
    this.name = basename(path);
    this.format = format;
    this.byteLength = byteLength;
    this.#columns = columns;
    this.#unnamed = unnamed;
    // Copied, not mapped: a file that its writer shortens while it is read must not end the process.
    const options = { byteLength: WINDOW_BYTES, maxByteLength: MiB(2047), reading: "copied" } as const;
    this.window = mapWindow(unnamed === undefined ? path : unnamed.path, options);
  }

  /** Opens a file; a gzipped one is unpacked into a file without a name in `scratchDirectory`. Throws `io`, and `malformed-input` for damaged gzip. */
  static async open(
    path: string,
    options: { format: InputFormat; gzipped: boolean; columns?: readonly string[] | undefined; scratchDirectory: string },
  ): Promise<Input> {
    const { format, gzipped, columns, scratchDirectory } = options;
    if (!gzipped) {
      const input = new Input(path, format, columns, 0);
      return Object.assign(input, { byteLength: input.window.fileByteLength });
    }
    const unpacked = openVanishing(scratchDirectory);
    try {
      await unpack(path, unpacked.fd);
      return new Input(path, format, columns, statSync(path).size, unpacked);
    } catch (error) {
      closeSync(unpacked.fd);
      throw error;
    }
  }

  /** A tokenizer that begins at the first byte. */
  tokenizer(): Tokenizer {
    const subject = this.name;
    const columns = this.#columns;
    const named = columns === undefined ? { subject } : { subject, columns };
    if (this.format === "json") return jsonTokenizer({ subject });
    if (this.format === "ndjson") return ndjsonTokenizer({ subject });
    return delimitedTokenizer({ ...named, format: this.format });
  }

  /**
   * Reads all records from the first byte on, batch by batch. `take` gets each batch with the bytes it points into, and may end the
   * reading by returning false. The generator yields the bytes read after every window, so that its caller can breathe.
   */
  *read(
    tokenizer: Tokenizer,
    batch: FieldBatch,
    take: (batch: FieldBatch, u8: Uint8Array) => unknown,
  ): Generator<number, void, undefined> {
    const { window } = this;
    const { u8 } = window.memory;
    for (let fileByteOffset = 0; ; ) {
      window.slide(fileByteOffset);
      let at = window.start;
      for (;;) {
        const next = tokenizer.read(window.memory, at, window.end, window.atEnd, batch);
        if (batch.rowCount > 0 && take(batch, u8) === false) return;
        if (next === at) break;
        at = next;
      }
      const used = at - window.start;
      fileByteOffset += used;
      yield fileByteOffset;
      if (window.atEnd) return;
      if (used === 0) this.#enlarge();
    }
  }

  /** The line that a row begins on and the text of one of its fields, by reading the input again. For errors. */
  locate(rowIndex: number, columnIndex: number): { readonly line: number; readonly text: string } {
    let place = { line: 0, text: "" };
    let firstRow = 0;
    const find = (batch: FieldBatch, u8: Uint8Array): boolean => {
      const row = rowIndex - firstRow;
      firstRow += batch.rowCount;
      if (row >= batch.rowCount) return true;
      const field = row * batch.stride + columnIndex;
      const missing = columnIndex >= batch.stride || batch.kinds[field] === FieldKind.MISSING;
      place = { line: batch.lines[row], text: missing ? "" : excerpt(u8, batch.starts[field], batch.ends[field]) };
      return false;
    };
    // Read to the end: leaving the loop is left to `find`.
    for (const _ of this.read(this.tokenizer(), new FieldBatch(), find));
    return place;
  }

  [Symbol.dispose](): void {
    this.window.close();
    if (this.#unnamed !== undefined) closeSync(this.#unnamed.fd);
  }

  #enlarge(): void {
    const { window } = this;
    if (window.byteLength < window.maxByteLength) {
      window.enlarge(Math.min(window.maxByteLength, window.byteLength * 4));
      return;
    }
    throw new MemoryError("malformed-input", {
      subject: this.name,
      event: "has a record that is longer than one can be",
      numbers: { most: window.maxByteLength },
      cure: "Look for a missing line end or an unterminated quote.",
    });
  }
}

async function unpack(path: string, fd: number): Promise<void> {
  const source = createReadStream(path);
  const gunzip = createGunzip({ chunkSize: MiB(1) });
  source.on("error", (error) => gunzip.destroy(error));
  try {
    for await (const chunk of source.pipe(gunzip)) writeWhole(fd, chunk, null);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && String(cause.code).startsWith("Z_")) {
      throw new MemoryError("malformed-input", {
        subject: path,
        event: `is not whole gzip: ${cause.message}`,
        cure: "Fetch or compress it again.",
        cause,
      });
    }
    throw systemError(path, "could not be unpacked", cause, { path });
  } finally {
    source.destroy();
  }
}

const EXCERPT_BYTES = 60;

/** The text of a field as an error shows it: quoted, and cut where it is long. */
function excerpt(u8: Uint8Array, start: number, end: number): string {
  let cut = Math.min(end, start + EXCERPT_BYTES);
  while (cut < end && cut > start && (u8[cut] & 0xc0) === 0x80) cut -= 1;
  return JSON.stringify(decodeUtf8(u8, start, cut)) + (cut < end ? "…" : "");
}
