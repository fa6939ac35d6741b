import { availableParallelism, cpus, totalmem } from "node:os";

/** One measurement of ours beside one of a peer's. */
export interface Report {
  /** The name of the bench file. */
  readonly bench: string;
  readonly case: string;
  /** `ns`, `ms`, `MB`, …: less is better. A unit that ends in `/s`: more is better. */
  readonly unit: string;
  readonly ours: number;
  /** Left out where a figure is only told, compared with nothing. */
  readonly peer?: number;
  readonly peerName?: string;
  readonly note?: string;
}

const json = process.argv.includes("--json");
let titlePrinted = false;

/** Prints a measurement: a row for people, or with `--json` a line of JSON. `ratio` over 1 means that ours is better. */
export function report(measurement: Report): void {
  const { bench, case: what, unit, ours, note } = measurement;
  const { peer = null, peerName = null } = measurement;
  const ratio = peer === null ? null : unit.endsWith("/s") ? ours / peer : peer / ours;
  if (json) {
    const line = { bench, case: what, unit, ours: rounded(ours), peer: rounded(peer), peerName, ratio: rounded(ratio) };
    console.log(JSON.stringify(note === undefined ? line : { ...line, note }));
    return;
  }
  if (!titlePrinted) {
    titlePrinted = true;
    console.log(environmentLine());
    console.log(row("bench", "case", "ours", "peer", "ratio", "peer's name"));
  }
  const told = ratio === null ? "" : `${rounded(ratio)} x`;
  console.log(row(bench, what, `${rounded(ours)} ${unit}`, peer === null ? "" : `${rounded(peer)} ${unit}`, told, peerName ?? ""));
  if (note !== undefined) console.log(`${" ".repeat(19)}${note}`);
}

/** `Node v20.20.2 (V8 11.3), linux x64, 2 × Intel Xeon …, 24 GB`. */
export function environmentLine(): string {
  const cpu = cpus()[0]?.model.trim() ?? "unknown processor";
  const memory = `${Math.round(totalmem() / 1e9)} GB`;
  return `Node ${process.version} (V8 ${process.versions.v8}), ${process.platform} ${process.arch}, ${availableParallelism()} × ${cpu}, ${memory}`;
}

/** Whether `--name` was given on the command line: `hasFlag("large")`. */
export function hasFlag(name: string): boolean {
  return process.argv.includes(`--${name}`);
}

/** The number in `--name=100`, or `otherwise`. */
export function option(name: string, otherwise: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  if (given === undefined) return otherwise;
  const value = Number(given.slice(name.length + 3));
  if (Number.isFinite(value)) return value;
  throw new Error(`--${name} needs a number, not ${given}`);
}

function row(bench: string, what: string, ours: string, peer: string, ratio: string, peerName: string): string {
  const cells = [bench.padEnd(18), what.padEnd(44), ours.padStart(14), peer.padStart(14), ratio.padStart(9), ` ${peerName}`];
  return cells.join(" ").trimEnd();
}

/** Three digits are more than a shared machine can promise. */
function rounded<Value extends number | null>(value: Value): Value | number {
  return value === null ? value : Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}
