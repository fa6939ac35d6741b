import type { CommittedLength } from "../core/committed.ts";
import type { FilePart } from "../core/ticket.ts";
import { extendFile } from "./extend-file.ts";
import { withNamed } from "./open-file.ts";
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

const IF_REPLACED = { cannot: "cannot be made longer from here", cure: "Grow it in the thread that mapped it." };

/**
 * Makes the memory longer for all threads that share its buffer: the file first, then what the buffer shows of it. When two threads do it at once both map the
 * same pages to the same place. Throws `disk-full`, `io` (the path leads to another file by now), and `unsupported` where this thread has no native code.
 */
export function growAttached(attached: AttachedFile, byteLength: number): void {
  const { subject, path, file, fileByteOffset, buffer, bufferByteOffset, maxByteLength, committed } = attached;
  const origin = { path, device: file.device, inode: file.inode };
  withNamed(subject, origin, IF_REPLACED, (fd) => {
    const fileByteLength = extendFile(subject, { ...origin, descriptor: fd }, fileByteOffset + byteLength);
    const backed = Math.min(fileByteLength - fileByteOffset, maxByteLength);
    const pages = Reservation.borrow(subject, buffer, bufferByteOffset + committed.load());
    const { mapped } = pages;
    const missing = bufferByteOffset + backed - mapped;
    if (missing > 0) pages.show(mapped, missing, "shared", fd, fileByteOffset - bufferByteOffset + mapped);
    committed.raise(byteLength);
  });
}
