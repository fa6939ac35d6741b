import type { Memory } from "../../core/memory.ts";

/** Blocks of a length are told apart within each doubling by this many lists. */
const SECOND_BITS = 5;
const SECONDS = 1 << SECOND_BITS;
const FIRSTS = 28;
/** Word offsets within the lists' state. */
const FIRST_BITS = 0;
const SECOND_MAPS = 1;
const HEADS = SECOND_MAPS + FIRSTS;
export const LIST_WORDS: number = HEADS + FIRSTS * SECONDS;

/**
 * The free blocks of a heap, in 28 × 32 lists by length: one for each length below 32 units, then 32 for each doubling. Two levels of bitmaps
 * say which lists are not empty, so that a block that is long enough is found in a few instructions, whatever there is.
 *
 *     state + 0     first bits    bit f is set while a second map f is not 0
 *     state + 1     second maps   28 words: bit s of map f is set while list (f, s) is not empty
 *     state + 29    heads         28 × 32 words: the first block of a list, 0: none
 *     block + 0     length × 2 + 1, in units of 8 bytes; the 1 says that it is free
 *     block + 2     next          of the list, 0: none
 *     block + 3     previous      0: it is the first
 *
 * All words are i32; blocks are counted in units from `words`, where the region begins.
 *
 * Masmano, Ripoll, Crespo, Real: TLSF, a new dynamic memory allocator for real-time systems (2004).
 *
 * Invariants:
 * 1. Each list holds exactly the free blocks of its lengths, each once.
 * 2. A bit is set exactly where there is something below it.
 */
export class TlsfLists {
  readonly #memory: Memory;
  readonly #words: number;
  readonly #state: number;

  constructor(memory: Memory, words: number, stateWord: number) {
    this.#memory = memory;
    this.#words = words;
    this.#state = words + stateWord;
  }

  clear(): void {
    this.#memory.i32.fill(0, this.#state, this.#state + LIST_WORDS);
  }

  /** Adds a block of `units` units, and writes that it is free. */
  insert(block: number, units: number): void {
    const { i32 } = this.#memory;
    const state = this.#state;
    let first = 0;
    let second = units;
    if (units >= SECONDS) {
      const power = 31 - Math.clz32(units);
      first = power - SECOND_BITS + 1;
      second = (units >>> (power - SECOND_BITS)) & (SECONDS - 1);
    }
    const head = state + HEADS + first * SECONDS + second;
    const next = i32[head];
    const word = this.#words + block * 2;
    i32[word] = (units << 1) | 1;
    i32[word + 2] = next;
    i32[word + 3] = 0;
    if (next !== 0) i32[this.#words + next * 2 + 3] = block;
    i32[head] = block;
    i32[state + SECOND_MAPS + first] |= 1 << second;
    i32[state + FIRST_BITS] |= 1 << first;
  }

  /** Takes a free block out of its list. */
  remove(block: number): void {
    const { i32 } = this.#memory;
    const words = this.#words;
    const word = words + block * 2;
    const next = i32[word + 2];
    const previous = i32[word + 3];
    if (next !== 0) i32[words + next * 2 + 3] = previous;
    if (previous !== 0) i32[words + previous * 2 + 2] = next;
    else this.#behead(i32[word] >>> 1, next);
  }

  /**
   * A block of at least `units` units, 0: none. The first of the list for that length, if it is long enough, else the first of a list whose blocks
   * all are.
   */
  find(units: number): number {
    const { i32 } = this.#memory;
    const state = this.#state;
    let first = 0;
    let second = units;
    if (units >= SECONDS) {
      const own = i32[state + HEADS + listOf(units)];
      if (own !== 0 && i32[this.#words + own * 2] >>> 1 >= units) return own;
      const rounded = units + (1 << (31 - Math.clz32(units) - SECOND_BITS)) - 1;
      const power = 31 - Math.clz32(rounded);
      first = power - SECOND_BITS + 1;
      second = (rounded >>> (power - SECOND_BITS)) & (SECONDS - 1);
    }
    let seconds = i32[state + SECOND_MAPS + first] & (-1 << second);
    if (seconds === 0) {
      const firsts = i32[state + FIRST_BITS] & (-2 << first);
      if (firsts === 0) return 0;
      first = 31 - Math.clz32(firsts & -firsts);
      seconds = i32[state + SECOND_MAPS + first];
    }
    return i32[state + HEADS + first * SECONDS + 31 - Math.clz32(seconds & -seconds)];
  }

  /** `free`: every free block and its units, as a walk through the heap finds them. */
  checkInvariants(free: ReadonlyMap<number, number>): string[] {
    const found: string[] = [];
    const { i32 } = this.#memory;
    const state = this.#state;
    const listed = new Set<number>();
    for (let first = 0; first < FIRSTS; first++) {
      const map = i32[state + SECOND_MAPS + first];
      if ((map !== 0) !== (((i32[state + FIRST_BITS] >>> first) & 1) === 1)) found.push(`first bit ${first} is wrong`);
      for (let second = 0; second < SECONDS; second++) {
        const head = i32[state + HEADS + first * SECONDS + second];
        if ((head !== 0) !== (((map >>> second) & 1) === 1)) found.push(`the bit of list ${first}, ${second} is wrong`);
        let before = 0;
        for (let block = head; block !== 0; block = i32[this.#words + block * 2 + 2]) {
          const units = free.get(block);
          if (units === undefined) return [...found, `list ${first}, ${second} has ${block}, where no free block begins`];
          if (listed.has(block)) return [...found, `block ${block} is in the lists twice`];
          listed.add(block);
          if (i32[this.#words + block * 2 + 3] !== before) found.push(`block ${block} has another before it than its list`);
          if (listOf(units) !== first * SECONDS + second)
            found.push(`block ${block} of ${units} units is in list ${first}, ${second}`);
          before = block;
        }
      }
    }
    if (listed.size !== free.size) found.push(`${free.size} blocks are free, ${listed.size} of them in lists`);
    return found;
  }

  /** The first block of the list for `units` is another now. */
  #behead(units: number, next: number): void {
    const { i32 } = this.#memory;
    const list = listOf(units);
    i32[this.#state + HEADS + list] = next;
    if (next !== 0) return;
    const first = list >>> SECOND_BITS;
    const map = i32[this.#state + SECOND_MAPS + first] & ~(1 << (list & (SECONDS - 1)));
    i32[this.#state + SECOND_MAPS + first] = map;
    if (map === 0) i32[this.#state + FIRST_BITS] &= ~(1 << first);
  }
}

function listOf(units: number): number {
  if (units < SECONDS) return units;
  const power = 31 - Math.clz32(units);
  return ((power - SECOND_BITS + 1) << SECOND_BITS) | ((units >>> (power - SECOND_BITS)) & (SECONDS - 1));
}
