import { MemoryError } from "../../core/errors.ts";
import { BLOCK_ALIGN, HEADER_BYTES, type Header } from "./format.ts";

/** The types that values of a column are stored in. */
export const STORED_TYPES = ["u8", "i8", "u16", "i16", "u32", "i32", "f32", "f64", "i64", "u64", "bool", "text"] as const;
export type StoredType = (typeof STORED_TYPES)[number];

/** Bytes of the file and their CRC-32. */
export interface Block {
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly checksum: number;
}

export interface ColumnEntry {
  readonly name: string;
  readonly type: StoredType;
  /** Whether a row may have no value here. */
  readonly optional: boolean;
  /** One value a row; of a text column the ids of its strings, in the width that `ids` tells. 0 stands for no string. */
  readonly values: Block;
  readonly ids?: "u8" | "u16" | "u32";
  /** One bit a row, least significant first, 1 = there is a value. Only of optional columns that are not text. */
  readonly validity?: Block;
  /** The strings of a text column. */
  readonly dictionary?: Block;
}

/** What a data-set file says of itself. Deterministic: the same input gives the same bytes. */
export interface Manifest {
  readonly writer: string;
  readonly rowCount: number;
  readonly columns: readonly ColumnEntry[];
  /** The column that `get` looks rows up by; null: by their number. */
  readonly key: string | null;
  /** The hash table from key to row, for keys that are numbers. Text keys use the index of their dictionary. */
  readonly keyIndex?: Block;
  readonly source: { readonly name: string; readonly byteLength: number; readonly format: string };
}

/** The canonical text of a schema: what the fingerprint is made of. */
export function schemaSignature(columns: readonly Pick<ColumnEntry, "name" | "type" | "optional">[], key: string | null): string {
  const fields = columns.map(({ name, type, optional }) => `${JSON.stringify(name)}:${type}${optional ? "?" : ""}`);
  return `dataset{${fields.join(",")}}key=${key === null ? "#row" : JSON.stringify(key)}`;
}

/** Parses and checks a manifest: types, names, and every block within the file. Throws `corrupt`. O(columns). */
export function parseManifest(text: string, subject: string, header: Header): Manifest {
  const refuse: (event: string, numbers?: Record<string, number | string>) => never = (event, numbers = {}) => {
    throw new MemoryError("corrupt", {
      subject,
      event: `has a manifest that ${event}`,
      numbers,
      cure: "Build it again from its source.",
    });
  };
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    refuse("is not JSON");
  }
  const fields = record(found) ?? refuse("is not an object");
  const { writer, rowCount, columns, key, keyIndex } = fields;
  const source = record(fields.source) ?? refuse("names no source");
  if (typeof writer !== "string" || !isCount(rowCount) || !Array.isArray(columns))
    return refuse("lacks its writer, row count or columns");
  if (key !== null && typeof key !== "string") return refuse("names no key");
  const block = (name: string, value: unknown, least: number): Block => {
    const { byteOffset, byteLength, checksum } = record(value) ?? refuse(`lacks the block ${name}`);
    if (!isCount(byteOffset) || !isCount(byteLength) || !isCount(checksum)) return refuse(`places the block ${name} nowhere`);
    if (byteOffset < HEADER_BYTES || byteOffset % BLOCK_ALIGN !== 0 || byteOffset + byteLength > header.manifestByteOffset) {
      refuse(`places the block ${name} outside of the file`, { byteOffset, byteLength, end: header.manifestByteOffset });
    }
    if (byteLength < least) refuse(`makes the block ${name} too short`, { byteLength, least });
    return { byteOffset, byteLength, checksum };
  };
  const entry = (value: unknown): ColumnEntry => {
    const column = record(value) ?? refuse("has a column that is not an object");
    const { name, optional, ids } = column;
    const type =
      STORED_TYPES.find((stored) => stored === column.type) ?? refuse(`has a column of unknown type ${String(column.type)}`);
    if (typeof name !== "string" || typeof optional !== "boolean") return refuse("has a column without name or optionality");
    const rows = Number(rowCount);
    if (type === "text") {
      if (ids !== "u8" && ids !== "u16" && ids !== "u32") return refuse(`gives the column ${name} no width of ids`);
      const values = block(`${name}.values`, column.values, rows * ELEMENT_BYTES[ids]);
      return { name, type, optional, ids, values, dictionary: block(`${name}.dictionary`, column.dictionary, 0) };
    }
    const values = block(`${name}.values`, column.values, rows * ELEMENT_BYTES[type]);
    if (!optional) return { name, type, optional, values };
    return { name, type, optional, values, validity: block(`${name}.validity`, column.validity, Math.ceil(rows / 8)) };
  };
  const entries = columns.map(entry);
  if (new Set(entries.map(({ name }) => name)).size !== entries.length) refuse("names a column twice");
  if (key !== null && !entries.some(({ name }) => name === key)) refuse(`has no column for its key ${key}`);
  return {
    writer,
    rowCount,
    columns: entries,
    key,
    ...(keyIndex === undefined ? {} : { keyIndex: block("keyIndex", keyIndex, 0) }),
    source: { name: String(source.name), byteLength: Number(source.byteLength), format: String(source.format) },
  };
}

/** Bytes of one stored value. */
export const ELEMENT_BYTES: Readonly<Record<Exclude<StoredType, "text">, number>> = {
  u8: 1,
  i8: 1,
  bool: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  f64: 8,
  i64: 8,
  u64: 8,
};

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return isRecord(value) ? value : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
