import type { Memory } from "../../core/memory.ts";

/** Blocks of fewer units than this are kept: up to 2 KiB of payload. */
const QUICK_UNITS = 258;
const MOST_KEPT = 32;
/** How much is cut into blocks of one length at once, in units and in blocks. */
const BATCH_UNITS = 1024;
/** Word offsets within the state. */
const COUNTS = 0;
const HEADS = COUNTS + QUICK_UNITS;
export const QUICK_WORDS: number = HEADS + QUICK_UNITS;
/** In the payload of a kept block: tells it from a live one, but for chance. */
const KEPT_MARK = 0x7465_706b;

/**
 * Small blocks that were freed a moment ago, up to 32 of a length: most likely still in the processor's cache, and wanted again in a moment. To the
 * heap they are live: their neighbours are not touched. New ones are cut from the heap in rows, which keeps small blocks together and leaves long
 * free blocks whole: without it a heap of mixed sizes takes a tenth more.
 *
 *     state + 0     counts    a word a length: how many its stack holds
 *      … behind     heads     a word a length: the block of that length that was freed last, 0: none
 *     block + 2     next      of the stack, 0: none
 *     block + 3     KEPT_MARK
 *
 * Invariant: a stack holds as many blocks as is told, each of its length or one unit more.
 */
export class TlsfQuick {
  readonly #memory: Memory;
  readonly #words: number;
  readonly #state: number;

  constructor(memory: Memory, words: number, stateWord: number) {
    this.#memory = memory;
    this.#words = words;
    this.#state = words + stateWord;
  }

  /** How many blocks all stacks hold. O(lengths). */
  get kept(): number {
    const { i32 } = this.#memory;
    let kept = 0;
    for (let units = 0; units < QUICK_UNITS; units++) kept += i32[this.#state + COUNTS + units];
    return kept;
  }

  clear(): void {
    this.#memory.i32.fill(0, this.#state, this.#state + QUICK_WORDS);
  }

  /** A block of that length, 0 when none is kept. */
  take(units: number): number {
    if (units >= QUICK_UNITS) return 0;
    const { i32 } = this.#memory;
    const state = this.#state;
    const block = i32[state + HEADS + units];
    if (block === 0) return 0;
    const word = this.#words + block * 2;
    i32[state + HEADS + units] = i32[word + 2];
    i32[word + 3] = 0;
    i32[state + COUNTS + units] -= 1;
    return block;
  }

  /** How many blocks of a length to cut in a row, in a heap of `heapUnits`: 1 where that is not worth while. */
  rowOf(units: number, heapUnits: number): number {
    if (units >= QUICK_UNITS) return 1;
    return Math.max(1, Math.min(MOST_KEPT, Math.floor(BATCH_UNITS / units), Math.floor(heapUnits / (64 * units))));
  }

  /** Keeps a block that was live. False when it is too long, or enough of its length are kept. */
  give(block: number, units: number): boolean {
    if (units >= QUICK_UNITS) return false;
    const { i32 } = this.#memory;
    const state = this.#state;
    const count = i32[state + COUNTS + units];
    if (count >= MOST_KEPT) return false;
    const word = this.#words + block * 2;
    i32[word + 2] = i32[state + HEADS + units];
    i32[word + 3] = KEPT_MARK;
    i32[state + HEADS + units] = block;
    i32[state + COUNTS + units] = count + 1;
    return true;
  }

  /** Any kept block, 0 when there is none: to give them all to the heap. */
  pop(from: number): number {
    for (let units = from; units < QUICK_UNITS; units++) {
      const block = this.take(units);
      if (block !== 0) return block;
    }
    return 0;
  }

  /** Whether a block may be kept: the mark may be there by chance. */
  mayKeep(block: number): boolean {
    return this.#memory.i32[this.#words + block * 2 + 3] === KEPT_MARK;
  }

  /** Whether a block is kept. */
  keeps(block: number): boolean {
    if (!this.mayKeep(block)) return false;
    for (const kept of this.blocks()) if (kept === block) return true;
    return false;
  }

  *blocks(): IterableIterator<number> {
    const { i32 } = this.#memory;
    for (let units = 0; units < QUICK_UNITS; units++) {
      let left = i32[this.#state + COUNTS + units];
      for (
        let block = i32[this.#state + HEADS + units];
        block !== 0 && left > 0;
        block = i32[this.#words + block * 2 + 2], left--
      ) {
        yield block;
      }
    }
  }

  /** Counts anew after a writer died half-way, and ends each stack where it leads to what is not live in its length. `live`: as for `checkInvariants`. */
  rebuild(live: ReadonlyMap<number, number>): void {
    const { i32 } = this.#memory;
    const seen = new Set<number>();
    for (let units = 0; units < QUICK_UNITS; units++) {
      let link = this.#state + HEADS + units;
      let count = 0;
      for (let block = i32[link]; block !== 0; block = i32[link]) {
        const length = live.get(block) ?? 0;
        if (length < units || length > units + 1 || seen.has(block)) {
          i32[link] = 0;
          break;
        }
        seen.add(block);
        count += 1;
        link = this.#words + block * 2 + 2;
      }
      i32[this.#state + COUNTS + units] = count;
    }
  }

  /** `live`: every block that is not free, and its units, as a walk through the heap finds them. */
  checkInvariants(live: ReadonlyMap<number, number>): string[] {
    const found: string[] = [];
    const { i32 } = this.#memory;
    const seen = new Set<number>();
    for (let units = 0; units < QUICK_UNITS; units++) {
      let count = 0;
      for (let block = i32[this.#state + HEADS + units]; block !== 0; block = i32[this.#words + block * 2 + 2]) {
        const length = live.get(block) ?? 0;
        if (length < units || length > units + 1)
          return [...found, `block ${block} of ${length} units is kept among those of ${units}`];
        if (seen.has(block)) return [...found, `block ${block} is kept twice`];
        seen.add(block);
        count += 1;
      }
      if (count !== i32[this.#state + COUNTS + units])
        found.push(`${count} blocks of ${units} units are kept, told is another number`);
    }
    return found;
  }
}
