import type { LockWord } from "../core/lock-word.ts";
import type { PageHeap } from "./page-heap.ts";
import type { PageSource } from "./span-rings.ts";

/** A page heap that several threads and processes take from, one at a time. */
export class LockedPages implements PageSource {
  readonly #pages: PageHeap;
  readonly #lock: LockWord;

  constructor(pages: PageHeap, lock: LockWord) {
    this.#pages = pages;
    this.#lock = lock;
  }

  take(pages: number, tag: number): number {
    return this.while(() => this.#pages.take(pages, tag));
  }

  takeAligned(pages: number, tag: number, align: number): number {
    return this.while(() => this.#pages.takeAligned(pages, tag, align));
  }

  give(run: number): void {
    this.while(() => this.#pages.give(run));
  }

  resize(run: number, pages: number): boolean {
    return this.while(() => this.#pages.resize(run, pages));
  }

  settle(): number {
    return this.while(() => this.#pages.settle());
  }

  /** Does something while nobody else does anything with the pages. */
  while<Result>(work: () => Result): Result {
    this.#lock.acquire();
    try {
      return work();
    } finally {
      this.#lock.release();
    }
  }
}
