import { basename } from "node:path";
import cliProgress from "cli-progress";
import { type BuildProgress, type BuildSummary, buildDataset } from "../mapped/dataset/build.ts";
import { tellBytes } from "../mapped/dataset/picture.ts";
import { paletteFor } from "./palette.ts";
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
  return (
    `${paletteFor(process.stdout).bold(output)}: ${counted(rowCount, "row")} × ${counted(columnCount, "column")}, ` +
    `${tellBytes(inputByteLength)} → ${tellBytes(byteLength)} in ${tellTime(milliseconds)}` +
    `${milliseconds < SHORT_MS ? "" : ` (${(inputByteLength / 1e3 / milliseconds).toFixed(0)} MB/s)`}, key ${key ?? "row number"}`
  );
}

/** Shorter builds are mostly start-up: their speed would say nothing. */
const SHORT_MS = 100;

const counted = (count: number, what: string): string => `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;

const tellTime = (milliseconds: number): string =>
  milliseconds < SHORT_MS ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;

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
