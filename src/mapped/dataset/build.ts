import { dirname } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import type { Allocator } from "../../alloc/allocator.ts";
import { bump } from "../../alloc/bump.ts";
import { A_PATH, checkCall, OPTIONS } from "../../core/check-call.ts";
import { MemoryError } from "../../core/errors.ts";
import { GiB } from "../../core/size.ts";
import { FieldBatch } from "../../parse/field-batch.ts";
import { type AtomicFile, publishFile } from "../atomic-file.ts";
import { mapScratch } from "../map-scratch.ts";
import { BlockWriter } from "./block-writer.ts";
import { ColumnDraft } from "./column-draft.ts";
import { type DeclaredType, parseDeclaredTypes, type TypesOption } from "./declared-types.ts";
import { schemaFingerprint } from "./fingerprint.ts";
import { Input } from "./input.ts";
import { type InputFormat, inputFormatOf } from "./input-format.ts";
import { buildKeyIndex } from "./key-index.ts";
import type { Manifest } from "./manifest.ts";
import { missing, throwRowProblem, undeclared, unsettled } from "./row-problem.ts";
import { writeColumn } from "./write-column.ts";
import { WRITER } from "./writer-name.ts";

export interface BuildOptions {
  /** The column that rows are looked up by. Its values must be there and differ. Default: the row number. */
  readonly key?: string;
  /** Types of columns: `population:u32?,name:text` or an object. The others are inferred from all rows. */
  readonly types?: TypesOption;
  /** Names of the columns of a CSV or TSV file without a header line. */
  readonly columns?: readonly string[];
  /** What the input is. Default: what its name tells. */
  readonly format?: InputFormat;
  /** Called about ten times a second. */
  readonly onProgress?: (progress: BuildProgress) => void;
}

export interface BuildProgress {
  readonly phase: "reading" | "reading again" | "writing";
  /** Bytes of the input while reading, columns while writing. */
  readonly done: number;
  readonly total: number;
  readonly rows: number;
}

export interface BuildSummary {
  readonly rowCount: number;
  readonly columnCount: number;
  readonly inputByteLength: number;
  readonly byteLength: number;
  readonly milliseconds: number;
  readonly key: string | null;
}

/**
 * Builds a data set from a CSV, TSV, NDJSON or JSON file, gzipped or not.
 *
 * The input is read through a sliding mapped window, its fields are never JavaScript strings, and everything that grows lives in a
 * scratch file without a name beside the output, so memory stays small whatever the input's size. The output gets its name when
 * it is whole and synced: a build that fails, or is killed, leaves what was there before and nothing else.
 *
 * Throws `io`, `malformed-input` and `bad-value` with line and column, `duplicate-key`, `disk-full`, `invalid-argument`.
 */
export async function buildDataset(inputPath: string, outputPath: string, options: BuildOptions = {}): Promise<BuildSummary> {
  checkCall(`buildDataset("cities.csv", "cities.seg")`, [A_PATH, inputPath], [A_PATH, outputPath], [OPTIONS, options]);
  const started = performance.now();
  const { format, gzipped } = inputFormatOf(inputPath, options.format);
  const declared = parseDeclaredTypes(options.types ?? "");
  const scratchDirectory = dirname(outputPath);
  using output = publishFile(outputPath);
  using input = await Input.open(inputPath, { format, gzipped, columns: options.columns, scratchDirectory });
  using memory = mapScratch(scratchDirectory, { maxByteLength: scratchReservation() });
  const build = new Build(input, bump(memory), declared, options);
  await build.readAll();
  const byteLength = await build.write(output);
  output.commit();
  return {
    rowCount: build.rowCount,
    columnCount: build.drafts.length,
    inputByteLength: input.byteLength,
    byteLength,
    milliseconds: performance.now() - started,
    key: options.key ?? null,
  };
}

const SAMPLE_ROWS = 32_768;

/** Address space, not memory: as much as the engine gives in one piece. */
function scratchReservation(): number {
  return Number(process.versions.node.split(".")[0]) >= 22 ? GiB(256) : GiB(4) - GiB(1 / 1024);
}

/** One build: the columns as they are filled from the input. */
class Build {
  readonly drafts: ColumnDraft[] = [];
  rowCount = 0;
  readonly #input: Input;
  readonly #scratch: Allocator;
  readonly #declared: ReadonlyMap<string, DeclaredType>;
  readonly #options: BuildOptions;

  constructor(input: Input, scratch: Allocator, declared: ReadonlyMap<string, DeclaredType>, options: BuildOptions) {
    this.#input = input;
    this.#scratch = scratch;
    this.#declared = declared;
    this.#options = options;
  }

