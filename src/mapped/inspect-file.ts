import type { Memory } from "../core/memory.ts";
import { openDataset } from "./dataset/dataset.ts";
import { type Palette, PLAIN, tellBytes, tellCount } from "./dataset/picture.ts";
import { DATASET, DICTIONARY, type FileFormat, fileFormatOf, INTERNER, SEGMENT, TABLE } from "./file-header.ts";
import { type MappedDictionary, openDictionary } from "./interner/dictionary-file.ts";
import type { MappedInterner } from "./interner/mapped-interner.ts";
import { openInterner } from "./interner/open-interner.ts";
import { mapFile } from "./map-file.ts";
import { drawSegment } from "./segment/picture.ts";
import { surveySegment } from "./segment/survey-file.ts";
import { readTable } from "./table/table-reader.ts";

/** What is wrong with a file, and what it is. */
export interface FileVerdict {
  /** Empty when it is sound. */
  readonly problems: readonly string[];
  /** Of a sound file, for people: `3 structures, 155.6 kB`. */
  readonly summary: string;
}

interface Kind {
  draw(path: string, palette: Palette): string;
  verify(path: string): FileVerdict;
}

const DATASETS: Kind = {
  draw(path, palette) {
    using dataset = openDataset(path);
    return dataset.draw(palette);
  },
  verify(path) {
    using dataset = openDataset(path);
    return {
      problems: dataset.verify(),
      summary: `${dataset.size} rows, ${dataset.memory.byteLength} bytes, every one checked`,
    };
  },
};

const SEGMENTS: Kind = {
  draw: (path, palette) => drawSegment(surveySegment(path), palette),
  verify(path) {
    const { problems, structures, usedByteLength } = surveySegment(path);
    const count = `${structures.length} ${structures.length === 1 ? "structure" : "structures"}`;
    return {
      problems,
      summary: `${count}, ${usedByteLength} bytes; its names, pages and the headers of its structures were checked`,
    };
  },
};

const TABLES: Kind = {
  draw(path, { bold, dim }) {
    const { table, key, value } = readTable(path);
    using _open = table;
    const { size, load, shardCount, byteLength, freeByteLength, averageProbeLength, longestProbeLength } = table.stats();
    return [
      `${bold(table.memory.subject)}  hash table, ${tellCount(size)} entries, ${tellBytes(byteLength)}, of it ${tellBytes(freeByteLength)} free`,
      `${dim("key   ")}  ${key.signature}`,
      `${dim("value ")}  ${value.signature}`,
      `${dim("index ")}  ${shardCount} shards, ${(load * 100).toFixed(0)} % full; a lookup reads ${averageProbeLength.toFixed(2)} slots, ${longestProbeLength} at most`,
      "",
    ].join("\n");
  },
  verify(path) {
    const { table } = readTable(path);
    using _open = table;
    return { problems: table.verify(), summary: `${table.size} entries, every one checked` };
  },
};

const KINDS: ReadonlyMap<FileFormat, Kind> = new Map<FileFormat, Kind>([
  [DATASET, DATASETS],
  [SEGMENT, SEGMENTS],
  [TABLE, TABLES],
  [INTERNER, kindOfStrings(INTERNER, (path) => openInterner(path, { mode: "read" }))],
  [DICTIONARY, kindOfStrings(DICTIONARY, openDictionary)],
]);

/** A picture of what is in a file of offheap, whatever its kind. Throws what opening it for reading throws. */
export function inspectFile(path: string, palette: Palette = PLAIN): string {
  return kindOf(path).draw(path, palette);
}

/**
 * Checks every byte of a data set, every entry of a table, every string of an interner or a dictionary, and what a segment says of itself and its
 * structures. Others may use it meanwhile. Throws what opening it for reading throws.
 */
export function verifyFile(path: string): FileVerdict {
  return kindOf(path).verify(path);
}

function kindOfStrings({ name }: FileFormat, open: (path: string) => MappedInterner | MappedDictionary): Kind {
  return {
    draw(path, { bold }) {
      using strings = open(path);
      return `${bold(strings.memory.subject)}  ${name}, ${tellCount(strings.size)} strings, ${tellBytes(strings.memory.byteLength)}\n`;
    },
    verify(path) {
      using strings = open(path);
      return { problems: strings.verify(), summary: `${strings.size} strings, every one checked` };
    },
  };
}

/** Which kind of file lies at `path`. Throws `not-an-offheap-file`, `unsupported-format`, `corrupt`, `io`. */
export function formatOfFile(path: string): FileFormat {
  using memory: Memory = mapFile(path);
  return fileFormatOf(memory);
}

function kindOf(path: string): Kind {
  const format = formatOfFile(path);
  const kind = KINDS.get(format);
  if (kind === undefined) throw new TypeError(`nothing is known of a ${format.name}`);
  return kind;
}
