import { readFileSync } from "node:fs";
import { refuseSystem } from "./unsupported.ts";

const PROBE_RESERVED_PAGES = 16;

/** A range of addresses with one protection: `rw-`, `---`, …. */
export interface Region {
  readonly from: bigint;
  readonly to: bigint;
  readonly access: string;
}

/**
 * Throws `unsupported` unless this engine gives a growable SharedArrayBuffer address space of its own, as V8 does.
 *
 * Mapping a file over a buffer is safe exactly where the engine obtained the range from the operating system for that buffer and
 * gives it back as a whole. An engine that carves buffers out of an arena recycles the range with the file still in it, and
 * the next owner's stores go to the file. So one buffer is made with one page in use and more reserved, and the operating system must show
 * just that: a readable and writable range that ends with the page, and an inaccessible one from there on.
 */
export function checkEngine(
  pageByteLength: number,
  addressOf: (buffer: SharedArrayBuffer) => bigint,
  regionAt: (address: bigint) => Region | undefined = linuxRegions(),
): void {
  const reserved = pageByteLength * PROBE_RESERVED_PAGES;
  const probe = new SharedArrayBuffer(pageByteLength, { maxByteLength: reserved });
  const start = addressOf(probe);
  const end = start + BigInt(pageByteLength);
  if (start % BigInt(pageByteLength) !== 0n) refuseSystem("engine");
  const [head, tail] = [regionAt(start), regionAt(end)];
  const ownHead = head !== undefined && head.from <= start && head.to === end && head.access === "rw-";
  const ownTail = tail !== undefined && tail.from <= end && tail.to >= start + BigInt(reserved) && tail.access === "---";
  // Asked once more, so that the buffer is there until the regions were looked at.
  if (!ownHead || !ownTail || addressOf(probe) !== start) refuseSystem("engine");
}

/** The regions as /proc tells them at the first question. */
function linuxRegions(): (address: bigint) => Region | undefined {
  let found: readonly Region[] | undefined;
  return (address) => {
    found ??= readMaps();
    return found.find(({ from, to }) => from <= address && address < to);
  };
}

function readMaps(): Region[] {
  let text: string;
  try {
    text = readFileSync("/proc/self/maps", "latin1");
  } catch (cause) {
    return refuseSystem("no-proc", cause);
  }
  return [...text.matchAll(/^([0-9a-f]+)-([0-9a-f]+) (...)p/gm)].map(([, from = "0", to = "0", access = ""]) => ({
    from: BigInt(`0x${from}`),
    to: BigInt(`0x${to}`),
    access,
  }));
}
