import { closeSync, fstatSync, ftruncateSync, openSync, statSync } from "node:fs";
import { alignUp } from "../../core/align.ts";
import type { FileOrigin } from "../file-locks.ts";

const PAGE_BYTES = 4096;

/**
 * Shortens a file whose mapping nobody uses behind `byteEnd`. Where that cannot be done, as it was removed or renamed, it stays as long as it is: the next one to
 * close it tries again.
 */
export function cutFile({ path, device, inode }: FileOrigin, byteEnd: number): void {
  const byteLength = alignUp(byteEnd, PAGE_BYTES);
  let fd: number | undefined;
  try {
    fd = openSync(path, "r+");
    const found = fstatSync(fd, { bigint: true });
    if (String(found.dev) === device && String(found.ino) === inode && found.size > byteLength) ftruncateSync(fd, byteLength);
  } catch {
    // See above.
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Whether the file has not been cut to less than `byteLength`. One that has lost its name cannot be. */
export function isUncut({ path, inode }: FileOrigin, byteLength: number): boolean {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined || String(found.ino) !== inode || found.size >= byteLength;
}
