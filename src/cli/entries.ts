import { MemoryError } from "../core/errors.ts";
import { openDataset } from "../mapped/dataset/dataset.ts";
import { DICTIONARY, INTERNER, SEGMENT, TABLE } from "../mapped/file-header.ts";
import { formatOfFile } from "../mapped/inspect-file.ts";
import { openDictionary } from "../mapped/interner/dictionary-file.ts";
import { openInterner } from "../mapped/interner/open-interner.ts";
import { readTable } from "../mapped/table/table-reader.ts";
import { type Entries, RowEntries, StringEntries, TableEntries } from "./entry-kinds.ts";
import { entriesInSegment } from "./segment-entries.ts";

/** Those of a file, or of what is called `name` in a segment. Throws what opening it for reading throws, and `invalid-argument` for a name that leads to nothing. */
export function entriesOf(path: string, name?: string): Entries {
  const format = formatOfFile(path);
  if (format === SEGMENT) return entriesInSegment(path, name);
  if (name !== undefined) {
    throw new MemoryError("invalid-argument", {
      subject: path,
      event: `is a ${format.name}, in which nothing has a name`,
      cure: "Leave out --in.",
    });
  }
  if (format === TABLE) {
    const { table, key } = readTable(path);
    return new TableEntries(path, table, key, () => table.close());
  }
  if (format === INTERNER) return new StringEntries(path, openInterner(path, { mode: "read" }));
  if (format === DICTIONARY) return new StringEntries(path, openDictionary(path));
  return new RowEntries(openDataset(path));
}
