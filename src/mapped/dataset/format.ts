/**
 * The bytes of a data-set file. Everything is little-endian; offsets and lengths are whole numbers stored as doubles, exact to 2^53.
 *
 * ```
 *  0   8 bytes  magic: "offheap" and 0x1a (so that a terminal stops printing)
 *  8   u32      format version, now 1: an unknown one is refused
 * 12   u32      features that a reader must know, now none: an unknown bit is refused
 * 16   u32      features that a reader may ignore, now none
 * 20   u32      content: 1 = data set
 * 24   f64      byte length of the whole file
 * 32   f64      byte offset of the manifest
 * 40   u32      byte length of the manifest
 * 44   u32      CRC-32 of the manifest
 * 48   2 × u32  schema fingerprint, low word first
 * 56   u32      0
 * 60   u32      CRC-32 of bytes 0 to 59
 * 64   blocks   each at a multiple of 64, zeros between: values, validity bitmaps, dictionaries, key index
 *      manifest the last thing in the file: JSON that names every block with its place and CRC-32
 * ```
 *
 * Invariants:
 * 1. A file with this header is whole: it is written elsewhere, synced, and renamed to its name (see `atomic-file.ts`). It never
 *    changes afterwards, so readers share it without locks.
 * 2. The header and the manifest are checked whenever a file is opened; blocks when it is verified. A block that lies about
 *    itself can give wrong values before that, never a read outside of its bytes.
 * 3. Blocks do not overlap, lie between the header and the manifest, and are 64-byte aligned (as Apache Arrow wants them).
 */
import { crc32 } from "node:zlib";
import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";

export const HEADER_BYTES = 64;
export const BLOCK_ALIGN = 64;
export const FORMAT_VERSION = 1;
const MAGIC = [0x6f, 0x66, 0x66, 0x68, 0x65, 0x61, 0x70, 0x1a];
const CONTENT_DATASET = 1;
const CHECKED_BYTES = 60;

export interface Header {
  readonly fileByteLength: number;
  readonly manifestByteOffset: number;
  readonly manifestByteLength: number;
  readonly manifestChecksum: number;
  /** 16 hexadecimal digits. */
  readonly fingerprint: string;
}

export function encodeHeader(header: Header): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const words = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  words.setUint32(8, FORMAT_VERSION, true);
  words.setUint32(20, CONTENT_DATASET, true);
  words.setFloat64(24, header.fileByteLength, true);
  words.setFloat64(32, header.manifestByteOffset, true);
  words.setUint32(40, header.manifestByteLength, true);
  words.setUint32(44, header.manifestChecksum, true);
  words.setUint32(48, Number.parseInt(header.fingerprint.slice(8), 16), true);
  words.setUint32(52, Number.parseInt(header.fingerprint.slice(0, 8), 16), true);
  words.setUint32(60, crc32(bytes.subarray(0, CHECKED_BYTES)), true);
  return bytes;
}

/** The header of a mapped file, checked. Throws `not-an-offheap-file`, `unsupported-format` or `corrupt`. O(1). */
export function decodeHeader(memory: Memory): Header {
  const { subject } = memory;
  if (memory.byteLength < MAGIC.length || MAGIC.some((byte, i) => memory.u8[i] !== byte)) {
    throw new MemoryError("not-an-offheap-file", {
      subject,
      event: "does not begin as an offheap file does",
      numbers: { byteLength: memory.byteLength },
      cure: "Make one with `offheap build INPUT OUTPUT`.",
    });
  }
  if (memory.byteLength < HEADER_BYTES) throw truncated(subject, memory.byteLength, HEADER_BYTES);
  const [version, required] = [memory.u32[2], memory.u32[3]];
  if (version !== FORMAT_VERSION || required !== 0) {
    throw new MemoryError("unsupported-format", {
      subject,
      event: "is of a format that this version of offheap does not know",
      numbers: { version, known: FORMAT_VERSION, requiredFeatures: required },
      cure: "Read it with the version of offheap that wrote it, or build it again with this one.",
    });
  }
  const checksum = crc32(memory.bytes(0, CHECKED_BYTES));
  if (checksum !== memory.u32[15] || memory.u32[5] !== CONTENT_DATASET) {
    throw new MemoryError("corrupt", {
      subject,
      event: "has a damaged header",
      numbers: { checksum, stored: memory.u32[15], content: memory.u32[5] },
      cure: "Build it again from its source.",
    });
  }
  const header: Header = {
    fileByteLength: memory.f64[3],
    manifestByteOffset: memory.f64[4],
    manifestByteLength: memory.u32[10],
    manifestChecksum: memory.u32[11],
    fingerprint: hex(memory.u32[13]) + hex(memory.u32[12]),
  };
  if (header.fileByteLength !== memory.byteLength) throw truncated(subject, memory.byteLength, header.fileByteLength);
  return header;
}

/** The manifest's text, checked against the header. Throws `corrupt`. */
export function readManifestText(memory: Memory, header: Header): string {
  const bytes = memory.bytes(header.manifestByteOffset, header.manifestByteLength);
  const checksum = crc32(bytes);
  if (checksum !== header.manifestChecksum) {
    throw new MemoryError("corrupt", {
      subject: memory.subject,
      event: "has a damaged manifest",
      numbers: { checksum, stored: header.manifestChecksum, byteOffset: header.manifestByteOffset },
      cure: "Build it again from its source.",
    });
  }
  return new TextDecoder().decode(bytes);
}

function truncated(subject: string, byteLength: number, expected: number): MemoryError {
  return new MemoryError("corrupt", {
    subject,
    event: byteLength < expected ? "was cut short" : "is longer than it was written",
    numbers: { byteLength, expected },
    cure: "Copy or build it again.",
  });
}

const hex = (word: number): string => word.toString(16).padStart(8, "0");
