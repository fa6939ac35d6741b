import { checkOf, PAGE_WORDS, PARTS } from "./segment-layout.ts";
import type { SegmentLog } from "./segment-log.ts";

/**
 * Records of the same size in parts that never move: part 0 is one page, part k is as long as all before it together.
 *
 * Invariant: word `checkAt` of a record in use is the check of those before it and of its index.
 */
export class RecordTable {
  readonly recordWords: number;
  readonly #checkAt: number;
  readonly #log: SegmentLog;
  readonly #count: number;
  readonly #parts: number;
  readonly #perPage: number;

  /** `count` and `parts` are the words of the state that tell how many records there are and where the parts begin. */
  constructor(log: SegmentLog, recordWords: number, checkAt: number, count: number, parts: number) {
    this.recordWords = recordWords;
    this.#checkAt = checkAt;
    this.#log = log;
    this.#count = count;
    this.#parts = parts;
    this.#perPage = PAGE_WORDS / recordWords;
  }

  get count(): number {
    return this.#log.get(this.#count);
  }

  set count(count: number) {
    this.#log.set(this.#count, count);
  }

  /** How many records its parts have room for. */
  get capacity(): number {
    let capacity = this.#perPage;
    for (let part = 1; part < PARTS && this.#log.get(this.#parts + part) !== 0; part++) capacity *= 2;
    return capacity;
  }

  /** Where a part begins, in pages, and how many they are; 0 pages for one that is not there. */
  part(part: number): { readonly page: number; readonly pages: number } {
    const page = this.#log.get(this.#parts + part) >>> 0;
    return { page, pages: page === 0 ? 0 : part === 0 ? 1 : 2 ** (part - 1) };
  }

  /** The part that comes next, undefined when there can be no more. */
  get nextPart(): number | undefined {
    for (let part = 1; part < PARTS; part++) if (this.#log.get(this.#parts + part) === 0) return part;
    return undefined;
  }

  addPart(part: number, page: number): void {
    this.#log.set(this.#parts + part, page);
  }

  /** The first word of a record. */
  wordOf(index: number): number {
    const perPage = this.#perPage;
    if (index < perPage) return (this.#log.get(this.#parts) >>> 0) * PAGE_WORDS + index * this.recordWords;
    const part = 32 - Math.clz32(Math.floor(index / perPage));
    const first = perPage * 2 ** (part - 1);
    return (this.#log.get(this.#parts + part) >>> 0) * PAGE_WORDS + (index - first) * this.recordWords;
  }

  /** Stores the check of a record whose other words are set. */
  seal(index: number): void {
    this.#log.set(this.wordOf(index) + this.#checkAt, this.#checkOf(index));
  }

  isSound(index: number): boolean {
    return this.#log.get(this.wordOf(index) + this.#checkAt) === this.#checkOf(index);
  }

  #checkOf(index: number): number {
    return checkOf((word) => this.#log.get(word), this.wordOf(index), this.#checkAt, index + 2);
  }
}
