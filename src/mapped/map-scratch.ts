import { closeSync } from "node:fs";
import { checkByteLength } from "../core/align.ts";
import { A_PATH, checkCall, OPTIONS } from "../core/check-call.ts";
import { MemoryError } from "../core/errors.ts";
import { KiB, MiB } from "../core/size.ts";
import { system } from "../native/system.ts";
import { systemError } from "../native/system-error.ts";
import { type Extended, extendFile } from "./extend-file.ts";
import { FileBacking, wholePages } from "./file-backing.ts";
import { identityOfOpen } from "./file-identity.ts";
import type { MappedMemory } from "./mapped-memory.ts";
import { openVanishing, type VanishingFile } from "./unnamed-file.ts";

export interface MapScratchOptions {
  /** How many bytes to begin with. Default 0. */
  readonly byteLength?: number;
  /** The furthest that the memory can `grow`. Costs address space only. */
  readonly maxByteLength: number;
}

const LEAST_STEP = MiB(1);
const MOST_STEP = MiB(64);
const LEAST_SMALLER_STEP = KiB(64);

/**
 * Memory for work that may be larger than the machine's: the pages of a file without a name in `directory`, which the kernel writes
 * out when it needs the room. They belong to the page cache and not to the process, and vanish with it, however it ends.
 *
 * The file gets its blocks ahead, doubling up to 64 MiB a step, so that a small `grow` is two comparisons and a full disk is `disk-full` from
 * `grow` and never a signal from a store; `byteLength` is exactly what was asked for. Use a directory on a disk: in a tmpfs (often
 * `/tmp`) the pages are memory after all.
 */
export function mapScratch(directory: string, options: MapScratchOptions): MappedMemory {
  checkCall("mapScratch(tmpdir(), { maxByteLength: GiB(8) })", [A_PATH, directory], [OPTIONS, options]);
  const subject = `scratch memory in ${directory}`;
  const { byteLength = 0, maxByteLength } = options;
  checkByteLength(subject, "byteLength", byteLength);
  checkByteLength(subject, "maxByteLength", maxByteLength, byteLength);
  system();
  let file: VanishingFile;
  try {
    file = openVanishing(directory);
  } catch (cause) {
    throw systemError(subject, "could not be made", cause, { path: directory });
  }
  const { fd, path } = file;
  let backing: FileBacking;
  try {
    const identity = identityOfOpen(fd);
    const extend = inSteps(subject, { path, ...identity, descriptor: fd }, wholePages(maxByteLength));
    backing = new FileBacking({
      subject,
      readOnly: false,
      sharing: "shared",
      fd,
      fileByteOffset: 0,
      byteLength,
      maxByteLength,
      backedByteLength: byteLength === 0 ? 0 : extend(byteLength),
      extend,
      path,
      identity,
    });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return backing.memory({ writesThrough: true });
}

/** Extends the file by a step beyond what is wanted; by a smaller one, and in the end by none, where the disk has no room for it. */
function inSteps(subject: string, file: Extended, most: number): (wanted: number) => number {
  let mostStep = MOST_STEP;
  return (wanted) => {
    for (;;) {
      const step = Math.min(Math.max(wanted, LEAST_STEP), mostStep);
      try {
        return extendFile(subject, file, Math.min(wholePages(wanted + step), most));
      } catch (error) {
        if (!(error instanceof MemoryError && error.code === "disk-full") || step === 0) throw error;
        mostStep = step > LEAST_SMALLER_STEP ? Math.floor(step / 2) : 0;
      }
    }
  };
}
