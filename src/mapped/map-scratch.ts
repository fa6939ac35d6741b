import { closeSync, fstatSync } from "node:fs";
import { checkByteLength } from "../core/align.ts";
import { MemoryError } from "../core/errors.ts";
import { MiB } from "../core/size.ts";
import { system } from "../native/system.ts";
import { systemError } from "../native/system-error.ts";
import { extendFile } from "./extend-file.ts";
import { FileBacking, wholePages } from "./file-backing.ts";
import { MappedMemory } from "./mapped-memory.ts";
import { openVanishing } from "./unnamed-file.ts";

export interface MapScratchOptions {
  /** How many bytes to begin with. Default 0. */
  readonly byteLength?: number;
  /** The furthest that the memory can `grow`. Costs address space only. */
  readonly maxByteLength: number;
}

const LEAST_STEP = MiB(1);
const MOST_STEP = MiB(64);

/**
 * Memory for work that may be larger than the machine's: the pages of a file without a name in `directory`, which the kernel writes
 * out when it needs the room. They belong to the page cache and not to the process, and vanish with it, however it ends.
 *
 * The file gets its blocks ahead, doubling up to 64 MiB a step, so that a small `grow` is two comparisons and a full disk is `disk-full` from
 * `grow` and never a signal from a store; `byteLength` is exactly what was asked for. Use a directory on a disk: in a tmpfs (often
 * `/tmp`) the pages are memory after all.
 */
export function mapScratch(directory: string, options: MapScratchOptions): MappedMemory {
  const subject = `scratch memory in ${directory}`;
  const { byteLength = 0, maxByteLength } = options;
  checkByteLength(subject, "byteLength", byteLength);
  checkByteLength(subject, "maxByteLength", maxByteLength, byteLength);
  system();
  let fd: number;
  try {
    fd = openVanishing(directory);
  } catch (cause) {
    throw systemError(subject, "could not be made", cause, { path: directory });
  }
  let backing: FileBacking;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    const most = wholePages(maxByteLength);
    backing = new FileBacking({
      subject,
      readOnly: false,
      sharing: "shared",
      fd,
      fileByteOffset: 0,
      byteLength,
      maxByteLength,
      backedByteLength: byteLength === 0 ? 0 : extendAhead(subject, fd, byteLength, most),
      extend: (open, wanted) => extendAhead(subject, open, wanted, most),
      path: `/proc/${process.pid}/fd/${fd}`,
      identity: { device: String(dev), inode: String(ino) },
    });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return new MappedMemory({ backing, pages: () => backing.reservation, writesThrough: true });
}

/** Extends the file by a step beyond what is wanted; by that alone where the disk has no room for the step. */
function extendAhead(subject: string, fd: number, wanted: number, most: number): number {
  const step = Math.min(Math.max(wanted, LEAST_STEP), MOST_STEP);
  try {
    return extendFile(subject, fd, Math.min(wholePages(wanted + step), most));
  } catch (error) {
    if (error instanceof MemoryError && error.code === "disk-full") return extendFile(subject, fd, wholePages(wanted));
    throw error;
  }
}
