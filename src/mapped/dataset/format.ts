/**
 * The bytes of a data-set file. Everything is little-endian; offsets and lengths are whole numbers stored as doubles, exact to 2^53.
 *
 * ```
 *  0   24 bytes magic, version, features, content 1: see `file-header.ts`
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
import { fingerprintFromWords, fingerprintWords } from "../../layout/fingerprint.ts";
import { checkFileHeader, cutShort, DATASET, newFileHeader, sealFileHeader } from "../file-header.ts";

export { HEADER_BYTES } from "../file-header.ts";

export const BLOCK_ALIGN = 64;

export interface Header {
  readonly fileByteLength: number;
  readonly manifestByteOffset: number;
  readonly manifestByteLength: number;
  readonly manifestChecksum: number;
  /** 16 hexadecimal digits. */
  readonly fingerprint: string;
}

export function encodeHeader(header: Header): Uint8Array {
  const words = newFileHeader(DATASET);
  words.setFloat64(24, header.fileByteLength, true);
  words.setFloat64(32, header.manifestByteOffset, true);
  words.setUint32(40, header.manifestByteLength, true);
  words.setUint32(44, header.manifestChecksum, true);
  const [low, high] = fingerprintWords(header.fingerprint);
  words.setInt32(48, low, true);
  words.setInt32(52, high, true);
  return sealFileHeader(words);
}

/** The header of a mapped file, checked. Throws `not-an-offheap-file`, `unsupported-format`, `layout-mismatch` or `corrupt`. O(1). */
export function decodeHeader(memory: Memory): Header {
  checkFileHeader(memory, DATASET);
  const header: Header = {
    fileByteLength: memory.f64[3],
    manifestByteOffset: memory.f64[4],
    manifestByteLength: memory.u32[10],
    manifestChecksum: memory.u32[11],
    fingerprint: fingerprintFromWords(memory.u32[12], memory.u32[13]),
  };
  if (header.fileByteLength !== memory.byteLength) throw cutShort(memory.subject, memory.byteLength, header.fileByteLength);
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
