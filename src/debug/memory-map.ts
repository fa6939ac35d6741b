import { checkCall, type Expectation, OPTIONS } from "../core/check-call.ts";
import { checkCount } from "../core/check-count.ts";
import { tellBytes } from "./report.ts";

/** A stretch of a memory, and what it is to who drew the picture: `used`, `quarantined`, `free`. */
export interface MappedRegion {
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly kind: "used" | "quarantined" | "free";
}

/** An arena: chunks, each filled up to some byte. */
interface Chunked {
  chunks(): Iterable<{ readonly byteOffset: number; readonly byteLength: number; readonly usedByteLength: number }>;
}

/** A tracker. */
interface Blocked {
  blocks(): Iterable<{ readonly byteOffset: number; readonly byteLength: number; readonly state: "live" | "quarantined" }>;
}

export interface MemoryMapOptions {
  /** Characters of a line. Default: 64. */
  readonly columns?: number;
  /** Lines at most. Default: 16. */
  readonly lines?: number;
}

/** From empty to full, in eighths. */
const SHADES = " ▁▂▃▄▅▆▇█";
const QUARANTINED = "░";
const LEAST_CELL_BYTES = 8;

/**
 * A picture of where blocks lie: of a tracker (each block with its redzones), of an arena (its chunks), or of regions from elsewhere. Each character
 * stands for as many bytes; the higher it is filled, the more of them are used. `░` waits in quarantine, `·` is in no region.
 *
 *     0x000040 … 0x0008c0, 32 B a character: 1.9 KiB used, 128 B quarantined, 192 B free
 *     0x000040 ████████▄···░░░░████
 */
export function memoryMap(of: Chunked | Blocked | Iterable<MappedRegion>, options: MemoryMapOptions = {}): string {
  checkCall("memoryMap(heap)", [REGIONS, of], [OPTIONS, options]);
  const { columns = 64, lines = 16 } = options;
  checkCount("memoryMap", "columns", columns, 1, 1000);
  checkCount("memoryMap", "lines", lines, 1, 10_000);
  const regions = [...regionsOf(of)].filter(({ byteLength }) => byteLength > 0).sort((a, b) => a.byteOffset - b.byteOffset);
  if (regions.length === 0) return "nothing is allocated";
  const start = regions[0].byteOffset - (regions[0].byteOffset % LEAST_CELL_BYTES);
  const end = regions.reduce((most, { byteOffset, byteLength }) => Math.max(most, byteOffset + byteLength), 0);
  const cellBytes = Math.max(LEAST_CELL_BYTES, 2 ** Math.ceil(Math.log2((end - start) / (columns * lines))));
  const cells = cellsOf(regions, start, Math.ceil((end - start) / cellBytes), cellBytes);
  const sums = (["used", "quarantined", "free"] as const).map((kind) => {
    const bytes = regions.reduce((sum, region) => sum + (region.kind === kind ? region.byteLength : 0), 0);
    return `${tellBytes(bytes)} ${kind}`;
  });
  const drawn = [`${address(start)} … ${address(end)}, ${cellBytes} B a character: ${sums.join(", ")}`];
  for (let at = 0; at < cells.length; at += columns) {
    drawn.push(`${address(start + at * cellBytes)} ${cells.slice(at, at + columns).join("")}`.trimEnd());
  }
  return drawn.join("\n");
}

const REGIONS: Expectation = {
  noun: "an allocator that can tell its blocks, or regions",
  is: (value) =>
    typeof value === "object" && value !== null && ("chunks" in value || "blocks" in value || Symbol.iterator in value),
};

function* regionsOf(of: Chunked | Blocked | Iterable<MappedRegion>): Iterable<MappedRegion> {
  if ("chunks" in of) {
    for (const { byteOffset, byteLength, usedByteLength } of of.chunks()) {
      yield { byteOffset, byteLength: usedByteLength, kind: "used" };
      yield { byteOffset: byteOffset + usedByteLength, byteLength: byteLength - usedByteLength, kind: "free" };
    }
  } else if ("blocks" in of) {
    for (const { byteOffset, byteLength, state } of of.blocks()) {
      yield { byteOffset, byteLength, kind: state === "live" ? "used" : "quarantined" };
    }
  } else yield* of;
}

function cellsOf(regions: readonly MappedRegion[], start: number, count: number, cellBytes: number): string[] {
  const used = new Float64Array(count);
  const quarantined = new Float64Array(count);
  const known = new Float64Array(count);
  for (const { byteOffset, byteLength, kind } of regions) {
    const to = byteOffset + byteLength;
    for (let cell = Math.floor((byteOffset - start) / cellBytes); cell < count && start + cell * cellBytes < to; cell++) {
      const from = start + cell * cellBytes;
      const inside = Math.min(to, from + cellBytes) - Math.max(byteOffset, from);
      known[cell] += inside;
      if (kind === "used") used[cell] += inside;
      if (kind === "quarantined") quarantined[cell] += inside;
    }
  }
  return Array.from(used, (bytes, cell) => {
    if (known[cell] === 0) return "·";
    if (quarantined[cell] > bytes) return QUARANTINED;
    // What is there shows, and only a full cell looks full.
    const eighths = Math.floor((bytes / cellBytes) * 8);
    return SHADES[bytes > 0 ? Math.max(eighths, 1) : 0];
  });
}

function address(byteOffset: number): string {
  return `0x${byteOffset.toString(16).padStart(6, "0")}`;
}
