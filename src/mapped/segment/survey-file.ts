import { mapFile } from "../map-file.ts";
import { readSurvey, type SegmentSurvey } from "./survey.ts";

/**
 * What is in the segment at `path`, without taking part in it: nothing is written, no seat is taken, and others may change it meanwhile. Throws `io`,
 * `not-an-offheap-file`, `unsupported-format`, `layout-mismatch`, `corrupt`.
 */
export function surveySegment(path: string): SegmentSurvey {
  using memory = mapFile(path);
  return readSurvey(memory);
}
