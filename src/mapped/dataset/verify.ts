import { crc32 } from "node:zlib";
import type { StringId } from "../../collections/strings/string-id.ts";
import { MemoryError } from "../../core/errors.ts";
import type { DatasetFile } from "./dataset-file.ts";
import { schemaFingerprint } from "./fingerprint.ts";
import { HEADER_BYTES } from "./format.ts";
import { keyLookup } from "./key-lookup.ts";
import type { Block, ColumnEntry } from "./manifest.ts";

const CHECKSUM_STEP_BYTES = 16 * 1024 * 1024;
/** A file that is wrong everywhere need not be told of everywhere. */
const MOST_PROBLEMS = 20;

/** Checks every byte of a data-set file and everything that its parts say of each other. An empty list means sound. */
export function verifyDataset(file: DatasetFile): string[] {
  const problems: string[] = [];
  const { manifest, header } = file;
  const fingerprint = schemaFingerprint(manifest.columns, manifest.key);
  if (fingerprint !== header.fingerprint)
    problems.push(`schema fingerprint is ${header.fingerprint}, the columns make ${fingerprint}`);
  const blocks = namedBlocks(file);
  problems.push(...overlaps(blocks, header.manifestByteOffset));
  for (const [name, block] of blocks) {
    const checksum = checksumOf(file, block);
    if (checksum !== block.checksum)
      problems.push(`${name} at ${block.byteOffset}: checksum is ${checksum}, stored ${block.checksum}`);
  }
  problems.push(...gaps(file, blocks));
  // What follows reads the blocks for what they mean, which is worth telling only where the bytes are those that were written.
  if (problems.length > 0) return problems.slice(0, MOST_PROBLEMS);
  manifest.columns.forEach((column, index) => {
    problems.push(...columnProblems(file, column, index));
  });
  problems.push(...keyProblems(file));
  return problems.slice(0, MOST_PROBLEMS);
}

function namedBlocks({ manifest }: DatasetFile): [string, Block][] {
  const named: [string, Block | undefined][] = manifest.columns.flatMap(({ name, values, validity, dictionary }) => [
    [`values of "${name}"`, values],
    [`validity of "${name}"`, validity],
    [`dictionary of "${name}"`, dictionary],
  ]);
  named.push(["key index", manifest.keyIndex]);
  return named
    .flatMap(([name, block]): [string, Block][] => (block === undefined ? [] : [[name, block]]))
    .sort(([, a], [, b]) => a.byteOffset - b.byteOffset);
}

function overlaps(blocks: readonly [string, Block][], end: number): string[] {
  return blocks.flatMap(([name, block], i) => {
    const next = i + 1 < blocks.length ? blocks[i + 1][1].byteOffset : end;
    return block.byteOffset + block.byteLength > next ? [`${name} at ${block.byteOffset} runs into what follows at ${next}`] : [];
  });
}

function checksumOf({ memory }: DatasetFile, { byteOffset, byteLength }: Block): number {
  let checksum = 0;
  for (let done = 0; done < byteLength; done += CHECKSUM_STEP_BYTES) {
    checksum = crc32(memory.bytes(byteOffset + done, Math.min(CHECKSUM_STEP_BYTES, byteLength - done)), checksum);
  }
  return checksum;
}

/** The bytes between blocks are zeros. */
function gaps({ memory, header }: DatasetFile, blocks: readonly [string, Block][]): string[] {
  const starts = [...blocks.map(([, { byteOffset }]) => byteOffset), header.manifestByteOffset];
  const ends = [HEADER_BYTES, ...blocks.map(([, { byteOffset, byteLength }]) => byteOffset + byteLength)];
  return ends.flatMap((end, i) => {
    for (let at = end; at < starts[i]; at++) if (memory.u8[at] !== 0) return [`padding at ${at} is not zero`];
    return [];
  });
}

function columnProblems(file: DatasetFile, column: ColumnEntry, index: number): string[] {
  const { rowCount } = file.manifest;
  const values = file.values[index];
  const dictionary = file.dictionaries[index]?.dictionary;
  if (dictionary !== undefined) {
    const problems = dictionary.checkInvariants().map((problem) => `dictionary of "${column.name}": ${problem}`);
    const least = column.optional ? 0 : 1;
    for (let row = 0; row < rowCount; row++) {
      const id = Number(values[row]);
      if (id < least || id > dictionary.size)
        return [...problems, `"${column.name}" row ${row}: id ${id} is not within ${least} to ${dictionary.size}`];
    }
    return problems;
  }
  if (column.type === "bool") {
    for (let row = 0; row < rowCount; row++)
      if (Number(values[row]) > 1) return [`"${column.name}" row ${row} is neither true nor false`];
  }
  const validity = file.validities[index];
  if (validity === undefined) return [];
  for (let row = 0; row < validity.length * 8; row++) {
    if ((validity[row >>> 3] >>> (row & 7)) & 1) {
      if (row >= rowCount) return [`validity of "${column.name}" is set behind the last row`];
    } else if (row < rowCount && Number(values[row]) !== 0) {
      return [`"${column.name}" row ${row} has a value where it has none`];
    }
  }
  return [];
}

/** Every row is found under its key; and since keys differ, nothing else is. */
function keyProblems(file: DatasetFile): string[] {
  const { key, rowCount } = file.manifest;
  if (key === null) return [];
  const index = file.columnIndex(key);
  const [values, dictionary] = [file.values[index], file.dictionaries[index]?.dictionary];
  try {
    const lookup = keyLookup(file);
    const problems = lookup.checkInvariants().map((problem) => `key index: ${problem}`);
    for (let row = 0; row < rowCount; row++) {
      const value = values[row];
      const found = lookup.find(dictionary === undefined ? value : dictionary.resolve(Number(value) as StringId));
      if (found !== row) return [...problems, `row ${row} is found as ${found} under its key ${String(value)}`];
    }
    return problems;
  } catch (error) {
    if (error instanceof MemoryError) return [`key index: ${error.message}`];
    throw error;
  }
}
