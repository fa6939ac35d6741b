import type { Memory } from "../core/memory.ts";
import { openDataset } from "./dataset/dataset.ts";
import type { Palette } from "./dataset/picture.ts";
import { type FileFormat, fileFormatOf, SEGMENT } from "./file-header.ts";
import { mapFile } from "./map-file.ts";
import { drawSegment } from "./segment/picture.ts";
import { surveySegment } from "./segment/survey-file.ts";

/** What is wrong with a file, and what it is. */
export interface FileVerdict {
  /** Empty when it is sound. */
  readonly problems: readonly string[];
  /** Of a sound file, for people: `3 structures, 155.6 kB`. */
  readonly summary: string;
}

/** A picture of a data set or a segment, whichever the file is. Throws what `openDataset` and `surveySegment` throw. */
export function inspectFile(path: string, palette?: Palette): string {
  if (formatOf(path) === SEGMENT) return drawSegment(surveySegment(path), palette);
  using dataset = openDataset(path);
  return dataset.draw(palette);
}

/** Checks a data set, byte by byte, or what a segment says of itself and its structures. Others may use it meanwhile. */
export function verifyFile(path: string): FileVerdict {
  if (formatOf(path) === SEGMENT) {
    const { problems, structures, usedByteLength } = surveySegment(path);
    const count = `${structures.length} ${structures.length === 1 ? "structure" : "structures"}`;
    return {
      problems,
      summary: `${count}, ${usedByteLength} bytes; its names, pages and the headers of its structures were checked`,
    };
  }
  using dataset = openDataset(path);
  return { problems: dataset.verify(), summary: `${dataset.size} rows, ${dataset.memory.byteLength} bytes, every one checked` };
}

function formatOf(path: string): FileFormat {
  using memory: Memory = mapFile(path);
  return fileFormatOf(memory);
}
