import { MemoryError } from "../../core/errors.ts";
import type { Memory, ViewName, Views } from "../../core/memory.ts";
import { ColumnDictionary } from "./column-dictionary.ts";
import { decodeHeader, type Header, readManifestText } from "./format.ts";
import { type ColumnEntry, type Manifest, parseManifest } from "./manifest.ts";
import type { RowSource } from "./row-class.ts";

/** The parts of a mapped data-set file, found by its header and manifest: typed arrays over its blocks, nothing read yet. */
export class DatasetFile implements RowSource {
  readonly memory: Memory;
  readonly header: Header;
  readonly manifest: Manifest;
  readonly values: readonly Views[ViewName][];
  readonly validities: readonly (Uint8Array | undefined)[];
  readonly dictionaries: readonly (ColumnDictionary | undefined)[];
  readonly #indexes: ReadonlyMap<string, number>;

  constructor(memory: Memory, header: Header, manifest: Manifest) {
    this.memory = memory;
    this.header = header;
    this.manifest = manifest;
    const { columns, rowCount } = manifest;
    this.values = columns.map((column) => memory.slice(viewOf(column), column.values.byteOffset, rowCount));
    this.validities = columns.map(({ validity }) => validity && memory.bytes(validity.byteOffset, validity.byteLength));
    this.dictionaries = columns.map(({ dictionary }) => dictionary && new ColumnDictionary(memory, dictionary));
    this.#indexes = new Map(columns.map(({ name }, index) => [name, index]));
  }

  /** What the generated row class depends on: names, types, and which blocks there are. */
  get layoutSignature(): string {
    return JSON.stringify(
      this.manifest.columns.map(({ name, type, optional, validity }) => [name, type, optional, validity !== undefined]),
    );
  }

  /** Throws `invalid-argument` for a name that the file does not have. */
  columnIndex(name: string): number {
    const index = this.#indexes.get(name);
    if (index !== undefined) return index;
    throw new MemoryError("invalid-argument", {
      subject: this.memory.subject,
      event: `has no column "${name}"`,
      cure: `Its columns are ${[...this.#indexes.keys()].join(", ")}.`,
    });
  }

  typedColumn(name: string): Views[ViewName] {
    this.memory.checkOpen();
    return this.values[this.columnIndex(name)];
  }
}

/** Finds the parts of a data-set file. Throws `not-an-offheap-file`, `unsupported-format`, `corrupt`. O(columns). */
export function readDatasetFile(memory: Memory): DatasetFile {
  const header = decodeHeader(memory);
  const text = readManifestText(memory, header);
  return new DatasetFile(memory, header, parseManifest(text, memory.subject, header));
}

/** The view that a column's stored values are read through. */
export function viewOf(column: Pick<ColumnEntry, "type" | "ids">): ViewName {
  if (column.type === "text") return column.ids ?? "u32";
  return column.type === "bool" ? "u8" : column.type;
}
