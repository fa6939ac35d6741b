import { READY, type StructureRecord } from "./directory.ts";
import type { SegmentCore } from "./segment-core.ts";
import { PAGE_BYTES } from "./segment-layout.ts";

/**
 * Moves structures to where lower pages are free, and gives back the blocks that nothing needs then. Moved is what nobody uses and what can be: whose one block can lie
 * elsewhere. Each move is whole or not there: the copy is made in pages that are the structure's already, and then the directory says where it is; a copy that was
 * not finished is reached by nobody. `save` puts names and pages on the disk: after each move, before the pages that it has left are used again, so that a power failure
 * goes back to none that are not there any more. Returns how many bytes of the disk were given back. Needs the lock.
 */
export function compactSegment(core: SegmentCore, isUsed: (record: StructureRecord) => boolean, save: () => void): number {
  const records = [...core.directory.all()].filter(({ state }) => state === READY).sort((a, b) => a.byteOffset - b.byteOffset);
  for (const record of records) {
    const isMovable = core.readers.of(record.kind, record.format)?.isMovable === true;
    if (isMovable && !isUsed(record) && move(core, record)) save();
  }
  return core.trim(save);
}

function move({ memory, extents, directory, log, seats }: SegmentCore, record: StructureRecord): boolean {
  const page = record.byteOffset / PAGE_BYTES;
  const old = extents.find(page);
  if (old === undefined || old.owner !== record.index + 1) return false;
  const to = extents.takeBefore(page, old.pages, old.owner, seats.seat);
  if (to === 0) {
    log.discard();
    return false;
  }
  log.commit();
  memory.u8.copyWithin(to * PAGE_BYTES, page * PAGE_BYTES, (page + old.pages) * PAGE_BYTES);
  directory.write({ ...record, byteOffset: to * PAGE_BYTES });
  const moved = extents.find(to);
  if (moved !== undefined) extents.assign(moved, old.owner, 0);
  const left = extents.find(page);
  if (left !== undefined) extents.release(left);
  log.commit();
  return true;
}
