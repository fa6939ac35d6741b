import type { Strings } from "../collections/strings.ts";
import { MemoryError } from "../core/errors.ts";
import type { Type } from "../layout/type.ts";
import { type Dataset, openDataset, type UntypedRow } from "../mapped/dataset/dataset.ts";
import { type ExportFormat, jsonCell, type RowRange } from "../mapped/dataset/export.ts";
import type { Cell } from "../mapped/dataset/row-class.ts";
import { DICTIONARY, INTERNER, TABLE } from "../mapped/file-header.ts";
import { formatOfFile } from "../mapped/inspect-file.ts";
import { openDictionary } from "../mapped/interner/dictionary-file.ts";
import { openInterner } from "../mapped/interner/open-interner.ts";
import { readTable, type UntypedTable } from "../mapped/table/table-reader.ts";

/** What can be looked up in a file and listed, whatever its kind: rows, entries of a table, strings. */
export interface Entries extends Disposable {
  /** What an entry is called, with its key: `row with the id 7`. */
  told(keyText: string): string;
  /** One entry as a line of JSON, or undefined. */
  get(keyText: string): string | undefined;
  export(format: ExportFormat, range: RowRange): Iterable<string>;
}

/** Throws what opening the file for reading throws; for a segment `layout-mismatch`. */
export function entriesOf(path: string): Entries {
  const format = formatOfFile(path);
  if (format === TABLE) return new TableEntries(path, readTable(path));
  if (format === INTERNER) return new StringEntries(path, openInterner(path, { readOnly: true }));
  if (format === DICTIONARY) return new StringEntries(path, openDictionary(path));
  return new RowEntries(openDataset(path));
}

class RowEntries implements Entries {
  readonly #dataset: Dataset<UntypedRow>;

  constructor(dataset: Dataset<UntypedRow>) {
    this.#dataset = dataset;
  }

  told(keyText: string): string {
    return `row with the ${this.#dataset.key ?? "number"} ${keyText}`;
  }

  get(keyText: string): string | undefined {
    const dataset = this.#dataset;
    const type = dataset.manifest.columns.find(({ name }) => name === dataset.key)?.type ?? "u32";
    const otherwise = dataset.key === null ? "rows are looked up by their number" : `the column ${dataset.key} is ${type}`;
    const start = dataset.rowIndexOf(type === "text" ? keyText : numberOf(keyText, type === "i64" || type === "u64", otherwise));
    if (start < 0) return undefined;
    const [line] = dataset.export("ndjson", { start, count: 1 });
    return line;
  }

  export(format: ExportFormat, range: RowRange): Iterable<string> {
    return this.#dataset.export(format, range);
  }

  [Symbol.dispose](): void {
    this.#dataset.close();
  }
}

class TableEntries implements Entries {
  readonly #path: string;
  readonly #parts: UntypedTable;

  constructor(path: string, parts: UntypedTable) {
    this.#path = path;
    this.#parts = parts;
  }

  told(keyText: string): string {
    return `entry with the key ${keyText}`;
  }

  get(keyText: string): string | undefined {
    const value = this.#parts.table.get(this.#keyOf(keyText));
    return value === undefined ? undefined : `${jsonOf(value)}\n`;
  }

  *export(format: ExportFormat, range: RowRange): Iterable<string> {
    onlyNdjson(this.#path, "a hash table", format);
    let left = range.count ?? Number.POSITIVE_INFINITY;
    for (const [key, value] of this.#parts.table) {
      if (left-- <= 0) return;
      yield `{"key":${jsonOf(key)},"value":${jsonOf(value)}}\n`;
    }
  }

  [Symbol.dispose](): void {
    this.#parts.table.close();
  }

  #keyOf(keyText: string): unknown {
    const { kind, name, signature }: Type<unknown, never> = this.#parts.key;
    if (signature === "text" || kind === "utf8" || kind === "enum") return keyText;
    if (kind === "scalar") return numberOf(keyText, name === "i64" || name === "u64", `keys are ${name}`);
    if (signature === "blob" || kind === "bytes") return new Uint8Array(Buffer.from(keyText, "base64"));
    try {
      return JSON.parse(keyText);
    } catch (cause) {
      throw new MemoryError("invalid-argument", {
        subject: `the key ${keyText}`,
        event: `is no JSON, and keys are ${signature}`,
        cure: "Write it as `offheap head` shows keys.",
        cause,
      });
    }
  }
}

/** Ids and strings. A string is looked up by its id. */
class StringEntries implements Entries {
  readonly #path: string;
  readonly #strings: Strings & Disposable;

  constructor(path: string, strings: Strings & Disposable) {
    this.#path = path;
    this.#strings = strings;
  }

  told(keyText: string): string {
    return `string with the id ${keyText}`;
  }

  get(keyText: string): string | undefined {
    const text = this.#strings.tryResolve(Number(numberOf(keyText, false, "strings are looked up by their id")));
    return text === undefined ? undefined : `${JSON.stringify(text)}\n`;
  }

  *export(format: ExportFormat, range: RowRange): Iterable<string> {
    onlyNdjson(this.#path, "strings", format);
    let id = 0;
    for (const text of this.#strings) {
      id += 1;
      if (id > (range.count ?? Number.POSITIVE_INFINITY)) return;
      yield `{"id":${id},"string":${JSON.stringify(text)}}\n`;
    }
  }

  [Symbol.dispose](): void {
    this.#strings[Symbol.dispose]();
  }
}

function onlyNdjson(path: string, what: string, format: ExportFormat): void {
  if (format === "ndjson") return;
  throw new MemoryError("invalid-argument", {
    subject: path,
    event: `holds ${what}, which cannot be written as ${format}`,
    cure: "Use --format ndjson.",
  });
}

function numberOf(text: string, isLong: boolean, otherwise: string): number | bigint {
  if (isLong ? /^-?\d+$/.test(text) : text.trim() !== "" && !Number.isNaN(Number(text)))
    return isLong ? BigInt(text) : Number(text);
  throw new MemoryError("invalid-argument", {
    subject: `the key "${text}"`,
    event: `is not a number, and ${otherwise}`,
    cure: "Pass a number.",
  });
}

/** Numbers and strings as in rows; bytes as base64. */
function jsonOf(value: unknown): string {
  if (isCell(value)) return jsonCell(value);
  if (value instanceof Uint8Array) return jsonCell(Buffer.from(value).toString("base64"));
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(",")}]`;
  const fields = Object.entries(value ?? {}).map(([name, field]) => `${JSON.stringify(name)}:${jsonOf(field)}`);
  return `{${fields.join(",")}}`;
}

function isCell(value: unknown): value is Cell {
  return value === null || ["number", "bigint", "boolean", "string"].includes(typeof value);
}
