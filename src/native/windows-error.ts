import { getSystemErrorMap } from "node:util";

/** What GetLastError tells (winerror.h), by the names that node:fs has for it. */
const NAMES: Readonly<Record<number, string>> = {
  1: "ENOTSUP", // ERROR_INVALID_FUNCTION: the file system has no such thing
  2: "ENOENT",
  3: "ENOENT",
  4: "EMFILE",
  5: "EACCES",
  6: "EBADF",
  8: "ENOMEM",
  14: "ENOMEM",
  32: "EBUSY", // ERROR_SHARING_VIOLATION
  33: "EAGAIN", // ERROR_LOCK_VIOLATION
  39: "ENOSPC",
  50: "ENOTSUP",
  87: "EINVAL",
  112: "ENOSPC",
  120: "ENOSYS",
  223: "EFBIG",
  299: "EFAULT", // ERROR_PARTIAL_COPY
  487: "EFAULT",
  998: "EFAULT",
  1132: "EINVAL", // ERROR_MAPPED_ALIGNMENT
  1224: "EBUSY", // ERROR_USER_MAPPED_FILE
  1295: "EDQUOT",
  1450: "ENOMEM",
  1453: "ENOMEM", // ERROR_WORKING_SET_QUOTA
  1454: "ENOMEM",
  1455: "ENOMEM", // ERROR_COMMITMENT_LIMIT
};

let numbers: ReadonlyMap<string, number> | undefined;

/** The errno of a name, as node:fs counts here: on Windows these are numbers of libuv's own. */
export function errnoNamed(name: string): number {
  numbers ??= new Map([...getSystemErrorMap()].map(([errno, [known]]) => [known, -errno]));
  const found = numbers.get(name);
  if (found === undefined) throw new Error(`there is no errno ${name} here`);
  return found;
}

/** What GetLastError told, as an errno. */
export function errnoOfWindows(lastError: number): number {
  return errnoNamed(NAMES[lastError] ?? "EIO");
}
