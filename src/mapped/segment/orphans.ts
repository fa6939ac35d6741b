import { MemoryError } from "../../core/errors.ts";
import { type CheckpointRecord, checkpointsOf } from "./checkpoint.ts";
import { READY, type StructureRecord } from "./directory.ts";
import type { Extent } from "./extents.ts";
import type { SegmentCore } from "./segment-core.ts";
import { FREE, PAGE_BYTES, SEGMENT_ITSELF } from "./segment-layout.ts";

/**
 * Frees extents that nothing reaches: those that were taken by who died before it could link them, and those that it had unlinked and not given back. Which
 * those are, the structures tell. Returns how many pages were freed. Needs the lock.
 *
 * `seat`: only what was taken from that seat, while others are at work. Without it nobody else may use the segment.
 */
export function freeOrphans(core: SegmentCore, seat?: number): number {
  const { extents, directory, log } = core;
  let freed = 0;
  const reached = new Map<number, ReadonlySet<number> | undefined>();
  const suspects = [...extents.all()].filter((extent) => extent.owner !== FREE && (seat === undefined || extent.seat === seat));
  for (const { page } of suspects) {
    // Freeing another may have moved its record.
    const extent = extents.find(page);
    if (extent === undefined) continue;
    const { owner } = extent;
    if (!reached.has(owner)) reached.set(owner, owner === SEGMENT_ITSELF ? ownPages(core) : pagesOf(core, directory.at(owner - 1)));
    const pages = reached.get(owner);
    // What cannot be told stays.
    if (pages === undefined) continue;
    if (!pages.has(page)) {
      extents.release(extent);
      freed += extent.pages;
    } else if (extent.seat !== 0) extents.assign(extent, owner, 0);
    log.commit();
  }
  return freed;
}

/** The first pages of all blocks that a structure reaches; undefined where that cannot be told. */
export function pagesOf(
  { memory, readers }: Pick<SegmentCore, "memory" | "readers">,
  record: StructureRecord,
): Set<number> | undefined {
  const reader = readers.of(record.kind, record.format);
  if (reader === undefined || record.state !== READY) return undefined;
  try {
    const { byteOffset, byteLength, fingerprint } = record;
    if (reader.check(memory, byteOffset, byteLength, fingerprint).length > 0) return undefined;
    const pages = new Set<number>();
    for (const { ptr } of reader.blocks(memory, byteOffset, byteLength)) pages.add(Math.floor(ptr / PAGE_BYTES));
    return pages;
  } catch (error) {
    if (error instanceof MemoryError) return undefined;
    throw error;
  }
}

/** Pages where extents of the segment itself begin: parts of its tables, and checkpoints. */
function ownPages({ memory, extents, directory }: SegmentCore): Set<number> {
  const pages = new Set(checkpointsOf(memory).map(({ page }: CheckpointRecord) => page));
  for (const table of [extents.table, directory.table]) {
    for (let part = 1; table.part(part).pages > 0; part++) pages.add(table.part(part).page);
  }
  return pages;
}

/**
 * Throws `corrupt` where a structure reaches pages that are not its own, as it can after a power failure: what it was linked to may be on the disk, and what the
 * segment knew of it not.
 */
export function checkReach(core: SegmentCore, record: StructureRecord): void {
  const strays = findStrays(core, record);
  if (strays.length === 0) return;
  throw new MemoryError("corrupt", {
    subject: `${record.kind} "${record.name}" in ${core.memory.subject}`,
    event: "reaches pages that are not its own",
    numbers: { page: strays[0], pages: strays.length },
    cure: "It was changed after the last flush, and then the power failed. Delete it and make it anew.",
  });
}

/** Pages that a structure reaches and that are not its own. */
export function findStrays(core: SegmentCore, record: StructureRecord): number[] {
  const pages = pagesOf(core, record);
  if (pages === undefined) return [];
  for (const { owner, page } of core.extents.all()) if (owner === record.index + 1) pages.delete(page);
  return [...pages];
}

/** Extents of structures that nothing reaches, as long as nobody is in the middle of taking one: for reports. */
export function findOrphans(core: SegmentCore): Extent[] {
  const reached = new Map<number, ReadonlySet<number> | undefined>();
  return [...core.extents.all()].filter(({ owner, page }) => {
    if (owner === FREE || owner === SEGMENT_ITSELF) return false;
    if (!reached.has(owner)) reached.set(owner, pagesOf(core, core.directory.at(owner - 1)));
    return reached.get(owner)?.has(page) === false;
  });
}
