import { MemoryError } from "../../core/errors.ts";
import { ELEMENT_BYTES as VIEW_BYTES } from "../../core/views.ts";
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
export function parseManifest(text: string, subject: string, { manifestByteOffset: end }: Header): Manifest {
  const { columns, key, keyIndex, rowCount, source, writer } = parseObject(text, subject);
  if (typeof writer !== "string" || !isCount(rowCount) || !Array.isArray(columns))
    refuse(subject, "lacks its writer, row count or columns");
  if (key !== null && typeof key !== "string") refuse(subject, "names no key");
  const bounds = { subject, end, rowCount };
  const entries = columns.map((column: unknown) => readColumn(column, bounds));
  if (new Set(entries.map(({ name }) => name)).size !== entries.length) refuse(subject, "names a column twice");
  if (key !== null && !entries.some(({ name }) => name === key)) refuse(subject, `has no column for its key ${key}`);
  return {
    writer,
    rowCount,
    columns: entries,
    key,
    ...(keyIndex === undefined ? {} : { keyIndex: readBlock("keyIndex", keyIndex, 0, bounds) }),
    source: readSource(source, subject),
  };
}

/** What the blocks of a manifest are measured by. */
interface Bounds {
  readonly subject: string;
  /** Where the blocks end in the file. */
  readonly end: number;
  readonly rowCount: number;
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(text: string, subject: string): Fields {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    refuse(subject, "is not JSON");
  }
  return isRecord(found) ? found : refuse(subject, "is not an object");
}

function readColumn(column: unknown, bounds: Bounds): ColumnEntry {
  const { subject, rowCount } = bounds;
  if (!isRecord(column)) return refuse(subject, "has a column that is not an object");
  const { name, optional, ids } = column;
  const type = STORED_TYPES.find((stored) => stored === column.type);
  if (type === undefined) return refuse(subject, `has a column of unknown type ${String(column.type)}`);
  if (typeof name !== "string" || typeof optional !== "boolean") return refuse(subject, "has a column without name or optionality");
  const block = (field: "values" | "dictionary" | "validity", least: number) =>
    readBlock(`${name}.${field}`, column[field], least, bounds);
  if (type === "text") {
    if (ids !== "u8" && ids !== "u16" && ids !== "u32") return refuse(subject, `gives the column ${name} no width of ids`);
    return {
      name,
      type,
      optional,
      ids,
      values: block("values", rowCount * ELEMENT_BYTES[ids]),
      dictionary: block("dictionary", 0),
    };
  }
  const values = block("values", rowCount * ELEMENT_BYTES[type]);
  return optional
    ? { name, type, optional, values, validity: block("validity", Math.ceil(rowCount / 8)) }
    : { name, type, optional, values };
}

function readBlock(name: string, value: unknown, least: number, { subject, end }: Bounds): Block {
  if (!isRecord(value)) return refuse(subject, `lacks the block ${name}`);
  const { byteOffset, byteLength, checksum } = value;
  if (!isCount(byteOffset) || !isCount(byteLength) || !isCount(checksum))
    return refuse(subject, `places the block ${name} nowhere`);
  if (byteOffset < HEADER_BYTES || byteOffset % BLOCK_ALIGN !== 0 || byteOffset + byteLength > end)
    refuse(subject, `places the block ${name} outside of the file`, { byteOffset, byteLength, end });
  if (byteLength < least) refuse(subject, `makes the block ${name} too short`, { byteLength, least });
  return { byteOffset, byteLength, checksum };
}

function readSource(source: unknown, subject: string): Manifest["source"] {
  if (!isRecord(source)) return refuse(subject, "names no source");
  const { name, byteLength, format } = source;
  if (typeof name !== "string" || !isCount(byteLength) || typeof format !== "string") return refuse(subject, "names no source");
  return { name, byteLength, format };
}

function refuse(subject: string, event: string, numbers: Readonly<Record<string, number>> = {}): never {
  throw new MemoryError("corrupt", {
    subject,
    event: `has a manifest that ${event}`,
    numbers,
    cure: "Build it again from its source.",
  });
}

/** Bytes of one stored value. */
export const ELEMENT_BYTES: Readonly<Record<Exclude<StoredType, "text">, number>> = { ...VIEW_BYTES, bool: 1 };

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
