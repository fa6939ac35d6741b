import { MemoryError } from "../../core/errors.ts";
import type { Memory } from "../../core/memory.ts";
import { type CheckedParts, checkSegment } from "./check-segment.ts";
import { throwCorrupt } from "./corrupt.ts";
import { Directory, READY, type StructureRecord } from "./directory.ts";
import { Extents } from "./extents.ts";
import { Readers } from "./readers.ts";
import { readSegmentHeader } from "./segment-format.ts";
import { BACKED, CHANGES, FIRST_PAGE, FREE, HOLE, PAGE_BYTES, SEGMENT_ITSELF } from "./segment-layout.ts";
import { SegmentLog } from "./segment-log.ts";

/** One structure of a segment, as its directory has it. */
export interface StructureSummary {
  readonly name: string;
  /** `pool`, `columns`, … */
  readonly kind: string;
  /** Of what it is, as its maker called it: `Particle`. */
  readonly type: string;
  /** How its bytes lie, as far as its types decide that: `{x:f64@0,y:f64@8}#16/8`. Undefined where that was too long to be kept. */
  readonly signature: string | undefined;
  /** 16 hexadecimal digits that stand for the signature. */
  readonly fingerprint: string;
  /** Where its first block begins. */
  readonly byteOffset: number;
  /** All pages that it has. */
  readonly byteLength: number;
}

/** A run of pages. */
export interface ExtentSummary {
  readonly byteOffset: number;
  readonly byteLength: number;
  /** The name of the structure that has them; undefined where they are free, or the segment's own. */
  readonly structure: string | undefined;
  readonly isFree: boolean;
}

/** What is in a segment, without the types of anything. */
export interface SegmentSurvey {
  readonly subject: string;
  /** 16 hexadecimal digits that tell this segment from all others. */
  readonly identity: string;
  /** The most bytes that it can grow to. */
  readonly reserve: number;
  /** Bytes that have room on the disk. */
  readonly backedByteLength: number;
  /** Bytes that are covered by extents, the segment's own first pages among them. */
  readonly usedByteLength: number;
  /** In the order of their making. */
  readonly structures: readonly StructureSummary[];
  /** In the order of their places. */
  readonly extents: readonly ExtentSummary[];
  /** What contradicts itself: the segment's own records, and the headers of its structures. */
  readonly problems: readonly string[];
}

export interface FoundRecord {
  readonly record: StructureRecord;
  /** Of its types, undefined where it was too long to be kept. */
  readonly signature: string | undefined;
}

const MOST_ATTEMPTS = 10_000;

/**
 * Looks at a segment without writing to it and without a lock, also while others change it. Throws what reading its header throws, and `locked` when it never
 * stands still.
 */
export function readSurvey(memory: Memory, readers: Readers = new Readers()): SegmentSurvey {
  const { reserve, identity } = readSegmentHeader(memory);
  return settled(memory, () => surveyOnce(memory, readers, reserve, identity));
}

/**
 * The record of a structure, undefined where there is none, found without writing and without a lock. Throws `corrupt`, and `locked` when it never stands
 * still.
 */
export function readRecord(memory: Memory, reserve: number, name: string): FoundRecord | undefined {
  return settled(memory, () => {
    const parts = partsOf(memory, reserve);
    const found = checkSegment(parts);
    if (found.length > 0) throwCorrupt(memory.subject, found);
    const record = parts.directory.find(name);
    return record?.state === READY ? { record, signature: parts.directory.signatureOf(record.index) } : undefined;
  });
}

/** What `look` finds while nothing is changed. What it throws when something was counts for nothing. */
function settled<Found>(memory: Memory, look: () => Found): Found {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const before = Atomics.load(memory.i32, CHANGES);
    let found: Found | undefined;
    let thrown: unknown;
    let isThrown = false;
    try {
      found = look();
    } catch (error) {
      [isThrown, thrown] = [true, error];
    }
    if (Atomics.load(memory.i32, CHANGES) !== before) continue;
    if (isThrown) throw thrown;
    return found as Found;
  }
  throw new MemoryError("locked", {
    subject: memory.subject,
    event: "was changed all the time while it was looked at",
    numbers: { attempts: MOST_ATTEMPTS },
    cure: "Open it for writing, or look at it again when less is going on.",
  });
}

function surveyOnce(memory: Memory, readers: Readers, reserve: number, identity: string): SegmentSurvey {
  const parts = partsOf(memory, reserve);
  const { extents, directory } = parts;
  const contradictions = checkSegment(parts);
  const told = { subject: memory.subject, identity, reserve, backedByteLength: (parts.log.get(BACKED) >>> 0) * PAGE_BYTES };
  if (contradictions.length > 0) return { ...told, usedByteLength: 0, structures: [], extents: [], problems: contradictions };
  const records = [...directory.all()].filter(({ state }) => state === READY).sort((a, b) => a.id - b.id);
  const bytes = new Map<number, number>();
  for (const { owner, pages } of extents.all()) bytes.set(owner, (bytes.get(owner) ?? 0) + pages * PAGE_BYTES);
  const names = new Map(records.map(({ index, name }) => [index + 1, name]));
  const runs = [...extents.all()].sort((a, b) => a.page - b.page);
  const holes = runs.reduce((sum, { owner, seat, pages }) => sum + (owner === FREE && seat === HOLE ? pages : 0), 0);
  const own = { byteOffset: 0, byteLength: FIRST_PAGE * PAGE_BYTES, structure: undefined, isFree: false };
  return {
    ...told,
    backedByteLength: told.backedByteLength - holes * PAGE_BYTES,
    usedByteLength: extents.top * PAGE_BYTES,
    structures: records.map(({ index, name, kind, type, fingerprint, byteOffset }) => {
      const signature = directory.signatureOf(index);
      return { name, kind, type, signature, fingerprint, byteOffset, byteLength: bytes.get(index + 1) ?? 0 };
    }),
    extents: [
      own,
      ...runs.map(({ page, pages, owner }) => {
        const structure = owner === SEGMENT_ITSELF ? undefined : names.get(owner);
        return { byteOffset: page * PAGE_BYTES, byteLength: pages * PAGE_BYTES, structure, isFree: owner === FREE };
      }),
    ],
    problems: headerProblems(memory, readers, records),
  };
}

/** State, extents and directory as they are, or as the change that is being made makes them. */
function partsOf(memory: Memory, reserve: number): CheckedParts {
  const log = new SegmentLog(memory);
  for (const [word, value] of log.peek()) log.set(word, value);
  return {
    log,
    extents: new Extents(
      log,
      () => false,
      () => {},
    ),
    directory: new Directory(log),
    reserve,
  };
}

function headerProblems(memory: Memory, readers: Readers, records: readonly StructureRecord[]): string[] {
  return records.flatMap(({ name, kind, format, fingerprint, byteOffset, byteLength }) => {
    const found = readers.of(kind, format)?.check(memory, byteOffset, byteLength, fingerprint) ?? [];
    return found.map((problem) => `${kind} "${name}" ${problem}`);
  });
}
