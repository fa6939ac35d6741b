import { type Palette, PLAIN, tellBytes } from "../dataset/picture.ts";
import type { SegmentSurvey } from "./survey.ts";

const STRIP_WIDTH = 72;
const COLOURS = ["cyan", "magenta", "green", "yellow"] as const;

/** A picture of a segment: its structures with their pages, then the file as one strip. */
export function drawSegment(survey: SegmentSurvey, palette: Palette = PLAIN): string {
  const { structures, extents, usedByteLength, backedByteLength, reserve } = survey;
  const free = extents.reduce((sum, extent) => sum + (extent.isFree ? extent.byteLength : 0), 0);
  const nameWidth = Math.max(9, ...structures.map(({ name }) => name.length));
  const kinds = structures.map(({ kind, type }) => (type === "" ? kind : `${kind} of ${type}`));
  const kindWidth = Math.max(4, ...kinds.map((kind) => kind.length));
  const colourOf = (index: number): ((text: string) => string) => palette[COLOURS[index % COLOURS.length]];
  return [
    `${palette.bold(survey.subject)}  ${structures.length} structures, ${tellBytes(usedByteLength - free)} in use, ${tellBytes(free)} free, ${tellBytes(backedByteLength)} on the disk of at most ${tellBytes(reserve)}`,
    "",
    palette.dim(`  ${"structure".padEnd(nameWidth)}  ${"kind".padEnd(kindWidth)}  ${"bytes".padStart(9)}  at`),
    ...structures.map(({ name, byteLength: bytes, byteOffset }, index) => {
      const place = palette.dim(`0x${byteOffset.toString(16)}`);
      return `${colourOf(index)("▇")} ${name.padEnd(nameWidth)}  ${kinds[index].padEnd(kindWidth)}  ${tellBytes(bytes).padStart(9)}  ${place}`;
    }),
    "",
    drawStrip(survey, palette),
    palette.dim("▇ a structure  ▒ the segment's own  · free"),
    "",
    ...survey.problems.map((problem) => `${palette.bold(`! ${problem}`)}\n`),
  ].join("\n");
}

/** The pages that are in use, each cell as many bytes as another: what begins in it, or most of it. */
function drawStrip({ extents, structures, usedByteLength }: SegmentSurvey, palette: Palette): string {
  const names = new Map(structures.map(({ name }, index) => [name, index]));
  const cells = Array.from({ length: STRIP_WIDTH }, (_, cell) => {
    const middle = ((cell + 0.5) / STRIP_WIDTH) * usedByteLength;
    const extent = extents.find(({ byteOffset, byteLength }) => middle < byteOffset + byteLength);
    if (extent === undefined || extent.isFree) return palette.dim("·");
    if (extent.structure === undefined) return palette.dim("▒");
    return palette[COLOURS[(names.get(extent.structure) ?? 0) % COLOURS.length]]("▇");
  });
  return cells.join("");
}
