/**
 * The file of a frozen interner.
 *
 * ```
 *  0   header   file-header.ts, content 4; at 24 f64: bytes of the block; at 32 u32: CRC-32 of the block
 * 64   block    see collections/strings/dictionary-layout.ts
 * ```
 *
 * Written once, and never changed.
 */

import { dirname, resolve } from "node:path";
import { crc32 } from "node:zlib";
import { bump } from "../../alloc/bump.ts";
import { Dictionary } from "../../collections/strings/dictionary.ts";
import { readDictionaryLayout } from "../../collections/strings/dictionary-layout.ts";
import { type FreezeOptions, freezeInterner, frozenByteLength } from "../../collections/strings/freeze-interner.ts";
import { STRINGS, type Strings } from "../../collections/strings/strings.ts";
import { A_PATH, checkCall, OPTIONS } from "../../core/check-call.ts";
import type { Memory } from "../../core/memory.ts";
import { publishFile } from "../atomic-file.ts";
import { checkFileHeader, cutShort, DICTIONARY, HEADER_BYTES, newFileHeader, sealFileHeader } from "../file-header.ts";
import { mapFile } from "../map-file.ts";
import { mapScratch } from "../map-scratch.ts";

const BLOCK_BYTES_AT = 24;
const CHECKSUM_AT = 32;
const STEP_BYTES = 64 * 1024 ** 2;

/** A dictionary in a file. See {@link openDictionary}. */
export class MappedDictionary<Name extends string = string> extends Dictionary<Name> implements Disposable {
  /** What is wrong with the file: its checksum, and everything that `checkInvariants` finds. Reads every byte. */
  verify(): string[] {
    const stored = this.memory.u32[CHECKSUM_AT / 4];
    const found = checksumOf(this.memory, HEADER_BYTES, this.byteLength);
    const damage = stored === found ? [] : [`the checksum of the strings is ${found}, the header says ${stored}`];
    return [...damage, ...this.checkInvariants()];
  }

  /** Using it afterwards throws `closed`. */
  close(): void {
    this.memory.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Writes `strings` to a file that appears at `path` whole or not at all, under the same ids, in the form that never changes; with `{ index: false }` only for
 * `resolve`. They stay as they are. Throws `io`, `disk-full`.
 */
export function writeDictionary(path: string, strings: Strings, options: FreezeOptions = {}): void {
  checkCall('writeDictionary("names.dict", names)', [A_PATH, path], [STRINGS, strings], [OPTIONS, options]);
  using scratch = mapScratch(dirname(resolve(path)), {
    maxByteLength: HEADER_BYTES + frozenByteLength(strings, options) + HEADER_BYTES,
  });
  const frozen = freezeInterner(strings, bump(scratch, { start: HEADER_BYTES }), options);
  const words = newFileHeader(DICTIONARY);
  words.setFloat64(BLOCK_BYTES_AT, frozen.byteLength, true);
  words.setUint32(CHECKSUM_AT, checksumOf(scratch, frozen.byteOffset, frozen.byteLength), true);
  using file = publishFile(path);
  file.write(sealFileHeader(words), 0);
  file.write(scratch.bytes(frozen.byteOffset, frozen.byteLength), HEADER_BYTES);
  file.commit();
}

/**
 * Opens what `writeDictionary` wrote, in some 100 µs whatever its size: nothing is read until it is asked for, and all processes share one copy. Throws `io`,
 * `not-an-offheap-file`, `unsupported-format`, `layout-mismatch`, `corrupt`.
 */
export function openDictionary<Name extends string = string>(path: string): MappedDictionary<Name> {
  const memory = mapFile(path);
  try {
    checkFileHeader(memory, DICTIONARY);
    const byteLength = memory.f64[BLOCK_BYTES_AT / 8];
    if (memory.byteLength !== HEADER_BYTES + byteLength)
      throw cutShort(memory.subject, memory.byteLength, HEADER_BYTES + byteLength);
    return new MappedDictionary(memory.lease, HEADER_BYTES, readDictionaryLayout(memory, HEADER_BYTES, byteLength));
  } catch (error) {
    memory.close();
    throw error;
  }
}

function checksumOf(memory: Memory, byteOffset: number, byteLength: number): number {
  let checksum = 0;
  for (let done = 0; done < byteLength; done += STEP_BYTES) {
    checksum = crc32(memory.bytes(byteOffset + done, Math.min(STEP_BYTES, byteLength - done)), checksum);
  }
  return checksum;
}
