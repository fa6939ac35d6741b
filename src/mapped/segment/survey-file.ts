import { mapFile } from "../map-file.ts";
import { readSurvey, type SegmentSurvey } from "./survey.ts";

const MOST_LOOKS = 3;

/**
 * What is in the segment at `path`, without taking part in it: nothing is written, no seat is taken, and others may change it meanwhile. Throws `io`,
 * `not-an-offheap-file`, `unsupported-format`, `layout-mismatch`, `corrupt`.
 */
export function surveySegment(path: string): SegmentSurvey {
  for (let look = 1; ; look++) {
    using memory = mapFile(path);
    const survey = readSurvey(memory);
    // It may have grown after it was mapped.
    if (survey.usedByteLength <= survey.byteLength || look === MOST_LOOKS) return survey;
  }
}
