import { basename } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { MemoryError } from "../core/errors.ts";
import { type Dataset, openDataset, type UntypedRow } from "../mapped/dataset/dataset.ts";
import type { ExportFormat, RowRange } from "../mapped/dataset/export.ts";
import { inspectFile, verifyFile } from "../mapped/inspect-file.ts";
import { Answer } from "./fail.ts";
import { paletteFor } from "./palette.ts";

/** Prints the row with a key as JSON. The key's text is read as the key column's type says. */
export async function runGet(path: string, keyText: string): Promise<void> {
  using dataset = openDataset(path);
  const row = dataset.get(parseKey(dataset, keyText));
  if (row === undefined) throw new Answer(`${path} has no row with the ${dataset.key ?? "number"} ${keyText}`);
  const [line] = dataset.export("ndjson", { start: dataset.rowIndexOf(parseKey(dataset, keyText)), count: 1 });
  await print([line]);
}

export async function runHead(path: string, options: { rows: number; format: ExportFormat }): Promise<void> {
  await printRows(path, options.format, { count: options.rows });
}

export async function runExport(path: string, options: { format: ExportFormat }): Promise<void> {
  await printRows(path, options.format, {});
}

/** A data set or a segment, whichever the file is. */
export async function runInspect(path: string): Promise<void> {
  await print([inspectFile(path, paletteFor(process.stdout))]);
}

export async function runVerify(path: string): Promise<void> {
  const { problems, summary } = verifyFile(path);
  if (problems.length > 0) throw new Answer([`${path} is damaged:`, ...problems.map((problem) => `  ${problem}`)].join("\n"));
  await print([`${path} is sound: ${summary}\n`]);
}

export async function runTypes(path: string, options: { name?: string }): Promise<void> {
  using dataset = openDataset(path);
  await print([dataset.typesSource(options.name ?? typeName(path))]);
}

async function printRows(path: string, format: ExportFormat, range: RowRange): Promise<void> {
  using dataset = openDataset(path);
  await print(dataset.export(format, range));
}

/** Writes to standard output as fast as it takes it in. */
async function print(pieces: Iterable<string>): Promise<void> {
  await pipeline(Readable.from(pieces), process.stdout, { end: false });
}

function parseKey(dataset: Dataset<UntypedRow>, text: string): number | bigint | string {
  const type = dataset.manifest.columns.find(({ name }) => name === dataset.key)?.type ?? "u32";
  if (type === "text") return text;
  const isWhole = /^-?\d+$/.test(text);
  if (type === "i64" || type === "u64") {
    if (isWhole) return BigInt(text);
  } else if (text.trim() !== "" && !Number.isNaN(Number(text))) {
    return Number(text);
  }
  throw new MemoryError("invalid-argument", {
    subject: `the key "${text}"`,
    event: `is not a number, and ${dataset.key === null ? "rows are looked up by their number" : `the column ${dataset.key} is ${type}`}`,
    cure: "Pass a number.",
  });
}

/** `world-cities.seg` → `WorldCities`. */
function typeName(path: string): string {
  const words =
    basename(path)
      .replace(/\.[^.]*$/, "")
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  const name = words.map((word) => word[0].toUpperCase() + word.slice(1)).join("");
  return /^[\p{L}_$]/u.test(name) ? name : `Dataset${name}`;
}
