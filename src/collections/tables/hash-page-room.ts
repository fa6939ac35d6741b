import { packedIn } from "./hash-table-layout.ts";

/** No page has room. */
export const NO_PAGE = -1;

/** How many entries each page of a table has, and which page takes the cells of pages that are full. */
export class PageRoom {
  /** Longer than there are pages. */
  counts = new Int32Array(8);
  pageCount = 0;
  readonly #full: number;
  #filling = 0;

  /** `full`: the most entries of a page. */
  constructor(full: number) {
    this.#full = full;
  }

  /** An empty page; its number. */
  add(): number {
    const page = this.pageCount++;
    if (page === this.counts.length) this.counts = twice(this.counts);
    this.counts[page] = 0;
    return page;
  }

  /** From now on cells go there. */
  fill(page: number): number {
    this.#filling = page;
    return page;
  }

  /** The page that is being filled if it takes so many entries more from `page`, else one that is half empty, else `NO_PAGE`. */
  pageFor(page: number, entries: number): number {
    const most = packedIn(this.#full);
    const takes = (other: number) => other !== page && this.counts[other] + entries <= most;
    if (takes(this.#filling)) return this.#filling;
    const emptiest = this.#emptiest();
    return this.counts[emptiest] < this.#full / 2 && takes(emptiest) ? this.fill(emptiest) : NO_PAGE;
  }

  /** The page with most room, when there is no memory for another, or `NO_PAGE`. */
  lastPageFor(page: number, entries: number): number {
    const emptiest = this.#emptiest();
    return emptiest !== page && this.counts[emptiest] + entries < this.#full ? emptiest : NO_PAGE;
  }

  #emptiest(): number {
    let emptiest = 0;
    for (let page = 1; page < this.pageCount; page++) if (this.counts[page] < this.counts[emptiest]) emptiest = page;
    return emptiest;
  }
}

/** The numbers, and once more behind them. */
export function twice(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const doubled = new Int32Array(numbers.length * 2);
  doubled.set(numbers);
  doubled.set(numbers, numbers.length);
  return doubled;
}
