import { getSystemErrorName } from "node:util";
import { MemoryError, type MemoryErrorCode } from "../core/errors.ts";

const CODES: Readonly<Record<string, MemoryErrorCode>> = {
  ENOSPC: "disk-full",
  EDQUOT: "disk-full",
  ENOMEM: "out-of-memory",
  ENODEV: "unsupported",
  ENOTSUP: "unsupported",
  ENOSYS: "unsupported",
  ENOLCK: "unsupported",
  ERR_INVALID_ARG_TYPE: "invalid-argument",
  ERR_INVALID_ARG_VALUE: "invalid-argument",
};

const CURES: Readonly<Record<string, string>> = {
  ENOENT: "Check the path.",
  ENOTDIR: "Check the path: a part of it is a file.",
  EISDIR: "Pass the path of a file.",
  EACCES: "Check the permissions of the file and its directory.",
  EPERM: "Check the permissions of the file and its directory, and on Windows that nobody has it mapped.",
  EROFS: "Use a directory on a file system that is not read-only.",
  EMFILE: "Close files, or raise `ulimit -n`.",
  ENFILE: "Close files, or raise the limit of open files of the machine.",
  ENOSPC: "Free space on the disk, or use another directory.",
  EDQUOT: "Free space in the quota, or use another directory.",
  EFBIG: "Use a file system that takes files of this size.",
  ENOMEM: "Map less, close mappings, or raise the limit of the system (vm.max_map_count on Linux, the page file on Windows).",
  ENODEV: "Use a file system that can map files.",
  ENOTSUP: "Use a file system that can do it.",
  ENOSYS: "Do without it here: this operating system, or this version of it, has no such thing.",
  ENOLCK: "Use a file system that can lock files, and see that its lock service runs.",
  EBUSY: "Close it where it is open or mapped, also in other processes.",
  EAGAIN: "Raise the limit of locked memory: `ulimit -l`.",
  ELOOP: "Check the symbolic links of the path.",
  ENAMETOOLONG: "Use a shorter path.",
  ERR_ACCESS_DENIED: "Node's permission model forbids it: allow it, or run without --permission.",
  ENXIO: "Pass the path of a regular file: this is a socket, or a device.",
  ERR_INVALID_ARG_TYPE: "Pass a path as a string.",
  ERR_INVALID_ARG_VALUE: "Pass a path without zero bytes.",
  EFAULT: "Do not shorten a file while it is read; replace it by renaming another over it.",
};

/** A refusal of the operating system as an error of offheap: `disk-full`, `out-of-memory`, `unsupported` or `io`. `found` is an errno or what node:fs threw. */
export function systemError(
  subject: string,
  event: string,
  found: unknown,
  numbers: Readonly<Record<string, number | string | undefined>> = {},
): MemoryError {
  if (found instanceof MemoryError) return found;
  const errno = errnoName(found);
  return new MemoryError(CODES[errno] ?? "io", {
    subject,
    event,
    numbers: { errno, ...numbers },
    cure: CURES[errno] ?? "Check the path, the disk and the limits of the process.",
    ...(found instanceof Error ? { cause: found } : {}),
  });
}

/** `ENOENT`, for an errno or for what node:fs threw. EOPNOTSUPP is ENOTSUP, the same number on Linux. */
export function errnoName(found: unknown): string {
  const name = nameOf(found);
  return name === "EOPNOTSUPP" ? "ENOTSUP" : name;
}

function nameOf(found: unknown): string {
  if (typeof found === "number" && found > 0) return getSystemErrorName(-found);
  if (found instanceof Error && "code" in found && typeof found.code === "string") return found.code;
  return "unknown";
}
