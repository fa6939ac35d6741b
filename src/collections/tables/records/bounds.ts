import type { Memory } from "../../../core/memory.ts";

/** Makes bytes up to an offset visible that another participant may have added to the memory. False when there are none. */
export type Reach = (byteEnd: number) => boolean;

/** How far the words of a memory go that may grow under other hands. What is read as an offset is asked for here before it is followed. */
export class Bounds {
  readonly memory: Memory;
  readonly #reach: Reach;
  #limit: number;

  constructor(memory: Memory, reach: Reach) {
    this.memory = memory;
    this.#reach = reach;
    this.#limit = Math.floor(memory.byteLength / 4);
  }

  /** Whether the words before `end` are there. */
  reaches(end: number): boolean {
    return end <= this.#limit || this.#follow(end);
  }

  #follow(end: number): boolean {
    this.#limit = Math.floor(this.memory.byteLength / 4);
    if (end <= this.#limit) return true;
    if (!Number.isSafeInteger(end) || !this.#reach(end * 4)) return false;
    this.#limit = Math.floor(this.memory.byteLength / 4);
    return end <= this.#limit;
  }
}
