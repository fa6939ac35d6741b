import { MemoryError } from "../../core/errors.ts";
import { areCheckpointsLow } from "./checkpoint.ts";
import { READY, type StructureRecord } from "./directory.ts";
import type { Extent } from "./extents.ts";
import type { KindReader } from "./kind.ts";
import { moveStructure } from "./move.ts";
import type { SegmentCore } from "./segment-core.ts";
import { FREE, PAGE_BYTES } from "./segment-layout.ts";

/**
 * Moves structures together and gives back the blocks that nothing needs then. Moved is what nobody uses and what can be moved: see `KindReader.canMove`. Each sinks to the first free pages
 * that all its blocks fit into; what lies behind free pages that are too short for all is first lifted to the end, once, so that they join with its own. What cannot be moved stays,
 * and what is free between such gives its blocks back to the disk where it lies.
 *
 * `save` puts names and pages on the disk: after each move, before the pages that it has left are used again, so that a power failure goes back to none that are
 * not there any more. Returns how many bytes of the disk were given back. Needs the lock.
 */
export function compactSegment(core: SegmentCore, isUsed: IsUsed, save: (sinks?: boolean) => void): number {
  const lifted = new Set<number>();
  const moveAll = (): void => {
    do sinkAll(core, isUsed, save);
    while (liftOne(core, isUsed, save, lifted));
  };
  moveAll();
  if (!areCheckpointsLow(core)) {
    // Both of them: they are written in turns.
    save(true);
    save(true);
    moveAll();
  }
  return core.trim(save);
}

type IsUsed = (record: StructureRecord) => boolean;

function sinkAll(core: SegmentCore, isUsed: IsUsed, save: () => void): void {
  for (const { record, reader, blocks } of movable(core, isUsed)) {
    if (moveStructure(core, record, reader, blocks, "down")) save();
  }
}

/** Lifts the first that lies behind free pages. False when there is none that was not lifted before, or no room behind the end. */
function liftOne(core: SegmentCore, isUsed: IsUsed, save: () => void, lifted: Set<number>): boolean {
  const freeEnds = new Set<number>();
  for (const { owner, page, pages } of core.extents.all()) if (owner === FREE) freeEnds.add(page + pages);
  for (const { record, reader, blocks } of movable(core, isUsed)) {
    if (lifted.has(record.id) || !blocks.some(({ page }) => freeEnds.has(page))) continue;
    lifted.add(record.id);
    if (!moveStructure(core, record, reader, blocks, "up")) continue;
    save();
    return true;
  }
  return false;
}

interface Movable {
  readonly record: StructureRecord;
  readonly reader: KindReader;
  /** Its extents, the lowest first. */
  readonly blocks: readonly Extent[];
}

/** What can be moved now, the lowest first. Looked at one by one: each move changes what is there. */
function* movable(core: SegmentCore, isUsed: IsUsed): Generator<Movable, void, undefined> {
  const { directory, readers, memory } = core;
  const all = [...directory.all()].filter(({ state }) => state === READY).sort((a, b) => a.byteOffset - b.byteOffset);
  for (const record of all) {
    const reader = readers.of(record.kind, record.format);
    if (reader?.canMove === undefined || isUsed(record)) continue;
    const { byteOffset, byteLength, fingerprint } = record;
    if (reader.check(memory, byteOffset, byteLength, fingerprint).length > 0) continue;
    if (!reader.canMove(memory, byteOffset, fingerprint)) continue;
    const blocks = extentsOf(core, record, reader);
    if (blocks !== undefined) yield { record, reader, blocks };
  }
}

/** The extents that a structure reaches, all of which are its own; undefined where it is not so, or cannot be told. */
function extentsOf(
  { memory, extents }: SegmentCore,
  { index, byteOffset, byteLength }: StructureRecord,
  reader: KindReader,
): Extent[] | undefined {
  const found: Extent[] = [];
  try {
    for (const { ptr, byteSize } of reader.blocks(memory, byteOffset, byteLength)) {
      const extent = ptr % PAGE_BYTES === 0 ? extents.find(ptr / PAGE_BYTES) : undefined;
      if (extent?.owner !== index + 1 || extent.pages * PAGE_BYTES < byteSize) return undefined;
      found.push(extent);
    }
  } catch (error) {
    if (error instanceof MemoryError) return undefined;
    throw error;
  }
  return found.sort((a, b) => a.page - b.page);
}
