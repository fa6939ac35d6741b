import { basename } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { openDataset } from "../mapped/dataset/dataset.ts";
import type { ExportFormat, RowRange } from "../mapped/dataset/export.ts";
import { inspectFile, verifyFile } from "../mapped/inspect-file.ts";
import { entriesOf } from "./entries.ts";
import { Answer } from "./fail.ts";
import { paletteFor } from "./palette.ts";

/** What of a segment is meant. */
export interface InFlag {
  readonly in?: string;
}

/** Prints what a key leads to as JSON. The key's text is read as the type of keys says. */
export async function runGet(path: string, keyText: string, { in: name }: InFlag): Promise<void> {
  using entries = entriesOf(path, name);
  const line = entries.get(keyText);
  if (line === undefined) throw new Answer(`${path} has no ${entries.told(keyText)}`);
  await print([line]);
}

export async function runHead(path: string, options: InFlag & { rows: number; format: ExportFormat }): Promise<void> {
  await printEntries(path, options, { count: options.rows });
}

export async function runExport(path: string, options: InFlag & { format: ExportFormat }): Promise<void> {
  await printEntries(path, options, {});
}

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

async function printEntries(path: string, options: InFlag & { format: ExportFormat }, range: RowRange): Promise<void> {
  using entries = entriesOf(path, options.in);
  await print(entries.export(options.format, range));
}

/** Writes to standard output as fast as it takes it in. */
async function print(pieces: Iterable<string>): Promise<void> {
  await pipeline(Readable.from(pieces), process.stdout, { end: false });
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
