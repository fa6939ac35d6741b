import { MemoryError } from "../../../core/errors.ts";
import type { Memory } from "../../../core/memory.ts";
import { Dataset, type RowSchema } from "../../dataset/dataset.ts";
import { readDatasetFile } from "../../dataset/dataset-file.ts";
import { decodeHeader } from "../../dataset/format.ts";
import { checkSchema } from "../../dataset/schema.ts";
import { mapFile } from "../../map-file.ts";
import type { KindReader, ReadingHome, SegmentKind } from "../kind.ts";
import { partOf } from "../part-of.ts";
import { oneBlock } from "./one-block.ts";

export interface SegmentDatasetOptions<Schema extends RowSchema = RowSchema> {
  /** The path of the data set whose bytes are copied in. Needed to make it; ignored where it is there. */
  readonly from?: string;
  /** The columns that the program relies on, checked against the data set. */
  readonly row?: Schema;
}

const KIND = "dataset";
const FORMAT = 1;

/** A data set that nobody changes, beside what does change: see `openDataset`. `Row` is that of `row`. */
export function datasetKind<Row extends object>({ from, row }: SegmentDatasetOptions): SegmentKind<Dataset<Row>> {
  const open = ({ name, memory }: ReadingHome, byteOffset: number, byteLength: number): Dataset<Row> => {
    const part = partOf(memory, byteOffset, byteLength, `data set "${name}" in ${memory.subject}`);
    try {
      const file = readDatasetFile(part);
      if (row !== undefined) checkSchema(row, file.manifest, part.subject);
      return new Dataset(file);
    } catch (error) {
      part.close();
      throw error;
    }
  };
  return {
    kind: KIND,
    format: FORMAT,
    // It tells its columns itself.
    signature: "",
    typeName: "",
    create(home) {
      using source = mapFile(from ?? throwNoSource(home.name), { fileSystem: "any" });
      const { fileByteLength } = decodeHeader(source);
      const byteOffset = home.allocator.alloc(fileByteLength, 64);
      home.memory.u8.set(source.bytes(0, fileByteLength), byteOffset);
      return { made: open(home, byteOffset, fileByteLength), byteOffset, byteLength: fileByteLength };
    },
    attach: open,
    read: open,
    close: (dataset) => dataset.close(),
    check: (dataset) => dataset.verify(),
  };
}

export const datasetReader: KindReader = oneBlock(KIND, FORMAT, checkHeader);

function checkHeader(memory: Memory, byteOffset: number, byteLength: number): string[] {
  using part = partOf(memory, byteOffset, byteLength, "data set");
  try {
    decodeHeader(part);
    return [];
  } catch (error) {
    if (error instanceof MemoryError) return [error.message];
    throw error;
  }
}

function throwNoSource(name: string): never {
  throw new MemoryError("invalid-argument", {
    subject: `data set "${name}"`,
    event: "is not there, and cannot be made without { from }",
    cure: "Pass the path of a data set, as `buildDataset` makes it.",
  });
}
