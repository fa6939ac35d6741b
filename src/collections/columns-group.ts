import type { ColumnsBlock } from "./columns-block.ts";
import { readCell } from "./columns-cells.ts";

/**
 * The rows of an order by column `k`, cut where the value changes: for each value the numbers of its rows, which rise. The arrays are parts of one.
 * Values are equal as keys of a Map are: NaN to itself, 0 to -0; bytes when they are the same bytes.
 */
export function groupRuns(block: ColumnsBlock, k: number, order: Uint32Array): Map<unknown, Uint32Array> {
  const groups = new Map<unknown, Uint32Array>();
  let start = 0;
  let value = order.length === 0 ? undefined : readCell(block, k, order[0]);
  for (let i = 1; i <= order.length; i++) {
    const next = i === order.length ? undefined : readCell(block, k, order[i]);
    if (i < order.length && isSame(next, value)) continue;
    groups.set(value, order.subarray(start, i));
    start = i;
    value = next;
  }
  return groups;
}

function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return a.every((byte, at) => byte === b[at]);
  return a === b || Object.is(a, b);
}
