import { closeSync, fstatSync, readSync, writeSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { InternerOptions } from "../../collections/strings/interner-options.ts";
import { SharedInterner } from "../../collections/strings/shared-interner.ts";
import { checkByteLength } from "../../core/align.ts";
import { MemoryError } from "../../core/errors.ts";
import { privateMemory } from "../../core/homes.ts";
import { GiB } from "../../core/size.ts";
import { systemError } from "../../native/system-error.ts";
import { beginsAsFile, HEADER_BYTES, INTERNER } from "../file-header.ts";
import { checkFileSystem } from "../file-system.ts";
import { openOrMake } from "../make-file.ts";
import { mapFile } from "../map-file.ts";
import { syncDirectory } from "../sync-directory.ts";
import { syncFile } from "../sync-file.ts";
import { beginInternerFile, readReserve, sealInternerFile, TAIL_AT } from "./interner-file.ts";
import { MappedInterner } from "./mapped-interner.ts";
import { TailAllocator } from "./tail-allocator.ts";

export interface OpenInternerOptions<Name extends string = string> extends InternerOptions<Name> {
  /** The most bytes that the file can grow to: address space, not disk. Of use when it is made, as `seed`, `encoding`, `ids` and the limits. Default 1 GiB, at most 8 GiB. */
  readonly reserve?: number;
  /** Only find and resolve, through a file that need not be writable; it must be there. Default: false. */
  readonly readOnly?: boolean;
}

const MOST_BYTES = GiB(8);
const LEAST_BYTES = 4096;
/** What a file holds while it is being made: see `openOrMake`. */
const UNFINISHED = Buffer.from("offheap?");

/**
 * An interner in a file, which any number of threads and processes have open at once, each by this call: the same string has the same id for all of
 * them and for ever. It is made where it is not there; of several that come at once one makes it.
 *
 * ```ts
 * using names = openInterner("names.intern", { name: "names" });
 * names.intern("Andorra");                                    // the same number after every restart
 * ```
 *
 * Opens in some 100 µs, whatever it holds. An id that `intern` has returned survives the end of the process, however that comes; a power failure from the last
 * `flush()` on. Throws `io`, `disk-full`, `not-an-offheap-file`, `unsupported-format`, `layout-mismatch` (another kind of file), `corrupt` (cut short, damaged),
 * `locked`, `unsupported`.
 */
export function openInterner<const Name extends string = string>(
  path: string,
  options: OpenInternerOptions<Name> = {},
): MappedInterner<Name> {
  const subject = `interner ${path}`;
  const { reserve = GiB(1), readOnly = false, name } = options;
  checkByteLength(subject, "reserve", reserve, LEAST_BYTES, MOST_BYTES);
  if (!readOnly) makeUnlessThere(subject, path, reserve, options);
  const mode = readOnly ? "read" : "readWrite";
  let most: number;
  {
    using first = mapFile(path, { mode });
    most = readReserve(first, path);
  }
  const memory = mapFile(path, { mode, maxByteLength: most });
  try {
    const allocator = readOnly ? undefined : new TailAllocator(memory, TAIL_AT, subject);
    return new MappedInterner(memory, resolve(path), allocator, name);
  } catch (error) {
    memory.close();
    throw error;
  }
}

function makeUnlessThere(subject: string, path: string, reserve: number, options: InternerOptions): void {
  const { fd } = openOrMake(subject, path, {
    look(fd, byteLength) {
      const begin = Buffer.alloc(HEADER_BYTES);
      const length = readSync(fd, begin, 0, HEADER_BYTES, 0);
      if (byteLength === 0 || (length >= UNFINISHED.length && begin.subarray(0, UNFINISHED.length).equals(UNFINISHED)))
        return "unfinished";
      if (beginsAsFile(begin)) return "whole";
      throw new MemoryError("not-an-offheap-file", {
        subject,
        event: "does not begin as an offheap file does",
        numbers: { byteLength },
        cure: `${INTERNER.cure} Pass its path, or one where no file is.`,
      });
    },
    make: (fd) => makeFile(subject, path, fd, newImage(subject, reserve, options)),
  });
  closeSync(fd);
}

/** The bytes of a file without strings. */
function newImage(subject: string, reserve: number, options: InternerOptions): Uint8Array {
  using memory = privateMemory(LEAST_BYTES);
  beginInternerFile(memory);
  SharedInterner.create(new TailAllocator(memory, TAIL_AT, subject), options);
  sealInternerFile(memory, reserve);
  return memory.u8.slice();
}

/** All bytes, on the disk, and only then those that make it whole. */
function makeFile(subject: string, path: string, fd: number, image: Uint8Array): void {
  try {
    const { dev, ino, size } = fstatSync(fd, { bigint: true });
    checkFileSystem(subject, { fd, byteLength: Number(size), device: String(dev), inode: String(ino) }, "local");
    writeSync(fd, UNFINISHED, 0, UNFINISHED.length, 0);
    writeSync(fd, image, HEADER_BYTES, image.byteLength - HEADER_BYTES, HEADER_BYTES);
    syncFile(subject, fd);
    writeSync(fd, image, 0, HEADER_BYTES, 0);
    syncFile(subject, fd);
  } catch (cause) {
    throw cause instanceof MemoryError ? cause : systemError(subject, "could not be made", cause, { path });
  }
  syncDirectory(subject, dirname(resolve(path)));
}
