import { closeSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { systemError } from "../native/system-error.ts";
import { IS_RESTRICTED, syncFile } from "./sync-file.ts";

/**
 * Saves the entries of a directory: a new or renamed file has its name after a power failure only from then on. Windows has no such call for a
 * directory; its file system keeps a journal of them.
 */
export function syncDirectory(subject: string, directory: string): void {
  if (process.platform === "win32") return;
  try {
    const fd = openSync(directory, "r");
    try {
      syncFile(subject, fd);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    throw systemError(subject, "could not save its directory", cause, { path: directory });
  }
}

/** `syncDirectory` on a thread of the pool. */
export async function syncDirectoryAsync(subject: string, directory: string): Promise<void> {
  if (process.platform === "win32") return;
  if (IS_RESTRICTED) return syncDirectory(subject, directory);
  try {
    const handle = await open(directory, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw systemError(subject, "could not save its directory", cause, { path: directory });
  }
}
