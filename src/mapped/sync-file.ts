import { fsyncSync } from "node:fs";
import { system } from "../native/system.ts";
import { systemError } from "../native/system-error.ts";
import { isMappingSupported } from "./supported.ts";

/** Node's permission model takes away what works on descriptors: fsync, fchmod and fchown. */
export const IS_RESTRICTED = "permission" in process;

/** Can what was written be saved to the disk afterwards? Else it must be written through: O_SYNC. */
export function canSync(): boolean {
  return !IS_RESTRICTED || isMappingSupported();
}

/** Saves what was written to a file, or the entries of a directory. Does nothing where it cannot. Throws `io`, and what node:fs throws. */
export function syncFile(subject: string, fd: number): void {
  if (!IS_RESTRICTED) {
    fsyncSync(fd);
    return;
  }
  const refused = isMappingSupported() ? system().syncFile(fd) : 0;
  if (refused !== 0) throw systemError(subject, "could not be saved", refused);
}
