import { closeSync, ftruncateSync, readSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { MemoryError } from "../core/errors.ts";
import { systemError } from "../native/system-error.ts";
import { beginsAsFile, type FileFormat, HEADER_BYTES } from "./file-header.ts";
import { checkFileSystem } from "./file-system.ts";
import { type FileMaker, openOrMake } from "./make-file.ts";
import { syncDirectory } from "./sync-directory.ts";
import { syncFile } from "./sync-file.ts";
import { writeWhole } from "./write-whole.ts";

/** What a new file of some format has in it. */
export interface FileImage {
  readonly format: FileFormat;
  /** The bytes that it begins with, its header among them. Asked for when it is made. */
  readonly bytes: () => Uint8Array;
  /** How long it is; what the image does not reach has no blocks of the disk. Default: as long as the image. */
  readonly byteLength?: number;
  /** Whether one that begins with zeros is unfinished too: so the first versions left a table when they were killed. Default false. */
  readonly zerosAreUnfinished?: boolean;
}

/** What a file begins with while it is being made. */
const UNFINISHED = Buffer.from("offheap?");

/** Makes the file at `path` from its image where it is not there or was not finished, and returns whether that was now. See {@link openOrMake}. */
export function makeUnlessThere(subject: string, path: string, image: FileImage): boolean {
  const { fd, made } = openOrMake(subject, path, imageMaker(subject, path, image));
  closeSync(fd);
  return made;
}

/**
 * How a file is made from an image. Its header is written last, when all else is on the disk: who finds another beginning knows that whoever made it was killed.
 * `look` throws `not-an-offheap-file` for what somebody else has there.
 */
function imageMaker(subject: string, path: string, image: FileImage): FileMaker {
  const { format, bytes, byteLength, zerosAreUnfinished = false } = image;
  return {
    look(fd, fileByteLength) {
      const begin = Buffer.alloc(HEADER_BYTES);
      const length = readSync(fd, begin, 0, HEADER_BYTES, 0);
      if (fileByteLength === 0 || begin.subarray(0, Math.min(length, UNFINISHED.length)).equals(UNFINISHED)) return "unfinished";
      if (beginsAsFile(begin)) return "whole";
      if (zerosAreUnfinished && begin.every((byte) => byte === 0)) return "unfinished";
      throw new MemoryError("not-an-offheap-file", {
        subject,
        event: "does not begin as an offheap file does",
        numbers: { byteLength: fileByteLength },
        cure: `${format.cure} Pass its path, or one where no file is.`,
      });
    },
    make(file) {
      const { fd } = file;
      const first = bytes();
      try {
        checkFileSystem(subject, file, "local");
        writeWhole(fd, UNFINISHED, 0);
        if (byteLength !== undefined) ftruncateSync(fd, byteLength);
        writeWhole(fd, first.subarray(HEADER_BYTES), HEADER_BYTES);
        syncFile(subject, fd);
        writeWhole(fd, first.subarray(0, HEADER_BYTES), 0);
        syncFile(subject, fd);
      } catch (cause) {
        throw cause instanceof MemoryError ? cause : systemError(subject, "could not be made", cause, { path });
      }
      syncDirectory(subject, dirname(resolve(path)));
    },
  };
}
