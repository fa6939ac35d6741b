import { type CsvOptions, CsvTokenizer } from "./csv.ts";
import type { TableOptions } from "./table-tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { TsvTokenizer } from "./tsv.ts";

export type DelimitedOptions = ({ readonly format: "csv" } & CsvOptions) | ({ readonly format: "tsv" } & TableOptions);

/** A tokenizer for CSV or TSV that begins at the first byte of the input. Throws `invalid-argument` for names or a delimiter that cannot be. */
export function delimitedTokenizer(options: DelimitedOptions): Tokenizer {
  return options.format === "tsv" ? new TsvTokenizer(options) : new CsvTokenizer(options);
}
