import type { ForeignFunctions } from "./foreign.ts";
import { lazy } from "./posix.ts";
import type { System } from "./system.ts";
import { errnoNamed, errnoOfWindows } from "./windows-error.ts";
import { KERNEL } from "./windows-ranges.ts";

/** Bytes of a BY_HANDLE_FILE_INFORMATION: attributes first, the length as two words. */
const FILE_INFORMATION_BYTES = 52;
const LENGTH_HIGH_AT = 32;
const LENGTH_LOW_AT = 36;
const SPARSE_OR_COMPRESSED = 0x200 | 0x800;
const FILE_END_OF_FILE_INFO = 6;
const FILE_REMOTE_PROTOCOL_INFO = 13;
const REMOTE_PROTOCOL_BYTES = 256;
const FSCTL_SET_ZERO_DATA = 0x000980c8;

/** What Windows does to a file by its handle. */
export function windowsFiles(
  foreign: ForeignFunctions,
  handleOf: (fd: number) => bigint,
  lastError: () => number,
): Pick<System, "allocate" | "punchHole" | "isRemote" | "syncFile"> {
  const outcome = (done: number): number => (done === 0 ? errnoOfWindows(lastError()) : 0);
  const getInformation = lazy(() => foreign.bind("GetFileInformationByHandle", "i32", ["address", "bytes"], KERNEL));
  const setInformation = lazy(() => foreign.bind("SetFileInformationByHandle", "i32", ["address", "i32", "bytes", "u32"], KERNEL));
  const getMore = lazy(() => foreign.bind("GetFileInformationByHandleEx", "i32", ["address", "i32", "bytes", "u32"], KERNEL));
  const control = lazy(() =>
    foreign.bind("DeviceIoControl", "i32", ["address", "u32", "bytes", "u32", "address", "u32", "bytes", "address"], KERNEL),
  );
  const flush = lazy(() => foreign.bind("FlushFileBuffers", "i32", ["address"], KERNEL));
  return {
    syncFile: (fd) => outcome(flush()(handleOf(fd))),
    // NTFS gives a file its clusters when its end is set; only sparse and compressed files put that off.
    allocate(fd, fileByteOffset, byteLength) {
      const handle = handleOf(fd);
      const found = Buffer.alloc(FILE_INFORMATION_BYTES);
      const refused = outcome(getInformation()(handle, found));
      if (refused !== 0) return refused;
      if ((found.readUInt32LE() & SPARSE_OR_COMPRESSED) !== 0) return errnoNamed("ENOTSUP");
      const wanted = fileByteOffset + byteLength;
      if (found.readUInt32LE(LENGTH_HIGH_AT) * 2 ** 32 + found.readUInt32LE(LENGTH_LOW_AT) >= wanted) return 0;
      const end = Buffer.alloc(8);
      end.writeBigInt64LE(BigInt(wanted));
      return outcome(setInformation()(handle, FILE_END_OF_FILE_INFO, end, end.byteLength));
    },
    punchHole(fd, fileByteOffset, byteLength) {
      const hole = Buffer.alloc(16);
      hole.writeBigInt64LE(BigInt(fileByteOffset));
      hole.writeBigInt64LE(BigInt(fileByteOffset + byteLength), 8);
      return outcome(control()(handleOf(fd), FSCTL_SET_ZERO_DATA, hole, hole.byteLength, 0n, 0, Buffer.alloc(4), 0n));
    },
    // Of files on this machine it knows no protocol, which is an error.
    isRemote: (fd) =>
      getMore()(handleOf(fd), FILE_REMOTE_PROTOCOL_INFO, Buffer.alloc(REMOTE_PROTOCOL_BYTES), REMOTE_PROTOCOL_BYTES) !== 0,
  };
}
