import { closeSync, fstatSync, ftruncateSync, openSync, statSync } from "node:fs";
import { alignUp } from "../../core/align.ts";
import { identityIn, isSameFile } from "../file-identity.ts";
import type { FileOrigin } from "../file-locks.ts";

const PAGE_BYTES = 4096;

/**
 * Shortens a file whose mapping nobody uses behind `byteEnd`. Where that cannot be done, as it was removed or renamed, it stays as long as it is: the next one to
 * close it tries again.
 */
export function cutFile(origin: FileOrigin, byteEnd: number): void {
  const byteLength = alignUp(byteEnd, PAGE_BYTES);
  let fd: number | undefined;
  try {
    fd = openSync(origin.path, "r+");
    const found = fstatSync(fd, { bigint: true });
    if (isSameFile(identityIn(found), origin) && found.size > byteLength) ftruncateSync(fd, byteLength);
  } catch {
    // See above.
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Whether the file has not been cut to less than `byteLength`. One that has lost its name cannot be. */
export function isUncut(origin: FileOrigin, byteLength: number): boolean {
  const found = statSync(origin.path, { bigint: true, throwIfNoEntry: false });
  return found === undefined || !isSameFile(identityIn(found), origin) || found.size >= byteLength;
}
