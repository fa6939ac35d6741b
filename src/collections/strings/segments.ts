import type { Memory } from "../../core/memory.ts";
import { throwLost, UNIT_BYTES } from "./shared-interner-layout.ts";
import type { SharedRoom } from "./shared-room.ts";

const FIRST_BITS = 4;
/** So many segments reach as far as ids do. */
const SEGMENT_COUNT = 28;

/**
 * An array of i32 words that grows and never moves, for any number of writers at once.
 *
 *     refs, in the head     | segment 0 | segment 1 | …           0: not there yet. Set once, by compare-and-swap
 *
 *     segment 0             elements 0 … 15
 *     segment k             elements (8 << k) … (16 << k) − 1
 *
 * Invariant: a segment whose ref is set is there, and began as zeros. This object remembers where segments lie, and looks into the head when it does not.
 */
export class Segments {
  readonly #memory: Memory;
  /** The word of the ref of segment 0. */
  readonly #refs: number;
  /** The word at which element 0 would lie, by segment; NaN: not known. */
  readonly #origins: number[] = new Array<number>(SEGMENT_COUNT).fill(Number.NaN);

  constructor(memory: Memory, refsWord: number) {
    this.#memory = memory;
    this.#refs = refsWord;
  }

  /** The word of an element; NaN where its segment is not there. */
  wordOf(element: number): number {
    const segment = 28 - Math.clz32(element | 15);
    const origin = this.#origins[segment];
    return (Number.isNaN(origin) ? this.#find(segment) : origin) + element;
  }

  /** Makes sure that an element is there. False when there is no room. */
  reach(element: number, room: SharedRoom): boolean {
    if (!Number.isNaN(this.wordOf(element))) return true;
    const segment = 28 - Math.clz32(element | 15);
    const byteLength = lengthOf(segment) * 4;
    const ref = room.takeBlock(byteLength);
    if (ref === 0) return false;
    const { i32 } = this.#memory;
    i32.fill(0, ref * 2, ref * 2 + byteLength / 4);
    if (Atomics.compareExchange(i32, this.#refs + segment, 0, ref) !== 0) room.giveBack(ref, byteLength);
    return true;
  }

  /** Number, ref and length of each segment that is there. */
  *blocks(): Generator<{ readonly segment: number; readonly ref: number; readonly byteLength: number }, void, undefined> {
    for (let segment = 0; segment < SEGMENT_COUNT; segment++) {
      const ref = Atomics.load(this.#memory.i32, this.#refs + segment);
      if (ref !== 0) yield { segment, ref, byteLength: lengthOf(segment) * 4 };
    }
  }

  #find(segment: number): number {
    const ref = Atomics.load(this.#memory.i32, this.#refs + segment);
    if (ref === 0) return Number.NaN;
    this.#cover(ref * UNIT_BYTES + lengthOf(segment) * 4);
    const origin = ref * 2 - (segment === 0 ? 0 : 8 << segment);
    this.#origins[segment] = origin;
    return origin;
  }

  /** Another process may have made the memory longer than this one shows it: words beyond would be nobody else's. */
  #cover(end: number): void {
    if (!this.#memory.tryGrow(end)) throwLost(this.#memory, this.#refs * 4, end);
  }
}

function lengthOf(segment: number): number {
  return segment === 0 ? 1 << FIRST_BITS : 8 << segment;
}
