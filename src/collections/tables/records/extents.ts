import type { Ptr } from "../../../core/brand.ts";
import type { TableBlock } from "../record-table-place.ts";
import { EXTENTS, KIND, Kind, MOST_EXTENTS, SHARD_WORDS, TOP } from "./layout.ts";
import type { RecordStore } from "./store.ts";

type AnyStore = RecordStore<unknown, unknown, never>;

/**
 * Takes those extents out of a shard's table that cannot be: outside of the memory, over the head, or where another shard is. The first of two that
 * overlap stays, whosever it is. In a table with a region of its own, `top` comes to lie behind all extents.
 */
export function soundExtents(store: AnyStore, shard: number): void {
  const { memory, parts } = store;
  const { u32 } = memory;
  const headEnd = (parts.shardsByteOffset + parts.shards * SHARD_WORDS * 4) / 8;
  const taken = othersOf(store, shard);
  const sound: (readonly [ref: number, units: number])[] = [];
  for (let at = shard + EXTENTS; at < shard + EXTENTS + MOST_EXTENTS * 2; at += 2) {
    const [ref, units] = [u32[at], u32[at + 1]];
    if (ref === 0) continue;
    const lies = ref % 8 === 0 && units !== 0 && (ref + units) * 8 <= memory.byteLength;
    const isOutside = ref >= headEnd || ref + units <= parts.byteOffset / 8;
    if (lies && isOutside && ![...taken, ...sound].some(([other, length]) => ref < other + length && other < ref + units)) {
      sound.push([ref, units]);
    } else {
      // In place: moving others would be a moment at which a power failure loses them.
      u32[at] = 0;
    }
  }
  raiseTop(store, headEnd, [...taken, ...sound]);
}

/** All blocks that a table reaches besides its head, in bytes. */
export function* extentBlocks(store: AnyStore): Generator<TableBlock> {
  for (let number = 0; number < store.parts.shards; number++) {
    for (const { ref, units } of store.room.extents(store.wordOf(number))) yield { ptr: (ref * 8) as Ptr, byteSize: units * 8 };
  }
}

function othersOf(store: AnyStore, shard: number): (readonly [ref: number, units: number])[] {
  const found: (readonly [ref: number, units: number])[] = [];
  for (let number = 0; number < store.parts.shards; number++) {
    const other = store.wordOf(number);
    if (other !== shard) for (const { ref, units } of store.room.extents(other)) found.push([ref, units]);
  }
  return found;
}

function raiseTop({ memory, parts }: AnyStore, headEnd: number, extents: readonly (readonly [ref: number, units: number])[]): void {
  const head = parts.byteOffset / 4;
  if ((memory.i32[head + KIND] & Kind.REGION) === 0) return;
  const end = extents.reduce((most, [ref, units]) => Math.max(most, ref + units), headEnd);
  const top = Math.ceil((end * 8 - parts.byteOffset) / 64);
  const found = memory.u32[head + TOP];
  // Beyond the memory it is damaged, below the extents it was not saved.
  if (found < top || parts.byteOffset + found * 64 > memory.byteLength) memory.i32[head + TOP] = top;
}
