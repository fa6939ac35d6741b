import { DELETING, type Directory, MAKING, READY } from "./directory.ts";
import type { Extents } from "./extents.ts";
import type { RecordTable } from "./record-table.ts";
import { BACKED, FREE, PAGE_BYTES, PARTS, SEGMENT_ITSELF, STATE_CHECK } from "./segment-layout.ts";
import type { SegmentLog } from "./segment-log.ts";

/** The parts of a segment that are checked against each other. */
export interface CheckedParts {
  readonly log: SegmentLog;
  readonly extents: Extents;
  readonly directory: Directory;
  readonly reserve: number;
}

/** What contradicts the invariants in segment-layout.ts; empty when sound. Needs the lock, or that nobody writes. Looks at all records, and at no structure's bytes. */
export function checkSegment(parts: CheckedParts): string[] {
  const { log, extents, directory, reserve } = parts;
  if (log.get(STATE_CHECK) !== log.stateCheck()) return ["the state does not fit its check"];
  const top = extents.top;
  const backed = log.get(BACKED) >>> 0;
  if (top > backed || backed * PAGE_BYTES > reserve)
    return [`${top} pages, ${backed} with blocks, and ${reserve} bytes in all are out of order`];
  const found = [...checkTable("extents", extents.table, top), ...checkTable("directory", directory.table, top)];
  if (found.length > 0) return found;
  found.push(...extents.check(), ...directory.check());
  return found.length > 0 ? found : checkOwners(extents, directory);
}

/** The parts of a table lie within the segment, one after the other without a gap in their numbers, and its records in them. */
function checkTable(name: string, table: RecordTable, top: number): string[] {
  const parts = Array.from({ length: PARTS }, (_, part) => table.part(part));
  const missing = parts.findIndex(({ pages }) => pages === 0);
  const there = missing < 0 ? PARTS : missing;
  if (there === 0 || parts.slice(there).some(({ pages }) => pages > 0)) return [`a part of the ${name} is missing`];
  const outside = parts.findIndex(({ page, pages }) => page + pages > top);
  if (outside >= 0) return [`part ${outside} of the ${name} lies at page ${parts[outside].page}, behind the end`];
  if (table.count < 0 || table.count > table.capacity)
    return [`the ${name} have ${table.count} records, and room for ${table.capacity}`];
  return [];
}

/** Every extent belongs to somebody, and everybody has the extents that are told. */
function checkOwners(extents: Extents, directory: Directory): string[] {
  const found: string[] = [];
  const byPage = new Map([...extents.all()].map((extent) => [extent.page, extent]));
  for (const { page, owner } of byPage.values()) {
    if (owner === FREE || owner === SEGMENT_ITSELF) continue;
    const isThere = owner <= directory.table.count && directory.at(owner - 1).state !== 0;
    if (!isThere) found.push(`the extent at page ${page} belongs to structure ${owner}, which is not there`);
  }
  for (const { index, name, state, byteOffset, byteLength } of directory.all()) {
    if (state === MAKING || state === DELETING) continue;
    const head = byPage.get(byteOffset / PAGE_BYTES);
    const isIts = state === READY && head?.owner === index + 1 && head.pages * PAGE_BYTES >= byteLength;
    if (!isIts) found.push(`"${name}" has no extent at ${byteOffset}`);
  }
  for (const table of [extents.table, directory.table]) {
    for (let part = 1; table.part(part).pages > 0; part++) {
      const { page, pages } = table.part(part);
      const extent = byPage.get(page);
      if (extent?.owner !== SEGMENT_ITSELF || extent.pages !== pages) found.push(`a table has no extent at page ${page}`);
    }
  }
  return found;
}
