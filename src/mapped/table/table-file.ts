/**
 * The file of a hash table.
 *
 * ```
 *   0   header   file-header.ts, content 5; at 24 u32: where the table begins; at 28 u32: bytes of the types
 *  64   types    UTF-8: the signature of the keys, a line feed, the signature of the values
 *   …   zeros up to the next page
 *   …   table    its head, and all that grows behind it: see collections/tables/records/layout.ts
 * ```
 *
 * Header and types are written when the file is made, and never again.
 *
 * Invariants:
 * 1. The table begins at a multiple of 4096 behind the types.
 * 2. The layout word of its head is that of the types: each tells when the other is damaged.
 */
import { Kind } from "../../collections/tables/records/layout.ts";
import { createRecords, type SharedTableOptions } from "../../collections/tables/shared-hash-table.ts";
import { alignUp } from "../../core/align.ts";
import { MemoryError } from "../../core/errors.ts";
import { privateMemory } from "../../core/homes.ts";
import type { Memory } from "../../core/memory.ts";
import { GiB } from "../../core/size.ts";
import type { Type } from "../../layout/type.ts";
import { checkFileHeader, cutShort, HEADER_BYTES, newFileHeader, sealFileHeader, TABLE } from "../file-header.ts";

const TABLE_AT = 24;
const TYPES_BYTES = 28;
const PAGE_BYTES = 4096;

/** What the file of a table says before the table itself. */
export interface TableFile {
  /** Where the table begins. */
  readonly byteOffset: number;
  /** As they were spelled when it was made. */
  readonly keySignature: string;
  readonly valueSignature: string;
}

interface Types {
  readonly key: Type<unknown, never>;
  readonly value: Type<unknown, never>;
}

/** The bytes of a file without entries. */
export function newTableImage<Key, Value, Input>(options: SharedTableOptions<Key, Value, Input>): Uint8Array {
  using memory = privateMemory(0, { maxByteLength: GiB(1) });
  const spelled = new TextEncoder().encode(`${options.key.signature}\n${options.value.signature}`);
  const byteOffset = alignUp(HEADER_BYTES + spelled.length, PAGE_BYTES);
  createRecords(memory, { ...options, byteOffset }, Kind.PERSISTENT);
  const header = newFileHeader(TABLE);
  header.setUint32(TABLE_AT, byteOffset, true);
  header.setUint32(TYPES_BYTES, spelled.length, true);
  memory.u8.set(sealFileHeader(header), 0);
  memory.u8.set(spelled, HEADER_BYTES);
  return memory.bytes(0, memory.byteLength).slice();
}

/** Throws `not-an-offheap-file`, `unsupported-format`, `corrupt`, and `layout-mismatch` for another kind of file. O(1). */
export function readTableFile(memory: Memory): TableFile {
  checkFileHeader(memory, TABLE);
  const { subject, byteLength, u32 } = memory;
  const byteOffset = u32[TABLE_AT / 4];
  const end = HEADER_BYTES + u32[TYPES_BYTES / 4];
  if (byteOffset % PAGE_BYTES !== 0 || end > byteOffset) throw damaged(subject, { byteOffset, typesEnd: end });
  if (byteOffset > byteLength) throw cutShort(subject, byteLength, byteOffset);
  const spelled = new TextDecoder().decode(memory.bytes(HEADER_BYTES, end - HEADER_BYTES));
  const [keySignature, valueSignature, ...rest] = spelled.split("\n");
  if (valueSignature === undefined || rest.length > 0) throw damaged(subject, { byteOffset, typesEnd: end });
  return { byteOffset, keySignature, valueSignature };
}

/** Throws `layout-mismatch` unless the table was made with these types. */
export function checkTypes({ subject }: Memory, file: TableFile, { key, value }: Types): void {
  if (file.keySignature === key.signature && file.valueSignature === value.signature) return;
  throw new MemoryError("layout-mismatch", {
    subject: `hash table in ${subject}`,
    event: `holds ${file.keySignature} to ${file.valueSignature}, and was opened with ${key.signature} to ${value.signature}`,
    cure: "Open it with the types that it was made with.",
  });
}

function damaged(subject: string, numbers: Record<string, number>): MemoryError {
  return new MemoryError("corrupt", {
    subject,
    event: "has a damaged header",
    numbers,
    cure: "Take a copy, or make it again from its source.",
  });
}
