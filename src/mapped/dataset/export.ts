import { MemoryError } from "../../core/errors.ts";
import type { DatasetFile } from "./dataset-file.ts";
import { type Cell, cellOf } from "./row-class.ts";

export const EXPORT_FORMATS = ["ndjson", "csv", "tsv", "json"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** `count` rows from row `start` on. Default: all. */
export interface RowRange {
  readonly start?: number;
  readonly count?: number;
}

const CHUNK_CHARACTERS = 64 * 1024;

/** A data set as text, in pieces of about 64 KiB. Whole numbers beyond 2^53 are written with all their digits. */
export function* exportText(file: DatasetFile, format: ExportFormat, range: RowRange = {}): Generator<string, void, undefined> {
  if (!EXPORT_FORMATS.includes(format)) {
    throw new MemoryError("invalid-argument", {
      subject: "export",
      event: `knows no format "${String(format)}"`,
      cure: `Use one of ${EXPORT_FORMATS.join(", ")}.`,
    });
  }
  const { columns, rowCount } = file.manifest;
  const start = Math.min(Math.max(0, range.start ?? 0), rowCount);
  const end = Math.min(start + Math.max(0, range.count ?? rowCount), rowCount);
  const names = columns.map(({ name }) => name);
  const text: RowText = format === "csv" ? csvRow : format === "tsv" ? tsvRow : jsonRow(names);
  let chunk = format === "json" ? "[\n" : format === "ndjson" ? "" : text(names, 0);
  for (let row = start; row < end; row++) {
    const cells = columns.map((column, index) => cellOf(column, file, index, row));
    if (format === "json") chunk += `${text(cells, row).slice(0, -1)}${row + 1 < end ? "," : ""}\n`;
    else chunk += text(cells, row);
    if (chunk.length >= CHUNK_CHARACTERS) {
      yield chunk;
      chunk = "";
    }
  }
  if (format === "json") chunk += "]\n";
  if (chunk !== "") yield chunk;
}

/** One row as a line, line feed included. */
type RowText = (cells: readonly Cell[], rowIndex: number) => string;

function jsonRow(names: readonly string[]): RowText {
  const heads = names.map((name, i) => `${i === 0 ? "{" : ","}${JSON.stringify(name)}:`);
  return (cells) => {
    let line = "";
    for (let i = 0; i < cells.length; i++) line += heads[i] + jsonCell(cells[i]);
    return `${line}}\n`;
  };
}

/** A value as JSON. What JSON cannot say (NaN, infinities) is null, as JSON.stringify has it; minus zero keeps its sign. */
export function jsonCell(cell: Cell): string {
  if (typeof cell === "string") return JSON.stringify(cell);
  if (typeof cell === "number") return Number.isFinite(cell) ? numberText(cell) : "null";
  return String(cell);
}

function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** RFC 4180: quoted where it must be. A missing value is an empty field, an empty text a quoted empty one. */
const csvRow: RowText = (cells) => {
  let line = "";
  for (let i = 0; i < cells.length; i++) line += (i === 0 ? "" : ",") + csvCell(cells[i]);
  return `${line}\n`;
};

function csvCell(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return numberText(cell);
  if (typeof cell !== "string") return String(cell);
  if (cell === "") return '""';
  return /[",\r\n]/.test(cell) || cell !== cell.trim() ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Tab-separated text cannot quote: a tab or a line break within a field is an error that names the row. */
const tsvRow: RowText = (cells, rowIndex) => {
  const fields = cells.map((cell) => (cell === null ? "" : typeof cell === "number" ? numberText(cell) : String(cell)));
  const unfit = fields.find((field) => /[\t\r\n]/.test(field));
  if (unfit === undefined) return `${fields.join("\t")}\n`;
  throw new MemoryError("bad-value", {
    subject: `row ${rowIndex}`,
    event: "holds a tab or a line break, which tab-separated text cannot say",
    cure: "Export it as csv or ndjson.",
  });
};
