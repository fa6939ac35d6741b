/** A power of two. 1024 short strings are about 50 KiB of heap, made when the first one is kept. */
const COUNT = 1024;
/** Longer strings cost more to keep than to decode again. */
const LONGEST = 256;

/**
 * The strings that were decoded lately and more than once, by id: a direct-mapped cache. What makes a string from bytes costs 12 to 100 ns and garbage;
 * finding it here about 3 ns.
 *
 * A string is kept when it is decoded for the second time while no other has asked for its place: ids that are asked for once drive out nothing, and cost no store of a
 * fresh string into an old array, which the collector takes notice of.
 *
 * Invariant: where ids[k] is congruent to k modulo the count, strings[k] is its text; elsewhere there is none.
 */
export class RecentStrings {
  #ids: number[] = [];
  #strings: string[] = [];
  /** Who was the last one to be decoded without being kept. */
  #asked: number[] = [];

  /** The text of `id`, if it is here. */
  get(id: number): string | undefined {
    const at = id & (COUNT - 1);
    return this.#ids[at] === id ? this.#strings[at] : undefined;
  }

  /** Remembers that `text` is the text of `id`, in the place of another, if it is told so for the second time. */
  set(id: number, text: string): void {
    const at = id & (COUNT - 1);
    if (this.#asked[at] !== id) {
      if (this.#asked.length === 0) this.#asked = new Array<number>(COUNT).fill(0);
      this.#asked[at] = id;
      return;
    }
    if (text.length > LONGEST) return;
    if (this.#ids.length === 0) {
      this.#ids = Array.from({ length: COUNT }, (_, at) => at + 1);
      this.#strings = new Array<string>(COUNT).fill("");
    }
    this.#ids[at] = id;
    this.#strings[at] = text;
  }
}
