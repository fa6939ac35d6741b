import type { DatasetFile } from "./dataset-file.ts";
import type { ColumnEntry } from "./manifest.ts";
import { tellType } from "./schema.ts";

/** How parts of the picture are coloured; picocolors fits. */
export interface Palette {
  bold(text: string): string;
  dim(text: string): string;
  cyan(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  magenta(text: string): string;
}

const same = (text: string): string => text;
export const PLAIN: Palette = { bold: same, dim: same, cyan: same, green: same, yellow: same, magenta: same };

const BAR_WIDTH = 24;

/** A picture of what is in a data-set file: its columns with their types, bytes and shares, then the file as one strip. */
export function drawDataset(file: DatasetFile, palette: Palette = PLAIN): string {
  const { manifest, memory } = file;
  const parts = manifest.columns.map((column) => ({ column, byteLength: bytesOf(column) }));
  const widest = Math.max(1, ...parts.map(({ byteLength }) => byteLength));
  const nameWidth = Math.max(6, ...parts.map(({ column }) => column.name.length));
  const indexBytes = manifest.keyIndex?.byteLength ?? 0;
  const rowBytes = manifest.rowCount === 0 ? 0 : memory.byteLength / manifest.rowCount;
  const lines = [
    `${palette.bold(memory.subject)}  ${tellCount(manifest.rowCount)} rows, ${tellBytes(memory.byteLength)}, ${rowBytes.toFixed(1)} bytes a row`,
    palette.dim(
      `from ${manifest.source.name} (${manifest.source.format}, ${tellBytes(manifest.source.byteLength)}), written by ${manifest.writer}`,
    ),
    "",
    palette.dim(`${"column".padEnd(nameWidth)}  type    ${"bytes".padStart(9)}  ${"".padEnd(BAR_WIDTH)}  holds`),
    ...parts.map(({ column, byteLength }) => {
      const bar = drawBar(column, byteLength / widest, palette);
      const key = column.name === manifest.key ? palette.green(" key") : "";
      return `${column.name.padEnd(nameWidth)}  ${tellType(column).padEnd(6)}  ${tellBytes(byteLength).padStart(9)}  ${bar}  ${tellContent(file, column)}${key}`;
    }),
  ];
  if (indexBytes > 0) {
    const bar = palette.green("▇".repeat(Math.max(1, Math.round((indexBytes / widest) * BAR_WIDTH)))).padEnd(BAR_WIDTH);
    lines.push(`${"(index)".padEnd(nameWidth)}  ${"hash".padEnd(6)}  ${tellBytes(indexBytes).padStart(9)}  ${bar}`);
  }
  lines.push(
    "",
    `${palette.cyan("▇")} values  ${palette.magenta("▇")} strings  ${palette.yellow("▇")} validity  ${palette.green("▇")} key index`,
    "",
  );
  return lines.join("\n");
}

function drawBar(column: ColumnEntry, share: number, palette: Palette): string {
  const total = Math.max(1, Math.round(share * BAR_WIDTH));
  const byteLength = Math.max(1, bytesOf(column));
  const strings = Math.round((total * (column.dictionary?.byteLength ?? 0)) / byteLength);
  const validity = Math.round((total * (column.validity?.byteLength ?? 0)) / byteLength);
  const values = total - strings - validity;
  const drawn = palette.cyan("▇".repeat(values)) + palette.magenta("▇".repeat(strings)) + palette.yellow("▇".repeat(validity));
  return drawn + " ".repeat(BAR_WIDTH - total);
}

function bytesOf({ values, validity, dictionary }: ColumnEntry): number {
  return values.byteLength + (validity?.byteLength ?? 0) + (dictionary?.byteLength ?? 0);
}

function tellContent(file: DatasetFile, column: ColumnEntry): string {
  const strings = file.dictionaries[file.columnIndex(column.name)];
  return strings === undefined ? "" : `${tellCount(strings.dictionary.size)} different`;
}

/** `12,345`. */
export const tellCount = (value: number): string => value.toLocaleString("en");

/** `12.3 MB`: powers of ten, as file managers tell them. */
export function tellBytes(byteLength: number): string {
  if (byteLength < 1000) return `${byteLength} B`;
  const power = Math.min(4, Math.floor(Math.log10(byteLength) / 3));
  return `${(byteLength / 1000 ** power).toFixed(1)} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}
