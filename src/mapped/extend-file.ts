import { fstatSync, ftruncateSync, writeSync } from "node:fs";
import { MemoryError } from "../core/errors.ts";
import { system } from "../native/system.ts";
import { errnoName, systemError } from "../native/system-error.ts";

const ZEROS_BYTES = 65_536;

/**
 * Makes the file at least `byteLength` long, with real blocks behind every byte of it, and returns how long it then is. Throws `disk-full`
 * and leaves the file as it was when there is no room.
 *
 * A file that is only made longer (`ftruncate`) has no blocks yet: the store into a mapped page that finds the disk full is a
 * signal, and the end of the process.
 */
export function extendFile(subject: string, fd: number, byteLength: number): number {
  const before = fstatSync(fd).size;
  if (before >= byteLength) return before;
  const refused = system().allocate(fd, before, byteLength - before);
  if (refused === 0) return byteLength;
  try {
    if (errnoName(refused) !== "ENOTSUP") throw systemError(subject, "could not grow", refused, { byteLength });
    writeZeros(fd, before, byteLength);
    return byteLength;
  } catch (error) {
    ftruncateSync(fd, before);
    throw systemError(subject, "could not grow", error, { byteLength });
  }
}

/** For file systems that cannot allocate (NFS before 4.2, some FUSE): what is written has its blocks. */
function writeZeros(fd: number, from: number, to: number): void {
  const zeros = Buffer.alloc(Math.min(ZEROS_BYTES, to - from));
  for (let at = from; at < to; ) at += writeSync(fd, zeros, 0, Math.min(zeros.byteLength, to - at), at);
}

/** For a mapping that follows a file which others make longer: how long it is now. Throws `out-of-bounds` while it is shorter. */
export function followFile(subject: string, fd: number, byteLength: number): number {
  const found = fstatSync(fd).size;
  if (found >= byteLength) return found;
  throw new MemoryError("out-of-bounds", {
    subject,
    event: "cannot show more than the file has, and does not write to it",
    numbers: { wanted: byteLength, fileByteLength: found },
    cure: 'Grow it again when the file has become longer, or map it with { mode: "readWrite" }.',
  });
}
