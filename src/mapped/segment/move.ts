import { MemoryError } from "../../core/errors.ts";
import type { StructureRecord } from "./directory.ts";
import type { Extent } from "./extents.ts";
import type { KindReader, Relocation } from "./kind.ts";
import type { SegmentCore } from "./segment-core.ts";
import { PAGE_BYTES } from "./segment-layout.ts";

/** A block of a structure, and where its copy goes. */
interface Step {
  readonly from: Extent;
  readonly page: number;
}

/**
 * Moves a structure that nobody uses, with all its blocks: to the first free pages before where they are, or behind all others. False when there is no room, or what it says of itself
 * cannot be followed; then nothing has changed. Needs the lock.
 *
 * Whoever dies in it leaves the structure where it was or where it was to go: the copies are taken and made while nothing leads to them; one change of the directory
 * makes them the structure. What is not reached before that or after it names the seat that took it, and is freed with that.
 */
export function moveStructure(
  core: SegmentCore,
  record: StructureRecord,
  reader: KindReader,
  blocks: readonly Extent[],
  direction: "down" | "up",
): boolean {
  const { memory, directory, log, seats } = core;
  const owner = record.index + 1;
  const steps = takeAll(core, owner, blocks, direction);
  if (steps === undefined) return false;
  const relocation = new Copies(memory.subject, record, steps);
  for (const { from, page } of steps) {
    memory.u8.copyWithin(page * PAGE_BYTES, from.page * PAGE_BYTES, (from.page + from.pages) * PAGE_BYTES);
  }
  try {
    reader.relocate?.(memory, relocation);
  } catch (error) {
    giveAll(
      core,
      steps.map(({ page }) => page),
    );
    if (error instanceof MemoryError) return false;
    throw error;
  }
  // From here on whoever finds this participant dead frees those of them that are not reached.
  for (const { from } of steps) assign(core, from.page, owner, seats.seat);
  directory.write({ ...record, byteOffset: relocation.to });
  log.commit();
  giveAll(
    core,
    steps.map(({ from }) => from.page),
  );
  for (const { page } of steps) assign(core, page, owner, 0);
  return true;
}

function assign({ extents, log }: SegmentCore, page: number, owner: number, seat: number): void {
  const extent = extents.find(page);
  if (extent !== undefined) extents.assign(extent, owner, seat);
  log.commit();
}

/** Takes room for all blocks; undefined when there is none for one of them, or, further down, when that would not be a gain. */
function takeAll(core: SegmentCore, owner: number, blocks: readonly Extent[], direction: "down" | "up"): Step[] | undefined {
  const { extents, log, seats } = core;
  const steps: Step[] = [];
  const end = blocks.reduce((last, { page }) => Math.max(last, page), 0);
  // The long ones first: they fit into the fewest places.
  for (const from of [...blocks].sort((a, b) => b.pages - a.pages)) {
    let page = 0;
    try {
      page =
        direction === "up"
          ? extents.takeTop(from.pages, owner, seats.seat)
          : extents.takeBefore(end, from.pages, owner, seats.seat);
    } catch (error) {
      if (!(error instanceof MemoryError && error.code === "disk-full")) throw error;
    }
    if (page === 0) {
      log.discard();
      break;
    }
    log.commit();
    steps.push({ from, page });
  }
  const gain = steps.reduce((sum, { from, page }) => sum + (from.page - page) * from.pages, 0);
  if (steps.length === blocks.length && (direction === "up" || gain > 0)) return steps;
  giveAll(
    core,
    steps.map(({ page }) => page),
  );
  return undefined;
}

function giveAll({ extents, log }: SegmentCore, pages: readonly number[]): void {
  for (const page of pages) {
    const extent = extents.find(page);
    if (extent !== undefined) extents.release(extent);
    log.commit();
  }
}

class Copies implements Relocation {
  readonly from: number;
  readonly to: number;
  readonly #subject: string;
  /** By where they were. */
  readonly #steps: readonly Step[];

  constructor(memorySubject: string, { kind, name, byteOffset }: StructureRecord, steps: readonly Step[]) {
    this.#subject = `${kind} "${name}" in ${memorySubject}`;
    this.#steps = [...steps].sort((a, b) => a.from.page - b.from.page);
    this.from = byteOffset;
    this.to = this.placeOf(byteOffset);
  }

  readonly placeOf = (byteOffset: number): number => {
    const steps = this.#steps;
    let [low, high] = [0, steps.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (steps[middle].from.page * PAGE_BYTES <= byteOffset) low = middle;
      else high = middle - 1;
    }
    const { from, page } = steps[low];
    const within = byteOffset - from.page * PAGE_BYTES;
    if (within >= 0 && within < from.pages * PAGE_BYTES) return page * PAGE_BYTES + within;
    throw new MemoryError("corrupt", {
      subject: this.#subject,
      event: "leads to a place that is not its own",
      numbers: { byteOffset },
      cure: "Verify the segment; delete it and make it anew.",
    });
  };
}
