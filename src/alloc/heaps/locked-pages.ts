import type { RobustLock } from "../../core/robust-lock.ts";
import type { PageHeap } from "./page-heap.ts";
import type { PageSource } from "./span-rings.ts";

/** A page heap that several threads and processes take from, one at a time. When one dies in it, the next finds its state anew from what is certain. */
export class LockedPages implements PageSource {
  readonly #pages: PageHeap;
  readonly #lock: RobustLock;

  constructor(pages: PageHeap, lock: RobustLock) {
    this.#pages = pages;
    this.#lock = lock;
  }

  take(pages: number, tag: number, owner: number): number {
    return this.while(() => this.#pages.take(pages, tag, owner));
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
    if (this.#lock.acquire() === "inherited") this.#rebuild();
    try {
      return work();
    } finally {
      this.#lock.release();
    }
  }

  #rebuild(): void {
    try {
      this.#pages.rebuild();
    } catch (error) {
      this.#lock.abandon();
      throw error;
    }
  }
}