  /** Reads the input into the drafts: once, and once more the columns whose type was guessed wrong. */
  async readAll(): Promise<void> {
    const typed = this.#input.format === "json" || this.#input.format === "ndjson";
    const tokenizer = this.#input.tokenizer();
    const batch = new FieldBatch();
    this.#sample(batch, typed);
    await this.#pass("reading", tokenizer, batch, (u8) => {
      this.#meetColumns(tokenizer.columnNames, typed);
      this.drafts.forEach((draft, columnIndex) => {
        // A column that the batch's records did not know yet is missing in all of them.
        if (columnIndex < batch.stride) draft.add(batch, u8, columnIndex);
        else draft.addMissing(batch.rowCount);
        if (draft.refusedRow >= 0) throwRowProblem(this.#input, undeclared(draft, columnIndex));
      });
      this.rowCount += batch.rowCount;
    });
    this.#meetColumns(tokenizer.columnNames, typed);
    this.#checkColumns(tokenizer.columnNames);
    this.#checkVerdicts();
    const again = this.drafts.filter((draft) => draft.needsSecondReading);
    for (const draft of again) draft.restartAsText();
    if (again.length > 0) {
      await this.#pass("reading again", this.#input.tokenizer(), batch, (u8) => {
        for (const draft of again) {
          const columnIndex = this.drafts.indexOf(draft);
          if (columnIndex < batch.stride) draft.add(batch, u8, columnIndex);
          else draft.addMissing(batch.rowCount);
        }
      });
    }
    for (const draft of this.drafts) draft.settleEmpty();
    this.#checkMissing();
  }

  /** Looks at the first rows before any is stored: the more it has seen, the seldomer a column must be read again. */
  #sample(batch: FieldBatch, typed: boolean): void {
    const tokenizer = this.#input.tokenizer();
    let rows = 0;
    const look = (_: FieldBatch, u8: Uint8Array): boolean => {
      this.#meetColumns(tokenizer.columnNames, typed);
      for (let columnIndex = 0; columnIndex < batch.stride; columnIndex++)
        this.drafts[columnIndex].look(batch, u8, columnIndex, rows);
      rows += batch.rowCount;
      return rows < SAMPLE_ROWS;
    };
    for (const _ of this.#input.read(tokenizer, batch, look)) if (rows > 0) break;
  }

  #meetColumns(names: readonly string[], typed: boolean): void {
    for (const name of names.slice(this.drafts.length)) {
      const draft = new ColumnDraft(name, this.#scratch, { declared: this.#declared.get(name), typed });
      draft.addMissing(this.rowCount);
      this.drafts.push(draft);
    }
  }

  /** Writes the file's bytes and returns how many they are. */
  async write(output: AtomicFile): Promise<number> {
    const { key = null } = this.#options;
    const writer = new BlockWriter(output);
    const columns = [];
    for (const draft of this.drafts) {
      columns.push(writeColumn(draft, writer, this.#scratch, draft.name === key));
      this.#report("writing", columns.length, this.drafts.length);
      await breathe();
    }
    const keyIndex =
      key === null ? undefined : buildKeyIndex(this.#input, this.drafts, columns, key, this.rowCount, writer, this.#scratch);
    const manifest: Manifest = {
      writer: WRITER,
      rowCount: this.rowCount,
      columns,
      key,
      ...(keyIndex === undefined ? {} : { keyIndex }),
      source: { name: this.#input.name, byteLength: this.#input.byteLength, format: this.#input.format },
    };
    writer.finish(manifest, schemaFingerprint(columns, key));
    return writer.byteLength;
  }

  async #pass(
    phase: BuildProgress["phase"],
    tokenizer: ReturnType<Input["tokenizer"]>,
    batch: FieldBatch,
    take: (u8: Uint8Array) => void,
  ): Promise<void> {
    const total = this.#input.window.fileByteLength;
    for (const done of this.#input.read(tokenizer, batch, (_, u8) => take(u8))) {
      this.#report(phase, done, total);
      await breathe();
    }
  }

  #report(phase: BuildProgress["phase"], done: number, total: number): void {
    this.#options.onProgress?.({ phase, done, total, rows: this.rowCount });
  }

  #checkColumns(names: readonly string[]): void {
    const asked = [...this.#declared.keys(), ...(this.#options.key === undefined ? [] : [this.#options.key])];
    const unknown = asked.find((name) => !names.includes(name));
    if (unknown === undefined && names.length > 0) return;
    throw new MemoryError(names.length === 0 ? "malformed-input" : "invalid-argument", {
      subject: this.#input.name,
      event: unknown === undefined ? "has no columns" : `has no column "${unknown}"`,
      numbers: { byteLength: this.#input.byteLength },
      cure: names.length === 0 ? "Give it a header line, or name its columns." : `Its columns are ${names.join(", ")}.`,
    });
  }

  /** Refuses what cannot be kept as it is without being told how. */
  #checkVerdicts(): void {
    for (const draft of this.drafts) {
      if (draft.store !== undefined) continue;
      const problem = unsettled(draft, this.drafts.indexOf(draft));
      if (problem !== undefined) throwRowProblem(this.#input, problem);
    }
  }

  #checkMissing(): void {
    for (const draft of this.drafts) {
      const isKey = draft.name === this.#options.key;
      const { store } = draft;
      if (store === undefined || store.missingCount === 0 || (!isKey && (draft.declared?.optional ?? true))) continue;
      throwRowProblem(this.#input, missing(draft, store.firstMissing(), this.drafts.indexOf(draft), isKey));
    }
  }
}
