import { writeSync } from "node:fs";

const ZEROS_BYTES = 65_536;

/** All of the bytes, to a position of a file: a disk that is nearly full takes a part first, and the call after that says so. Throws what node:fs throws. */
export function writeWhole(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, position + at);
}

/** Zeros at `[from, to)`, for file systems that cannot allocate (NFS before 4.2, some FUSE): what is written has its blocks. */
export function writeZeros(fd: number, from: number, to: number): void {
  const zeros = Buffer.alloc(Math.min(ZEROS_BYTES, to - from));
  for (let at = from; at < to; at += zeros.byteLength) writeWhole(fd, zeros.subarray(0, to - at), at);
}
