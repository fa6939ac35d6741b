import { A_MEMORY, checkCall, having, OPTIONS } from "./check-call.ts";
import { MemoryError } from "./errors.ts";
import { privateMemory, type ReserveOptions } from "./homes.ts";
import type { Memory } from "./memory.ts";
import { VIEW_MAKERS } from "./views.ts";

/** What is used of a `FileSystemFileHandle`: a file of a page's own, from `navigator.storage.getDirectory()`, or one that its user has picked. */
export interface StoredFile {
  readonly name: string;
  getFile(): Promise<StoredBytes>;
  createWritable(): Promise<StoredWriter>;
}

/** What is used of a `File`. */
export interface StoredBytes {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** What is used of a `FileSystemWritableFileStream`. */
export interface StoredWriter {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  close(): Promise<void>;
  abort(reason?: unknown): Promise<void>;
}

const A_FILE = having("a FileSystemFileHandle", "getFile");
const PART_BYTES = 4 * 1024 ** 2;

/**
 * A copy of a browser's file in private memory, read in parts of 4 MiB. For a page's own files (OPFS) and for those that its user has picked:
 *
 * ```ts
 * const folder = await navigator.storage.getDirectory();
 * const memory = await loadStored(await folder.getFileHandle("cities.seg"));
 * ```
 *
 * Throws `io` where the browser refuses, as it does when the file has changed meanwhile.
 */
export async function loadStored(handle: StoredFile, options: ReserveOptions = {}): Promise<Memory> {
  checkCall(`loadStored(await folder.getFileHandle("cities.seg"))`, [A_FILE, handle], [OPTIONS, options]);
  const subject = `file ${handle.name}`;
  try {
    const file = await handle.getFile();
    const memory = privateMemory(file.size, { maxByteLength: Math.max(file.size, options.maxByteLength ?? 0) });
    for (let at = 0; at < file.size; at += PART_BYTES) {
      const part = await file.slice(at, Math.min(at + PART_BYTES, file.size)).arrayBuffer();
      memory.bytes(at, part.byteLength).set(VIEW_MAKERS.u8(part, 0, part.byteLength));
    }
    return memory;
  } catch (cause) {
    throw refused(subject, "could not be loaded", cause);
  }
}

/**
 * Writes the bytes of a memory to a browser's file. The browser keeps what was there until all is written, so the file is replaced whole or
 * not at all. Throws `io`, and `disk-full` when the page has used up what the browser gives it.
 */
export async function saveStored(memory: Memory, handle: StoredFile): Promise<void> {
  checkCall(`saveStored(memory, await folder.getFileHandle("cities.seg"))`, [A_MEMORY, memory], [A_FILE, handle]);
  const subject = `file ${handle.name}`;
  try {
    const writer = await handle.createWritable();
    try {
      for (let at = 0; at < memory.byteLength; at += PART_BYTES) {
        // A copy: browsers do not take views of shared memory.
        await writer.write(Uint8Array.from(memory.bytes(at, Math.min(PART_BYTES, memory.byteLength - at))));
      }
    } catch (error) {
      await writer.abort(error);
      throw error;
    }
    await writer.close();
  } catch (cause) {
    throw refused(subject, "could not be saved", cause);
  }
}

function refused(subject: string, event: string, cause: unknown): MemoryError {
  if (cause instanceof MemoryError) return cause;
  const name = cause instanceof Error ? cause.name : "unknown";
  const full = name === "QuotaExceededError";
  return new MemoryError(full ? "disk-full" : "io", {
    subject,
    event,
    numbers: { name },
    cure: full
      ? "Remove files of this page, or ask for more: navigator.storage.persist()."
      : "Ask for the file anew and try again.",
    cause,
  });
}
