import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { alignUp, checkByteLength } from "../../core/align.ts";
import { checkCount } from "../../core/check-count.ts";
import { checkTimeout } from "../../core/deadline.ts";
import { MemoryError } from "../../core/errors.ts";
import { Memory } from "../../core/memory.ts";
import type { Participant } from "../../core/participant.ts";
import { GiB } from "../../core/size.ts";
import type { Ticket } from "../../core/ticket.ts";
import { attach } from "../attach.ts";
import { HEADER_BYTES, SEGMENT } from "../file-header.ts";
import { makeUnlessThere } from "../file-image.ts";
import { mapFile } from "../map-file.ts";
import { MappedMemory } from "../mapped-memory.ts";
import { checkOpenMode } from "../open-mode.ts";
import { participantIn } from "../participants.ts";
import { checkBufferLength } from "../reservation.ts";
import { blocksOf } from "./blocks.ts";
import { joinSegment } from "./join.ts";
import type { KindReader } from "./kind.ts";
import { SegmentPresence } from "./presence.ts";
import type { ReadOnlySegment } from "./read-only-segment.ts";
import { type ReadSegmentOptions, readSegment } from "./read-segment.ts";
import type { Segment } from "./segment.ts";
import type { Blocks } from "./segment-core.ts";
import { emptySegment } from "./segment-format.ts";
import { FIRST_PAGE, MOST_BYTES, MOST_SEATS, PAGE_BYTES } from "./segment-layout.ts";

export interface OpenSegmentOptions {
  /** Default `"readWrite"`. With `"read"` it takes no part and stores nothing: see {@link ReadOnlySegment}. */
  readonly mode?: "readWrite";
  /**
   * The most bytes that it can ever grow to: address space, not memory or disk. Of use when it is made; whoever opens it later reserves as much. Default 1 GiB;
   * in a memory, as far as that can grow.
   */
  readonly reserve?: number;
  /** How many threads and processes can have it open at once, at most 62. Of use when it is made. Default 62. */
  readonly seats?: number;
  /** How long to wait for others who are in the middle of a change. Default 10 000. */
  readonly timeoutMs?: number;
  /** In a memory that is not mapped: who this is, and who is alive. For mapped ones the kernel knows. */
  readonly participant?: Participant;
  /** How blocks of the program's own kinds are found: without it what a killed participant has taken for one stays taken. */
  readonly readers?: readonly KindReader[];
}

const DEFAULT_RESERVE = GiB(1);
/** For a memory that has all its blocks since it was grown to its end. */
const NO_BLOCKS: Blocks = { give: () => {}, takeBack: () => {} };

/**
 * Opens a segment, and makes it where there is none: a file by its path, a memory that has nothing else in it, or by the ticket of one that another thread or
 * process has open. See {@link Segment}; with `{ mode: "read" }`, which makes nothing, {@link ReadOnlySegment}. A new file appears whole, whoever else comes at the same moment or is killed.
 *
 * Throws `io`, `disk-full`, `not-an-offheap-file`, `unsupported-format`, `layout-mismatch` (a data set), `corrupt` (cut short, damaged), `locked`,
 * `out-of-memory` (no seat left, or no such address space), `read-only`, `unsupported`.
 */
export function openSegment(source: string | Memory | Ticket, options: ReadSegmentOptions): ReadOnlySegment;
export function openSegment(source: string | Memory | Ticket, options?: OpenSegmentOptions): Segment;
export function openSegment(
  source: string | Memory | Ticket,
  options: OpenSegmentOptions | ReadSegmentOptions = {},
): Segment | ReadOnlySegment {
  checkSource(source);
  if (options.mode === "read") return readSegment(source, options);
  checkOptions(options);
  if (typeof source === "string") return openFile(source, options);
  if ("offheap" in source) return openOwned(attach(source), options, undefined);
  return openIn(source, options);
}

