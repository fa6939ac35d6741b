import { MemoryError } from "../../core/errors.ts";
import { GiB } from "../../core/size.ts";
import { typeOfSignature } from "../../layout/parse-signature.ts";
import type { Type } from "../../layout/type.ts";
import { mapFile } from "../map-file.ts";
import type { MappedHashTable } from "./mapped-hash-table.ts";
import { openForReading } from "./open-table.ts";
import { readTableFile } from "./table-file.ts";

/** A table that was opened without knowing what it holds. */
export interface UntypedTable {
  readonly table: MappedHashTable<unknown, unknown, never>;
  readonly key: Type<unknown, never>;
  readonly value: Type<unknown, never>;
}

/**
 * Opens the table in the file at `path` for reading, with the types that the file tells: structs are plain objects, interned strings their ids. Throws what
 * `openTable` throws for reading, and `unsupported-format` for types that this version does not know.
 */
export function readTable(path: string): UntypedTable {
  for (;;) {
    const memory = mapFile(path, { maxByteLength: GiB(4) });
    try {
      const { byteOffset, keySignature, valueSignature } = readTableFile(memory);
      const [key, value] = [typeOfSignature(keySignature), typeOfSignature(valueSignature)];
      if (key === undefined || value === undefined) {
        throw new MemoryError("unsupported-format", {
          subject: memory.subject,
          event: `holds ${keySignature} to ${valueSignature}, which this version of offheap cannot show`,
          cure: "Open it with its types, from a program.",
        });
      }
      const table = openForReading(memory, byteOffset, { key, value });
      if (table !== undefined) return { table, key, value };
    } catch (error) {
      memory.close();
      throw error;
    }
    // The last one to close it has cut the file meanwhile.
    memory.close();
  }
}
