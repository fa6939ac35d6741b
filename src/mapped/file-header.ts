/**
 * What every file of offheap begins with, whatever is in it. Little-endian.
 *
 * ```
 *  0   8 bytes  magic: "offheap" and 0x1a (so that a terminal stops printing)
 *  8   u32      format version of the content: an unknown one is refused
 * 12   u32      features that a reader must know: an unknown bit is refused
 * 16   u32      features that a reader may ignore
 * 20   u32      content: 1 = data set, 2 = segment, 3 = interner, 4 = dictionary, 5 = hash table
 * 24   36 bytes the content's
 * 60   u32      CRC-32 of bytes 0 to 59
 * ```
 *
 * Invariant: these bytes never change once the file has its name.
 */
import { crc32 } from "node:zlib";
import { MemoryError } from "../core/errors.ts";
import type { Memory } from "../core/memory.ts";

export const HEADER_BYTES = 64;
const MAGIC = [0x6f, 0x66, 0x66, 0x68, 0x65, 0x61, 0x70, 0x1a];
const CHECKED_BYTES = 60;

/** One kind of file. */
export interface FileFormat {
  /** As errors call it: `data set`. */
  readonly name: string;
  readonly content: number;
  readonly version: number;
  /** How such a file is had, as a sentence. */
  readonly cure: string;
}

export const DATASET: FileFormat = {
  name: "data set",
  content: 1,
  version: 1,
  cure: "Make one with `offheap build INPUT OUTPUT`.",
};

export const SEGMENT: FileFormat = { name: "segment", content: 2, version: 1, cure: "Make one with `openSegment(path)`." };

export const INTERNER: FileFormat = { name: "interner", content: 3, version: 1, cure: "Make one with `openInterner(path)`." };

export const DICTIONARY: FileFormat = {
  name: "dictionary",
  content: 4,
  version: 1,
  cure: "Make one with `writeDictionary(path, strings)`.",
};

export const TABLE: FileFormat = {
  name: "hash table",
  content: 5,
  version: 1,
  cure: "Make one with `openTable(path, { key, value })`.",
};

const FORMATS = [DATASET, SEGMENT, INTERNER, DICTIONARY, TABLE];

/** A header with its content's bytes left zero. Those are stored next, and then `sealFileHeader` is called. */
export function newFileHeader({ content, version }: FileFormat): DataView<ArrayBuffer> {
  const words = new DataView(new ArrayBuffer(HEADER_BYTES));
  MAGIC.forEach((byte, at) => void words.setUint8(at, byte));
  words.setUint32(8, version, true);
  words.setUint32(20, content, true);
  return words;
}

export function sealFileHeader(words: DataView<ArrayBuffer>): Uint8Array {
  const bytes = new Uint8Array(words.buffer);
  words.setUint32(CHECKED_BYTES, crc32(bytes.subarray(0, CHECKED_BYTES)), true);
  return bytes;
}

/** Do the bytes begin as a file of offheap does? */
export function beginsAsFile(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && MAGIC.every((byte, at) => bytes[at] === byte);
}

/** Checks the header. Throws `not-an-offheap-file`, `unsupported-format`, `corrupt`, and `layout-mismatch` for another kind of file. O(1). */
export function checkFileHeader(memory: Memory, format: FileFormat): void {
  const found = fileFormatOf(memory);
  if (found === format) return;
  throw new MemoryError("layout-mismatch", {
    subject: memory.subject,
    event: `holds another kind of thing: ${found.name}, not ${format.name}`,
    cure: format.cure,
  });
}

/** Which kind of file it is, by its checked header. Throws `not-an-offheap-file`, `unsupported-format`, `corrupt`. */
export function fileFormatOf(memory: Memory): FileFormat {
  const { subject, byteLength } = memory;
  if (!beginsAsFile(memory.bytes(0, Math.min(byteLength, HEADER_BYTES)))) {
    throw new MemoryError("not-an-offheap-file", {
      subject,
      event: "does not begin as an offheap file does",
      numbers: { byteLength },
      cure: "Pass the path of a file that offheap has made.",
    });
  }
  if (byteLength < HEADER_BYTES) throw cutShort(subject, byteLength, HEADER_BYTES);
  const [version, required, content] = [memory.u32[2], memory.u32[3], memory.u32[5]];
  const format = FORMATS.find((known) => known.content === content);
  const checksum = crc32(memory.bytes(0, CHECKED_BYTES));
  const isDamaged = checksum !== memory.u32[CHECKED_BYTES / 4];
  if ((format === undefined && !isDamaged) || required !== 0 || (format !== undefined && version !== format.version)) {
    throw new MemoryError("unsupported-format", {
      subject,
      event: "is of a format that this version of offheap does not know",
      numbers: { content, version, known: format?.version, requiredFeatures: required },
      cure: "Read it with the version of offheap that wrote it, or make it again with this one.",
    });
  }
  if (format === undefined || isDamaged) {
    throw new MemoryError("corrupt", {
      subject,
      event: "has a damaged header",
      numbers: { checksum, stored: memory.u32[CHECKED_BYTES / 4], content },
      cure: "Make it again from its source, or take a copy.",
    });
  }
  return format;
}

/** The error for a file that has not the length that it tells. */
export function cutShort(subject: string, byteLength: number, expected: number): MemoryError {
  return new MemoryError("corrupt", {
    subject,
    event: byteLength < expected ? "was cut short" : "is longer than it was written",
    numbers: { byteLength, expected },
    cure: "Copy it or make it again.",
  });
}
