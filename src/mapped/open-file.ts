import { type BigIntStats, closeSync, constants, fstatSync, openSync } from "node:fs";
import { MemoryError } from "../core/errors.ts";
import { errnoName, systemError } from "../native/system-error.ts";
import { type FileIdentity, identityIn, isSameFile } from "./file-identity.ts";
import type { FileOrigin } from "./file-locks.ts";

/** A regular file that was opened for mapping. Its opener closes `fd`. */
export interface OpenFile extends FileIdentity {
  readonly fd: number;
  readonly byteLength: number;
}

/** Opens a regular file; anything else is `io`. `flags` as for open(2). */
export function openRegularFile(subject: string, path: string, flags: number, mode = 0o666): OpenFile {
  let fd: number;
  try {
    // Without O_NONBLOCK opening a FIFO waits for its other end for ever.
    fd = openSync(path, flags | constants.O_NONBLOCK, mode);
  } catch (cause) {
    throw systemError(subject, "could not be opened", cause, { path });
  }
  try {
    const stats = fstatSync(fd, { bigint: true });
    if (!stats.isFile()) refuseKind(subject, path, stats);
    return { fd, byteLength: Number(stats.size), ...identityIn(stats) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** For reading and writing. `isNew`: it was not there, and is an empty file now. */
export function openOrCreate(subject: string, path: string): { readonly file: OpenFile; readonly isNew: boolean } {
  const flags = constants.O_RDWR | constants.O_CREAT;
  try {
    return { file: openRegularFile(subject, path, flags | constants.O_EXCL), isNew: true };
  } catch (error) {
    if (!(error instanceof MemoryError) || errnoName(error.cause) !== "EEXIST") throw error;
  }
  // Also what a symbolic link leads to, be it there or not: who has made that is not known then, and it stays.
  return { file: openRegularFile(subject, path, flags), isNew: false };
}

/** Opens a file by its name for `work` on it. Throws `io` where the name leads to another file by now: then `cannot` says what cannot be done, and `cure` what helps. */
export function withNamed(
  subject: string,
  origin: FileOrigin,
  { cannot, cure }: { readonly cannot: string; readonly cure: string },
  work: (fd: number) => void,
): void {
  const { path } = origin;
  const file = openRegularFile(subject, path, constants.O_RDWR);
  try {
    if (!isSameFile(file, origin)) {
      throw new MemoryError("io", {
        subject,
        event: `is another file under its name by now, so it ${cannot}`,
        numbers: { path },
        cure,
      });
    }
    work(file.fd);
  } finally {
    closeSync(file.fd);
  }
}

/** Throws `io` for a directory, a FIFO, a device or a socket. */
export function refuseKind(subject: string, path: string, stats: Pick<BigIntStats, "isDirectory" | "isFIFO">): never {
  const directory = stats.isDirectory();
  const kind = directory ? "a directory" : stats.isFIFO() ? "a FIFO" : "a device or a socket";
  throw new MemoryError("io", {
    subject,
    event: `is ${kind}, not a regular file`,
    numbers: { errno: directory ? "EISDIR" : "EINVAL", path },
    cure: directory ? "Pass the path of a file." : "Copy its contents to a file and pass that.",
  });
}
