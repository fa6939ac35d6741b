import { closeSync, fstatSync } from "node:fs";
import { checkByteLength } from "../core/align.ts";
import type { ReserveOptions } from "../core/homes.ts";
import { FileBacking, wholePages } from "./file-backing.ts";
import { identityOfOpen } from "./file-identity.ts";
import type { MappedMemory } from "./mapped-memory.ts";
import { lengthenMemoryFile, openMemoryFile, sealForReading } from "./memory-file.ts";

export interface MapAnonymousOptions extends ReserveOptions {
  /**
   * What other processes may do that get a ticket: with `"read"` the kernel keeps them, and everybody but this mapping, from ever writing. Such a memory
   * cannot `reserve` more. Threads of this process share the addresses; their views are read-only, and raw typed arrays are not. Default
   * `"readWrite"`.
   */
  readonly receivers?: "read" | "readWrite";
}

/**
 * Zeros that every thread and every process of the same user can share: post `memory.ticket()` to a thread, or send it as JSON to
 * a process while this memory is open. They are pages of a file in memory without a name, gone with its last user. No process can shorten
 * it, so no process can end another through it. Pages cost memory when they are first touched.
 */
export function mapAnonymous(byteLength: number, options: MapAnonymousOptions = {}): MappedMemory {
  const subject = "anonymous mapped memory";
  const { maxByteLength = byteLength, receivers = "readWrite" } = options;
  const forReading = receivers === "read";
  checkByteLength(subject, "byteLength", byteLength);
  checkByteLength(subject, "maxByteLength", maxByteLength, byteLength);
  const { fd, path } = openMemoryFile(subject, forReading ? ["shrink"] : ["shrink", "seal"]);
  let backing: FileBacking;
  try {
    // The file system in memory that these files live in is never full, so the file needs no blocks ahead.
    const extend = (wanted: number): number => {
      if (fstatSync(fd).size < wanted) lengthenMemoryFile(subject, fd, wholePages(wanted));
      return fstatSync(fd).size;
    };
    backing = new FileBacking({
      subject,
      readOnly: false,
      sharing: "shared",
      fd,
      fileByteOffset: 0,
      byteLength,
      maxByteLength,
      // Once it is sealed nothing more can be mapped for writing, so all of it is now; pages that nobody touches cost nothing.
      backedByteLength: extend(forReading ? maxByteLength : byteLength),
      ticketReadOnly: forReading,
      // Kept open without growth too: other processes come in through it.
      extend,
      path,
      identity: identityOfOpen(fd),
    });
    if (forReading) sealForReading(subject, fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return backing.memory({ writesThrough: true, inMemory: true });
}
