import { constants, openSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { errnoName } from "../native/system-error.ts";
import { hiddenName } from "./temporary-name.ts";

const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/** Opens a file without a name in `directory`, or returns undefined where the file system has no such thing. Throws what node:fs throws. */
export function tryOpenUnnamed(directory: string, flags: number, mode: number): number | undefined {
  try {
    return openSync(directory, O_TMPFILE | flags, mode);
  } catch (error) {
    // What file systems and kernels without O_TMPFILE answer, among them those that take it for O_DIRECTORY alone.
    const errno = errnoName(error);
    if (errno === "ENOTSUP" || errno === "EISDIR" || errno === "EINVAL") return undefined;
    throw error;
  }
}

/** Opens a file that nobody else can open by name and that is gone when it is closed, however that comes. */
export function openVanishing(directory: string): number {
  const unnamed = tryOpenUnnamed(directory, constants.O_RDWR | constants.O_EXCL, 0o600);
  if (unnamed !== undefined) return unnamed;
  const path = join(directory, hiddenName("scratch"));
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  unlinkSync(path);
  return fd;
}
