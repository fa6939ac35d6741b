import type { Ptr } from "../../core/brand.ts";
import { NIL } from "../../core/brand.ts";
import type { Memory } from "../../core/memory.ts";
import type { StringHeap } from "./string-heap.ts";

const GROUP_IDS = 16;
const GROUP_WORDS = 5;
/** Words of a table: a ref for each id of a group. */
export const TABLE_WORDS = GROUP_IDS;
const SEGMENT_IDS = 1 << 14;
const MOST_OFFSET = 0xff;

/**
 * Where the string of each id is, in a byte and a quarter: records are written one behind the other, so a byte says how far one lies behind the first of sixteen. A look
 * from an id to its string waits for memory twice, and for this the less the more of it fits into caches.
 *
 *     segment k     | group | …                                     of the ids k << 14 …; the first segment grows up to that
 *
 *     group         0          4      5
 *                   | base u32 | 0 u8 | offset u8 × 15 |            of 16 ids: their refs are base + offset, the first one's is base
 *                   | table    | 1 u8 | …              |            where one lies too far away: table is the word of 16 refs u32
 *
 * But for the small first one no segment moves. Id 0 is none; what is told of it lies in the memory.
 */
export class StringRefs {
  readonly #heap: StringHeap;
  readonly #memory: Memory;
  /** The first word of each segment. */
  readonly #segments: number[] = [];
  /** Ids that the segments have room for, id 0 among them. */
  #roomIds = 0;

  constructor(heap: StringHeap) {
    this.#heap = heap;
    this.#memory = heap.memory;
  }

  /** The ref of an id that there is. */
  of(id: number): number {
    const { u8, u32 } = this.#memory;
    const group = this.#groupOf(id);
    const offset = u8[group * 4 + 4 + (id & (GROUP_IDS - 1))];
    return u8[group * 4 + 4] === 0 ? u32[group] + offset : u32[u32[group] + (id & (GROUP_IDS - 1))];
  }

  /** Makes room for the next id. False when there is none, and then nothing has changed. */
  reach(id: number): boolean {
    return id < this.#roomIds || this.#grow();
  }

  /** Whether the next id can have this ref; else its group needs a table first. */
  takes(id: number, ref: number): boolean {
    if (opensGroup(id)) return true;
    const { u8, u32 } = this.#memory;
    const group = this.#groupOf(id);
    return u8[group * 4 + 4] !== 0 || (ref >= u32[group] && ref - u32[group] <= MOST_OFFSET);
  }

  /** Gives the group of the next id a table, which begins at this word. */
  addTable(id: number, table: number): void {
    const { u8, u32 } = this.#memory;
    const group = this.#groupOf(id);
    for (let at = 0; at < GROUP_IDS; at++) u32[table + at] = u32[group] + u8[group * 4 + 4 + at];
    u32[group] = table;
    u8[group * 4 + 4] = 1;
  }

  /** The ref of the next id, which its group takes. */
  add(id: number, ref: number): void {
    const { u8, u32 } = this.#memory;
    const group = this.#groupOf(id);
    if (opensGroup(id)) {
      u32[group] = ref;
      u32.fill(0, group + 1, group + GROUP_WORDS);
    } else if (u8[group * 4 + 4] === 0) {
      u8[group * 4 + 4 + (id & (GROUP_IDS - 1))] = ref - u32[group];
    } else {
      u32[u32[group] + (id & (GROUP_IDS - 1))] = ref;
    }
  }

  #groupOf(id: number): number {
    return this.#segments[id >>> 14] + ((id & (SEGMENT_IDS - 1)) >>> 4) * GROUP_WORDS;
  }

  /** The first segment doubles until it is as large as all others are. */
  #grow(): boolean {
    const known = this.#roomIds;
    const first = known < SEGMENT_IDS;
    const ids = first ? Math.max(GROUP_IDS, known * 2) : SEGMENT_IDS;
    const ptr = this.#heap.takeBlock(bytesOf(ids));
    if (ptr === NIL) return false;
    if (!first || known === 0) {
      this.#segments.push(ptr / 4);
      this.#roomIds += ids;
      return true;
    }
    const from = this.#segments[0];
    this.#memory.u32.copyWithin(ptr / 4, from, from + bytesOf(known) / 4);
    this.#segments[0] = ptr / 4;
    this.#heap.addRoom((from * 4) as Ptr, bytesOf(known));
    this.#roomIds = ids;
    return true;
  }
}

/** Whether an id is the first of its group. */
function opensGroup(id: number): boolean {
  return (id & (GROUP_IDS - 1)) === 0 || id === 1;
}

function bytesOf(ids: number): number {
  return (ids / GROUP_IDS) * GROUP_WORDS * 4;
}
