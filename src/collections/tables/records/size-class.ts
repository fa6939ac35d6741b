/**
 * Sizes of blocks within a shard, in units of 8 bytes: 3 … 8 exactly, then four to a doubling, so that at most a quarter of a block is not asked for.
 * Beyond the last class a block is as long as what was asked for.
 */
export const CLASS_COUNT = 64;
/** The class of all blocks that are longer than the longest class. */
export const LARGE: number = CLASS_COUNT - 1;
export const LEAST_UNITS = 3;

/** The least class whose blocks hold `units`. */
export function classOf(units: number): number {
  if (units <= 8) return units <= LEAST_UNITS ? 0 : units - LEAST_UNITS;
  const shift = 29 - Math.clz32(units - 1);
  return Math.min(LARGE, shift * 4 - 2 + ((units - 1) >>> shift));
}

function unitsOfClass(of: number): number {
  if (of < 6) return of + LEAST_UNITS;
  const shift = (of + 2 - 4) >> 2;
  return (of + 2 - shift * 4 + 1) << shift;
}

/** The units of a block of each class but LARGE. */
export const CLASS_UNITS: readonly number[] = Array.from({ length: LARGE }, (_, of) => unitsOfClass(of));
export const MOST_CLASS_UNITS: number = CLASS_UNITS[LARGE - 1];

/** The units that a block for `units` takes. */
export function roundedUnits(units: number): number {
  const of = classOf(units);
  return of === LARGE ? units : CLASS_UNITS[of];
}

/** The greatest class whose blocks fit into `units`, which are at least LEAST_UNITS. */
export function classWithin(units: number): number {
  const of = classOf(units);
  return of === LARGE || CLASS_UNITS[of] > units ? of - (of === LARGE && units > MOST_CLASS_UNITS ? 0 : 1) : of;
}
