import { fsyncSync, readSync, writeSync } from "node:fs";
import { Kind, RECORDS_FORMAT } from "../../collections/records/layout.ts";
import { createRecords, type SharedTableOptions } from "../../collections/shared-hash-table.ts";
import { MemoryError } from "../../core/errors.ts";
import { privateMemory } from "../../core/homes.ts";
import { GiB } from "../../core/size.ts";
import { systemError } from "../../native/system-error.ts";
import type { FileMaker } from "../make-file.ts";

const HEADER_BYTES = 64;

/** How the file of a table is made: its head, all in one, the header last of all. */
export function tableMaker<Key, Value, Input>(
  subject: string,
  options: SharedTableOptions<Key, Value, Input>,
): Pick<FileMaker, "look" | "make"> {
  return {
    look(fd, byteLength) {
      const header = readHeader(fd, Math.min(byteLength, HEADER_BYTES));
      if (header.i32[0] === RECORDS_FORMAT.magic) return "whole";
      if (header.u8.every((byte) => byte === 0)) return "unfinished";
      throw new MemoryError("not-an-offheap-file", {
        subject,
        event: "is a file, but not a hash table",
        numbers: { byteLength, first: `0x${(header.u32[0] ?? 0).toString(16)}` },
        cure: "Pass the path of a table, or one where nothing is yet.",
      });
    },
    make(fd) {
      using memory = privateMemory(0, { maxByteLength: GiB(1) });
      createRecords(memory, options, Kind.PERSISTENT);
      const { byteLength } = memory;
      try {
        writeWhole(fd, memory.bytes(HEADER_BYTES, byteLength - HEADER_BYTES), HEADER_BYTES);
        fsyncSync(fd);
        writeWhole(fd, memory.bytes(0, HEADER_BYTES), 0);
        fsyncSync(fd);
      } catch (error) {
        throw systemError(subject, "could not be made", error, { byteLength });
      }
    },
  };
}

/** The first bytes of a file, zeros where it has none. */
function readHeader(fd: number, byteLength: number): ReturnType<typeof privateMemory> {
  const memory = privateMemory(HEADER_BYTES);
  for (let at = 0; at < byteLength; ) {
    const count = readSync(fd, memory.u8, at, byteLength - at, at);
    if (count === 0) break;
    at += count;
  }
  return memory;
}

function writeWhole(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, position + at);
}
