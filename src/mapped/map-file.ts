import { closeSync, constants, unlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { checkByteLength } from "../core/align.ts";
import { checkChoice } from "../core/check-choice.ts";
import { MemoryError } from "../core/errors.ts";
import { system } from "../native/system.ts";
import { type Extended, extendFile, followFile } from "./extend-file.ts";
import { FileBacking } from "./file-backing.ts";
import { checkFileSystem, type FileSystems } from "./file-system.ts";
import { type HeldLock, holdFile } from "./held-lock.ts";
import type { MappedMemory } from "./mapped-memory.ts";
import { type OpenFile, openOrCreate, openRegularFile } from "./open-file.ts";

/** What may be done with a mapped file. See {@link mapFile}. */
export type MapMode = "read" | "readWrite" | "copyOnWrite";

export interface MapFileOptions {
  /** Default `"read"`. */
  readonly mode?: MapMode;
  /** Makes the file, or makes it longer, up to `byteLength` of zeros. Only with `"readWrite"`. Default: the file must be there. */
  readonly create?: boolean;
  /** Where in the file the memory begins. Default 0. Any number; where it is no multiple of 8 see `memory.start`. */
  readonly byteOffset?: number;
  /** How many bytes from there. Default: up to the end of the file. */
  readonly byteLength?: number;
  /**
   * How far the memory can `grow`, from `byteOffset`. With `"readWrite"` the file grows with it, to the byte, by system calls each time: grow in
   * large steps. Otherwise the memory follows a file that others make longer.
   */
  readonly maxByteLength?: number;
  /**
   * Holds a lock on the file as long as the memory is open: `"exclusive"` keeps away all others that ask for one, `"shared"` those that want it exclusively.
   * Who maps without `lock` is not kept away. The kernel takes it from a process that ends, however that comes.
   */
  readonly lock?: "exclusive" | "shared";
  /** How long to wait for the lock, blocking the thread, before it is `locked`. Default 0. */
  readonly lockTimeoutMs?: number;
  /** Reads all pages in at once, so that no later touch waits for the disk. Default: at the first touch of each. */
  readonly populate?: boolean;
  /** `"any"` accepts network file systems, for files that nobody changes any more. Default `"local"`. */
  readonly fileSystem?: FileSystems;
}

/** What every view of a memory needs of its first byte. */
export const VIEW_ALIGN = 8;

/**
 * The bytes of a file as a memory: nothing is read or copied until it is touched, and all processes that map the file share one copy of it.
 *
 * - `"read"`: for reading. A stray store stays a private copy of its page; it neither reaches the file nor ends the process.
 * - `"readWrite"`: stores are the file's, at once, for everybody; see {@link MappedMemory.flush} for power failures.
 * - `"copyOnWrite"`: stores are this mapping's own and are gone with it.
 *
 * An empty file is an empty memory. The file must not be shortened while it is mapped: the operating system ends a process that
 * touches a page which is gone. Replace files by renaming others over them, as `publishFile` does.
 *
 * Costs 20 µs, whatever the size. Throws `io` (missing, no permission, a directory, a FIFO), `out-of-bounds` (a part that the
 * file does not have), `disk-full` (nothing was made), `locked`, `out-of-memory`, `unsupported` (no mapping here, or longer than the engine
 * allows: 4 GiB on Node 20; see {@link mapWindow}).
 */
export function mapFile(path: string, options: MapFileOptions = {}): MappedMemory {
  const subject = `mapped file ${path}`;
  const { mode = "read", create = false } = options;
  checkOptions(subject, options);
  system();
  const { file, isNew } = open(subject, path, mode, create);
  const start = (options.byteOffset ?? 0) % VIEW_ALIGN;
  let backing: FileBacking;
  let held: HeldLock | undefined;
  try {
    checkFileSystem(subject, file, options.fileSystem ?? "local");
    if (options.lock !== undefined) held = holdFile(subject, originOf(path, file), options.lock, options.lockTimeoutMs ?? 0);
    backing = backingOf(subject, path, file, start, options);
  } catch (error) {
    held?.memoryClosed();
    closeSync(file.fd);
    if (isNew) unlinkSync(path);
    throw error;
  }
  const memory = backing.memory({
    writesThrough: mode === "readWrite",
    copyOnWrite: mode === "copyOnWrite",
    ...(isNew ? { createdIn: dirname(resolve(path)) } : {}),
    ...(held === undefined ? {} : { held }),
  });
  if (options.populate === true) memory.populate();
  return memory;
}

function backingOf(subject: string, path: string, file: OpenFile, start: number, options: MapFileOptions): FileBacking {
  const { mode = "read", create = false, byteOffset = 0 } = options;
  const origin = originOf(path, file);
  const fileByteLength = create ? extendFile(subject, origin, byteOffset + (options.byteLength ?? 0)) : file.byteLength;
  checkPart(subject, fileByteLength, options);
  const fileByteOffset = byteOffset - start;
  const byteLength = start + (options.byteLength ?? fileByteLength - byteOffset);
  const maxByteLength = Math.max(byteLength, start + (options.maxByteLength ?? 0));
  const grows = maxByteLength > byteLength;
  const extend = mode === "readWrite" ? extendFile : followFile;
  return new FileBacking({
    subject,
    readOnly: mode === "read",
    sharing: mode === "readWrite" ? "shared" : "private",
    fd: file.fd,
    fileByteOffset,
    start,
    byteLength,
    maxByteLength,
    backedByteLength: grows ? fileByteLength - fileByteOffset : byteLength,
    ...(grows ? { extend: (wanted: number) => extend(subject, origin, wanted) } : {}),
    identity: { device: file.device, inode: file.inode },
    // Copies on write are nobody else's, so their ticket names no file for other processes.
    ...(mode === "copyOnWrite" ? {} : { path: resolve(path) }),
  });
}

function originOf(path: string, { fd, device, inode }: OpenFile): Extended {
  return { path: resolve(path), device, inode, descriptor: fd };
}

function open(subject: string, path: string, mode: MapMode, create: boolean): { readonly file: OpenFile; readonly isNew: boolean } {
  if (create) return openOrCreate(subject, path);
  const flags = mode === "readWrite" ? constants.O_RDWR : constants.O_RDONLY;
  return { file: openRegularFile(subject, path, flags), isNew: false };
}

function checkOptions(subject: string, options: MapFileOptions): void {
  const { mode = "read", create = false, byteOffset = 0, byteLength, maxByteLength } = options;
  checkByteLength(subject, "byteOffset", byteOffset);
  if (byteLength !== undefined) checkByteLength(subject, "byteLength", byteLength);
  if (maxByteLength !== undefined) checkByteLength(subject, "maxByteLength", maxByteLength, byteLength ?? 0);
  checkChoice(subject, "a mode", "mode", mode, ["read", "readWrite", "copyOnWrite"]);
  if (create && mode !== "readWrite") {
    throw new MemoryError("invalid-argument", {
      subject,
      event: "cannot be created by a mapping that does not write to it",
      numbers: { mode },
      cure: 'Pass { mode: "readWrite", create: true, byteLength }.',
    });
  }
}

function checkPart(subject: string, fileByteLength: number, { byteOffset = 0, byteLength, maxByteLength }: MapFileOptions): void {
  if (byteOffset + (byteLength ?? 0) > fileByteLength) {
    throw new MemoryError("out-of-bounds", {
      subject,
      event: "has no such part",
      numbers: { byteOffset, byteLength, fileByteLength },
      cure: 'Map a part that lies in the file, or make it longer with { mode: "readWrite", create: true, byteLength }.',
    });
  }
  if (maxByteLength !== undefined && byteOffset + maxByteLength < fileByteLength && byteLength === undefined) {
    throw new MemoryError("invalid-argument", {
      subject,
      event: "is already longer than it may become",
      numbers: { byteOffset, maxByteLength, fileByteLength },
      cure: "Reserve more, or pass the byteLength of the part to map.",
    });
  }
}
