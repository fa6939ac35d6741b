/** Smaller runs of bytes are not handed out, and all blocks begin at a multiple of it. */
const GRAIN_BYTES = 8;
/** The largest block that shares a span with others. */
export const MOST_SMALL_BYTES = 8192;
export const PAGE_BYTES = 4096;
/** Blocks are numbered by grains from the beginning of their region. */
export const GRAINS_IN_PAGE: number = PAGE_BYTES / GRAIN_BYTES;

/**
 * The block sizes of the classes: every 8 bytes up to 128, then eight to each doubling, so that at most an eighth of a block is rounding. A
 * class number is an index into this list.
 */
export const CLASS_BYTES: Uint32Array = new Uint32Array(classSizes());

export const CLASS_COUNT: number = CLASS_BYTES.length;

/** The class of a size, by its number of grains, rounded up. */
export const CLASS_OF_GRAINS: Uint8Array = new Uint8Array(MOST_SMALL_BYTES / GRAIN_BYTES + 1);

/** The fewest pages that a span of the class takes: at least four blocks, and at most a sixteenth left over. */
export const LEAST_SPAN_PAGES: Uint8Array = new Uint8Array(CLASS_COUNT);

for (let of = 0, grains = 0; of < CLASS_COUNT; of++) {
  while (grains * GRAIN_BYTES <= CLASS_BYTES[of]) CLASS_OF_GRAINS[grains++] = of;
  LEAST_SPAN_PAGES[of] = leastSpanPages(CLASS_BYTES[of]);
}

/** The page that a block begins in. */
export function pageOfBlock(block: number): number {
  return Math.floor(block / GRAINS_IN_PAGE);
}

/** The class whose blocks hold `byteSize` bytes at any multiple of `align`, both not over their limits; at most CLASS_COUNT, which is none. */
export function alignedClass(byteSize: number, align: number): number {
  if (byteSize > MOST_SMALL_BYTES || align > PAGE_BYTES) return CLASS_COUNT;
  let found = CLASS_OF_GRAINS[(byteSize + GRAIN_BYTES - 1) >>> 3];
  while (found < CLASS_COUNT && (CLASS_BYTES[found] & (align - 1)) !== 0) found += 1;
  return found;
}

function classSizes(): number[] {
  const sizes: number[] = [];
  for (let size = GRAIN_BYTES; size <= 128; size += GRAIN_BYTES) sizes.push(size);
  for (let from = 128; from < MOST_SMALL_BYTES; from *= 2) {
    for (let eighth = 1; eighth <= 8; eighth++) sizes.push(from + (from / 8) * eighth);
  }
  return sizes;
}

function leastSpanPages(blockBytes: number): number {
  let pages = Math.ceil((blockBytes * 4) / PAGE_BYTES);
  while (((pages * PAGE_BYTES) % blockBytes) * 16 > pages * PAGE_BYTES) pages += 1;
  return pages;
}
