import { readSync } from "node:fs";
import type { ForeignFunctions } from "./foreign.ts";
import { lazy } from "./posix.ts";
import type { System } from "./system.ts";

const IOVEC_BYTES = 16;
const ENOSYS = 38;
const EPERM = 1;

/**
 * Copies bytes of this process as far as they can be read: those of lost pages end the copy, and not the process. How many, or −errno.
 *
 * By `process_vm_readv`; where a sandbox forbids that or a kernel has none, by writing them to a file in memory: the kernel reads them for that too.
 */
export function copyingOut(
  foreign: ForeignFunctions,
  { createMemoryFile, close }: Pick<System, "createMemoryFile" | "close">,
): System["copyOut"] {
  const readv = lazy(() => foreign.bind("process_vm_readv", "i64", ["i32", "bytes", "size", "bytes", "size", "size"]));
  const pwrite = lazy(() => foreign.bind("pwrite", "i64", ["i32", "address", "size", "i64"]));
  const [local, remote] = [Buffer.alloc(IOVEC_BYTES), Buffer.alloc(IOVEC_BYTES)];
  let isForbidden = false;

  const byReading = (address: bigint, into: Uint8Array): number => {
    // Addresses of ordinary arrays are not to be had from everything that calls C, so the bytes go through a shared buffer.
    const buffer = new SharedArrayBuffer(into.byteLength);
    local.writeBigUInt64LE(foreign.addressOf(buffer));
    remote.writeBigUInt64LE(address);
    for (const iovec of [local, remote]) iovec.writeBigUInt64LE(BigInt(into.byteLength), 8);
    const read = readv()(process.pid, local, 1, remote, 1, 0);
    if (read < 0) return -foreign.errno();
    into.set(Buffer.from(buffer, 0, read));
    return read;
  };
  const byWriting = (address: bigint, into: Uint8Array): number => {
    const fd = createMemoryFile("offheap-copy");
    if (fd < 0) return fd;
    try {
      const written = pwrite()(fd, address, into.byteLength, 0);
      return written < 0 ? -foreign.errno() : readSync(fd, into, 0, written, 0);
    } finally {
      close(fd);
    }
  };
  return (address, into) => {
    if (isForbidden) return byWriting(address, into);
    const found = byReading(address, into);
    isForbidden = found === -ENOSYS || found === -EPERM;
    return isForbidden ? byWriting(address, into) : found;
  };
}
