import { constants, openSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { errnoName } from "../native/system-error.ts";
import { hiddenName } from "./temporary-name.ts";

const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
/** What libuv calls a file that Windows removes when its last handle is closed. */
const O_TEMPORARY = 0x40;

/** A file that is gone when it is closed. */
export interface VanishingFile {
  readonly fd: number;
  /** By which other processes of the same user can open it while it is open here. */
  readonly path: string;
}

/** Opens a file without a name in `directory`, or returns undefined where there is no such thing. Throws what node:fs throws. */
export function tryOpenUnnamed(directory: string, flags: number, mode: number): number | undefined {
  if (process.platform === "win32") return undefined;
  try {
    return openSync(directory, O_TMPFILE | flags, mode);
  } catch (error) {
    // What file systems and kernels without O_TMPFILE answer, among them those that take it for O_DIRECTORY alone.
    const errno = errnoName(error);
    if (errno === "ENOTSUP" || errno === "EISDIR" || errno === "EINVAL") return undefined;
    throw error;
  }
}

/** Opens a file that is gone when it is closed, however that comes. But on Windows it has no name from the beginning. */
export function openVanishing(directory: string): VanishingFile {
  const unnamed = tryOpenUnnamed(directory, constants.O_RDWR | constants.O_EXCL, 0o600);
  if (unnamed !== undefined) return { fd: unnamed, path: descriptorPath(unnamed) };
  const path = join(directory, hiddenName("scratch"));
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
  if (process.platform === "win32") return { fd: openSync(path, flags | O_TEMPORARY, 0o600), path };
  const fd = openSync(path, flags, 0o600);
  unlinkSync(path);
  return { fd, path: descriptorPath(fd) };
}

/** A name for what a descriptor of this process leads to, good in all processes of the user while it is open. On Linux. */
export function descriptorPath(fd: number): string {
  return `/proc/${process.pid}/fd/${fd}`;
}
