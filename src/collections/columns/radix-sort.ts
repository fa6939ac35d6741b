import { scratchWords } from "../scratch.ts";

/** Three digits make a word of 32 bits. 2048 counters of a digit stay in the first cache. */
const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
const PASSES = 3;

/**
 * Puts row numbers in the order of 32-bit keys: radix sort from the lowest digit up (LSD), stable, three passes at most over keys and numbers
 * that lie side by side. A digit that all keys share costs no pass. Sorting by a longer key is sorting by its words, the lowest first.
 *
 * About 40 ns a row for a million random keys.
 */
export class RadixSort {
  /** Row numbers; what `sort` has sorted so far. */
  order: Uint32Array;
  /** For the caller to fill: `keys[i]` is the key of row `order[i]`. Spent by `sort`. */
  keys: Uint32Array;
  #spareOrder: Uint32Array;
  #spareKeys: Uint32Array;
  readonly #counts = new Uint32Array(DIGITS * PASSES);

  /** In the order of their numbers, at first. Throws `out-of-memory`. */
  constructor(length: number) {
    this.order = scratchWords(length);
    this.keys = scratchWords(length);
    this.#spareOrder = scratchWords(length);
    this.#spareKeys = scratchWords(length);
    for (let row = 0; row < length; row++) this.order[row] = row;
  }

  sort(): void {
    this.#count();
    for (let pass = 0; pass < PASSES; pass++) {
      if (this.#startsOf(pass)) this.#scatter(pass);
    }
  }

  /** How often each digit of each pass occurs. */
  #count(): void {
    const counts = this.#counts.fill(0);
    const { keys } = this;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      counts[key & (DIGITS - 1)] += 1;
      counts[DIGITS + ((key >>> DIGIT_BITS) & (DIGITS - 1))] += 1;
      counts[2 * DIGITS + (key >>> (2 * DIGIT_BITS))] += 1;
    }
  }

  /** Turns counts into where each digit's rows begin. False where all rows have the same digit. */
  #startsOf(pass: number): boolean {
    const counts = this.#counts;
    let start = 0;
    for (let digit = pass * DIGITS; digit < (pass + 1) * DIGITS; digit++) {
      const count = counts[digit];
      if (count === this.keys.length) return false;
      counts[digit] = start;
      start += count;
    }
    return true;
  }

  #scatter(pass: number): void {
    const shift = pass * DIGIT_BITS;
    const base = pass * DIGITS;
    const starts = this.#counts;
    const { keys, order } = this;
    const [toKeys, toOrder] = [this.#spareKeys, this.#spareOrder];
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      const digit = base + ((key >>> shift) & (DIGITS - 1));
      const at = starts[digit];
      starts[digit] = at + 1;
      toKeys[at] = key;
      toOrder[at] = order[i];
    }
    this.keys = toKeys;
    this.order = toOrder;
    this.#spareKeys = keys;
    this.#spareOrder = order;
  }
}
