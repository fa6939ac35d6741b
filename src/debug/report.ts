import { checkCall, having, OPTIONS } from "../core/check-call.ts";
import type { Ledger } from "./ledger.ts";
import { type Mistake, storyOf } from "./mistake.ts";

/** What one place of the program holds. */
export interface ReportGroup {
  /** The innermost frame that is not offheap's; without stacks, the size of the blocks. */
  readonly place: string;
  /** The whole stack, as deep as it was taken. */
  readonly frames: readonly string[];
  readonly blocks: number;
  readonly bytes: number;
}

/** A picture of a tracker at one moment, as plain data: `JSON.stringify` it, or `formatReport` it for people. */
export interface MemoryReport {
  readonly subject: string;
  /** Live now, in the program's bytes. */
  readonly liveBlocks: number;
  readonly liveBytes: number;
  readonly peakBlocks: number;
  readonly peakBytes: number;
  /** Allocated since the beginning. */
  readonly blocks: number;
  readonly bytes: number;
  /** Redzones and roundings of live blocks, and what waits in quarantine: what tracking takes from the watched memory. */
  readonly overheadBytes: number;
  readonly quarantinedBytes: number;
  /** When sampling: one allocation in so many is in these figures. */
  readonly everyNth: number;
  /** Live blocks by the place that allocated them, most bytes first. */
  readonly groups: readonly ReportGroup[];
  readonly mistakes: readonly Mistake[];
}

export function reportOf(ledger: Ledger): MemoryReport {
  const { records, meters, settings, sink } = ledger;
  const groups = new Map<string, { place: string; frames: readonly string[]; blocks: number; bytes: number }>();
  let overheadBytes = ledger.quarantinedBytes;
  for (const record of ledger.live()) {
    const byteSize = records.byteSize(record);
    overheadBytes += records.end(record) - records.base(record) - byteSize;
    const frames = records.allocated[record]?.frames ?? [];
    const place = frames[0] ?? `blocks of ${tellBytes(byteSize)}`;
    const key = frames.length === 0 ? place : frames.join("\n");
    const group = groups.get(key) ?? { place, frames, blocks: 0, bytes: 0 };
    groups.set(key, group);
    group.blocks += 1;
    group.bytes += byteSize;
  }
  const { liveBlocks, liveBytes, peakBlocks, peakBytes, blocks, bytes } = meters.whole;
  return {
    subject: ledger.inner.subject,
    liveBlocks,
    liveBytes,
    peakBlocks,
    peakBytes,
    blocks,
    bytes,
    overheadBytes,
    quarantinedBytes: ledger.quarantinedBytes,
    everyNth: settings.everyNth,
    groups: [...groups.values()].sort((a, b) => b.bytes - a.bytes || b.blocks - a.blocks),
    mistakes: [...sink.kept],
  };
}

export interface FormatOptions {
  /** Columns of the terminal. Default: 100. */
  readonly width?: number;
  /** Places to show; the others are summed up. Default: 20. */
  readonly places?: number;
}

const BAR_COLUMNS = 24;
/** A bar ends in eighths of a column. */
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/**
 * The report for people: totals, a bar for each place, the mistakes.
 *
 *     arena: 1.2 MiB live in 3 blocks; at most 2.0 MiB in 9; 14 allocated
 *     ████████████████████████   1.0 MiB      1 block   loadRows (file:///srv/app/rows.js:12:5)
 *     ████                     192.0 KiB      2 blocks  index (file:///srv/app/index.js:40:11)
 */
export function formatReport(report: MemoryReport, options: FormatOptions = {}): string {
  checkCall("formatReport(tracked.report())", [having("a report", "groups"), report], [OPTIONS, options]);
  const { width = 100, places = 20 } = options;
  const sampled = report.everyNth > 1 ? `, of one in ${report.everyNth} that was looked at` : "";
  const lines = [
    `${report.subject}: ${tellBytes(report.liveBytes)} live in ${tellBlocks(report.liveBlocks)}; ` +
      `at most ${tellBytes(report.peakBytes)} in ${tellBlocks(report.peakBlocks)}; ${report.blocks} allocated${sampled}`,
  ];
  const most = report.groups[0]?.bytes ?? 0;
  for (const { place, blocks, bytes } of report.groups.slice(0, places))
    lines.push(row(bar(bytes, most), bytes, blocks, place, width));
  const rest = report.groups.slice(places);
  if (rest.length > 0) {
    const bytes = rest.reduce((sum, group) => sum + group.bytes, 0);
    const blocks = rest.reduce((sum, group) => sum + group.blocks, 0);
    lines.push(row("", bytes, blocks, `${rest.length} other places`, width));
  }
  for (const mistake of report.mistakes) lines.push("", storyOf(mistake));
  return lines.join("\n");
}

function row(drawn: string, bytes: number, blocks: number, place: string, width: number): string {
  const line = `${drawn.padEnd(BAR_COLUMNS)} ${tellBytes(bytes).padStart(10)} ${tellBlocks(blocks).padStart(12)}  ${place}`;
  return line.length > width ? `${line.slice(0, Math.max(width - 1, BAR_COLUMNS))}…` : line;
}

function bar(bytes: number, most: number): string {
  const eighths = most === 0 ? 0 : Math.round((bytes / most) * BAR_COLUMNS * 8);
  // Something that is there shows.
  const drawn = bytes > 0 ? Math.max(eighths, 1) : 0;
  return "█".repeat(drawn >> 3) + EIGHTHS[drawn & 7];
}

export function tellBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

function tellBlocks(blocks: number): string {
  return `${blocks} ${blocks === 1 ? "block" : "blocks"}`;
}
