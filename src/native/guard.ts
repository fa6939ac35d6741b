import { readFileSync } from "node:fs";
import { refuseSystem } from "./unsupported.ts";

const PROBE_RESERVED_PAGES = 16;

/**
 * Throws `unsupported` unless this engine gives a growable SharedArrayBuffer address space of its own, as V8 does.
 *
 * Mapping a file over a buffer is safe exactly where the engine obtained the range from the operating system for that buffer and
 * gives it back as a whole. An engine that carves buffers out of an arena recycles the range with the file still in it, and
 * the next owner's stores go to the file. So one buffer is made with one page in use and more reserved, and /proc/self/maps must show
 * just that: a readable and writable range that ends with the page, and an inaccessible one from there on.
 */
export function checkEngine(pageByteLength: number, addressOf: (buffer: SharedArrayBuffer) => bigint): void {
  const reserved = pageByteLength * PROBE_RESERVED_PAGES;
  const probe = new SharedArrayBuffer(pageByteLength, { maxByteLength: reserved });
  const start = addressOf(probe);
  const end = start + BigInt(pageByteLength);
  if (start % BigInt(pageByteLength) !== 0n) refuseSystem("engine");
  let head = false;
  let tail = false;
  for (const { from, to, access } of readMaps()) {
    if (from <= start && start < to) head = to === end && access === "rw-p";
    if (from <= end && end < to) tail = to >= start + BigInt(reserved) && access === "---p";
  }
  if (!head || !tail) refuseSystem("engine");
}

interface Mapped {
  readonly from: bigint;
  readonly to: bigint;
  readonly access: string;
}

function readMaps(): Mapped[] {
  let text: string;
  try {
    text = readFileSync("/proc/self/maps", "latin1");
  } catch (cause) {
    return refuseSystem("no-proc", cause);
  }
  return [...text.matchAll(/^([0-9a-f]+)-([0-9a-f]+) (....)/gm)].map(([, from = "0", to = "0", access = ""]) => ({
    from: BigInt(`0x${from}`),
    to: BigInt(`0x${to}`),
    access,
  }));
}