function openFile(path: string, options: OpenSegmentOptions): Segment {
  const subject = `segment ${path}`;
  const { reserve = DEFAULT_RESERVE, seats = MOST_SEATS } = options;
  checkBufferLength(subject, reserve);
  const byteLength = wholePages(reserve);
  makeUnlessThere(subject, path, { format: SEGMENT, bytes: () => newImage(byteLength, seats), byteLength });
  // Shared: whoever has mapped the file for himself alone, `{ lock: "exclusive" }`, keeps it.
  return openOwned(mapFile(path, { mode: "readWrite", lock: "shared" }), options, resolve(path));
}

/** In a memory of the caller's, which stays open when the segment is closed. */
function openIn(memory: Memory, options: OpenSegmentOptions): Segment {
  if (memory.readOnly) throwReadOnly(memory);
  const { reserve = memory.maxByteLength, seats = MOST_SEATS } = options;
  memory.grow(memory.maxByteLength);
  if (memory.u8.subarray(0, HEADER_BYTES).every((byte) => byte === 0)) {
    const most = memory.maxByteLength - (memory.maxByteLength % PAGE_BYTES);
    memory.checkRange(0, FIRST_PAGE * PAGE_BYTES);
    const image = newImage(Math.min(wholePages(reserve), most), seats);
    memory.u8.set(image.subarray(8), 8);
    memory.u8.set(image.subarray(0, 8));
  }
  return join(memory, options, undefined, false);
}

/** In a memory that is closed with the segment. */
function openOwned(memory: Memory, options: OpenSegmentOptions, path: string | undefined): Segment {
  if (!memory.readOnly) return join(memory, options, path, true);
  memory.close();
  throwReadOnly(memory);
}

function join(memory: Memory, options: OpenSegmentOptions, path: string | undefined, ownsMemory: boolean): Segment {
  const { participant = {}, timeoutMs, readers = [] } = options;
  const rest = { readers, ...(path === undefined ? {} : { path }), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  const end = (): void => {
    if (ownsMemory) memory.close();
  };
  if (!(memory instanceof MappedMemory) || memory.origin === undefined) {
    return joinSegment({ ...rest, memory, participant, blocks: NO_BLOCKS, flush: () => {}, flushAsync: async () => {}, end });
  }
  const opened: Disposable[] = [];
  const endAll = (): void => {
    for (const one of opened.splice(0)) one[Symbol.dispose]();
    end();
  };
  try {
    const presence = new SegmentPresence(memory);
    opened.push(presence);
    const there = participantIn(memory);
    opened.push(there);
    const blocks = ownsMemory ? blocksOf(memory) : NO_BLOCKS;
    const disk = { blocks, flush: () => memory.flush(), flushAsync: () => memory.flushAsync() };
    return joinSegment({ ...rest, ...disk, memory, participant: there, presence, end: endAll });
  } catch (error) {
    endAll();
    throw error;
  }
}

function newImage(reserve: number, seats: number): Uint8Array {
  return emptySegment({ reserve, seats, identity: randomBytes(8).toString("hex") });
}

function wholePages(reserve: number): number {
  return alignUp(Math.max(reserve, FIRST_PAGE * PAGE_BYTES), PAGE_BYTES);
}

function checkSource(source: unknown): void {
  if (
    typeof source === "string" ||
    source instanceof Memory ||
    (typeof source === "object" && source !== null && "offheap" in source)
  )
    return;
  throw new MemoryError("invalid-argument", {
    subject: "openSegment",
    event: "was given nothing that a segment can lie in",
    numbers: { source: source === null ? "null" : typeof source },
    cure: "Pass a path, a memory, or what `segment.ticket()` has returned.",
  });
}

function checkOptions({ mode = "readWrite", reserve, seats, timeoutMs = 0 }: OpenSegmentOptions): void {
  checkOpenMode("openSegment", mode);
  checkTimeout("openSegment", timeoutMs);
  if (reserve !== undefined) checkByteLength("openSegment", "reserve", reserve, 0, MOST_BYTES);
  if (seats !== undefined) checkCount("openSegment", "seats", seats, 1, MOST_SEATS);
}

function throwReadOnly(memory: Memory): never {
  throw new MemoryError("read-only", {
    subject: `segment in ${memory.subject}`,
    event: "cannot be taken part in without writing",
    cure: 'Map it for writing, or only read it: openSegment(source, { mode: "read" }).',
  });
}
