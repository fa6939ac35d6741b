import { closeSync, constants } from "node:fs";
import type { CommittedLength } from "../core/committed.ts";
import { MemoryError } from "../core/errors.ts";
import type { FilePart } from "../core/ticket.ts";
import { extendFile } from "./extend-file.ts";
import { isSameFile } from "./file-identity.ts";
import { openRegularFile } from "./open-file.ts";
import { Reservation } from "./reservation.ts";

/** A file that another thread has mapped into a buffer which this one shares. */
export interface AttachedFile {
  readonly subject: string;
  readonly path: string;
  readonly file: FilePart;
  /** Where in the file the memory begins. */
  readonly fileByteOffset: number;
  readonly buffer: SharedArrayBuffer;
  readonly bufferByteOffset: number;
  readonly maxByteLength: number;
  readonly committed: CommittedLength;
}

/**
 * Makes the memory longer for all threads that share its buffer: the file first, then what the buffer shows of it. When two threads do it at once both map the
 * same pages to the same place. Throws `disk-full`, `io` (the path leads to another file by now), and `unsupported` where this thread has no native code.
 */
export function growAttached(attached: AttachedFile, byteLength: number): void {
  const { subject, path, file, fileByteOffset, buffer, bufferByteOffset, maxByteLength, committed } = attached;
  const opened = openRegularFile(subject, path, constants.O_RDWR);
  try {
    if (!isSameFile(opened, file)) throw anotherFile(subject, path);
    const { device, inode } = file;
    const fileByteLength = extendFile(subject, { path, device, inode, descriptor: opened.fd }, fileByteOffset + byteLength);
    const backed = Math.min(fileByteLength - fileByteOffset, maxByteLength);
    const pages = Reservation.borrow(subject, buffer, bufferByteOffset + committed.load());
    const { mapped } = pages;
    const missing = bufferByteOffset + backed - mapped;
    if (missing > 0) pages.show(mapped, missing, "shared", opened.fd, fileByteOffset - bufferByteOffset + mapped);
    committed.raise(byteLength);
  } finally {
    closeSync(opened.fd);
  }
}

function anotherFile(subject: string, path: string): MemoryError {
  return new MemoryError("io", {
    subject,
    event: "is another file under its name by now, so it cannot be made longer from here",
    numbers: { path },
    cure: "Grow it in the thread that mapped it.",
  });
}
