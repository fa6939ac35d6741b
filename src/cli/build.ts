import { basename } from "node:path";
import cliProgress from "cli-progress";
import colors from "picocolors";
import { type BuildProgress, type BuildSummary, buildDataset } from "../mapped/dataset/build.ts";
import type { BuildFlags } from "./program.ts";

/** Builds a data set with a progress display on a terminal, and one line of summary. */
export async function runBuild(input: string, output: string, flags: BuildFlags): Promise<void> {
  const { quiet = false, columns, ...options } = flags;
  const display = quiet || !process.stderr.isTTY ? undefined : new ProgressDisplay(basename(input));
  try {
    const summary = await buildDataset(input, output, {
      ...options,
      ...(columns === undefined ? {} : { columns: columns.split(",").map((name) => name.trim()) }),
      ...(display === undefined ? {} : { onProgress: (progress: BuildProgress) => display.show(progress) }),
    });
    display?.stop();
    if (!quiet) process.stdout.write(`${summaryLine(output, summary)}\n`);
  } finally {
    display?.stop();
  }
}

/** `cities.seg: 134,856 rows × 19 columns, 23.1 MB → 12.0 MB in 0.9 s (26 MB/s), key id`. */
export function summaryLine(output: string, summary: BuildSummary): string {
  const { rowCount, columnCount, inputByteLength, byteLength, milliseconds, key } = summary;
  const speed = inputByteLength / 1e6 / (milliseconds / 1000);
  return (
    `${colors.bold(output)}: ${rowCount.toLocaleString("en")} rows × ${columnCount} columns, ` +
    `${megabytes(inputByteLength)} → ${megabytes(byteLength)} in ${(milliseconds / 1000).toFixed(1)} s (${speed.toFixed(0)} MB/s), ` +
    `key ${key ?? "row number"}`
  );
}

const megabytes = (byteLength: number): string => `${(byteLength / 1e6).toFixed(1)} MB`;

/** One bar: the input read (for a second pass, read again), then the blocks written. */
export class ProgressDisplay {
  readonly #bar: cliProgress.SingleBar;
  #started = false;

  constructor(name: string) {
    this.#bar = new cliProgress.SingleBar(
      {
        format: `${name} {phase} [{bar}] {percentage}% {rows} rows`,
        hideCursor: true,
        clearOnComplete: true,
        stream: process.stderr,
      },
      cliProgress.Presets.rect,
    );
  }

  show({ phase, done, total, rows }: BuildProgress): void {
    const payload = { phase, rows: rows.toLocaleString("en") };
    if (!this.#started) this.#bar.start(Math.max(1, total), done, payload);
    this.#started = true;
    this.#bar.setTotal(Math.max(1, total));
    this.#bar.update(done, payload);
  }

  stop(): void {
    if (this.#started) this.#bar.stop();
    this.#started = false;
  }
}
