import type { Strings } from "../collections/strings/strings.ts";
import { MemoryError } from "../core/errors.ts";
import type { Type } from "../layout/type.ts";
import type { Dataset, UntypedRow } from "../mapped/dataset/dataset.ts";
import { type ExportFormat, jsonCell, type RowRange } from "../mapped/dataset/export.ts";
import type { Cell } from "../mapped/dataset/row-class.ts";

/** What can be looked up in a file and listed, whatever its kind: rows, entries of a table, strings. */
export interface Entries extends Disposable {
  /** What an entry is called, with its key: `row with the id 7`. */
  told(keyText: string): string;
  /** One entry as a line of JSON, or undefined. */
  get(keyText: string): string | undefined;
  export(format: ExportFormat, range: RowRange): Iterable<string>;
}

export class RowEntries implements Entries {
  readonly #dataset: Dataset<UntypedRow>;
  readonly #end: () => void;

  constructor(dataset: Dataset<UntypedRow>, end = () => dataset.close()) {
    this.#dataset = dataset;
    this.#end = end;
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
    this.#end();
  }
}

export class TableEntries implements Entries {
  readonly #subject: string;
  readonly #table: ReadableTable;
  readonly #key: Type<unknown, never>;
  readonly #end: () => void;

  constructor(subject: string, table: ReadableTable, key: Type<unknown, never>, end: () => void) {
    this.#subject = subject;
    this.#table = table;
    this.#key = key;
    this.#end = end;
  }

  told(keyText: string): string {
    return `entry with the key ${keyText}`;
  }

  get(keyText: string): string | undefined {
    const value = this.#table.get(this.#keyOf(keyText));
    return value === undefined ? undefined : `${jsonOf(value)}\n`;
  }

  *export(format: ExportFormat, range: RowRange): Iterable<string> {
    onlyNdjson(this.#subject, "a hash table", format);
    let left = range.count ?? Number.POSITIVE_INFINITY;
    for (const [key, value] of this.#table) {
      if (left-- <= 0) return;
      yield `{"key":${jsonOf(key)},"value":${jsonOf(value)}}\n`;
    }
  }

  [Symbol.dispose](): void {
    this.#end();
  }

  #keyOf(keyText: string): unknown {
    const { kind, name, signature } = this.#key;
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

/** What is needed of a table, whatever its types and wherever it lies. */
export type ReadableTable = Iterable<readonly [unknown, unknown]> & { get(key: unknown): unknown };

/** Ids and strings. A string is looked up by its id. */
export class StringEntries implements Entries {
  readonly #subject: string;
  readonly #strings: Strings;
  readonly #end: () => void;

  constructor(subject: string, strings: Strings & Disposable, end = () => strings[Symbol.dispose]()) {
    this.#subject = subject;
    this.#strings = strings;
    this.#end = end;
  }

  told(keyText: string): string {
    return `string with the id ${keyText}`;
  }

  get(keyText: string): string | undefined {
    const text = this.#strings.tryResolve(Number(numberOf(keyText, false, "strings are looked up by their id")));
    return text === undefined ? undefined : `${JSON.stringify(text)}\n`;
  }

  *export(format: ExportFormat, range: RowRange): Iterable<string> {
    onlyNdjson(this.#subject, "strings", format);
    let id = 0;
    for (const text of this.#strings) {
      id += 1;
      if (id > (range.count ?? Number.POSITIVE_INFINITY)) return;
      yield `{"id":${id},"string":${JSON.stringify(text)}}\n`;
    }
  }

  [Symbol.dispose](): void {
    this.#end();
  }
}

export function onlyNdjson(subject: string, what: string, format: ExportFormat): void {
  if (format === "ndjson") return;
  throw new MemoryError("invalid-argument", {
    subject,
    event: `holds ${what}, which cannot be written as ${format}`,
    cure: "Use --format ndjson.",
  });
}

export function numberOf(text: string, isLong: boolean, otherwise: string): number | bigint {
  if (isLong ? /^-?\d+$/.test(text) : text.trim() !== "" && !Number.isNaN(Number(text)))
    return isLong ? BigInt(text) : Number(text);
  throw new MemoryError("invalid-argument", {
    subject: `the key "${text}"`,
    event: `is not a number, and ${otherwise}`,
    cure: "Pass a number.",
  });
}

/** Numbers and strings as in rows; bytes as base64. */
export function jsonOf(value: unknown): string {
  if (isCell(value)) return jsonCell(value);
  if (value instanceof Uint8Array) return jsonCell(Buffer.from(value).toString("base64"));
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(",")}]`;
  const fields = Object.entries(value ?? {}).map(([name, field]) => `${JSON.stringify(name)}:${jsonOf(field)}`);
  return `{${fields.join(",")}}`;
}

function isCell(value: unknown): value is Cell {
  return value === null || ["number", "bigint", "boolean", "string"].includes(typeof value);
}
