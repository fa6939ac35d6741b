import { closeSync, constants, readSync } from "node:fs";
import { A_MEMORY, A_PATH, checkCall, OPTIONS } from "../core/check-call.ts";
import { MemoryError } from "../core/errors.ts";
import { privateMemory, sharedMemory } from "../core/homes.ts";
import type { Memory } from "../core/memory.ts";
import { MiB } from "../core/size.ts";
import { systemError } from "../native/system-error.ts";
import { publishFile } from "./atomic-file.ts";
import { openRegularFile } from "./open-file.ts";

export interface LoadFileOptions {
  /** Where the copy lives: `"shared"` (default) can be posted to threads, `"private"` not. */
  readonly home?: "shared" | "private";
  /** How far the memory can grow. Default: no growth. */
  readonly maxByteLength?: number;
}

const MOST_PER_READ = MiB(256);

/**
 * A copy of a file in memory: what works where nothing can be mapped (Electron, locked-down hosts, network file systems). Needs no native code.
 * Takes as long as reading the file, and as much memory. `saveFile` writes it back.
 *
 * Throws `io`, also when the file is shortened meanwhile, and `out-of-memory`.
 */
export function loadFile(path: string, options: LoadFileOptions = {}): Memory {
  checkCall('loadFile("report.bin")', [A_PATH, path], [OPTIONS, options]);
  const subject = `file ${path}`;
  const file = openRegularFile(subject, path, constants.O_RDONLY);
  try {
    const { byteLength } = file;
    const { home = "shared", maxByteLength = byteLength } = options;
    const make = home === "shared" ? sharedMemory : privateMemory;
    const memory = make(byteLength, { maxByteLength: Math.max(maxByteLength, byteLength) });
    for (let done = 0; done < byteLength; ) {
      const read = readPart(subject, file.fd, memory, done, Math.min(byteLength - done, MOST_PER_READ));
      if (read === 0) throwShortened(subject, byteLength, done);
      done += read;
    }
    return memory;
  } finally {
    closeSync(file.fd);
  }
}

/**
 * Writes the bytes of a memory, whatever its home, to a file that appears whole or not at all, as `publishFile` does. Saved when it returns. Throws
 * `io`, `disk-full`.
 */
export function saveFile(memory: Memory, path: string): void {
  checkCall('saveFile(memory, "report.bin")', [A_MEMORY, memory], [A_PATH, path]);
  const bytes = memory.bytes(0, memory.byteLength);
  using file = publishFile(path);
  file.write(bytes, 0);
  file.commit();
}

function readPart(subject: string, fd: number, memory: Memory, at: number, byteLength: number): number {
  try {
    return readSync(fd, memory.u8, at, byteLength, at);
  } catch (cause) {
    throw systemError(subject, "could not be read", cause, { at });
  }
}

function throwShortened(subject: string, byteLength: number, found: number): never {
  throw new MemoryError("io", {
    subject,
    event: "was shortened by another program while it was loaded",
    numbers: { byteLength, found },
    cure: "Load it when its writer has finished; writers should rename a new file over the old one.",
  });
}
