import { basename } from "node:path";
import { MemoryError } from "../../core/errors.ts";

export const INPUT_FORMATS = ["csv", "tsv", "ndjson", "json"] as const;
export type InputFormat = (typeof INPUT_FORMATS)[number];

const BY_ENDING: Readonly<Record<string, InputFormat>> = {
  csv: "csv",
  tsv: "tsv",
  tab: "tsv",
  ndjson: "ndjson",
  jsonl: "ndjson",
  json: "json",
};

/** What an input file is by its name: `cities.csv.gz` is gzipped CSV. A given format wins over the name's. */
export function inputFormatOf(path: string, given?: string): { readonly format: InputFormat; readonly gzipped: boolean } {
  const name = basename(path).toLowerCase();
  const gzipped = name.endsWith(".gz");
  const ending = /\.([^.]+)$/.exec(gzipped ? name.slice(0, -3) : name)?.[1] ?? "";
  const format = given === undefined ? BY_ENDING[ending] : INPUT_FORMATS.find((known) => known === given);
  if (format !== undefined) return { format, gzipped };
  throw new MemoryError("invalid-argument", {
    subject: path,
    event: given === undefined ? "does not tell by its name what it holds" : `cannot be read as "${given}"`,
    cure: `Pass the format: one of ${INPUT_FORMATS.join(", ")}.`,
  });
}
