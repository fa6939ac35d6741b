import type { ForeignFunctions } from "./foreign.ts";
import { lazy } from "./posix.ts";
import type { ByteLock, System } from "./system.ts";
import { errnoNamed, errnoOfWindows } from "./windows-error.ts";
import { KERNEL } from "./windows-ranges.ts";

const FAIL_IMMEDIATELY = 1;
const EXCLUSIVE = 2;
const ERROR_NOT_LOCKED = 158;
/** Of a structure OVERLAPPED; the place in the file is two words of it. */
const OVERLAPPED_BYTES = 32;
const PLACE_AT = 16;
const MOST_TRIES = 3;

/**
 * Locks of single bytes. They are the open file's, as on Linux, and Windows lets go of them when it is closed or the process ends, though at no promised moment. Nobody can ask who holds a
 * byte: it is tried, and for that moment held. So it is tried some times before somebody is told that it is taken, and two that ask at once may both be told so.
 */
export function windowsLocks(
  foreign: ForeignFunctions,
  handleOf: (fd: number) => bigint,
  lastError: () => number,
): Pick<System, "lockByte" | "probeByte"> {
  const lockFile = lazy(() => foreign.bind("LockFileEx", "i32", ["address", "u32", "u32", "u32", "u32", "bytes"], KERNEL));
  const unlockFile = lazy(() => foreign.bind("UnlockFileEx", "i32", ["address", "u32", "u32", "u32", "bytes"], KERNEL));
  const overlapped = Buffer.alloc(OVERLAPPED_BYTES);

  const lockByte = (fd: number, fileByteOffset: bigint, lock: ByteLock): number => {
    overlapped.fill(0).writeBigUInt64LE(fileByteOffset, PLACE_AT);
    if (lock === "none") {
      const refused = unlockFile()(handleOf(fd), 0, 1, 0, overlapped) === 0 ? lastError() : 0;
      return refused === 0 || refused === ERROR_NOT_LOCKED ? 0 : errnoOfWindows(refused);
    }
    const flags = FAIL_IMMEDIATELY | (lock === "exclusive" ? EXCLUSIVE : 0);
    return lockFile()(handleOf(fd), flags, 0, 1, 0, overlapped) === 0 ? errnoOfWindows(lastError()) : 0;
  };
  /** Somebody who only asks lets go at once. */
  const lockPatiently = (fd: number, fileByteOffset: bigint, lock: ByteLock): number => {
    for (let tries = 1; ; tries++) {
      const refused = lockByte(fd, fileByteOffset, lock);
      if (refused !== errnoNamed("EAGAIN") || tries === MOST_TRIES) return refused;
    }
  };
  return {
    lockByte: lockPatiently,
    probeByte(fd, fileByteOffset) {
      const refused = lockByte(fd, fileByteOffset, "exclusive");
      if (refused === errnoNamed("EAGAIN")) return 1;
      const failed = refused === 0 ? lockByte(fd, fileByteOffset, "none") : refused;
      return failed === 0 ? 0 : -failed;
    },
  };
}
