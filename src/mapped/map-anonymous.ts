import { closeSync, constants, fstatSync, ftruncateSync, openSync } from "node:fs";
import { checkByteLength } from "../core/align.ts";
import type { ReserveOptions } from "../core/homes.ts";
import { system } from "../native/system.ts";
import { systemError } from "../native/system-error.ts";
import { FileBacking, wholePages } from "./file-backing.ts";
import type { MappedMemory } from "./mapped-memory.ts";

/**
 * Zeros that every thread and every process of the same user can share: post `memory.ticket()` to a thread, or send it as JSON to
 * a process while this memory is open. They are pages of a file in memory without a name, gone with its last user. No process can shorten
 * it, so no process can end another through it. Pages cost memory when they are first touched.
 */
export function mapAnonymous(byteLength: number, options: ReserveOptions = {}): MappedMemory {
  const subject = "anonymous mapped memory";
  const { maxByteLength = byteLength } = options;
  checkByteLength(subject, "byteLength", byteLength);
  checkByteLength(subject, "maxByteLength", maxByteLength, byteLength);
  const fd = openMemoryFile(subject);
  let backing: FileBacking;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    // The file system in memory that these files live in is never full, so the file needs no blocks ahead.
    const extend = (wanted: number): number => {
      if (fstatSync(fd).size < wanted) lengthen(subject, fd, wholePages(wanted));
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
      backedByteLength: extend(byteLength),
      // Kept open without growth too: other processes come in through it.
      extend,
      path: `/proc/${process.pid}/fd/${fd}`,
      identity: { device: String(dev), inode: String(ino) },
    });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return backing.memory({ writesThrough: true, inMemory: true });
}

/** Of several that make it longer at once, the one who wants least finds the file longer than he wants, and sealed against becoming shorter. */
function lengthen(subject: string, fd: number, byteLength: number): void {
  try {
    ftruncateSync(fd, byteLength);
  } catch (cause) {
    if (fstatSync(fd).size < byteLength) throw systemError(subject, "could not grow", cause, { byteLength });
  }
}

function openMemoryFile(subject: string): number {
  const raw = system().createMemoryFile("offheap");
  if (raw < 0) throw systemError(subject, "could not be made", -raw);
  try {
    const refused = system().seal(raw, ["shrink", "seal"]);
    if (refused !== 0) throw systemError(subject, "could not be sealed", refused);
    // Opened once more through node:fs, which closes the files of a worker that ends; it knows nothing of `raw`.
    return openSync(`/proc/self/fd/${raw}`, constants.O_RDWR);
  } catch (cause) {
    throw systemError(subject, "could not be made", cause);
  } finally {
    system().close(raw);
  }
}
