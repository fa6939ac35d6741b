import { fstatSync, ftruncateSync } from "node:fs";
import { MemoryError } from "../core/errors.ts";
import { system } from "../native/system.ts";
import { errnoName, systemError } from "../native/system-error.ts";
import { FileLocks, type FileOrigin, LockedByte } from "./file-locks.ts";
import { writeZeros } from "./write-whole.ts";

/** How long another process may take to make a file longer. */
const PATIENCE_MS = 30_000;

/** A file that is open here. */
export interface Extended extends FileOrigin {
  readonly descriptor: number;
}

/**
 * Makes the file at least `byteLength` long, with real blocks behind every byte of it, and returns how long it then is. Throws `disk-full`
 * and leaves the file as it was when there is no room.
 *
 * A file that is only made longer (`ftruncate`) has no blocks yet: the store into a mapped page that finds the disk full is a
 * signal, and the end of the process.
 *
 * One at a time makes a file longer, whoever has it mapped: taking back what could not be finished would else take away what another has
 * added meanwhile, and with it the process that uses it.
 */
export function extendFile(subject: string, file: Extended, byteLength: number): number {
  const { descriptor: fd } = file;
  const { size, nlink } = fstatSync(fd);
  if (size >= byteLength) return size;
  if (nlink === 0 && process.platform !== "linux") {
    // Without a name, and without /proc, nobody else can make it longer, or lock it.
    lengthen(subject, fd, size, byteLength);
    return byteLength;
  }
  const locks = FileLocks.open(subject, file);
  try {
    locks.lock(LockedByte.growth, "exclusive", PATIENCE_MS);
    const before = fstatSync(fd).size;
    if (before < byteLength) lengthen(subject, fd, before, byteLength);
    return Math.max(before, byteLength);
  } finally {
    locks.unlock(LockedByte.growth);
    locks.close();
  }
}

function lengthen(subject: string, fd: number, from: number, to: number): void {
  try {
    giveBlocks(subject, fd, from, to);
  } catch (error) {
    ftruncateSync(fd, from);
    throw error;
  }
}

/** Gives `[from, to)` of a file its blocks on the disk; what is behind its end is zeros then. Throws `disk-full`, `io`; some of it may be done. */
export function giveBlocks(subject: string, fd: number, from: number, to: number): void {
  const refused = system().allocate(fd, from, to - from);
  if (refused === 0) return;
  if (errnoName(refused) !== "ENOTSUP") throw systemError(subject, "could not grow", refused, { byteLength: to });
  try {
    writeZeros(fd, from, to);
  } catch (cause) {
    throw systemError(subject, "could not grow", cause, { byteLength: to });
  }
}

/** For a mapping that follows a file which others make longer: how long it is now. Throws `out-of-bounds` while it is shorter. */
export function followFile(subject: string, { descriptor }: Extended, byteLength: number): number {
  const found = fstatSync(descriptor).size;
  if (found >= byteLength) return found;
  throw new MemoryError("out-of-bounds", {
    subject,
    event: "cannot show more than the file has, and does not write to it",
    numbers: { wanted: byteLength, fileByteLength: found },
    cure: 'Grow it again when the file has become longer, or map it with { mode: "readWrite" }.',
  });
}
