import { MemoryError } from "../../core/errors.ts";
import { privateMemory } from "../../core/homes.ts";
import type { Memory } from "../../core/memory.ts";
import { fingerprintFromWords, fingerprintWords } from "../../layout/fingerprint.ts";
import { checkFileHeader, cutShort, newFileHeader, SEGMENT, sealFileHeader } from "../file-header.ts";
import {
  BACKED,
  checkOf,
  DIRECTORY_PAGE,
  EXTENT_PARTS,
  EXTENTS_PAGE,
  FIRST_PAGE,
  MOST_SEATS,
  NEXT_ID,
  PAGE_BYTES,
  STATE,
  STATE_CHECK,
  STATE_WORDS,
  STRUCTURE_PARTS,
  TOP,
} from "./segment-layout.ts";

/** What the header of a segment says besides what every file's does. */
export interface SegmentHeader {
  /** The most bytes that it can grow to. */
  readonly reserve: number;
  /** How many threads and processes can have it open at once. */
  readonly seats: number;
  /** 16 hexadecimal digits that tell it from all others. */
  readonly identity: string;
}

const RESERVE = 24;
const PAGE_SIZE = 32;
const SEATS = 36;
const IDENTITY = 40;

/** The first pages of a segment without structures. */
export function emptySegment({ reserve, seats, identity }: SegmentHeader): Uint8Array {
  const words = newFileHeader(SEGMENT);
  words.setFloat64(RESERVE, reserve, true);
  words.setUint32(PAGE_SIZE, PAGE_BYTES, true);
  words.setUint32(SEATS, seats, true);
  // Here the high word lies first.
  const [low, high] = fingerprintWords(identity);
  words.setInt32(IDENTITY, high, true);
  words.setInt32(IDENTITY + 4, low, true);
  const image = privateMemory(FIRST_PAGE * PAGE_BYTES);
  image.u8.set(sealFileHeader(words));
  writeEmptyState(image.i32);
  return image.bytes(0, FIRST_PAGE * PAGE_BYTES);
}

/** The state of a segment without structures; `changes` is left as it is. */
export function writeEmptyState(i32: Int32Array): void {
  i32.fill(0, TOP, STATE + STATE_WORDS);
  i32[TOP - 1] = 0;
  i32[TOP] = FIRST_PAGE;
  i32[NEXT_ID] = 1;
  i32[BACKED] = FIRST_PAGE;
  i32[EXTENT_PARTS] = EXTENTS_PAGE;
  i32[STRUCTURE_PARTS] = DIRECTORY_PAGE;
  i32[STATE_CHECK] = checkOf((word) => i32[word], STATE, STATE_WORDS - 1, 0);
}

/** The header of the segment in a memory. Throws `not-an-offheap-file`, `unsupported-format`, `layout-mismatch`, `corrupt`. */
export function readSegmentHeader(memory: Memory): SegmentHeader {
  checkFileHeader(memory, SEGMENT);
  const { u32, f64 } = memory;
  const header: SegmentHeader = {
    reserve: f64[RESERVE / 8],
    seats: u32[SEATS / 4],
    identity: fingerprintFromWords(u32[IDENTITY / 4 + 1], u32[IDENTITY / 4]),
  };
  const { reserve, seats } = header;
  const isSane = Number.isSafeInteger(reserve) && reserve >= FIRST_PAGE * PAGE_BYTES && seats >= 1 && seats <= MOST_SEATS;
  if (u32[PAGE_SIZE / 4] !== PAGE_BYTES || !isSane) {
    throw new MemoryError("corrupt", {
      subject: memory.subject,
      event: "has a header that makes no sense",
      numbers: { reserve, seats, pageByteLength: u32[PAGE_SIZE / 4] },
      cure: "Take a copy of it.",
    });
  }
  if (reserve > memory.byteLength) throw cutShort(memory.subject, memory.byteLength, reserve);
  return header;
}
