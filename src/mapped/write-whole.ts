import { writeSync } from "node:fs";
import { GiB } from "../core/size.ts";

/** How much one write call takes; the operating system ends just below 2 GiB. */
const MOST_PER_WRITE = GiB(1);
const ZEROS_BYTES = 65_536;

/**
 * All of the bytes, to a position of a file, or with null behind what was written last: a disk that is nearly full takes a part first, and the call after that says
 * so. Throws what node:fs throws.
 */
export function writeWhole(fd: number, bytes: Uint8Array, position: number | null): void {
  for (let at = 0; at < bytes.length; ) {
    const length = Math.min(bytes.length - at, MOST_PER_WRITE);
    at += writeSync(fd, bytes, at, length, position === null ? null : position + at);
  }
}

/** Zeros at `[from, to)`, for file systems that cannot allocate (NFS before 4.2, some FUSE): what is written has its blocks. */
export function writeZeros(fd: number, from: number, to: number): void {
  const zeros = Buffer.alloc(Math.min(ZEROS_BYTES, to - from));
  for (let at = from; at < to; at += zeros.byteLength) writeWhole(fd, zeros.subarray(0, to - at), at);
}
