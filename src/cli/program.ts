import { Command, InvalidArgumentError, Option } from "commander";
import { EXPORT_FORMATS, type ExportFormat } from "../mapped/dataset/export.ts";
import { INPUT_FORMATS, type InputFormat } from "../mapped/dataset/input-format.ts";
import { packageVersion } from "../mapped/dataset/writer-name.ts";
import { runBuild } from "./build.ts";
import { type InFlag, runExport, runGet, runHead, runInspect, runTypes, runVerify } from "./read.ts";

const READABLE = "a data set, a hash table, an interner, a dictionary, or a segment that has such in it";
const IN = ["-i, --in <name>", "of a segment, what has that name in it"] as const;

/** The `offheap` command: one subcommand a verb, each a thin layer over `offheap/mapped`. */
export function program(): Command {
  const command = new Command("offheap")
    .description("Builds data sets that every thread and process shares through mapped memory, and reads every file of offheap.")
    .version(packageVersion())
    .showHelpAfterError("(add --help for the options)");

  command
    .command("build")
    .description("Build a data set from a CSV, TSV, NDJSON or JSON file, gzipped or not.")
    .argument("<input>", "the file to read")
    .argument("<output>", "the data set to write; what it held before stays until the new one is whole")
    .option("-k, --key <column>", "the column to look rows up by; without it the row number, from 0")
    .option("-t, --types <list>", "types of columns, like population:u32?,name:text; the others are inferred")
    .option("-c, --columns <names>", "comma-separated names of the columns of a file without a header line")
    .addOption(new Option("-f, --format <format>", "what the input is; by default its name tells").choices(INPUT_FORMATS))
    .option("-q, --quiet", "no progress display")
    .action((input: string, output: string, options: BuildFlags) => runBuild(input, output, options));

  command
    .command("get")
    .description("Print one row of a data set, one entry of a table or one string as JSON.")
    .argument("<file>", READABLE)
    .argument("<key>", "the key, or the id of a string; after -- when it begins with a minus")
    .option(...IN)
    .action(runGet);

  command
    .command("head")
    .description("Print the first rows, entries or strings.")
    .argument("<file>", READABLE)
    .option("-n, --rows <count>", "how many", wholeNumber, 10)
    .option(...IN)
    .addOption(new Option("-f, --format <format>", "how").choices(EXPORT_FORMATS).default("ndjson"))
    .action((file: string, options: InFlag & { rows: number; format: ExportFormat }) => runHead(file, options));

  command.command("inspect").description("Draw what is in the file.").argument("<file>", "any file of offheap").action(runInspect);

  command
    .command("verify")
    .description("Check every byte and every invariant. Status 0: sound.")
    .argument("<file>", "any file of offheap")
    .action(runVerify);

  command
    .command("export")
    .description("Print all rows, entries or strings to standard output.")
    .argument("<file>", READABLE)
    .option(...IN)
    .addOption(
      new Option("-f, --format <format>", "how; all but data sets as ndjson only").choices(EXPORT_FORMATS).default("ndjson"),
    )
    .action((file: string, options: InFlag & { format: ExportFormat }) => runExport(file, options));

  command
    .command("types")
    .description("Print the TypeScript layout of the file, for openDataset.")
    .argument("<file>", "a data set")
    .option("--name <name>", "the name of the exported constant; by default made from the file's name")
    .action((file: string, options: { name?: string }) => runTypes(file, options));

  return command;
}

export interface BuildFlags {
  readonly key?: string;
  readonly types?: string;
  readonly columns?: string;
  readonly format?: InputFormat;
  readonly quiet?: boolean;
}

function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}
