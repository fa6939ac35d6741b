import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { type BuildOptions, buildDataset, type Dataset, openDataset, type UntypedRow } from "../../../src/mapped/index.ts";
import { temporaryDirectory } from "../../process/temporary-directory.ts";

const folder = temporaryDirectory({ after });
let serial = 0;

/** A path in this test file's own folder that nothing has used yet. */
export function fresh(name: string): string {
  serial += 1;
  return join(folder, `${serial}-${name}`);
}

/** Writes `content` to a file called `name`, builds it, and returns the path of the data set. */
export async function build(name: string, content: string | Uint8Array, options: BuildOptions = {}): Promise<string> {
  const input = fresh(name);
  writeFileSync(input, content);
  const output = `${input}.seg`;
  await buildDataset(input, output, options);
  return output;
}

/** The rows of a data set as plain objects, after its own verification has found nothing. */
export async function rowsOf(
  name: string,
  content: string | Uint8Array,
  options: BuildOptions = {},
): Promise<Record<string, unknown>[]> {
  using dataset = openDataset(await build(name, content, options));
  const problems = dataset.verify();
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return plainRows(dataset);
}

export function plainRows(dataset: Dataset<UntypedRow>): Record<string, unknown>[] {
  return [...dataset].map((row) => Object.fromEntries(dataset.columnNames.map((column) => [column, row[column]])));
}

/** The types that the columns got, like `{ id: "u8", name: "text?" }`. */
export async function typesOf(name: string, content: string, options: BuildOptions = {}): Promise<Record<string, string>> {
  using dataset = openDataset(await build(name, content, options));
  return Object.fromEntries(dataset.manifest.columns.map(({ name, type, optional }) => [name, optional ? `${type}?` : type]));
}
